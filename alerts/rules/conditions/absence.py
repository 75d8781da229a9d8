"""Nothing for so long, while the sources were heard: `no mentions for 12h`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from alerts.rules.base import BRAND, Look, Sample, Seen, WokenBy, told
from alerts.rules.rule import Rule
from storage.calendar import Window
from storage.durations import format_duration, parse_duration
from storage.kpi import Ask

_WHEN = re.compile(r"\s*no\s+mentions\s+for\s+(\d+(?:\.\d+)?[smhdw])\s*")


@dataclass(frozen=True, slots=True)
class Absence:
    """No mention for `quiet` seconds. A source that is not heard is no silence: then nobody knows."""

    form: ClassVar[str] = "absence"
    momentary: ClassVar[bool] = False
    about_brand: ClassVar[bool] = True
    market_wide: ClassVar[bool] = False
    woken_by: ClassVar[WokenBy] = "count"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset()

    quiet: int

    def words(self) -> str:
        """As it is written in `when`."""
        return f"no mentions for {format_duration(self.quiet)}"

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """The mentions of the newest window of that length that is complete."""
        yield "mentions", look.ask(rule, self._window(rule, look))

    def _window(self, rule: Rule, look: Look) -> Window:
        until = look.now - look.lateness(rule.source)
        return Window(until - self.quiet, until)

    def see(self, rule: Rule, look: Look) -> Seen:
        """One sample; met where nothing came although every source was heard."""
        window = self._window(rule, look)
        value = look.value("mentions", look.ask(rule, window))
        # Of a source that was not heard nobody knows whether it was silent; one mention anywhere is no silence.
        met = value.value == 0 and not value.left_out
        enough = met or bool(value.value)
        numbers = {"quiet": self.quiet, **told(value)}
        return {BRAND: [Sample(window.since, window.until, enough, met, met, value, numbers, ())]}


def parse(text: str) -> Absence | None:
    """Read "no mentions for 12h"; None where the text is none."""
    match = _WHEN.fullmatch(text)
    if match is None:
        return None
    quiet = parse_duration(match[1])
    if quiet < 60:
        raise ValueError("a silence of less than a minute cannot be told; write a longer one, as in 12h")
    return Absence(quiet)
