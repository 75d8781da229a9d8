"""The embedded store: one SQLite file in WAL mode, one writing connection, any number of readers."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from queue import LifoQueue
from zoneinfo import ZoneInfo

from storage import commit, copies, hashed_ids, replaying, retention, rollups, schema, views
from storage.base import Row, Rows, StoreError
from storage.journal import Journal
from storage.mention import Brand, Committed, Cursor, Erasure, Kept, Source
from storage.stories.memory import Memory

PATIENCE = 30.0
"""Seconds to wait for another writer before giving up."""

_CACHE = 16_000
"""KiB of pages that the writer keeps at hand; taken only as they are used."""
_LOG = 8_000
"""Database pages of 4 KiB in the log before they are written into the file."""

_REMEDIES = (
    ("full", "the disk is full; free some space and start again, nothing that was kept is lost"),
    ("locked", "another program has held the write lock for too long; end it and start again"),
    ("readonly", "the file cannot be written; check its owner and permissions"),
    ("not a database", "the file is no SQLite database; check storage.url"),
    ("malformed", "the database is damaged; restore a backup, or try: sqlite3 FILE .recover"),
    ("unable to open", "the folder does not exist or cannot be written; check storage.url"),
    ("disk I/O error", "the disk failed to read or write; check the disk, then start again"),
)


def path_of(url: str) -> Path:
    """Return the file of a storage URL: sqlite:///relative.db or sqlite:////absolute.db. Raises ValueError."""
    prefix = "sqlite:///"
    if not url.startswith(prefix) or len(url) == len(prefix):
        raise ValueError(f"storage.url must look like sqlite:///data/listener.db, not {url!r}")
    return Path(url[len(prefix) :])


@contextmanager
def _clear_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        message = str(error)
        for sign, remedy in _REMEDIES:
            if sign in message:
                raise StoreError(f"{path}: {message}: {remedy}") from error
        raise


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    # Absolute, or a relative path with "?" in it would be read as parameters.
    uri = path.resolve().as_uri() + ("?mode=ro" if read_only else "")
    # Autocommit mode: Python's own transaction handling would open transactions behind our back.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")
    # What people took back is overwritten in the file; the default differs from build to build.
    connection.execute("PRAGMA secure_delete = ON")
    return connection


