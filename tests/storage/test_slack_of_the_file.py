"""Leftovers of moved rows: they are there after edits, and gone after cleaning, beside a program that writes."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from storage import slack
from storage.sqlite import SqliteStore


def with_leftovers(path: Path) -> list[str]:
    """A table in which rows grew and others were emptied; returns what the emptied ones said."""
    chance = random.Random(1)
    said = [f"mark{n:05}{chance.getrandbits(64):016x} " + "x " * chance.randint(5, 200) for n in range(1_500)]
    with closing(SqliteStore(path)) as store:
        db = store._connection
        db.execute("BEGIN")
        db.execute("CREATE TABLE said (id INTEGER PRIMARY KEY, text TEXT NOT NULL)")
        db.executemany("INSERT INTO said (text) VALUES (?)", [(text,) for text in said])
        for number in chance.sample(range(1, 1_501), 750):
            db.execute(
                "UPDATE said SET text = text || ? WHERE id = ?", ("y " * chance.randint(1, 300), number)
            )
        db.execute("COMMIT")
        db.execute("UPDATE said SET text = ''")
        store.checkpoint()
    return [text[:25] for text in said]


def left(path: Path, marks: list[str]) -> int:
    content = path.read_bytes()
    return sum(mark.encode() in content for mark in marks)


def test_moved_rows_leave_copies_and_cleaning_takes_them_away(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    marks = with_leftovers(path)
    assert left(path, marks) > 10
    cleaned = slack.clean(path)
    assert cleaned is not None and cleaned > 5
    assert left(path, marks) == 0
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert slack.clean(path) == 0


# Stands still between finding the leftovers and overwriting them.
SLOWLY = """
import sys
from pathlib import Path
from storage import slack

found = slack._leftovers

def slowly(*asked):
    places = list(found(*asked))
    print("found", flush=True)
    sys.stdin.readline()
    return iter(places)

slack._leftovers = slowly
sys.exit(slack.clean(Path(sys.argv[1])) is None)
"""


def test_a_program_that_has_the_pages_in_memory_does_not_write_them_back(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    marks = with_leftovers(path)
    with closing(SqliteStore(path)) as store:
        cleaning = subprocess.Popen(
            [sys.executable, "-c", SLOWLY, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert cleaning.stdout is not None
        assert cleaning.stdout.readline() == "found\n"
        # Now the pages are in our memory as they were before.
        assert store.rows("SELECT sum(length(text)) FROM said") == [(0,)]
        cleaning.communicate("go on\n")
        assert cleaning.returncode == 0
        store._connection.execute("UPDATE said SET text = 'z'")
        store.checkpoint()
        assert store.damage() == []
    assert left(path, marks) == 0


def test_while_somebody_writes_nothing_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    marks = with_leftovers(path)
    with closing(SqliteStore(path)) as store:
        found = left_beside(store, path)
    assert found == 1
    assert left(path, marks) > 10


def left_beside(store: SqliteStore, path: Path) -> int:
    code = (
        "import sys; from pathlib import Path; from storage import slack; "
        "sys.exit(slack.clean(Path(sys.argv[1]), 0.3) is None)"
    )
    with store.writing():
        return subprocess.run([sys.executable, "-c", code, path], check=False).returncode
