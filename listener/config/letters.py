"""Reads the letters of config.yaml: every mistake of each is told, even where another key of it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from listener.config.options import DigestOptions
from listener.config.problems import Place, did_you_mean
from storage.mention import Brand


@dataclass(frozen=True, slots=True)
class LetterReader:
    """What the reader of the whole file does, and the brands that it declares."""

    add: Callable[[Place, str], None]
    options: Callable[[Any, Place], DigestOptions | None]
    channels: Callable[[Any, Place], None]
    sound: Callable[[str], bool]
    brands: tuple[Brand, ...]

    def read(self, raw: Any) -> tuple[DigestOptions, ...]:
        """One letter, or a list of letters that differ by their names."""
        if raw is None:
            return ()
        several = isinstance(raw, list)
        found: list[DigestOptions] = []
        names: set[object] = set()
        for index, entry in enumerate(raw if isinstance(raw, list) else [raw]):
            path: Place = ("digest", index) if several else ("digest",)
            options = self.options(entry, path)
            said = entry if isinstance(entry, Mapping) else {}
            self.channels(said.get("channels", ["console"]), (*path, "channels"))
            self._check_circle(said, path)
            name = str(said.get("name", ""))
            if name in names:
                twice = (
                    f"{name!r} stands twice" if name else "is missing; one letter of several may have none"
                )
                self.add((*path, "name"), f"{twice}; each letter needs its own name")
            names.add(name)
            if options is not None:
                found.append(options)
        return tuple(found)

    def _check_circle(self, said: Mapping[str, Any], path: Place) -> None:
        """Say which brands or market a letter is about that there are not."""
        if not self.sound("brands"):
            return
        known, markets = [brand.name for brand in self.brands], [brand.market for brand in self.brands]
        named = said.get("brands")
        for index, name in enumerate(named if isinstance(named, list) else []):
            if name not in known:
                self.add(
                    (*path, "brands", index), f"there is no brand {name!r}{did_you_mean(str(name), known)}"
                )
        market = said.get("market")
        if market is not None and market not in markets:
            self.add((*path, "market"), f"there is no market {market!r}{did_you_mean(str(market), markets)}")
