"""What a chart of lines says in words, for who does not see it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts.language import N_

if TYPE_CHECKING:
    from alerts.charts.lines import Chart, Point

LINES = 5
"""Lines that one chart can tell apart."""
HEARD = 0.9
"""Share of a period from which it counts as heard."""


def describe(chart: Chart) -> str:
    """Say in words what a chart shows: of each line its ends, its highest and lowest; what was not heard; the marks."""
    _, said = chart.language.gettext, []
    for line in chart.lines[:LINES]:
        known = [point for point in line.points if point.value is not None]
        if not known:
            said.append(_("{name}: no value.", name=line.name))
            continue
        first, last = known[0], known[-1]
        low, high = (f(known, key=lambda point: point.value or 0.0) for f in (min, max))
        said.append(
            _(
                "{name}: {first} first, {last} last; lowest {low}, highest {high}.",
                name=line.name,
                first=told(chart, first),
                last=told(chart, last),
                low=told(chart, low),
                high=told(chart, high),
            )
        )
    gaps = sum(point.heard < HEARD for point in chart.lines[0].points) if chart.lines else 0
    if gaps:
        said.append(_hatched(chart, gaps))
    said += [f"{mark.label}: {mark.text}." for mark in chart.marks]
    return " ".join(said)


def _hatched(chart: Chart, gaps: int) -> str:
    of = chart.language.count(len(chart.lines[0].points))
    phrase = {
        "day": N_("Hatched: {gaps} of {all} days that were not heard whole."),
        "week": N_("Hatched: {gaps} of {all} weeks that were not heard whole."),
        "month": N_("Hatched: {gaps} of {all} months that were not heard whole."),
        "year": N_("Hatched: {gaps} of {all} years that were not heard whole."),
    }[chart.period]
    return chart.language.gettext(phrase, gaps=chart.language.count(gaps), all=of)


def told(chart: Chart, point: Point) -> str:
    """Say a point's value and when: "12 284 (2 Nov)"."""
    when = chart.language.date_label(point.since, chart.period, chart.zone, year=False)
    return f"{chart.write(point.value or 0.0)} ({when})"
