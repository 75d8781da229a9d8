"""A backup is put back: whole and sound before it takes the store's place, and what was there is kept beside it.

Whenever it is killed there is the old store or the new one. The new one has its erasures made again, and the shape of
this version, before it has the store's name.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from storage import archive, backup, copies, journal, schema, slack
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
    file: Path,
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
    try:
        with DaemonLock(database), Backup(file) as found:
            _check_shape(found)
            copies.check_room(database.parent, 2 * found.size, "to restore it")
            with _aside(database) as new:
                found.extract(new, progress)
                _check_sound(file, new)
                _bring_papers(found, database, like)
                counts = _prepare(new, database, zone)
                was = _counts(database)
                kept = _swap(new, database, now, readable=was is not None)
            return Restored(found.manifest, kept, was, counts)
    except OSError as error:
        raise StoreError(
            f"{database}: {file} cannot be restored ({error.strerror}); the store is as it was: check the disk and the "
            "folder's owner, then try again"
        ) from error


def _check_shape(found: Backup) -> None:
    if unknown := [name for name in found.manifest.migrations if name not in schema.MIGRATIONS]:
        raise StoreError(
            f"{found.path} was made by a newer Listener ({found.manifest.version}; its store has "
            f"{', '.join(unknown)}); install that version, then restore it"
        )


@contextmanager
def _aside(database: Path) -> Iterator[Path]:
    """Where the new store is made ready. The lock says that nobody else does: what is there was left by a kill."""
    new = database.with_name(database.name + _NEW)
    ends = ("", "-wal", "-shm", "-journal")

    def clear() -> None:
        for end in ends:
            new.with_name(new.name + end).unlink(missing_ok=True)

    clear()
    try:
        yield new
    finally:
        clear()


def _check_sound(file: Path, new: Path) -> None:
    """What its hash cannot say: that the store was sound when it was put into the backup."""
    with closing(sqlite3.connect(new)) as store:
        try:
            found = [row[0] for row in store.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            found = [str(error)]
    if found != ["ok"]:
        raise StoreError(f"{file}: the store in it is damaged ({found[0]}); take another backup")


def _bring_papers(found: Backup, database: Path, like: Path | None) -> None:
    """See to it that the key of hashes and the journal of erasures lie beside the store, where anybody has them.

    Those that lie there already are the newest, and stay.
    """
    key, erasures = (database.with_name(database.name + end) for end in (".key", ".erasures"))
    if key.exists():
        return
    if like is not None and like != database and (known := like.with_name(like.name + ".key")).exists():
        written = like.with_name(like.name + ".erasures")
        if written.exists() and not erasures.exists():
            _put(erasures, written.read_bytes())
        _put(key, known.read_bytes())
    elif found.holds(archive.KEY):
        _put(key, found.read(archive.KEY))


def _put(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + _NEW)
    part.unlink(missing_ok=True)
    with archive.new_file(part) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _prepare(new: Path, database: Path, zone: ZoneInfo | None) -> Mapping[str, int]:
    """Bring the new store to the shape of this version, make erasures again, and leave it as one file."""
    with closing(SqliteStore(new, zone=zone, papers_of=database)) as store:
        store.checkpoint()
    with closing(sqlite3.connect(new, isolation_level=None)) as store:
        counts = backup.counted(store)
        store.execute("PRAGMA journal_mode = DELETE")
    if slack.clean(new) is None:
        raise StoreError(f"{new} could not be cleaned of what was erased")
    return counts


def _counts(database: Path) -> Mapping[str, int] | None:
    if not database.exists():
        return None
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as store:
            return backup.counted(store)
    except sqlite3.DatabaseError:
        # It may be what the backup is needed for.
        return None


def _swap(new: Path, database: Path, now: int, *, readable: bool) -> Path | None:
    """Give the new store the name of the old one; return where that lies now.

    The old one's log goes first: SQLite would read it into the new store.
    """
    kept = copies.before_restore(database, now) if database.exists() else None
    if kept is not None:
        if not readable:
            # Before SQLite looks at it: it throws away the log of a file that it cannot read.
            _put_away(database, kept)
        _fold(database)
        try:
            # A second name costs no space, and at no moment is there none.
            os.link(database, kept)
        except PermissionError:
            _put(kept, database.read_bytes())
        copies.touch(kept, now)
        journal.keep_names(database.parent)
        with suppress(FileNotFoundError):
            shutil.copymode(database, new)
    new.replace(database)
    journal.keep_names(database.parent)
    return kept


def _put_away(database: Path, kept: Path) -> None:
    """Copy the log of a damaged store beside its copy, where a last attempt to save it will look for it."""
    log = database.with_name(database.name + "-wal")
    if log.exists():
        _put(kept.with_name(kept.name + "-wal"), log.read_bytes())


def _fold(database: Path) -> None:
    """Make one file of the store that is there. Raises StoreError where a program has it open.

    SQLite gives up the log only while nobody else has the file open.
    """
    try:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=1.0)) as old:
            old.execute("PRAGMA journal_mode = DELETE").fetchall()
    except sqlite3.DatabaseError as error:
        if "locked" in str(error):
            raise StoreError(
                f"{database}: another program has it open; end it (a command, a database browser), and restore again"
            ) from None
        # It is damaged: then it is kept as it is.
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
