"""Numbers -> SVG: lines by day, week or month, for page, mail and paper alike. Pure; no script, nothing is fetched.

Nothing is told by colour alone: lines differ by their dashes and marks, a stretch that was not heard is hatched, and
each chart says in words what it shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts.charts.scales import dates, ticks
from alerts.charts.style import STYLE, marker, opening, stroke, written
from alerts.charts.words import HEARD, LINES, describe, told
from alerts.language import ENGLISH, Language
from alerts.render import clean, shorten
from storage.calendar import Unit

_HEIGHT, _LEFT, _RIGHT, _BOTTOM = 190, 58, 14, 26
_LETTER = 6.7
_WIDEST = 3


@dataclass(frozen=True, slots=True)
class Point:
    """The value of one period [since, until), None where there is none; `low` and `high` are the ends of its interval.

    `heard`: the share of the period in which the sources were heard. `whole` is False where the period was cut short.
    """

    since: int
    until: int
    value: float | None
    low: float | None = None
    high: float | None = None
    heard: float = 1.0
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, and its points in the order of time."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is written at a time: `label` is the number or letter that the list beside the chart explains.

    With `until` it is a stretch, as a campaign is.
    """

    label: str
    text: str
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """What one chart shows. `key` is unique on its page; `write` puts a value into words, `tick` one at the axis."""

    key: str
    title: str
    lines: tuple[Line, ...]
    unit: str
    period: Unit
    zone: ZoneInfo
    write: Callable[[float], str]
    marks: tuple[Mark, ...] = ()
    tick: Callable[[float], str] | None = None
    language: Language = ENGLISH

    @property
    def id(self) -> str:
        """What the parts of the drawing are named after."""
        return re.sub(r"[^A-Za-z0-9_-]", "-", self.key)

    def at_axis(self, value: float) -> str:
        """Write a round value beside the axis."""
        return (self.tick or self.write)(value)


def svg(chart: Chart, width: int = 720, *, alone: bool = False) -> str:
    """Draw a chart `width` units wide; empty where no line has a value. `alone`: outside of a page with STYLE.

    At most LINES lines are drawn, the first ones.
    """
    lines = chart.lines[:LINES]
    if not any(point.value is not None for line in lines for point in line.points):
        return ""
    frame = _Frame(chart, lines, width)
    key = chart.id
    parts = [
        opening(key, (width, frame.height), chart.title, describe(chart)),
        f"<style>{STYLE}</style>" if alone else "",
        f'<defs><pattern id="{key}-h" width="6" height="6" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><path class="hatch" d="M0 0V6"/></pattern></defs>',
        *_legend(frame),
        *_axes(frame),
        *_unheard(frame),
        *_bands(frame),
        *_marks(frame),
        *(part for number, line in enumerate(lines) for part in _line(frame, number, line)),
        "</svg>",
    ]
    return "".join(parts)


class _Frame:
    """Where things stand: time to x, value to y."""

    def __init__(self, chart: Chart, lines: Sequence[Line], width: int) -> None:
        self.chart, self.lines, self.width = chart, lines, width
        points = [point for line in lines for point in line.points]
        self.since = min(point.since for point in points)
        self.until = max(point.until for point in points)
        self.ticks = ticks(*_reach(points), unit=chart.unit)
        self.low, self.high = self.ticks[0], self.ticks[-1]
        self.left = max(_LEFT, 10 + _LETTER * max(len(chart.at_axis(tick)) for tick in self.ticks))
        self.rows = _legend_rows(lines, width - self.left - _RIGHT) if len(lines) > 1 else []
        self.top = 18 * len(self.rows) + (24 if chart.marks else 10)
        self.base = self.top + _HEIGHT
        self.height = self.base + _BOTTOM

    def x(self, at: float) -> float:
        share = (at - self.since) / max(1, self.until - self.since)
        return round(self.left + share * (self.width - self.left - _RIGHT), 1)

    def y(self, value: float) -> float:
        value = min(max(value, self.low), self.high)
        return round(self.base - (value - self.low) / (self.high - self.low) * _HEIGHT, 1)

    def middle(self, point: Point) -> float:
        return self.x((point.since + point.until) / 2)


def _reach(points: Sequence[Point]) -> tuple[float, float]:
    """From which value to which a chart reaches: an interval that is far wider than all values is cut.

    Otherwise one day of hardly any mentions would press all others flat.
    """
    values = [point.value for point in points if point.value is not None]
    low, high = min(*values, 0.0), max(*values, 0.0)
    room = _WIDEST * (high - low or 1.0)
    ends = [end for point in points for end in (point.low, point.high) if end is not None]
    return min([low, *(max(end, low - room) for end in ends)]), max(
        [high, *(min(end, high + room) for end in ends)]
    )


def _legend_rows(lines: Sequence[Line], room: float) -> list[list[tuple[int, str]]]:
    """The names of the lines in as many rows as they need, each with the number of its line."""
    rows: list[list[tuple[int, str]]] = [[]]
    used = 0.0
    for number, line in enumerate(lines):
        name = shorten(clean(line.name), 24)
        wide = 44 + _LETTER * len(name)
        if rows[-1] and used + wide > room:
            rows.append([])
            used = 0.0
        rows[-1].append((number, name))
        used += wide
    return rows


