"""Reads the rules of config.yaml: every mistake of each is told, even where another key of it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerts.rules import Rule, RuleOptions
from listener.config.problems import Place, did_you_mean
from storage.mention import Brand


@dataclass(frozen=True, slots=True)
class RuleReader:
    """What the reader of the whole file does, and what the rest of the file declares. `sources`: names and kinds."""

    add: Callable[[Place, str], None]
    options: Callable[[Any, Place], RuleOptions | None]
    channels: Callable[[Any, Place], None]
    sound: Callable[[str], bool]
    brands: tuple[Brand, ...]
    sources: Sequence[str]
    named: Callable[[Any, Place], list[Brand]]

    def read(self, entries: Sequence[Any]) -> tuple[Rule, ...]:
        """The rules that have no mistake."""
        rules: list[Rule] = []
        for index, entry in enumerate(entries):
            path: Place = ("alerts", "rules", index)
            options = self.options(entry, path)
            # Names are looked up even where another key is wrong, so that every mistake is told at once.
            said = entry if isinstance(entry, Mapping) else {}
            if any(rule.name == said.get("name") for rule in rules):
                self.add((*path, "name"), f"{said['name']!r} stands twice; each rule needs its own name")
            named = self._brands_of(said, path)
            source = said.get("source")
            if isinstance(source, str) and source not in self.sources and self.sound("sources"):
                self.add(
                    (*path, "source"), f"there is no source {source!r}{did_you_mean(source, self.sources)}"
                )
            self.channels(said.get("channels"), (*path, "channels"))
            if options is not None:
                made = [Rule.of(options, brand.name) for brand in named]
                self._check_rival(made, (*path, "when"))
                # What is about the house is one rule, whoever it names.
                rules.extend(made if not made or made[0].brand else made[:1])
        return tuple(rules)

    def _check_rival(self, rules: Sequence[Rule], path: Place) -> None:
        """A rival that nobody configured would be a rule that never speaks."""
        rival = getattr(rules[0].condition, "rival", None) if rules else None
        names = [brand.name for brand in self.brands]
        if rival is not None and rival not in names and self.sound("brands"):
            self.add(path, f"there is no brand {rival!r}{did_you_mean(rival, names)}")

    def _brands_of(self, said: Mapping[str, Any], path: Place) -> list[Brand]:
        """The brands of a rule: those that it names, those of a market, or all of ours."""
        names, market = said.get("brand"), said.get("market")
        if market is not None:
            found = [brand for brand in self.brands if brand.market == market]
            if not found and self.sound("brands"):
                known = list(dict.fromkeys(brand.market for brand in self.brands))
                self.add(
                    (*path, "market"), f"there is no market {market!r}{did_you_mean(str(market), known)}"
                )
            return found
        if not isinstance(names, list):
            return self.named(names, (*path, "brand"))
        return [
            brand for index, name in enumerate(names) for brand in self.named(name, (*path, "brand", index))
        ]
