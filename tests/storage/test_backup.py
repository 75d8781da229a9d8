"""A backup holds the store as it was at one commit, beside a writer that goes on, and nothing of what was erased."""

from __future__ import annotations

import fcntl
import json
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest
from keeping import NEWS, T0, names, post

from storage import archive, backup, rollups
from storage.archive import Backup
from storage.base import StoreError
from storage.mention import Heard, Kept
from storage.slack import gap
from storage.sqlite import SqliteStore

MADE = T0 + 5


def page(number: int) -> Kept:
    """One mention, and a cursor and coverage that say so: a copy in which they differ is torn."""
    said = post(str(number), T0 + number, names("Acme"), text=f"words{number} " + "x" * 300)
    return Kept(NEWS, [said], {"at": number}, Heard(T0, T0 + number), at=T0)


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three posts, made once."""
    path = tmp_path_factory.mktemp("three") / "listener.db"
    with closing(SqliteStore(path)) as store:
        for number in range(1, 4):
            store.commit(page(number))
    return path


@pytest.fixture
def database(tmp_path: Path, three: Path) -> Path:
    return Path(shutil.copy(three, tmp_path / "listener.db"))


def made(database: Path, target: Path, **more: bool) -> archive.Manifest:
    return backup.make(database, target, "brands: []\n", "1.2.3", MADE, **more)


def test_any_tar_opens_it_and_the_store_in_it_is_sound(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.tar"
    manifest = made(database, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["tar", "xf", target, "-C", out], check=True)
    summed = subprocess.run(["sha256sum", out / "listener.db"], check=True, capture_output=True, text=True)
    assert (
        json.loads((out / "manifest.json").read_text())["sha256"]["listener.db"] == summed.stdout.split()[0]
    )
    assert (out / "config.yaml").read_text() == "brands: []\n"
    assert (manifest.made_at, manifest.version, manifest.counts) == (
        MADE,
        "1.2.3",
        {"posts": 3, "mentions": 3},
    )
    with closing(sqlite3.connect(out / "listener.db")) as store:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert sorted(path.name for path in out.iterdir()) == ["config.yaml", "listener.db", "manifest.json"]


def test_a_writer_goes_on_and_the_copy_is_of_one_commit(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that the copy takes many steps, between each two of which something is written.
    monkeypatch.setattr(backup, "_PAGES", 1)
    steps: list[int] = []
    written, asked = threading.Event(), threading.Event()
    ended = threading.Event()

    def ingest() -> None:
        number = 3
        with closing(SqliteStore(database)) as store:
            while asked.wait(10) and not ended.is_set():
                asked.clear()
                number += 1
                store.commit(page(number))
                written.set()

    def progress(done: int, of: int) -> None:
        if len(steps) < 60 and (not steps or done != steps[-1]):
            written.clear()
            asked.set()
            assert written.wait(10), "the writer was held up"
        steps.append(done)

    writer = threading.Thread(target=ingest)
    writer.start()
    copy = tmp_path / "copy.db"
    try:
        backup.copy_store(database, copy, progress)
    finally:
        ended.set()
        asked.set()
        writer.join(10)
    # Begun anew after each commit, the copy would have looked at pages again.
    assert steps == sorted(steps)
    with closing(SqliteStore(copy)) as store:
        assert store.rows("SELECT count(*) FROM posts") == [(3,)]
        assert store.cursor("news") == {"at": 3}
        assert list(rollups.differences(store)) == []
    with closing(SqliteStore(database)) as store:
        assert store.rows("SELECT count(*) > 10 FROM posts") == [(1,)]


def test_what_was_erased_is_in_no_byte_of_it(database: Path, tmp_path: Path) -> None:
    with closing(SqliteStore(database)) as store:
        store.commit(Kept(NEWS, [], edits=[post("1", T0, names("Acme"), text="words1 " + "y" * 900)], at=T0))
        store.commit(Kept(NEWS, [], deleted=["1"], at=T0))
        # As SQLite leaves it when a page is laid out anew: between the index of a page and its contents.
        store.checkpoint()
    leave_in_gap(database, b"words1 was here")
    made(database, tmp_path / "b.tar")
    assert b"words1" in database.read_bytes()
    held = (tmp_path / "b.tar").read_bytes()
    assert b"words2" in held and b"words1" not in held


def leave_in_gap(database: Path, words: bytes) -> None:
    content = bytearray(database.read_bytes())
    for start in range(4096, len(content), 4096):
        found = gap(bytes(content[start : start + 4096]), 4096)
        if found and found[1] - found[0] > len(words):
            content[start + found[0] : start + found[0] + len(words)] = words
            database.write_bytes(content)
            return
    raise AssertionError("no page has room")


def test_an_existing_file_is_replaced_only_by_force(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.tar"
    target.write_text("mine")
    with pytest.raises(StoreError, match="--force"):
        made(database, target)
    assert target.read_text() == "mine"
    made(database, target, force=True)
    with Backup(target) as found:
        assert found.manifest.counts["posts"] == 3


def test_a_file_that_appears_meanwhile_is_left_as_it_is(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "b.tar"
    pack = archive.pack

    def and_somebody_else(*given: object) -> archive.Manifest:
        target.write_text("mine")
        return pack(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(archive, "pack", and_somebody_else)
    with pytest.raises(StoreError, match="meanwhile"):
        made(database, target)
    assert target.read_text() == "mine"
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_told_before_anything_is_written(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 50_000_000))
    with pytest.raises(StoreError, match=r"needs 5\d MB, and 50 MB are free"):
        made(database, tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()


def test_what_a_killed_backup_left_is_swept_and_one_that_is_made_is_not(
    database: Path, tmp_path: Path
) -> None:
    dead, alive = tmp_path / ".x.tar.listener-part", tmp_path / ".y.tar.listener-part"
    others = tmp_path / ".download.part"
    for path in (dead, dead.with_name(dead.name + ".db"), alive, alive.with_name(alive.name + ".db"), others):
        path.touch()
    with alive.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        made(database, tmp_path / "b.tar")
    left = sorted(path.name for path in tmp_path.glob(".*"))
    assert left == [".download.part", ".y.tar.listener-part", ".y.tar.listener-part.db"]


def test_ctrl_c_leaves_nothing(database: Path, tmp_path: Path) -> None:
    def stopped(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.make(database, tmp_path / "b" / "b.tar", "", "1", MADE, progress=stopped)
    assert list((tmp_path / "b").iterdir()) == []


def test_only_files_named_after_a_moment_are_rotated(tmp_path: Path) -> None:
    ours = [backup.name_at(T0 + day * 86_400) for day in range(5)]
    for name in (*ours, "listener-before-the-big-import.tar", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in backup.rotate(tmp_path, 2)] == ours[:3]
    assert {path.name for path in tmp_path.iterdir()} == {
        *ours[3:],
        "listener-before-the-big-import.tar",
        "notes.txt",
    }


def test_no_store_is_made_in_order_to_back_it_up(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store yet"):
        made(tmp_path / "listener.db", tmp_path / "b.tar")
    assert list(tmp_path.iterdir()) == []
