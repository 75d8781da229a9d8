"""A rival that is talked about more than we are, and was not before: `share_of_voice overtaken`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from alerts.rules.base import Look, Sample, Seen, WokenBy, told
from alerts.rules.rule import Rule
from storage.calendar import Window
from storage.kpi import Ask, KpiValue

_WHEN = re.compile(r"\s*share_of_voice\s+overtaken(?:\s+by\s+(.+?))?\s*")
_SURE = 1.96
_KPI = "share_of_voice"


@dataclass(frozen=True, slots=True)
class Overtaken:
    """A rival of the market (`rival`, or any) has a larger share of voice, beyond chance, and had not before."""

    form: ClassVar[str] = "overtaken"
    momentary: ClassVar[bool] = False
    about_brand: ClassVar[bool] = True
    market_wide: ClassVar[bool] = True
    woken_by: ClassVar[WokenBy] = "count"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset()

    rival: str | None

    def words(self) -> str:
        """As it is written in `when`."""
        return "share_of_voice overtaken" + (f" by {self.rival}" if self.rival else "")

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """The shares of all brands of the market, in the newest complete window and in the one before."""
        for window in self._windows(rule, look):
            for brand in (rule.brand, *self._rivals(rule, look)):
                yield _KPI, _ask(rule, look, window, brand)

    def _windows(self, rule: Rule, look: Look) -> tuple[Window, Window]:
        until = look.now - look.lateness(rule.source)
        return Window(until - rule.over, until), Window(until - 2 * rule.over, until - rule.over)

    def _rivals(self, rule: Rule, look: Look) -> list[str]:
        market = next((one.market for one in look.brands if one.name == rule.brand), None)
        return [
            one.name
            for one in look.brands
            if one.market == market and not one.own and not one.topic and self.rival in (None, one.name)
        ]

    def see(self, rule: Rule, look: Look) -> Seen:
        """One subject for each rival."""
        window, earlier = self._windows(rule, look)
        ours, ours_before = (look.value(_KPI, _ask(rule, look, one, rule.brand)) for one in (window, earlier))
        # Where another source is heard, another leads: that is no overtaking.
        alike = {one.source for one in ours.heard} == {one.source for one in ours_before.heard}
        seen = {}
        for rival in self._rivals(rule, look):
            theirs, theirs_before = (
                look.value(_KPI, _ask(rule, look, one, rival)) for one in (window, earlier)
            )
            enough = theirs.value is not None and ours.value is not None and ours.n >= rule.min_n
            ahead = enough and _ahead(theirs, ours)
            fires = (
                ahead and alike and ours_before.value is not None and not _more(theirs_before, ours_before)
            )
            live = fires and self._is_ahead_live(rule, look, window, rival)
            numbers = {
                **told(ours),
                "rival": rival,
                "rival_value": theirs.value,
                "before": ours_before.value,
                "rival_before": theirs_before.value,
            }
            firing = f"brand {rival}" in look.firing.get((rule.name, rule.brand), ())
            # Once it fires it goes on while the rival leads, however the windows before looked.
            met = ahead if firing else fires
            seen[f"brand {rival}"] = [Sample(window.since, window.until, enough, met, live, ours, numbers)]
        return seen

    def _is_ahead_live(self, rule: Rule, look: Look, window: Window, rival: str) -> bool:
        ours, theirs = (
            look.value(_KPI, replace(_ask(rule, look, window, brand), live_only=not look.past))
            for brand in (rule.brand, rival)
        )
        return _ahead(theirs, ours)


def _ask(rule: Rule, look: Look, window: Window, brand: str) -> Ask:
    return replace(look.ask(rule, window), only=(brand,))


def _more(theirs: KpiValue, ours: KpiValue) -> bool:
    return theirs.value is not None and ours.value is not None and theirs.value > ours.value


def _ahead(theirs: KpiValue, ours: KpiValue) -> bool:
    """Whether a share of the same whole is larger beyond chance: two counts of one mean differ by √(a + b)."""
    if theirs.value is None or ours.value is None:
        return False
    a, b = theirs.value * theirs.n, ours.value * ours.n
    return a - b > _SURE * math.sqrt(a + b)


def parse(text: str) -> Overtaken | None:
    """Read "share_of_voice overtaken" or "share_of_voice overtaken by NAME"; None where the text is neither."""
    match = _WHEN.fullmatch(text)
    return Overtaken(match[1]) if match else None