def _legend(frame: _Frame) -> Iterator[str]:
    for place, row in enumerate(frame.rows):
        x, y = frame.left, 18 * place + 10
        for number, name in row:
            yield f'<path class="line" d="M{x:g} {y}h24" style="{stroke(number)}"/>{marker(number, x + 12, y)}'
            yield f'<text x="{x + 30:g}" y="{y + 4}">{written(name, frame.chart.language)}</text>'
            x += 44 + _LETTER * len(name)


def _axes(frame: _Frame) -> Iterator[str]:
    chart = frame.chart
    for tick in frame.ticks:
        y, kind = frame.y(tick), "axis" if tick == 0 else "grid"
        yield f'<path class="{kind}" d="M{frame.left:g} {y:g}H{frame.width - _RIGHT}"/>'
        at = f'x="{frame.left - 8:g}" y="{y + 4:g}" text-anchor="end"'
        yield f'<text class="tick" {at}>{written(chart.at_axis(tick), chart.language)}</text>'
    points = frame.lines[0].points
    room = frame.width - frame.left - _RIGHT
    language = chart.language
    several = language.year(frame.since, chart.zone) != language.year(frame.until - 1, chart.zone)
    shown = dates([point.since for point in points], max(2, int(room // (92 if several else 66))))
    free = 0.0
    for number in shown:
        point = points[number]
        label = language.date_label(point.since, chart.period, chart.zone, year=several)
        x = frame.middle(point)
        anchor = "start" if x < _LETTER * len(label) / 2 else "middle"
        if x + _LETTER * len(label) / 2 > frame.width:
            anchor = "end"
        yield f'<path class="axis" d="M{x:g} {frame.base}v4"/>'
        wide = _LETTER * len(label)
        begins = x - wide * {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
        # A first period that was cut short lies close to the second.
        if begins < free:
            continue
        free = begins + wide + _LETTER
        yield f'<text x="{x:g}" y="{frame.base + 18}" text-anchor="{anchor}">{written(label, language)}</text>'


def _unheard(frame: _Frame) -> Iterator[str]:
    """Hatch what was not heard, stretches that touch as one."""
    key, start = frame.chart.id, None
    not_heard = written(frame.chart.language.gettext("not heard whole"))
    points = [*frame.lines[0].points, None]
    for before, point in zip([None, *frame.lines[0].points], points, strict=True):
        dull = point is not None and point.heard < HEARD
        if dull and start is None:
            start = point
        elif not dull and start is not None and before is not None:
            x, end = frame.x(start.since), frame.x(before.until)
            yield (
                f'<rect class="unheard" x="{x:g}" y="{frame.top}" width="{end - x:g}" height="{_HEIGHT}" '
                f'fill="url(#{key}-h)" opacity=".55"><title>{not_heard}</title></rect>'
            )
            start = None


def _bands(frame: _Frame) -> Iterator[str]:
    for number, line in enumerate(frame.lines):
        for run in _runs(line.points, lambda p: p.low is not None and p.high is not None):
            up = [f"{frame.middle(p):g},{frame.y(p.high or 0.0):g}" for p in run]
            down = [f"{frame.middle(p):g},{frame.y(p.low or 0.0):g}" for p in reversed(run)]
            if len(run) > 1:
                yield f'<polygon class="band" points="{" ".join([*up, *down])}" style="fill:var(--c{number})"/>'


def _marks(frame: _Frame) -> Iterator[str]:
    free = frame.left + 8
    for mark in frame.chart.marks:
        if mark.since >= frame.until or (mark.until or mark.since) < frame.since:
            continue
        x, title = frame.x(max(mark.since, frame.since)), f"<title>{written(mark.text)}</title>"
        if mark.until is not None:
            wide = max(2.0, frame.x(min(mark.until, frame.until)) - x)
            yield f'<rect class="campaign" x="{x:g}" y="{frame.top - 4}" width="{wide:g}" height="4">{title}</rect>'
        else:
            yield f'<path class="note" d="M{x:g} {frame.top}V{frame.base}">{title}</path>'
        # What begins on one day stands side by side.
        at = min(max(x, free), frame.width - 9)
        free = at + 18
        yield f'<circle class="badge" cx="{at:g}" cy="{frame.top - 13}" r="8">{title}</circle>'
        where = f'x="{at:g}" y="{frame.top - 9}" text-anchor="middle"'
        yield f'<text class="badge-text" {where}>{written(mark.label)}</text>'


def _line(frame: _Frame, number: int, line: Line) -> Iterator[str]:
    dense, language = len(line.points) > 45, frame.chart.language
    for run in _runs(line.points, lambda point: point.value is not None):
        at = [(frame.middle(p), frame.y(p.value or 0.0)) for p in run]
        path = " ".join(f"{x:g},{y:g}" for x, y in at)
        if len(run) > 1:
            yield f'<polyline class="line" points="{path}" style="{stroke(number)}"/>'
        for place, (point, (x, y)) in enumerate(zip(run, at, strict=True)):
            if not dense or place in (0, len(run) - 1):
                value = told(frame.chart, point)
                value = value if point.whole else language.gettext("{value}, so far", value=value)
                yield marker(number, x, y, f"{line.name}, {value}", hollow=not point.whole)


def _runs(points: Sequence[Point], there: Callable[[Point], bool]) -> Iterator[list[Point]]:
    """Stretches of points without a gap: no line is drawn over what is not known."""
    run: list[Point] = []
    for point in points:
        if there(point):
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run
