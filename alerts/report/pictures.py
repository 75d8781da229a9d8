"""Which charts a report draws: a KPI's brands together, or each network alone where a sum of them means nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerts import format as reading
from alerts.charts.lines import Chart, Line, Mark, Point
from alerts.charts.words import LINES
from alerts.render import clean, shorten
from alerts.report import wording
from alerts.report.gather import KpiFacts, ReportFacts
from storage.calendar import Window, start_of, unit_of
from storage.kpi import Kpi, KpiValue

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Marked(Mark):
    """A mark, and what it concerns: a brand, or "" for all."""

    about: str = ""


def of_kpi(kpi: Kpi, group: Sequence[KpiFacts], facts: ReportFacts) -> tuple[Chart, ...]:
    """The charts of one KPI."""
    if kpi.additive:
        lines = [_line(one.value.brand, one.series, facts) for one in group]
        packs = [lines[at : at + LINES] for at in range(0, len(lines), LINES)]
        charts = [_chart(kpi, "", pack, facts, place) for place, pack in enumerate(packs)]
    else:
        charts = [
            _chart(kpi, one.value.brand, _by_network(one, facts)[:LINES], facts, place)
            for place, one in enumerate(group)
        ]
    return tuple(chart for chart in charts if chart.lines)


def _by_network(one: KpiFacts, facts: ReportFacts) -> list[Line]:
    found: dict[str, list[KpiValue]] = {}
    for value in one.series_by_source:
        found.setdefault(value.source or "", []).append(value)
    return [_line(source, values, facts) for source, values in found.items()]


def _chart(kpi: Kpi, of: str, lines: Sequence[Line], facts: ReportFacts, place: int) -> Chart:
    title = f"{wording.named(kpi.name)} by {facts.period}" + (f", {clean(of)}" if of else "")
    return Chart(
        key=f"{kpi.name.replace('.', '-')}-{place}",
        title=title,
        lines=tuple(lines),
        unit=kpi.unit,
        period=facts.period,
        zone=facts.wanted.ask.zone,
        write=lambda value: wording.figure(value, kpi.unit, kpi.name),
        marks=tuple(marks(facts)),
        tick=lambda value: _tick(value, kpi),
    )


def _tick(value: float, kpi: Kpi) -> str:
    """A round value: a share without the decimals that it has not."""
    if kpi.unit == "ratio" and kpi.name.partition(".")[0] not in ("net_sentiment", "nps"):
        digits = next((d for d in range(4) if abs(round(value * 100, d) - value * 100) < 1e-9), 4)
        return reading.percent(value, digits)
    return wording.figure(value, kpi.unit, kpi.name)


def _line(name: str, values: Sequence[KpiValue], facts: ReportFacts) -> Line:
    return Line(shorten(clean(name), 40), tuple(_point(value, facts) for value in values))


def _point(value: KpiValue, facts: ReportFacts) -> Point:
    low, high = wording.interval_of(value) or (None, None)
    shares = [one.share for one in value.heard] + [0.0] * len(value.left_out)
    # What files tell does not depend on what was heard.
    deaf = facts.declared[value.kpi].of_sources
    unit = unit_of(value.since, facts.period, facts.wanted.ask.zone)
    return Point(
        value.since,
        value.until,
        None if value.value is None else float(value.value),
        low,
        high,
        heard=1.0 if not deaf else sum(shares) / len(shares) if shares else 0.0,
        whole=unit == Window(value.since, value.until) and value.until <= facts.wanted.ask.now,
    )


def marks(facts: ReportFacts) -> list[Marked]:
    """What is drawn in every chart, in the order of time: annotations by number, campaigns by letter."""
    zone = facts.wanted.ask.zone
    noted = [
        # In the middle of its day, where the day's value stands.
        Marked(
            str(number),
            shorten(clean(one.text), _LONGEST),
            start_of(one.day, "day", zone) + 43_200,
            None,
            shorten(clean(one.brand or ""), 40),
        )
        for number, one in enumerate(facts.annotations, 1)
    ]
    run = [
        Marked(
            _LETTERS[number % len(_LETTERS)],
            f"campaign {shorten(clean(one.name), _LONGEST)}",
            one.since,
            one.until,
        )
        for number, one in enumerate(facts.campaigns)
    ]
    return sorted([*noted, *run], key=lambda mark: mark.since)
