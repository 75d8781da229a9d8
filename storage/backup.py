"""A backup while the daemon runs: nobody waits for it, and it is written whole or not at all.

The store is read in one transaction beside the daemon, which writes on.
"""

from __future__ import annotations

import fcntl
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from storage import archive, copies, journal, schema, slack
from storage.archive import Manifest, Progress, silent
from storage.base import StoreError

_PAGES = 4_096
"""Database pages that are copied between two words of progress, and two looks at Ctrl-C."""
_NAMED = re.compile(r"listener-\d{4}-\d\d-\d\dT\d{6}Z\.tar")
_PART = ".listener-part"
_LEFT = ("", ".db", ".db-journal")
_COUNTED = ("posts", "mentions")


def name_at(now: int) -> str:
    """What a backup of this moment is called where nobody says otherwise."""
    return f"listener-{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H%M%SZ}.tar"


def folder_of(database: Path) -> Path:
    """Where backups lie where nobody says otherwise: beside the store."""
    return database.parent / "backups"


def in_folder(folder: Path) -> list[Path]:
    """The backups in a folder that were named by `name_at`, oldest first."""
    return sorted(path for path in folder.glob("listener-*.tar") if _NAMED.fullmatch(path.name))


def copy_store(database: Path, target: Path, progress: Progress = silent) -> None:
    """Write the store as it is at this moment into a file; whoever writes goes on. Raises StoreError.

    All of it is read in one transaction: SQLite begins a copy anew whenever somebody has written, and beside a daemon
    that never ends. What was erased is not in it: also leftovers of erased rows are overwritten in the copy.
    """
    with (
        closing(_reading(database)) as current,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        current.execute("BEGIN")
        # The transaction begins with the first look; without one, each step would have one of its own.
        current.execute("SELECT 1 FROM sqlite_master").fetchone()
        (size,) = current.execute("PRAGMA page_size").fetchone()
        current.backup(
            copy, pages=_PAGES, progress=lambda _, left, of: progress((of - left) * size, of * size)
        )
        # One file, without a log beside it that could be forgotten.
        copy.execute("PRAGMA journal_mode = DELETE")
    if slack.clean(target) is None:
        raise StoreError(f"{target} could not be cleaned of what was erased")


def _reading(database: Path) -> sqlite3.Connection:
    if not database.exists():
        raise StoreError(f"{database}: there is no store yet; nothing was heard or imported")
    connection = sqlite3.connect(
        database.resolve().as_uri() + "?mode=ro", uri=True, isolation_level=None, timeout=5.0
    )
    try:
        if unknown := schema.unknown(connection):
            raise StoreError(f"{database} was made by a newer Listener (it has {', '.join(unknown)})")
        if not schema.applied(connection):
            raise StoreError(f"{database}: it holds nothing yet")
    except BaseException:
        connection.close()
        raise
    return connection


def make(
    database: Path,
    target: Path,
    config: str,
    version: str,
    now: int,
    *,
    force: bool = False,
    with_key: bool = False,
    progress: Progress = silent,
) -> Manifest:
    """Write a backup into a file for its owner only (mode 0600). Raises StoreError.

    `config`: the text of config.yaml. `with_key`: the key of its hashes goes with it. Never over an existing file
    unless `force`. The disk must hold the store twice for a moment.
    """
    if target.exists() and not force:
        raise StoreError(f"{target} exists already; name another file, or give --force to replace it")
    members = _members(database, config, with_key)
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(target.parent)
        with closing(_reading(database)):
            copies.check_room(
                target.parent, 2 * copies.size_of(database), "a backup (the store, twice for a moment)"
            )
        with _aside(target) as (part, copy):
            copy_store(database, copy, _half(progress, 0))
            manifest = archive.pack(part, copy, members, _describing(copy, version, now), _half(progress, 1))
            _publish(target, force)
    except sqlite3.DatabaseError as error:
        raise StoreError(f"{database}: {error}; no backup can be made of it") from error
    except OSError as error:
        raise StoreError(
            f"{target}: the backup cannot be written ({error.strerror}); check its folder and the disk"
        ) from error
    return manifest


def _members(database: Path, config: str, with_key: bool) -> dict[str, bytes]:
    members = {archive.CONFIG: config.encode()}
    key = database.with_name(database.name + ".key")
    if with_key and key.exists():
        members[archive.KEY] = key.read_bytes()
    return members


def _half(progress: Progress, which: int) -> Progress:
    return lambda done, of: progress(which * of + done, 2 * of)


def counted(store: sqlite3.Connection) -> dict[str, int]:
    """How many rows the tables have that people ask about."""
    return {name: store.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in _COUNTED}


def _describing(copy: Path, version: str, now: int) -> Callable[[Mapping[str, str]], Manifest]:
    with closing(sqlite3.connect(copy)) as store:
        migrations, counts = tuple(schema.applied(store)), counted(store)
    return lambda hashes: Manifest(version, now, migrations, counts, hashes)


def _part_of(target: Path) -> Path:
    return target.with_name(f".{target.name}{_PART}")


def _publish(target: Path, force: bool) -> None:
    part = _part_of(target)
    if force:
        part.replace(target)
    else:
        try:
            # Unlike a renaming, this fails where somebody has made such a file meanwhile.
            os.link(part, target)
        except FileExistsError:
            raise StoreError(f"{target} was made by somebody else meanwhile; it is left as it is") from None
        except PermissionError:
            # A file system without second names, as on many USB sticks.
            part.replace(target)
    journal.keep_names(target.parent)


@contextmanager
def _aside(target: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file to write the backup into, and one for the copy of the store; both gone in the end, whatever happens."""
    part = _part_of(target)
    with archive.new_file(part) as file:
        # Held as long as we live: so that what a killed backup has left can be told from one that is being made.
        fcntl.flock(file, fcntl.LOCK_EX)
        copy = part.with_name(part.name + ".db")
        try:
            archive.new_file(copy).close()
            yield file, copy
        finally:
            _remove(part)


def _sweep(folder: Path) -> None:
    """Remove what backups that were killed have left; those that are being made are left alone."""
    for part in folder.glob(f".*{_PART}"):
        with part.open("rb") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(part)


def _remove(part: Path) -> None:
    for end in _LEFT:
        part.with_name(part.name + end).unlink(missing_ok=True)


def rotate(folder: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups of a folder that were named by `name_at`; return the removed."""
    old = in_folder(folder)[:-keep]
    for path in old:
        path.unlink(missing_ok=True)
    return old
