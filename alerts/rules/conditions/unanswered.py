"""People who wait too long for an answer: `unanswered for 2h`, `unanswered for target`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from alerts.rules.base import BRAND, Look, Sample, Seen, WokenBy
from alerts.rules.rule import Rule
from storage import noticing
from storage.calendar import Window
from storage.coverage import ENOUGH
from storage.durations import format_duration, parse_duration
from storage.kpi import Ask

_WHEN = re.compile(r"\s*unanswered\s+for\s+(target|\d+(?:\.\d+)?[smhdw])\s*")
_FORGOTTEN = 7 * 86_400
"""Who has waited for longer than a week is no news any more; the letter names them."""
_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Somebody addressed the brand and has waited for `wait` seconds (None: the brand's own target) without an answer.

    One alert for all of them together, with those who wait longest: twenty messages would be muted.
    """

    form: ClassVar[str] = "unanswered"
    momentary: ClassVar[bool] = False
    about_brand: ClassVar[bool] = True
    market_wide: ClassVar[bool] = False
    woken_by: ClassVar[WokenBy] = "glance"
    not_narrowed_by: ClassVar[frozenset[str]] = frozenset({"tag"})

    wait: int | None

    def words(self) -> str:
        """As it is written in `when`."""
        return f"unanswered for {'target' if self.wait is None else format_duration(self.wait)}"

    def wants(self, rule: Rule, look: Look) -> Iterable[tuple[str, Ask]]:
        """It asks for no KPI."""
        return ()

    def see(self, rule: Rule, look: Look) -> Seen:
        """One sample: how many wait. An answer that was not heard, because its source was not, is no missing one."""
        wait = self._wait(rule, look)
        through = {one.source_id: look.now - one.lateness for one in look.active}
        window = Window(look.now - max(_FORGOTTEN, 2 * wait), look.now - wait)
        then = look.now if look.past else None
        asked = noticing.waiting(look.store, rule.brand, window, rule.source, _MOST, then)
        ledgers = {one.source_id: one for one in look.active}
        late = [
            one
            for one in asked
            if one.source_id in ledgers
            and (ledgers[one.source_id].stretch_end(one.started) or 0) - one.started >= wait
            and through[one.source_id] - one.started >= wait
        ]
        heard = bool(late) or self._is_heard(rule, look, wait)
        numbers = {
            "wait": wait,
            "value": len(late),
            "unit": "posts",
            "longest": look.now - late[0].started if late else None,
            "since": window.since,
            "until": look.now,
        }
        met = len(late) >= max(1, rule.min_n)
        posts = tuple(one.post for one in late[:3])
        return {BRAND: [Sample(window.since, look.now, heard, met, met, numbers=numbers, post_ids=posts)]}

    def _is_heard(self, rule: Rule, look: Look, wait: int) -> bool:
        """Whether every source of the rule was heard of late: of one that was not, nobody knows who has an answer."""
        asked = [one for one in look.active if rule.source in (None, one.name, one.kind)]
        since = look.now - max(wait, *(2 * one.lateness for one in asked)) if asked else look.now
        return bool(asked) and all(one.heard(since, look.now, look.now).share >= ENOUGH for one in asked)

    def _wait(self, rule: Rule, look: Look) -> int:
        if self.wait is not None:
            return self.wait
        return next((one.response_target for one in look.brands if one.name == rule.brand), 3_600)


def parse(text: str) -> Unanswered | None:
    """Read "unanswered for 2h" or "unanswered for target"; None where the text is neither."""
    match = _WHEN.fullmatch(text)
    if match is None:
        return None
    return Unanswered(None if match[1] == "target" else max(60, parse_duration(match[1])))
