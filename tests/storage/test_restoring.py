"""A backup is put back whole or not at all, after a look at all of it, and what was there is kept."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from keeping import HOUR, NEWS, T0, names, post

from storage import archive, backup, copies, restoring, retention, rollups, schema
from storage.base import StoreBusy, StoreError
from storage.lock import DaemonLock
from storage.mention import Kept
from storage.sqlite import SqliteStore

NOW = T0 + 10 * HOUR


def said(native_id: str) -> object:
    return post(native_id, T0, names("Acme"), text=f"words{native_id}", author_id=f"did:{native_id}")


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two posts, made once."""
    path = tmp_path_factory.mktemp("two") / "listener.db"
    keep(path, "1", "2")
    return path


@pytest.fixture
def database(tmp_path: Path, two: Path) -> Path:
    path = tmp_path / "data" / "listener.db"
    path.parent.mkdir()
    shutil.copy(two, path)
    return path


@pytest.fixture
def saved(database: Path, tmp_path: Path) -> Path:
    """A backup of two posts."""
    target = tmp_path / "b.tar"
    backup.make(database, target, "brands: []\n", "1", T0)
    return target


def keep(path: Path, *native_ids: str) -> None:
    with closing(SqliteStore(path)) as store:
        store.commit(Kept(NEWS, [said(one) for one in native_ids], at=T0))  # type: ignore[misc]


def texts(path: Path) -> list[str]:
    with closing(SqliteStore(path)) as store:
        assert list(rollups.differences(store)) == []
        assert store.rows("PRAGMA integrity_check") == [("ok",)]
        return [row[0] for row in store.rows("SELECT text FROM posts ORDER BY id")]


def test_what_was_there_is_kept_and_what_was_saved_is_back(database: Path, saved: Path) -> None:
    keep(database, "3")
    done = restoring.restore(saved, database, NOW)
    assert (done.was, done.now) == ({"posts": 3, "mentions": 3}, {"posts": 2, "mentions": 2})
    assert texts(database) == ["words1", "words2"]
    assert done.kept is not None and done.kept.name == "listener.db.before-restore-2023-11-15T100000Z"
    assert texts(done.kept) == ["words1", "words2", "words3"]
    assert {path.name for path in database.parent.iterdir()} == {
        "listener.db",
        done.kept.name,
        "listener.db.lock",
    }


def test_a_log_of_the_old_store_never_reaches_the_new_one(database: Path, saved: Path) -> None:
    # As after kill -9: the last words stand in the log only.
    child = "import os, sys, sqlite3; c = sqlite3.connect(sys.argv[1]); c.execute('PRAGMA wal_autocheckpoint = 0')"
    child += "; c.execute(\"UPDATE posts SET text = 'late'\"); c.commit(); os._exit(9)"
    subprocess.run([sys.executable, "-c", child, database], check=False)
    assert database.with_name("listener.db-wal").stat().st_size > 0
    done = restoring.restore(saved, database, NOW)
    assert texts(database) == ["words1", "words2"]
    assert done.kept is not None and texts(done.kept) == ["late", "late"]


def test_a_store_that_is_damaged_makes_room_and_is_kept_with_its_log(database: Path, saved: Path) -> None:
    database.write_bytes(b"no database at all" * 1000)
    database.with_name("listener.db-wal").write_bytes(b"its log")
    done = restoring.restore(saved, database, NOW)
    assert done.was is None and done.kept is not None
    assert done.kept.read_bytes().startswith(b"no database")
    assert done.kept.with_name(done.kept.name + "-wal").read_bytes() == b"its log"
    assert texts(database) == ["words1", "words2"]


def test_not_while_a_daemon_runs_nor_while_a_program_has_it_open(database: Path, saved: Path) -> None:
    keep(database, "3")
    with DaemonLock(database), pytest.raises(StoreBusy, match="already runs"):
        restoring.restore(saved, database, NOW)
    with closing(SqliteStore(database)) as other:
        with pytest.raises(StoreError, match="another program has it open"):
            restoring.restore(saved, database, NOW)
        assert len(other.rows("SELECT 1 FROM posts")) == 3
    assert texts(database) == ["words1", "words2", "words3"]
    assert copies.of(database) == []


