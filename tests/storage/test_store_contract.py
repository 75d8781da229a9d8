"""Every registered store through the one contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from contracts.store_contract import StoreContract

from storage.base import Store
from storage.sqlite import SqliteStore

STORES: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda folder: SqliteStore(folder / "listener.db", patience=0.5)
}


@pytest.fixture(params=sorted(STORES))
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    return lambda: STORES[request.param](tmp_path)


class TestStores(StoreContract):
    @pytest.fixture
    def store(self, opening: Callable[[], Store]) -> Iterator[Store]:
        opened = opening()
        yield opened
        opened.close()

    @pytest.fixture
    def reopen(self, opening: Callable[[], Store], store: Store) -> Iterator[Callable[[], Store]]:
        again: list[Store] = []

        def reopened() -> Store:
            store.close()
            again.append(opening())
            return again[-1]

        yield reopened
        for opened in again:
            opened.close()
