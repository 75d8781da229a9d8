"""Leftovers in the store's file: what SQLite moved within it and did not overwrite where it lay before.

`secure_delete` overwrites what is deleted. But a page that is laid out anew, because a row beside has grown, keeps
copies of its rows in the space between its index and its contents, and nothing empties that before it is used again: of
100,000 posts of which 5,000 were edited, one in a thousand is found in the file after it was erased. That space means
nothing to SQLite, so it is overwritten here, in the file itself, while nobody may write. It is a program of its own,
because closing a file releases all locks that a process holds on it, SQLite's too: python -m storage.slack FILE.

The layout is that of https://www.sqlite.org/fileformat2.html, sections 1.3 and 1.6.
"""

from __future__ import annotations

import os
import sqlite3
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 10.0
"""Seconds in which to come by a moment in which the log is empty and nobody writes."""
_CHUNK = 256
_INTERIOR, _LEAF = (2, 5), (10, 13)
_HEADER = struct.Struct(">BHHHB")
# Pages of other kinds begin with the number of the next one. Up to this many pages its first byte is 0.
_MOST_PAGES = 2 << 24


def gap(page: bytes, size: int, start: int = 0, first: bool = False) -> tuple[int, int] | None:
    """Where the space without meaning of a page begins and ends; None for a page that is no part of a tree.

    The page of `size` bytes begins at `start`. `first`: it is the first of the file, and begins with the file's header.
    """
    head = start + 100 if first else start
    kind, _, cells, content, _ = _HEADER.unpack_from(page, head)
    if kind in _LEAF:
        begin = head + 8 + 2 * cells
    elif kind in _INTERIOR:
        begin = head + 12 + 2 * cells
    else:
        return None
    end = start + (content or 65_536)
    return (begin, end) if begin <= end <= start + size else None


def _leftovers(file: int, size: int, numbers: Iterator[int] | range) -> Iterator[tuple[int, int]]:
    """Where in the file there are leftovers, and how long they are; of these pages, counted from 0."""
    for number in numbers:
        page = os.pread(file, size, number * size)
        if len(page) == size and (found := gap(page, size, 0, number == 0)):
            begin, end = found
            if page.count(0, begin, end) != end - begin:
                yield number * size + begin, end - begin


def _suspects(file: int, size: int, pages: int) -> list[int]:
    """Pages with leftovers, by a look at all of them that holds up nobody."""
    found = []
    for first in range(0, pages, _CHUNK):
        chunk = os.pread(file, size * _CHUNK, first * size)
        for number in range(len(chunk) // size):
            place = gap(chunk, size, number * size, first + number == 0)
            if place and chunk.count(0, *place) != place[1] - place[0]:
                found.append(first + number)
    return found


def clean(path: Path, patience: float = PATIENCE) -> int | None:
    """Overwrite all leftovers; return how many pages had some, or None where no quiet moment was found.

    Only for a process that has no other connection to the store.
    """
    file = os.open(path, os.O_RDWR)
    connection = sqlite3.connect(path, isolation_level=None, timeout=0.2)
    try:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (kept_by_pointers,) = connection.execute("PRAGMA auto_vacuum").fetchone()
        pages = os.fstat(file).st_size // size
        if kept_by_pointers or pages >= _MOST_PAGES:
            return None
        suspects = _suspects(file, size, pages)
        if not suspects:
            return 0
        if not _quiet(connection, path, patience):
            return None
        places = list(_leftovers(file, size, iter(suspects)))
        for at, length in places:
            os.pwrite(file, bytes(length), at)
        os.fsync(file)
        # Whoever else holds such a page in memory must read it anew before writing it back: any commit says so.
        connection.execute(
            """INSERT INTO facts (name, value) VALUES ('cleanings', '1')
            ON CONFLICT (name) DO UPDATE SET value = CAST(facts.value AS INTEGER) + 1"""
        )
        connection.execute("COMMIT")
        return len(places)
    finally:
        connection.close()
        # Last, because this releases the locks of the connection as well.
        os.close(file)


def _quiet(connection: sqlite3.Connection, path: Path, patience: float) -> bool:
    """Hold the write lock while the log is empty: then the file is all there is."""
    log = path.with_name(path.name + "-wal")
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.execute("BEGIN IMMEDIATE")
            if not log.exists() or log.stat().st_size == 0:
                return True
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    os.nice(10)
    sys.exit(0 if clean(Path(sys.argv[1])) is not None else 1)
