"""The purse of a source whose requests cost money: what it sets aside is in the store before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from listener.writer import Writer
from storage import spending


@dataclass(frozen=True, slots=True)
class StorePurse:
    """A `Purse` whose accounts lie in the store, by the kind of the source."""

    source: str
    writer: Writer

    async def reserve(self, price: int, budget: int, at: int) -> int | None:
        """Set aside the most that the next request can cost, in a transaction of its own."""
        return await self.writer(lambda db: spending.reserve(db, self.source, price, budget, at))

    async def settle(self, reservation: int, price: int, at: int) -> None:
        """Write down what the request has cost."""
        await self.writer(lambda db: spending.settle(db, reservation, price, at))

    async def left(self, budget: int, at: int) -> int:
        """What the budget has left."""
        return await self.writer.store(lambda store: spending.left(store, self.source, budget, at))
