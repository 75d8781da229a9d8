"""What a store is: one transaction for facts, cursor and coverage, and plain rows for whoever counts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from storage.mention import Brand, Committed, Cursor, Erasure, Kept, Source

if TYPE_CHECKING:
    from storage.stories.memory import Memory

Row = tuple[Any, ...]


class Rows(Protocol):
    """Something that answers SQL which SQLite 3.40 and PostgreSQL 15 both understand."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query."""
        ...


class Transaction(Rows, Protocol):
    """A writing transaction: everything in it is kept, or nothing.

    `memory` are the stories that are known by heart; what a transaction adds to them is forgotten if it is rolled back.
    """

    @property
    def memory(self) -> Memory: ...

    def run(self, sql: str, parameters: Sequence[object] = ()) -> int:
        """Execute one statement; return how many rows it touched."""
        ...

    def run_many(self, sql: str, parameters: Sequence[Sequence[object]]) -> None:
        """Execute one statement for each row of parameters."""
        ...

    def hashed(self, source: str, name: str) -> str:
        """Return the keyed hash that stands for an id of a source (by its name) once nobody may read it."""
        ...

    def write_down(self, entries: Sequence[Erasure]) -> None:
        """Write erasures into the journal, durably and before this transaction ends."""
        ...


class Store(Rows, Protocol):
    """Keeps mentions. Every implementation passes `tests/contracts/store_contract.py`."""

    def commit(self, page: Kept) -> Committed:
        """Keep a page: posts, mentions, cursor and coverage in one transaction; doubles are left out."""
        ...

    def cursor(self, source: str) -> Cursor | None:
        """The cursor of the last page kept of this source, None before the first."""
        ...

    def register(self, brands: Sequence[Brand], sources: Sequence[Source]) -> None:
        """Make these the configured brands and the active sources."""
        ...

    def writing(self) -> AbstractContextManager[Transaction]:
        """Open a writing transaction; waits for another writer, at most the store's patience."""
        ...

    def close(self) -> None: ...


class StoreError(Exception):
    """The store cannot go on: full disk, locked too long, damaged, made by a newer program. Ends the daemon."""


class StoreBusy(StoreError):
    """Another program runs on this store."""
