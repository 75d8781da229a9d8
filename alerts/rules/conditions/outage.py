"""A source that is not heard: `source down for 1h`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from alerts.rules.base import Look, Sample, Seen, WokenBy
from alerts.rules.rule import Rule
from storage import polling
from storage.durations import format_duration, parse_duration
from storage.kpi import Ask

_WHEN = re.compile(r"\s*source\s+down\s+for\s+(\d+(?:\.\d+)?[smhdw])\s*")

_OVERDUE = 300
"""Seconds by which the next try may be late, until it is not known any more whether a source is down."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A source (the rule's, or any) has not answered for `down` seconds. It is about the house, not about a brand."""

    form: ClassVar[str] = "outage"
    momentary: ClassVar[bool] = False
    about_brand: ClassVar[bool] = False
    market_wide: ClassVar[bool] = False
    woken_by: ClassVar[WokenBy] = "count"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset({"tag"})

    down: int

    def words(self) -> str:
        """As it is written in `when`."""
        return f"source down for {format_duration(self.down)}"

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """It asks for no KPI."""
        return ()

    def see(self, rule: Rule, look: Look) -> Seen:
        """One subject for each source that is listened to. What it answered is not told: it may say anything."""
        seen = {}
        for state in polling.states(look.store):
            if not state.active or rule.source not in (None, state.name, state.kind):
                continue
            down = 0 if state.down_since is None else look.now - state.down_since
            numbers = {
                "source": state.name,
                "value": down,
                "unit": "seconds",
                "down": self.down,
                "down_since": state.down_since,
                "failures": state.failures,
                "since": state.down_since or look.now,
                "until": look.now,
            }
            # Where nobody has asked for long, as after a night off, it may well answer.
            asked = look.now - (state.next_poll_at or look.now) < _OVERDUE
            enough = state.down_since is None or asked
            met = enough and down >= self.down
            since = state.down_since or look.now
            seen[f"source {state.name}"] = [
                Sample(since, look.now, enough, met, met, numbers=numbers, post_ids=())
            ]
        return seen


def parse(text: str) -> Outage | None:
    """Read "source down for 1h"; None where the text is none."""
    match = _WHEN.fullmatch(text)
    return Outage(max(60, parse_duration(match[1]))) if match else None
