"""A store of an older shape is copied before it is changed: whole, where there is room, and not for ever."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest
from keeping import NEWS, T0, names, post
from sqlite_utils import Database

from storage import copies, schema
from storage.base import StoreError
from storage.mention import Kept
from storage.sqlite import SqliteStore


def newer(db: Database) -> None:
    db.execute("CREATE TABLE later (a)")


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with one post, and a program that knows one migration more than it."""
    path = tmp_path / "a.db"
    with closing(SqliteStore(path)) as store:
        store.commit(Kept(NEWS, [post("1", T0, names("Acme"))], at=T0))
    monkeypatch.setattr(schema, "MIGRATIONS", {**schema.MIGRATIONS, "0099_later": newer})
    return path


def posts(path: Path) -> tuple[int, bool]:
    """How many posts a file holds, and whether it has the newer shape."""
    with closing(sqlite3.connect(path)) as db:
        later = db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'later'").fetchone()[0]
        return db.execute("SELECT count(*) FROM posts").fetchone()[0], bool(later)


def test_without_room_for_the_copy_nothing_is_changed(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 40_000_000))
    with pytest.raises(StoreError, match="the copy that is made before the store is changed needs"):
        SqliteStore(older)
    assert posts(older) == (1, False) and copies.of(older) == []


def test_only_the_newest_copy_of_a_migration_is_kept_and_those_of_restores_stay(older: Path) -> None:
    for name in ("a.db.before-0002_hear", "a.db.before-restore-2023-11-15T100000Z", "b.db.before-0002_hear"):
        older.with_name(name).write_text("older")
    older.chmod(0o600)
    with closing(SqliteStore(older)) as store:
        assert store.copied == older.with_name("a.db.before-0099_later")
    assert [path.name for path in copies.of(older)] == [
        "a.db.before-0099_later",
        "a.db.before-restore-2023-11-15T100000Z",
    ]
    assert older.with_name("b.db.before-0002_hear").exists()
    assert posts(older.with_name("a.db.before-0099_later")) == (1, False)
    assert older.with_name("a.db.before-0099_later").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("moment", ["copying", "migrating"])
def test_killed_in_the_middle_the_older_store_can_still_be_used(
    older: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    die = "os.kill(os.getpid(), signal.SIGKILL)"
    child = f"""
import os, signal, sys
from pathlib import Path
from storage import copies, schema
from storage.sqlite import SqliteStore
def later(db):
    db.execute("CREATE TABLE later (a)")
    {die}
schema.MIGRATIONS["0099_later"] = later
if sys.argv[2] == "copying":
    copies.shutil.copymode = lambda *_: {die}
SqliteStore(Path(sys.argv[1]))
"""
    ended = subprocess.run(
        [sys.executable, "-c", child, older, moment], cwd=Path(__file__).parents[2], check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert posts(older) == (1, False)
    # A copy has its name only once it is whole.
    assert [path.name for path in copies.of(older)] == (
        ["a.db.before-0099_later"] if moment == "migrating" else []
    )
    SqliteStore(older).close()
    assert posts(older) == (1, True)
    assert sorted(path.name for path in older.parent.iterdir()) == ["a.db", "a.db.before-0099_later"]


def test_copies_go_after_a_month(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    for name, age in (
        ("a.db", 99),
        ("a.db.before-0099_later", 31),
        ("a.db.before-restore-1", 29),
        ("c.tar", 99),
    ):
        path = tmp_path / name
        path.touch()
        os.utime(path, (T0 - age * 86_400, T0 - age * 86_400))
    assert [path.name for path in copies.drop_old(database, T0)] == ["a.db.before-0099_later"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db", "a.db.before-restore-1", "c.tar"]
