"""The one thread that writes: it opens the store, and everything written while the daemon runs goes through it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from storage.base import Transaction
from storage.commit import MOST_UNMATCHED
from storage.sqlite import PATIENCE, SqliteStore

T = TypeVar("T")


class Writer:
    """Runs work on the writer thread, one piece after the other."""

    def __init__(
        self,
        path: Path,
        *,
        patience: float = PATIENCE,
        unmatched: int = MOST_UNMATCHED,
        zone: ZoneInfo | None = None,
    ) -> None:
        self._path = path
        self._unmatched = unmatched
        self._zone = zone
        self._patience = patience
        self._stopping = threading.Event()
        self._thread = ThreadPoolExecutor(1, "writer")
        self._store: SqliteStore | None = None

    async def open(self) -> None:
        """Open the store on its thread. Raises StoreError."""

        def work() -> None:
            self._store = SqliteStore(
                self._path,
                patience=self._patience,
                stop=self._stopping.is_set,
                unmatched=self._unmatched,
                zone=self._zone,
            )

        await self._run(work)

    async def store(self, work: Callable[[SqliteStore], T]) -> T:
        """Hand the store to a function."""

        def run() -> T:
            assert self._store is not None
            return work(self._store)

        return await self._run(run)

    async def __call__(self, work: Callable[[Transaction], T], /) -> T:
        """Run a function inside a writing transaction."""

        def run() -> T:
            assert self._store is not None
            with self._store.writing() as db:
                return work(db)

        return await self._run(run)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Stop waiting for locks, finish what is being written, close the file."""
        self._stopping.set()
        store = self._store
        if store is not None:
            self._thread.submit(store.close)
        self._thread.shutdown(wait=True)