def test_a_disk_that_fails_leaves_the_store_as_it_was(
    database: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(database, "3")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"cannot be restored \(No space left on device\)"):
            restoring.restore(saved, database, NOW)
    assert texts(database) == ["words1", "words2", "words3"]
    assert not list(database.parent.glob("*.restoring*"))


def changed(backup_file: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Another backup, of which each file is what `change` makes of it; None leaves it out."""
    target = backup_file.with_name("changed.tar")
    with tarfile.open(backup_file) as old, tarfile.open(target, "w") as new:
        for entry in old.getmembers():
            file = old.extractfile(entry)
            assert file is not None
            if (content := change(entry.name, file.read())) is not None:
                entry.size = len(content)
                new.addfile(entry, io.BytesIO(content))
    return target


def damaged(name: str, content: bytes) -> bytes:
    return content.replace(b"words1", b"words9") if name == archive.STORE else content


def newer(name: str, content: bytes) -> bytes:
    if name != archive.MANIFEST:
        return content
    fields = json.loads(content)
    return json.dumps(
        {**fields, "version": "9.0.0", "migrations": [*fields["migrations"], "0099_later"]}
    ).encode()


def of_a_newer_form(name: str, content: bytes) -> bytes:
    return content.replace(b'"format": 1', b'"format": 2') if name == archive.MANIFEST else content


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (damaged, "SHA-256"),
        (newer, r"newer Listener \(9\.0\.0; its store has 0099_later\)"),
        (of_a_newer_form, "newer Listener"),
        (lambda name, content: None if name == archive.MANIFEST else content, "cut short"),
        (lambda name, content: b"[]" if name == archive.MANIFEST else content, "manifest"),
        (lambda name, content: None if name == archive.STORE else content, "it has no listener.db"),
    ],
)
def test_a_backup_that_is_not_good_changes_nothing(
    database: Path, saved: Path, change: Callable[[str, bytes], bytes | None], told: str
) -> None:
    keep(database, "3")
    with pytest.raises(StoreError, match=told):
        restoring.restore(changed(saved, change), database, NOW)
    assert texts(database) == ["words1", "words2", "words3"]
    assert sorted(path.name for path in database.parent.iterdir()) == ["listener.db", "listener.db.lock"]


@pytest.mark.parametrize("left", [100, 5_000, 60_000])
def test_a_file_that_was_cut_short_or_is_none_changes_nothing(database: Path, saved: Path, left: int) -> None:
    saved.write_bytes(saved.read_bytes()[:left])
    with pytest.raises(StoreError, match="backup of Listener"):
        restoring.restore(saved, database, NOW)
    assert texts(database) == ["words1", "words2"]


def test_a_store_that_was_damaged_before_it_was_saved_is_told(database: Path, saved: Path) -> None:
    def hollow(name: str, content: bytes) -> bytes:
        return content[:8192] + bytes(len(content) - 8192) if name == archive.STORE else content

    file = changed(saved, hollow)
    with tarfile.open(file) as tar:
        held = tar.extractfile(archive.STORE)
        assert held is not None
        digest = hashlib.sha256(held.read()).hexdigest()

    def signed(name: str, content: bytes) -> bytes:
        if name != archive.MANIFEST:
            return content
        fields = json.loads(content)
        return json.dumps({**fields, "sha256": {**fields["sha256"], archive.STORE: digest}}).encode()

    shutil.move(file, saved)
    with pytest.raises(StoreError, match="the store in it is damaged"):
        restoring.restore(changed(saved, signed), database, NOW)
    assert texts(database) == ["words1", "words2"]


def test_erasures_made_since_are_made_again_before_it_has_the_stores_name(
    database: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqliteStore(database)) as store:
        store.commit(Kept(NEWS, [], deleted=["2"], at=T0 + HOUR))
    monkeypatch.setattr(copies, "remove", lambda _: None)
    restoring.restore(saved, database, NOW)
    assert b"words1" in database.read_bytes() and b"words2" not in database.read_bytes()
    assert texts(database) == ["words1", ""]


def test_elsewhere_it_erases_as_the_store_beside_which_it_was_made(
    database: Path, saved: Path, tmp_path: Path
) -> None:
    with closing(SqliteStore(database)) as store:
        store.commit(Kept(NEWS, [], deleted=["2"], at=T0 + HOUR))
    other = tmp_path / "other" / "copy.db"
    done = restoring.restore(saved, other, NOW, like=database)
    assert done.kept is None and texts(other) == ["words1", ""]
    assert texts(database) == ["words1", ""]


def test_with_its_key_it_opens_on_another_machine(database: Path, tmp_path: Path) -> None:
    with closing(SqliteStore(database)) as store, store.writing() as db:
        retention.expire(db, {1: 1}, NOW)
    bare, full = tmp_path / "bare.tar", tmp_path / "full.tar"
    backup.make(database, bare, "", "1", T0)
    backup.make(database, full, "", "1", T0, with_key=True)
    other = tmp_path / "machine" / "listener.db"
    with pytest.raises(StoreError, match="put back your copy of the key"):
        restoring.restore(bare, other, NOW)
    assert not other.exists()
    restoring.restore(full, other, NOW)
    assert texts(other) == ["", ""]
    assert other.with_name("listener.db.key").stat().st_mode & 0o777 == 0o600


def test_an_older_shape_is_brought_forward_first(
    database: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed_migrations = {**schema.MIGRATIONS, "0099_later": lambda db: db.execute("CREATE TABLE later (a)")}
    monkeypatch.setattr(schema, "MIGRATIONS", changed_migrations)
    restoring.restore(saved, database, NOW)
    with closing(sqlite3.connect(database)) as store:
        assert store.execute("SELECT count(*) FROM later").fetchone() == (0,)
    # The backup is the copy: none is made of what was only just put back.
    assert [path.name for path in copies.of(database)] == ["listener.db.before-restore-2023-11-15T100000Z"]


_KILLED_AT = """
import os, signal, sys
from pathlib import Path
from storage import restoring
calls = 0
def trace(event, arguments):
    global calls
    if event in ("os.rename", "os.remove", "os.link", "os.truncate", "os.chmod", "os.utime", "sqlite3.connect"):
        calls += 1
        if calls == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(trace)
restoring.restore(Path(sys.argv[1]), Path(sys.argv[2]), 1700000000)
print(calls)
"""
NEVER = 10**6


@pytest.mark.slow
def test_killed_at_any_step_it_is_the_old_one_or_the_new_one(
    database: Path, saved: Path, tmp_path: Path
) -> None:
    keep(database, "3")

    def run(step: int) -> Path:
        folder = tmp_path / f"k{step}"
        shutil.copytree(database.parent, folder)
        command = [sys.executable, "-c", _KILLED_AT, saved, folder / "listener.db", str(step)]
        ended = subprocess.run(
            command, cwd=Path(__file__).parents[2], check=False, capture_output=True, text=True
        )
        assert ended.returncode == (0 if step == NEVER else -signal.SIGKILL), ended.stderr
        steps.append(int(ended.stdout or 0))
        return folder / "listener.db"

    steps: list[int] = []
    assert texts(run(NEVER)) == ["words1", "words2"]
    # The last steps are those that change what was there.
    left = [run(step) for step in range(steps[0] - 8, steps[0] + 1)]
    assert {tuple(texts(path)) for path in left} == {("words1", "words2", "words3"), ("words1", "words2")}
    restoring.restore(saved, left[0], NOW)
    assert texts(left[0]) == ["words1", "words2"], "what a killed one left is no obstacle"
