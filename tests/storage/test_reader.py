"""The pool of readers: one slow question does not hold up a quick one, and nobody can write through it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.base import StoreError
from storage.sqlite import Reader, SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    SqliteStore(tmp_path / "listener.db").close()
    return tmp_path / "listener.db"


def test_a_quick_question_overtakes_a_slow_one(path: Path) -> None:
    reader = Reader(path)
    asked = threading.Event()

    def slow() -> list[tuple[object, ...]]:
        asked.set()
        return reader.rows(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) FROM n"
        )

    with ThreadPoolExecutor(1) as thread:
        long_one = thread.submit(slow)
        asked.wait()
        assert reader.rows("SELECT 1") == [(1,)]
        assert not long_one.done()
        assert long_one.result() == [(3_000_000,)]
    reader.close()


def test_more_questions_than_connections_are_all_answered(path: Path) -> None:
    reader = Reader(path, size=2)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: reader.rows("SELECT ?", (n,)), range(200)))
    assert answers == [[(n,)] for n in range(200)]
    reader.close()


def test_a_failed_question_gives_its_connection_back(path: Path) -> None:
    reader = Reader(path, size=1)
    with pytest.raises(StoreError, match="readonly"):
        reader.rows("DELETE FROM posts")
    assert reader.rows("SELECT count(*) FROM posts") == [(0,)]
    reader.close()


def test_a_snapshot_is_of_one_moment(path: Path) -> None:
    reader, count = Reader(path, size=2), "SELECT count(*) FROM brands"
    writer = SqliteStore(path)
    with reader.snapshot() as moment:
        assert moment.rows(count) == [(0,)]
        with writer.writing() as db:
            db.run("INSERT INTO brands (name) VALUES ('Acme')")
        assert moment.rows(count) == [(0,)]
        assert reader.rows(count) == [(1,)]
    with reader.snapshot() as moment:
        assert moment.rows(count) == [(1,)]
    writer.close()
    reader.close()


def test_a_snapshot_gives_its_connection_back_whatever_happens(path: Path) -> None:
    reader = Reader(path, size=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), reader.snapshot() as moment:
            moment.rows("SELECT 1")
            _ = 1 // 0
        with pytest.raises(StoreError, match="readonly"), reader.snapshot() as moment:
            moment.rows("DELETE FROM brands")
    assert reader.rows("SELECT 1") == [(1,)]
    reader.close()
