"""The one thread that writes: it opens the store, and everything written while the daemon runs goes through it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
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
        # Cancelled or done, a job leaves by itself, whichever thread that happens on.
        self._jobs: set[Future[Any]] = set()
        self._began: float | None = None

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
        def run() -> T:
            self._began = time.monotonic()
            try:
                return work()
            finally:
                self._began = None

        job = self._thread.submit(run)
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)
        return await asyncio.wrap_future(job)

    @property
    def queue(self) -> int:
        """How many pieces of work are being done or wait for it."""
        return len(self._jobs)

    @property
    def busy(self) -> float:
        """Seconds for which the piece that is being done has been at it; 0 where nothing is."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def close(self) -> None:
        """Stop waiting for locks, finish what is being written, close the file."""
        self._stopping.set()
        store = self._store
        if store is not None:
            self._thread.submit(store.close)
        self._thread.shutdown(wait=True)
