"""Copies of the store beside it, made before a migration or before another one is put in its place: for going back.

They keep everything as it was, also what was erased since: so they are few, and gone after a while.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from storage.base import StoreError

KEPT_FOR = 30 * 86_400
"""Seconds for which a copy is kept."""
SPARE = 50_000_000
"""Bytes that stay free on a disk whatever is copied: the daemon writes as well."""
_RESTORE = "restore-"


def of(database: Path) -> list[Path]:
    """All copies of a store, those of before a migration and those of before a restore."""
    found = database.parent.glob(f"{database.name}.before-*")
    return sorted(path for path in found if not path.name.endswith((".part", "-journal", "-wal", "-shm")))


def before_restore(database: Path, now: int) -> Path:
    """Where the store goes that another one takes the place of."""
    moment = datetime.fromtimestamp(now, UTC)
    return database.with_name(f"{database.name}.before-{_RESTORE}{moment:%Y-%m-%dT%H%M%SZ}")


def check_room(folder: Path, needed: int, what: str) -> None:
    """Raise StoreError where a disk has not so many bytes left, and some to spare."""
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise StoreError(
            f"{folder}: {what} needs {(needed + SPARE) / 1e6:,.0f} MB, and {free / 1e6:,.0f} MB are free; "
            "free some space first, or choose a folder on another disk"
        )


def size_of(database: Path) -> int:
    """Bytes of a store with its log; 0 where there is none."""
    found = (database, database.with_name(database.name + "-wal"))
    return sum(path.stat().st_size for path in found if path.exists())


def before_migration(database: Path, current: sqlite3.Connection, migration: str) -> Path:
    """Copy a store as a connection reads it; the copy has its name only once it is whole. Raises StoreError.

    Copies of before earlier migrations go: a store is never brought back by two versions at once.
    """
    copy = database.with_name(f"{database.name}.before-{migration}")
    check_room(database.parent, size_of(database), "the copy that is made before the store is changed")
    part = copy.with_name(copy.name + ".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part)) as target:
        current.backup(target)
    shutil.copymode(database, part)
    part.replace(copy)
    remove(path for path in of(database) if path != copy and not is_of_restore(database, path))
    return copy


def is_of_restore(database: Path, copy: Path) -> bool:
    """Whether a copy was made by a restore."""
    return copy.name.startswith(f"{database.name}.before-{_RESTORE}")


def remove(copies: Iterable[Path]) -> None:
    """Remove copies, with a log that one that was damaged may have."""
    for copy in copies:
        for end in ("", "-wal", "-shm"):
            copy.with_name(copy.name + end).unlink(missing_ok=True)


def drop_old(database: Path, now: int) -> list[Path]:
    """Remove copies older than KEPT_FOR; return which. A copy is as old as its file says."""
    old = [path for path in of(database) if now - path.stat().st_mtime > KEPT_FOR]
    remove(old)
    return old


def touch(copy: Path, now: int) -> None:
    """Let a copy be as old as its name says: a file that was only renamed is as old as its last word."""
    os.utime(copy, (now, now))
