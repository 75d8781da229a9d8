"""New competitors that an import brings, on their way into config.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from listener.config import adding
from listener.config.adding import CannotAdd
from listener.config.options import BrandOptions
from storage.mention import Brand

__all__ = ["BrandWriter", "CannotAdd", "market_of", "with_brands"]


class BrandWriter:
    """Collects new competitors and appends them to the configuration in one go."""

    def __init__(self, file: Path, market: str = "default") -> None:
        """New brands are compared with those of `market`."""
        self._file = file
        self._market = market
        self._names: list[str] = []

    def add(self, name: str) -> Brand | None:
        """Note a new competitor; None where the configuration would refuse the name."""
        if not adding.writable(name):
            return None
        try:
            brand = BrandOptions(name=name, market=self._market).brand()
        except ValidationError:
            return None
        self._names.append(name)
        return brand

    def save(self) -> None:
        """Write the new brands into the file; the old one is kept beside it with .bak. Raises CannotAdd."""
        if self._names:
            adding.replace(self._file, with_brands(adding.read(self._file), self._names, self._market))


def market_of(brands: Sequence[Brand]) -> str:
    """The market that new competitors belong to: that of our own brands, if it is the same for all."""
    named = [brand for brand in brands if not brand.topic]
    markets = {brand.market for brand in named if brand.own} or {brand.market for brand in named}
    return markets.pop() if len(markets) == 1 else "default"


def with_brands(text: str, names: list[str], market: str = "default") -> str:
    """Return the YAML text with these brands after its last one. Raises CannotAdd."""
    entries = [{"name": name} if market == "default" else {"name": name, "market": market} for name in names]
    return adding.with_entries(text, "brands", entries)
