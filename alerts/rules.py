"""Rules: what a condition says, and what becomes of it when values, time and memory are put together."""

from __future__ import annotations

import difflib
import hashlib
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from storage.alerting import AlertState, EventKind
from storage.calendar import Window
from storage.durations import Duration, parse_duration
from storage.kpi import KPIS, KpiValue

Severity = Literal["info", "warning", "critical"]
_WHEN = re.compile(r"\s*([\w.]+)\s*(>=|<=|>|<)\s*([-+]?\d+(?:\.\d+)?)\s*(%|[smhdw]|)\s*")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
# Shares lie in a known range, so that "negative_share > 40" can be told to be a mistake for 40%.
RANGES = {
    "share_of_voice": (0.0, 1.0),
    "positive_share": (0.0, 1.0),
    "negative_share": (0.0, 1.0),
    "net_sentiment": (-1.0, 1.0),
    "returning_author_share": (0.0, 1.0),
    **{
        f"share_of_voice.{of}": (0.0, 1.0)
        for of in ("authors", "positive", "net", "interactions", "organic", "reach")
    },
    "csat": (0.0, 1.0),
    "nps": (-1.0, 1.0),
    "bounce_rate.ga4": (0.0, 1.0),
    "bounce_rate.ua": (0.0, 1.0),
    "conversion_share.social": (0.0, 1.0),
    "qualified_lead_rate": (0.0, 1.0),
    "response_rate": (0.0, 1.0),
    "case_completion": (0.0, 1.0),
    "lead_conversion_rate": (0.0, 1.0),
}
_COUNTS = frozenset(
    {
        "mentions",
        "positive_mentions",
        "positive_growth",
        "negative_mentions",
        "negative_growth",
        "authors",
        "hashtags",
    }
)
"""KPIs that only grow while more posts of their window arrive."""
_DAY = 86_400
_MIN_N = {"ratio": 20, "seconds": 5}


@dataclass(frozen=True, slots=True)
class Condition:
    """KPI OP NUMBER, the number in the KPI's own unit (a ratio, a count, seconds)."""

    kpi: str
    op: str
    number: float

    def holds(self, value: float) -> bool:
        """Compare a value of the KPI with the number."""
        return _COMPARE[self.op](value, self.number)


def parse_condition(text: str) -> Condition:
    """Read "negative_share > 40%". Raises ValueError that says what is wrong and how to write it."""
    match = _WHEN.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is no condition; write KPI OP NUMBER, as in negative_share > 40%")
    kpi, op, digits, suffix = match.groups()
    if kpi not in KPIS:
        close = difflib.get_close_matches(kpi, KPIS, 1, 0.6)
        hint = f"did you mean {close[0]}?" if close else "`listener kpi --list` shows them"
        raise ValueError(f"there is no KPI {kpi!r}; {hint}")
    unit = KPIS[kpi].unit
    number = float(digits)
    if suffix == "%" and unit == "ratio":
        number /= 100
    elif suffix and suffix != "%" and unit == "seconds":
        number = parse_duration(digits + suffix)
    elif suffix:
        how = {"ratio": "0.4 or 40%", "seconds": "a duration as in 2h"}.get(unit, "a plain number")
        counted = "an amount of money" if unit == "currency" else f"counted in {unit}"
        raise ValueError(f"{kpi} is {counted}; write {how} instead of {digits}{suffix}")
    low, high = RANGES.get(kpi, (float("-inf"), float("inf")))
    if not low <= number <= high:
        meant = low <= number / 100 <= high and not suffix
        hint = f"; for {digits} percent write {digits}%" if meant else ""
        raise ValueError(f"{kpi} lies between {low:g} and {high:g}{hint}")
    return Condition(kpi, op, number)


def _checked(text: str) -> str:
    parse_condition(text)
    return text


class RuleOptions(BaseModel):
    """One rule of config.yaml. `min_n` defaults to 20 for ratios, 5 for durations, 0 for counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=100)
    when: Annotated[str, AfterValidator(_checked)]
    brand: str | None = None
    source: str | None = None
    tag: str | None = Field(default=None, min_length=1, max_length=50)
    over: Duration = Field(default=3600, ge=60)
    min_n: int | None = Field(default=None, ge=0)
    for_: Duration = Field(default=0, alias="for")
    cooldown: Duration = 21600
    expire: Duration = 21600
    severity: Severity = "warning"
    channels: list[str] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _days(self) -> Self:
        kpi = parse_condition(self.when).kpi
        if self.over < _DAY and KPIS[kpi].imported:
            raise ValueError(f"{kpi} is made of numbers of whole days; write over: 1d or more")
        return self


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for one brand. `channels`: those that it names itself; none where the routes say."""

    name: str
    brand: str
    condition: Condition
    over: int
    min_n: int
    hold: int
    cooldown: int
    expire: int
    channels: tuple[str, ...]
    source: str | None = None
    tag: str | None = None
    severity: Severity = "warning"

    @classmethod
    def of(cls, options: RuleOptions, brand: str) -> Rule:
        """Make the rule that `options` mean for a brand."""
        condition = parse_condition(options.when)
        unit = KPIS[condition.kpi].unit
        return cls(
            options.name,
            brand,
            condition,
            options.over,
            _MIN_N.get(unit, 0) if options.min_n is None else options.min_n,
            options.for_,
            options.cooldown,
            options.expire,
            tuple(options.channels or ()),
            options.source,
            options.tag,
            options.severity,
        )


