"""The embedded store when things go wrong around it, and how much work one commit is."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from keeping import NEWS, T0, asks, keep, names, own, post
from sqlite_utils import Database

from storage import schema
from storage.base import StoreError
from storage.mention import Gap, Heard, Kept, KeptPost, Reading, SetAside, Traffic, Unmatched
from storage.sqlite import Reader, SqliteStore, path_of

HOLDER = Path(__file__).with_name("holds_lock.py")


def page(start: int = 0, count: int = 500, length: int = 20) -> list[KeptPost]:
    return [post(str(n), T0 + n, names("Acme"), text="x" * length) for n in range(start, start + count)]


# Where it lies


@pytest.mark.parametrize("url", ["listener.db", "sqlite:///", "postgresql://h/d", "sqlite://data/x.db"])
def test_a_wrong_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match=r"must look like sqlite:///data/listener\.db"):
        path_of(url)


def test_urls_are_relative_or_absolute() -> None:
    assert path_of("sqlite:///data/a.db") == Path("data/a.db")
    assert path_of("sqlite:////var/a.db") == Path("/var/a.db")


@pytest.mark.parametrize("name", ["a?mode=ro.db", "a#b.db", "a%20b.db", "día ß.db"])
def test_strange_file_names_are_names(tmp_path: Path, name: str) -> None:
    store = SqliteStore(tmp_path / name)
    keep(store, page(count=1))
    store.close()
    reader = Reader(tmp_path / name)
    assert reader.rows("SELECT count(*) FROM posts") == [(1,)]
    reader.close()
    assert (tmp_path / name).exists()


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"folder cannot be made .*storage\.url"):
        SqliteStore(tmp_path / "file" / "data" / "a.db")


def test_a_folder_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    with pytest.raises(StoreError, match=r"unable to open.*storage\.url"):
        SqliteStore(tmp_path / "a.db")


def test_a_folder_that_cannot_be_written_is_a_clear_error(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if os.geteuid() == 0:  # root may write everywhere but on a disk that is read-only
        folder: Path = request.getfixturevalue("small_disk")
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    else:
        folder = tmp_path
        folder.chmod(0o500)
    with pytest.raises(StoreError, match=r"storage\.url"):
        SqliteStore(folder / "a.db")


def test_what_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_text("a letter to a friend, long enough to be no header of a database" * 20)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="no SQLite database"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_a_damaged_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = SqliteStore(path)
    keep(store, page(length=200))
    store.close()
    content = bytearray(path.read_bytes())
    content[4096 : len(content) - 4096] = b"\x77" * (len(content) - 8192)
    path.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="damaged; restore a backup"):
        keep(SqliteStore(path), page(1000, 500))


def test_a_reader_cannot_write_and_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        Reader(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()
    SqliteStore(tmp_path / "a.db").close()
    reader = Reader(tmp_path / "a.db")
    with pytest.raises(StoreError, match="readonly"):
        reader.rows("INSERT INTO facts VALUES ('a', 'b') RETURNING name")
    reader.close()


def test_readers_see_what_is_committed_while_a_page_is_being_written(store: SqliteStore) -> None:
    reader = Reader(store.path)
    with store.writing() as db:
        db.run("INSERT INTO facts VALUES ('a', 'b')")
        assert reader.rows("SELECT count(*) FROM facts WHERE name <> 'rollup_zone'") == [(0,)]
    assert reader.rows("SELECT count(*) FROM facts WHERE name <> 'rollup_zone'") == [(1,)]
    reader.close()


def test_a_file_that_was_removed_or_replaced_in_use_ends_the_store(tmp_path: Path) -> None:
    path, copy = tmp_path / "x.db", tmp_path / "copy.db"
    SqliteStore(copy).close()
    store = SqliteStore(path)
    store.data_version()
    copy.replace(path)
    with pytest.raises(StoreError, match="was removed or replaced while it was in use"):
        store.data_version()
    path.unlink()
    with pytest.raises(StoreError, match="was removed or replaced while it was in use"):
        store.data_version()
    store.close()


def test_data_version_changes_when_another_program_writes(store: SqliteStore) -> None:
    before = store.data_version()
    keep(store, page(count=1))
    assert store.data_version() == before
    other = SqliteStore(store.path)
    keep(other, page(5, 1))
    other.close()
    assert store.data_version() != before


# Its shape


def newer(db: Database) -> None:
    db.execute("CREATE TABLE later (a)")


def fails(db: Database) -> None:
    db.execute("CREATE TABLE half (a)")
    raise sqlite3.OperationalError("no such column: b")


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> dict[str, schema.Migration]:
    """A program that knows one migration more; tests add it."""
    changed = dict(schema.MIGRATIONS)
    monkeypatch.setattr(schema, "MIGRATIONS", changed)
    return changed


def test_a_newer_database_is_refused_and_left_as_it_is(
    tmp_path: Path, second: dict[str, schema.Migration], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.db"
    second["0002_later"] = newer
    SqliteStore(path).close()
    before = path.read_bytes()
    monkeypatch.undo()
    with pytest.raises(StoreError, match=r"made by a newer Listener \(it has 0002_later\)"):
        SqliteStore(path)
    assert path.read_bytes() == before


def test_an_older_database_is_copied_beside_itself_first(
    tmp_path: Path, second: dict[str, schema.Migration]
) -> None:
    path = tmp_path / "a.db"
    old = SqliteStore(path)
    keep(old, page(count=3))
    old.close()
    second["0002_later"] = newer
    store = SqliteStore(path)
    assert store.rows("SELECT count(*) FROM later") == [(0,)]
    store.close()
    copy = sqlite3.connect(tmp_path / "a.db.before-0002_later")
    assert copy.execute("SELECT count(*) FROM posts").fetchone() == (3,)
    assert copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone() == (0,)
    copy.close()


def test_a_new_database_is_not_copied(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "a.db").close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


def test_a_migration_that_fails_leaves_the_old_shape(
    tmp_path: Path, second: dict[str, schema.Migration]
) -> None:
    path = tmp_path / "a.db"
    old = SqliteStore(path)
    keep(old, page(count=3))
    old.close()
    second["0002_later"] = newer
    second["0003_fails"] = fails
    with pytest.raises(sqlite3.OperationalError):
        SqliteStore(path)
    left = sqlite3.connect(path)
    tables = {row[0] for row in left.execute("SELECT name FROM sqlite_master")}
    assert not tables & {"later", "half"}
    assert left.execute("SELECT count(*) FROM posts").fetchone() == (3,)
    left.close()


def test_two_programs_that_open_an_older_store_at_once_migrate_and_copy_it_once(
    tmp_path: Path, second: dict[str, schema.Migration]
) -> None:
    path = tmp_path / "a.db"
    SqliteStore(path).close()
    entered, leave = threading.Event(), threading.Event()

    def slow(db: Database) -> None:
        entered.set()
        assert leave.wait(10)
        newer(db)

    second["0002_later"] = slow
    first = threading.Thread(target=lambda: SqliteStore(path).close())
    first.start()
    assert entered.wait(10)
    other = threading.Thread(target=lambda: SqliteStore(path).close())
    other.start()
    # The second program asks what is pending, and then waits for the first one's lock.
    other.join(0.3)
    leave.set()
    first.join(10)
    other.join(10)
    copy = sqlite3.connect(tmp_path / "a.db.before-0002_later")
    assert copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone() == (0,)
    copy.close()


# Locked, full


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Path]:
    """A store in which another program is in the middle of writing."""
    path = tmp_path / "listener.db"
    SqliteStore(path).close()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(HOLDER), "write", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        yield path
        os.kill(child.pid, signal.SIGKILL)


def test_locked_for_longer_than_its_patience_is_a_clear_error(locked: Path) -> None:
    store = SqliteStore(locked, patience=0.5)
    began = time.monotonic()
    with pytest.raises(StoreError, match="held the write lock for too long"):
        keep(store, page(), cursor={"at": 500})
    assert 0.5 <= time.monotonic() - began < 5
    assert store.cursor("news") is None
    store.close()


def test_a_daemon_told_to_end_does_not_wait_for_the_lock(locked: Path) -> None:
    store = SqliteStore(locked, patience=30, stop=lambda: True)
    began = time.monotonic()
    with pytest.raises(StoreError, match="locked"):
        keep(store, page())
    assert time.monotonic() - began < 2
    store.close()


def test_after_the_holder_was_killed_the_store_opens_and_nothing_of_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    SqliteStore(path).close()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(HOLDER), "write", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        os.kill(child.pid, signal.SIGKILL)
    store = SqliteStore(path, patience=0.5)
    assert keep(store, page()).posts == 500
    assert store.rows("SELECT count(*) FROM facts WHERE name <> 'rollup_zone'") == [(0,)]
    store.close()


def _fills_up(store: SqliteStore) -> int:
    """Commit pages until the store says that it is full; return how many were kept."""
    for number in range(200):
        try:
            keep(store, page(number * 500, length=500), cursor={"page": number + 1})
        except StoreError as error:
            assert "the disk is full; free some space and start again" in str(error)
            return number
    raise AssertionError("never full")


def _whole(store: SqliteStore, pages: int) -> None:
    assert store.rows("PRAGMA integrity_check") == [("ok",)]
    assert store.rows("SELECT count(*) FROM posts") == [(pages * 500,)]
    assert store.cursor("news") == ({"page": pages} if pages else None)


def test_a_full_disk_is_a_clear_error_and_nothing_is_half_written(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    store = SqliteStore(path)
    store.rows("PRAGMA max_page_count = 300")
    pages = _fills_up(store)
    assert pages > 0
    _whole(store, pages)
    store.close()
    again = SqliteStore(path)
    _whole(again, pages)
    assert keep(again, page(pages * 500)).posts == 500
    again.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MB."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run([umount, folder], check=True)


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    store = SqliteStore(small_disk / "a.db")
    pages = _fills_up(store)
    _whole(store, pages)
    store.close()
    again = SqliteStore(small_disk / "a.db")
    _whole(again, pages)
    again.close()


# How much work


def _statements(store: SqliteStore, posts: list[KeptPost], **more: object) -> list[str]:
    seen: list[str] = []
    told = {"traffic": Traffic(1, 1, 0), "items": len(posts), "gap": Gap(T0, T0 + 9, "lost"), **more}
    store._connection.set_trace_callback(seen.append)
    store.commit(Kept(NEWS, posts, {"at": 1}, Heard(T0, T0 + 1), at=T0, **told))  # type: ignore[arg-type]
    store._connection.set_trace_callback(None)
    return seen


@pytest.mark.parametrize("kind", ["plain", "replies", "threads", "asked and answered"])
def test_a_commit_asks_no_query_per_post(store: SqliteStore, kind: str) -> None:
    keep(store, [post("root", T0, own("Acme")), post("old", T0, names("Bolt"), in_reply_to="later")])
    made = {
        "plain": lambda n: post(str(n), T0, names("Acme"), names("Bolt")),
        "replies": lambda n: post(str(n), T0, *[names("Acme")], in_reply_to=str(n - 1) if n else "root"),
        "threads": lambda n: post(str(n), T0, names("Acme"), thread="root", in_reply_to="root"),
        "asked and answered": lambda n: post(
            str(n), T0, asks("Acme") if n % 2 else own("Acme"), in_reply_to=str(n - 1)
        ),
    }[kind]
    seen = _statements(store, [made(n) for n in range(500)])
    writes = [sql for sql in seen if sql.lstrip().startswith("INSERT")]
    # One row each for post, mentions and turn, and some thirty questions for the whole page. All mentions fall into
    # the same quarter hour, so that the roll-ups take a few rows.
    assert len(seen) - len(writes) <= 35
    assert len(writes) <= 3 * 500 + 40


OF_STORIES = re.compile("rollup_stories|story_members|fingerprints")


@pytest.mark.parametrize("kind", ["edits", "deleted", "departed", "readings", "unmatched"])
def test_no_event_of_a_page_asks_a_query_of_its_own(store: SqliteStore, kind: str) -> None:
    old = [post(str(n), T0, names("Acme"), author_id=f"a{n}") for n in range(500)]
    keep(store, [*old, post("root", T0, own("Acme"))])
    events = {
        "edits": [replace(one, text="new", in_reply_to="root") for one in old],
        "deleted": [one.native_id for one in old],
        "departed": [one.author_id for one in old],
        "readings": [Reading(one.native_id, T0, {"likes": 1, "views": 2}) for one in old],
        "unmatched": [Unmatched(post(f"s{n}", T0), near=n % 2 == 0) for n in range(500)],
    }
    seen = _statements(store, [], **{kind: events[kind]})
    rows = [sql for sql in seen if sql.lstrip().startswith(("INSERT", "UPDATE posts SET title = '"))]
    rows += [sql for sql in seen if sql.lstrip().startswith("UPDATE posts SET title = NULL, text = 'new'")]
    # Stories are asked about a few times for the page.
    told = [sql for sql in seen if sql not in rows and OF_STORIES.search(sql)]
    assert len(seen) - len(rows) - len(told) <= 40
    assert len(told) <= 8
    assert len(rows) <= 1000 + 10


def _plan(store: SqliteStore, sql: str, *parameters: object) -> str:
    return "\n".join(row[3] for row in store.rows("EXPLAIN QUERY PLAN " + sql, parameters))


def test_the_tally_reads_rollups_and_beside_them_only_its_covering_index(store: SqliteStore) -> None:
    from storage.calendar import Window
    from storage.kpi.tally import tally

    index = "USING COVERING INDEX mentions_count (brand_id=? AND published_at>? AND published_at<?)"
    day, month, fortnight = 86_400, 31 * 86_400, 14 * 86_400

    class Watched:
        plan = ""

        def rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
            self.plan = _plan(store, sql, *parameters)
            return store.rows(sql, parameters)

    for until, of_facts, of_rollups in (
        (9, 1, 0),
        (day, 0, 1),
        (month, 0, 1),
        (month + fortnight, 0, 2),
        (month + fortnight + 9, 1, 2),
    ):
        for live_only in (False, True):
            watched = Watched()
            tally(watched, [1, 2], Window(0, until), live_only=live_only)
            assert watched.plan.count(index) == of_facts
            assert (
                watched.plan.count("SEARCH rollups USING PRIMARY KEY (unit=? AND brand_id=? AND start>?")
                == of_rollups
            )
            assert "SCAN mentions" not in watched.plan
            assert "SCAN rollups" not in watched.plan


def test_no_question_of_a_commit_scans_the_posts(store: SqliteStore) -> None:
    keep(store, [post("root", T0, own("Acme"))])
    page = [post("r", T0, asks("Acme"), in_reply_to="root", thread="t"), post("o", T0, own("Acme"))]
    more = {
        "edits": [post("root", T0, own("Acme"), names("Bolt"), text="new"), post("unknown", T0)],
        "deleted": ["r"],
        "departed": ["a1"],
        "readings": [Reading("root", T0, {"likes": 1})],
        "unmatched": [Unmatched(post("s", T0), near=True)],
        "set_aside": [SetAside("9", "E", "{}")],
    }
    seen = _statements(store, page, **more)
    questions = [sql for sql in seen if sql.lstrip().startswith(("SELECT", "UPDATE", "DELETE"))]
    assert len(questions) > 25
    large = ("posts", "p", "mentions", "m", "turns", "t", "readings", "r", "unmatched", "u", "source_hours")
    for sql in questions:
        plan = _plan(store, sql).splitlines()
        assert not any(step.split()[:2] == ["SCAN", name] for step in plan for name in large), (sql, plan)


def test_after_a_checkpoint_nothing_that_was_wiped_stands_in_any_file(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "w.db")
    keep(store, [post("1", T0, names("Acme"), text="a very secret text")])
    store.commit(Kept(NEWS, (), deleted=["1"], at=T0))
    store.checkpoint()
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert files and not any(b"very secret" in content for content in files)
    store.close()