class Reader:
    """A small pool of read-only connections, so that a long look at history does not hold up a short one."""

    def __init__(self, path: Path, size: int = 3) -> None:
        """Open one connection; the others, up to `size`, are opened when they are needed. Raises StoreError."""
        self._path = path
        # Last in, first out: the connections that are open, with their warm caches, are used before new ones.
        self._idle: LifoQueue[sqlite3.Connection | None] = LifoQueue()
        for _ in range(size - 1):
            self._idle.put(None)
        self._idle.put(self._open())

    def _open(self) -> sqlite3.Connection:
        with _clear_errors(self._path):
            return _connect(self._path, read_only=True)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query; waits while all connections are in use."""
        connection = self._idle.get()
        try:
            connection = connection or self._open()
            with _clear_errors(self._path):
                return connection.execute(sql, parameters).fetchall()
        finally:
            self._idle.put(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Rows]:
        """Everything that is read inside is of one moment, whatever is written meanwhile."""
        connection = self._idle.get()
        try:
            connection = connection or self._open()
            connection.execute("BEGIN")
            yield _Snapshot(connection, self._path)
        finally:
            if connection is not None and connection.in_transaction:
                connection.execute("ROLLBACK")
            self._idle.put(connection)

    def close(self) -> None:
        """Close the connections; call it when nobody reads any more."""
        while not self._idle.empty():
            connection = self._idle.get()
            if connection is not None:
                connection.close()


class _Snapshot:
    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        with _clear_errors(self._path):
            return self._connection.execute(sql, parameters).fetchall()


class _Transaction:
    def __init__(self, connection: sqlite3.Connection, memory: Memory, journal: Journal) -> None:
        self._connection = connection
        self.memory = memory
        self._journal = journal
        self.hashed = journal.hashed

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(sql, parameters).fetchall()

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._connection.execute(sql, parameters).rowcount

    def run_many(self, sql: str, parameters: Sequence[Sequence[object]]) -> None:
        self._connection.executemany(sql, parameters)

    def write_down(self, entries: Sequence[Erasure]) -> None:
        if entries:
            replaying.write_down(self, self._journal, entries)


class SqliteStore:
    """The store in one file. Not shared between threads: the daemon gives it to its single writer thread."""

    def __init__(
        self,
        path: Path,
        *,
        patience: float = PATIENCE,
        stop: Callable[[], bool] = lambda: False,
        unmatched: int = commit.MOST_UNMATCHED,
        zone: ZoneInfo | None = None,
        papers_of: Path | None = None,
    ) -> None:
        """Open or create the file and bring it to the newest shape.

        An older database is copied beside itself before it is migrated; a newer one is refused. One that was restored
        from a backup is brought up to the erasures made since, before anything else is read. `stop` is asked while
        waiting for a lock, so that a daemon told to end does not wait `patience` seconds. `unmatched`: posts that
        match nobody kept as a sample of each source; 0 for none. `zone`: where days begin; where the
        roll-ups are cut in another one, or are not there yet, they are made anew. `papers_of`: the name that this store
        will have once it is ready; the journal of erasures and its key lie beside that, and no copy is made of it here.
        """
        self.path = path
        # Where the store as it was before a migration lies now; None where there was none to make.
        self.copied: Path | None = None
        self._copies = papers_of is None
        self._journal = Journal(papers_of or path)
        self._unmatched = unmatched
        self._patience = patience
        self._stop = stop
        self._memory = Memory()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{path}: its folder cannot be made ({error.strerror}); check storage.url"
            ) from error
        with _clear_errors(path):
            self._connection = _connect(path, read_only=False)
            try:
                self._prepare(zone)
            except BaseException:
                self._connection.close()
                raise
        self._opened = self._identity()

    def _prepare(self, zone: ZoneInfo | None) -> None:
        unknown = schema.unknown(self._connection)
        if unknown:
            raise StoreError(
                f"{self.path} was made by a newer Listener (it has {', '.join(unknown)}); install that version "
                "again, or give this one another storage.url"
            )
        self._connection.execute("PRAGMA journal_mode = WAL")
        # FULL, so that a delivery once recorded stays recorded even if the machine loses power.
        self._connection.execute("PRAGMA synchronous = FULL")
        # A page touches a thousand places of a large store: with the room that SQLite has by itself, each page would
        # be written to the log twice, and the log into the file after every page.
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG}")
        if schema.pending(self._connection):
            with self._immediate():
                self._migrate()
        if rollups.outdated(self, zone):
            with self._immediate():
                rollups.rebuild(
                    _Transaction(self._connection, self._memory, self._journal), zone or rollups.zone_of(self)
                )
        if views.stale(self._connection, rollups.zone_of(self)):
            with self._immediate():
                views.make(self._connection, rollups.zone_of(self))
        if hashed_ids.any_made(self):
            self._journal.must_have_key()
        if replaying.is_due(self, self._journal):
            with self._immediate():
                replaying.replay(_Transaction(self._connection, self._memory, self._journal), self._journal)
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # Our own patience, in small steps, because sqlite's cannot be interrupted by SIGTERM.
        self._connection.execute("PRAGMA busy_timeout = 200")

    def _migrate(self) -> None:
        # Asked again under the lock: a second program that opened meanwhile would copy what is migrated already
        # over the copy that was made before.
        pending = schema.pending(self._connection)
        if pending and self._copies and schema.applied(self._connection):
            # Read over another connection: this one holds the write lock, for which a backup would wait for ever.
            with closing(_connect(self.path, read_only=True)) as current:
                self.copied = copies.before_migration(self.path, current, pending[0])
        if pending:
            views.drop(self._connection)
            schema.migrate(self._connection)

    @contextmanager
    def _immediate(self) -> Iterator[None]:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline or self._stop():
                    raise
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk has rolled back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            # What it holds of this transaction was never kept.
            self._memory.drop()
            raise

    @contextmanager
    def writing(self) -> Iterator[_Transaction]:
        """Open a writing transaction; waits at most `patience` for another writer. Raises StoreError."""
        with _clear_errors(self.path), self._immediate():
            yield _Transaction(self._connection, self._memory, self._journal)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query, as the writer sees them."""
        with _clear_errors(self.path):
            return self._connection.execute(sql, parameters).fetchall()

    def register(self, brands: Sequence[Brand], sources: Sequence[Source]) -> None:
        """Make these the configured brands and the active sources; others stay, inactive."""
        with self.writing() as db:
            db.run_many("INSERT OR IGNORE INTO brands (name) VALUES (?)", [(b.name,) for b in brands])
            db.run("UPDATE sources SET active = 0")
            for source in sources:
                commit.source_id(db, source)
                db.run(
                    "UPDATE sources SET active = 1, kind = ?, lateness = ? WHERE name = ?",
                    (source.kind, source.lateness, source.name),
                )
            views.keep_markets(db, brands)

    def commit(self, page: Kept) -> Committed:
        """Keep a page: posts, mentions, cursor and coverage in one transaction; doubles are left out."""
        with self.writing() as db:
            return commit.keep(db, page, self._unmatched)

    def expire(self, limits: Mapping[int, int], now: int) -> int:
        """Let a page of texts that have grown old go, as `retention.expire` says; return how many there were."""
        # Each row is taken out and put back under its number: whether any of a million rows refers to it need not be
        # looked up, and outside of a transaction alone this can be said.
        self._connection.execute("PRAGMA foreign_keys = OFF")
        try:
            with self.writing() as db:
                return retention.expire(db, limits, now)
        finally:
            self._connection.execute("PRAGMA foreign_keys = ON")

    def cursor(self, source: str) -> Cursor | None:
        """The cursor of the last page kept of this source, None before the first."""
        found = self.rows("SELECT cursor FROM sources WHERE name = ?", (source,))
        cursor: Cursor | None = json.loads(found[0][0]) if found and found[0][0] else None
        return cursor

    def damage(self) -> list[str]:
        """What a quick look over the whole file finds wrong; empty where it is sound."""
        return [str(row[0]) for row in self.rows("PRAGMA quick_check") if row[0] != "ok"]

    def checkpoint(self) -> bool:
        """Write the log into the file and empty it: until then it holds what was wiped. Waits for no reader.

        Returns whether it is empty now: whoever reads in this moment may keep it.
        """
        with _clear_errors(self.path):
            return not self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def data_version(self) -> int:
        """Changes when another connection has written to the file. Raises StoreError where the file has gone.

        SQLite itself would go on writing into a file that no name leads to any more, and all of it would be lost.
        """
        if self._identity() != self._opened:
            raise StoreError(
                f"{self.path} was removed or replaced while it was in use; what came since then is lost: start again"
            )
        return int(self.rows("PRAGMA data_version")[0][0])

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def close(self) -> None:
        self._connection.close()
