"""After an erasure by hand: empty the log, clean the file, look at every byte of the data folder, say what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from listener import proof
from storage import archive, copies, erasures, places, slack
from storage.sqlite import SqliteStore

PATIENCE = 15.0
"""Seconds in which a reader may leave the log."""
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Left:
    """A file that still holds something of what was erased, what it is, and what to do about it.

    `ours`: it is the store itself or its log, so that the erasure is not complete.
    """

    path: Path
    pieces: int
    what: str
    remedy: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Proof:
    """What was looked for and where it still is.

    `others`: pieces that stand in the store because others wrote the same; `short`: how many words were too short, or
    too many, to be looked for.
    """

    pieces: int
    files: int
    bytes: int
    left: Sequence[Left]
    unread: Mapping[Path, str]
    others: int
    short: int


def settle(database: Path, clock: Callable[[], int]) -> bool:
    """Empty the log and clean the file; return whether both could be done. No connection may be open here."""
    deadline = time.monotonic() + PATIENCE
    done = False
    while not done and time.monotonic() < deadline:
        with closing(SqliteStore(database)) as store:
            those = erasures.unsettled(store)
            done = store.checkpoint()
        done = done and slack.clean(database) is not None
        if not done:
            time.sleep(0.2)
    if done:
        with closing(SqliteStore(database)) as store:
            with store.writing() as db:
                erasures.settle(db, those, clock())
            store.checkpoint()
    return done


def prove(database: Path, words: Iterable[str | None]) -> Proof:
    """Look for words in every byte of the folder of the store. No connection may be open here."""
    asked = {word for word in words if word}
    wanted = proof.needles(asked)
    searched = proof.search(database.parent, wanted)
    log = database.with_name(database.name + "-wal")
    ours = (database, log)
    in_store = frozenset().union(*(searched.found.get(path, ()) for path in ours))
    shared = _written_by_others(database, in_store)
    left = []
    for path, pieces in searched.found.items():
        if rest := pieces - shared:
            left.append(_left(path, len(rest), database, log))
    short = sum(len(word.strip().encode("utf-8", "replace")) < proof.SHORTEST for word in asked)
    files = sum(1 for _ in proof.files(database.parent))
    return Proof(
        len(wanted), files, searched.bytes, left, searched.unread, len(shared), short + searched.left_out
    )


def _written_by_others(database: Path, pieces: frozenset[bytes]) -> frozenset[bytes]:
    """Those of these pieces that stand in what is kept: then somebody else wrote them as well."""
    left = set(pieces)
    with closing(SqliteStore(database)) as store:
        for text in places.all_words(store) if left else ():
            written = text.encode("utf-8", "replace")
            left -= {piece for piece in left if piece in written}
            if not left:
                break
    return pieces - left


def _left(path: Path, pieces: int, database: Path, log: Path) -> Left:
    if path == log:
        return Left(path, pieces, "the log of the store", "somebody reads for long; run this once more", True)
    if path == database:
        remedy = "stop the daemon, and run: sqlite3 FILE VACUUM"
        return Left(path, pieces, "the store", remedy, True)
    if path.name.startswith(f"{database.name}.before-"):
        what = "restore" if copies.is_of_restore(database, path) else "migration"
        return Left(path, pieces, f"the copy made before a {what}", "--purge-copies removes it")
    remedy = "remove it; where it is a backup and put back one day, the erasures are made again first"
    if archive.is_backup(path):
        return Left(path, pieces, "a backup", remedy)
    with path.open("rb") as file:
        head = file.read(len(_SQLITE))
    if head == _SQLITE:
        return Left(path, pieces, "a database: a backup, or an evidence file", remedy)
    return Left(path, pieces, "a file of somebody", "remove it, or what it says of them")
