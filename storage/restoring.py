"""A backup is put back: whole and sound before it takes the store's place, and what was there is kept beside it.

Whenever it is killed there is the old store or the new one. The new one has its erasures made again, and the shape of
this version, before it has the store's name.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, contextmanager, suppress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from storage import archive, copies, schema, slack
from storage.archive import Backup, Manifest, Progress, silent
from storage.base import StoreError
from storage.lock import DaemonLock
from storage.sqlite import SqliteStore

_NEW = ".restoring"


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. `kept`: where the store that was there lies now, None where there was none.

    `was`, `now`: posts and mentions before and after; `was` is None where there was no store, or it could not be read.
    """

    manifest: Manifest
    kept: Path | None
    was: Mapping[str, int] | None
    now: Mapping[str, int]


def restore(
    backup: Path,
    database: Path,
    now: int,
    *,
    zone: ZoneInfo | None = None,
    like: Path | None = None,
    progress: Progress = silent,
) -> Restored:
    """Put a backup in the place of a store. Raises StoreError, StoreBusy while a daemon runs on it.

    `zone`: where days begin. `like`: a store whose key and erasures hold for this one as well, where it has none of its
    own.
    """
    with DaemonLock(database), Backup(backup) as found:
        _check_shape(found)
        copies.check_room(database.parent, 2 * found.size, "to restore it")
        with _aside(database) as new:
            found.extract(new, progress)
            _check_sound(backup, new)
            _bring_papers(found, database, like)
            counts = _prepare(new, database, zone)
            was = _counts(database)
            kept = _swap(new, database, now)
        return Restored(found.manifest, kept, was, counts)
