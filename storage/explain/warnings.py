"""What whoever uses a number must know first, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from storage.calendar import iso
from storage.explain.listening import Listened
from storage.kpi.value import KpiValue

_NAMED = 3
_PERIODS = {"before": "The period before", "year_before": "The same period a year before"}


def warnings(
    value: KpiValue,
    listened: Sequence[Listened],
    unlike: Mapping[str, Sequence[tuple[str, float, float]]],
    zone: ZoneInfo,
    taken_back: int = 0,
) -> Iterator[str]:
    """One sentence for each thing, the gravest first. `taken_back`: mentions whose authors have done so since."""
    yield from _deaf([one for one in listened if one.counted and one.deaf])
    for source in value.left_out:
        yield f"{source} was not heard at all in this window, and is left out."
    for period, sources in unlike.items():
        if sources:
            worst = sorted(sources, key=lambda one: abs(one[1] - one[2]), reverse=True)
            shown = worst[:_NAMED] if len(sources) > _NAMED + 1 else sources
            parts = [
                f"{name} {_percent(now)} of the time now, {_percent(then)} then" for name, now, then in shown
            ]
            if len(shown) < len(sources):
                parts.append(f"and {len(sources) - len(shown)} other sources")
            yield f"{_PERIODS[period]} was heard otherwise: {'; '.join(parts)}."
    yield from _query_changes(value, zone)
    for turn in value.engine_changes:
        yield (
            f"Another engine, {turn.engine}, judges what was published from {iso(turn.at, zone)} on: "
            "before and after do not compare until history is judged again."
        )
    more = value.more
    counted = more.get("method") == "raw" and more.get("interval") is None and "judged" in more
    if value.value is not None and counted:
        yield "The engine was not measured on such posts: this is what it says, its mistakes included."
    if taken_back and value.value is not None:
        was = "1 mention was" if taken_back == 1 else f"{taken_back} mentions were"
        yield f"{was} taken back since: the number is as reported, with them; mentions.as_now counts without."


def _deaf(deaf: Sequence[Listened]) -> Iterator[str]:
    """A line for each source; with many of them one line, or nobody reads on."""
    missing = "what was said there then is missing from the number."
    if len(deaf) <= _NAMED + 1:
        for one in deaf:
            yield f"{one.source} was deaf for {_of_window(one)} of this window: {missing}"
        return
    worst = sorted(deaf, key=lambda one: one.deaf / one.asked, reverse=True)[:_NAMED]
    told = ", ".join(f"{one.source} for {_of_window(one)}" for one in worst)
    yield f"{len(deaf)} sources were deaf in a part of this window, most of all {told}: {missing}"


def _of_window(one: Listened) -> str:
    return f"{_hours(one.deaf)} of {_hours(one.asked)} hours"


def _query_changes(value: KpiValue, zone: ZoneInfo) -> Iterator[str]:
    """A market of many brands is often listened for from one time on: that is one thing to say."""
    together: dict[tuple[int, bool], list[str]] = {}
    for change in value.query_changes:
        together.setdefault((change.at, change.first), []).append(change.brand)
    for (at, first), brands in together.items():
        be = "is" if len(brands) == 1 else "are"
        what = "listened for only from" if first else "looked for by another query from"
        yield f"{_listed(brands)} {be} {what} {iso(at, zone)} on: before and after do not compare."


def _listed(names: list[str]) -> str:
    if len(names) > _NAMED + 1:
        return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} other brands"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _hours(seconds: int) -> str:
    hours = seconds / 3600
    return "under 0.1" if hours < 0.05 else f"{hours:.1f}".removesuffix(".0")


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.0f} %"