def looked_at(rule: Rule, lateness: int, now: int) -> list[Window]:
    """The windows that a rule judges now, newest last.

    That a count is low is believed only of a window that nothing can be added to any more: the last minutes
    always lack what the sources deliver late, and "mentions < 10" would fire for that alone.
    """
    if rule.condition.op in ("<", "<=") and rule.condition.kpi in _COUNTS:
        return [Window(now - lateness - rule.over, now - lateness)]
    return windows(rule.over, lateness, now)


def windows(over: int, lateness: int, now: int) -> list[Window]:
    """The windows that count as now: their posts may still arrive for `lateness` seconds. Newest last.

    A window that ends now has lost what its sources deliver late; one that ended a little earlier has it. A
    dozen at most, so that a slow feed does not make a rule expensive.
    """
    step = max(60, over // 6, lateness // 11 + 1)
    return [Window(now - back - over, now - back) for back in reversed(range(0, lateness + 1, step))]


@dataclass(frozen=True, slots=True)
class Transition:
    """What a judgement led to: the new state, and an event where something is to be told."""

    state: AlertState
    kind: EventKind | None = None
    value: KpiValue | None = None


def enough_and_met(rule: Rule, value: KpiValue) -> bool:
    """Whether there is enough data to judge by, and the condition holds."""
    return value.value is not None and value.n >= rule.min_n and rule.condition.holds(value.value)


def judge(
    rule: Rule,
    values: Sequence[KpiValue],
    state: AlertState | None,
    now: int,
    live: Sequence[KpiValue] | None = None,
) -> Transition:
    """Decide what becomes of a rule for the values of its windows, oldest first.

    `live` are the values of the same windows over what was heard live, None where that is everything. To fire, a
    window must meet the condition both ways: what came by an import or a first poll neither makes a rule fire nor
    hides, by its absence, that there was enough.

    Below `min_n` a rule neither fires nor resolves. It fires when a window not told yet meets the condition,
    after it has held for `hold` seconds, and not within `cooldown` of the last time. It resolves when there is
    enough data in a window not told yet and no window meets the condition. Firing without enough data for
    `expire` seconds, it expires.
    """
    before = state or AlertState(rule.name, rule.brand, "quiet", now, now, 0, 0)
    enough = [value for value in values if value.value is not None and value.n >= rule.min_n]
    seen = replace(before, enough_at=now) if enough else before
    if before.phase == "firing":
        met = [value for value in enough if enough_and_met(rule, value)]
        return _while_firing(rule, enough, met, seen, now)
    fresh = [
        value
        for value, heard_live in zip(values, live or values, strict=True)
        if enough_and_met(rule, value)
        and enough_and_met(rule, heard_live)
        and value.until > before.told_until
    ]
    if not fresh or now - before.fired_at < rule.cooldown:
        thin = not enough and now - before.enough_at < rule.expire
        return Transition(before if thin or before.phase == "quiet" else _to_quiet(seen, now))
    since = before.since if before.phase == "pending" else now
    if now - since < rule.hold:
        return Transition(replace(seen, phase="pending", since=since))
    value = fresh[-1]
    fired = replace(seen, phase="firing", since=now, told_until=value.until, fired_at=now)
    return Transition(fired, "fired", value)


def _while_firing(
    rule: Rule, enough: Sequence[KpiValue], met: Sequence[KpiValue], state: AlertState, now: int
) -> Transition:
    if not met and enough and enough[-1].until > state.told_until:
        value = enough[-1]
        return Transition(replace(_to_quiet(state, now), told_until=value.until), "resolved", value)
    if not enough and now - state.enough_at >= rule.expire:
        return Transition(replace(_to_quiet(state, now), told_until=now), "expired")
    return Transition(state)


def _to_quiet(state: AlertState, now: int) -> AlertState:
    return replace(state, phase="quiet", since=now)


def event_key(rule: str, brand: str, kind: str, at: int) -> str:
    """The idempotency key of an event: the same for every attempt, channel and restart."""
    digest = hashlib.sha256("\0".join((rule, brand, kind, str(at))).encode()).hexdigest()
    return f"alert-{digest[:24]}"
