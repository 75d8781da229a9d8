"""The small chart of an alert: what was counted, what was to be expected, and where the alarm fired. Pure SVG.

Time runs from left to right in every language.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from alerts.charts.bars import Picture
from alerts.charts.style import STYLE, opening, written
from alerts.language import Language

_HEIGHT, _TOP, _BOTTOM, _SIDE = 76, 24, 22, 8


@dataclass(frozen=True, slots=True)
class Spot:
    """A period [since, until): its value, None where nothing was heard; `low` to `high` was to be expected."""

    since: int
    until: int
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Spark:
    """What is drawn. `name` is the series ("Mentions of Acme per hour"); `alarm` the second at which it fired."""

    key: str
    name: str
    spots: tuple[Spot, ...]
    zone: ZoneInfo
    language: Language
    alarm: int | None = None


def spark_chart(spark: Spark, *, width: int = 536, alone: bool = False) -> Picture:
    """Draw it; an empty picture where no value is known."""
    if not any(spot.value is not None for spot in spark.spots):
        return Picture("", "")
    frame = _Frame(spark, width)
    said = describe(spark)
    parts = [
        opening(spark.key, (width, frame.height), spark.name, said),
        f"<style>{STYLE}</style>" if alone else "",
        "<defs></defs>",
        _band(frame),
        f'<path class="axis" d="M{_SIDE} {frame.base}H{width - _SIDE}"/>',
        *_line(frame),
        *_alarm(frame),
        *_times(frame),
        "</svg>",
    ]
    return Picture("".join(parts), f"{spark.name}. {said}")


def describe(spark: Spark) -> str:
    """Say in words what it shows: the last value, what was to be expected, the alarm."""
    language, _ = spark.language, spark.language.gettext
    known = [spot for spot in spark.spots if spot.value is not None]
    last = known[-1]
    now = language.number(last.value or 0.0)
    said = [_("Last {value} ({when}).", value=now, when=language.moment(last.since, spark.zone))]
    if last.low is not None and last.high is not None:
        expected = language.range(language.count(last.low), language.count(last.high))
        said.append(_("Expected: {range}.", range=expected))
    top = max(known, key=lambda spot: spot.value or 0.0)
    if top is not last:
        when = language.moment(top.since, spark.zone)
        said.append(_("Highest {value} ({when}).", value=language.number(top.value or 0.0), when=when))
    if gaps := len(spark.spots) - len(known):
        said.append(
            _(
                "Gaps: {gaps} of {all} periods were not heard.",
                gaps=language.count(gaps),
                all=language.count(len(spark.spots)),
            )
        )
    if spark.alarm is not None:
        said.append(_("The alarm fired {when}.", when=language.moment(spark.alarm, spark.zone)))
    return " ".join(said)


class _Frame:
    """Where things stand: time to x, value to y, from zero on."""

    def __init__(self, spark: Spark, width: int) -> None:
        self.spark, self.width = spark, width
        self.since, self.until = spark.spots[0].since, spark.spots[-1].until
        ends = [end for spot in spark.spots for end in (spot.value, spot.high) if end is not None]
        self.reach = max(*ends, 1.0)
        self.base = _TOP + _HEIGHT
        self.height = self.base + _BOTTOM

    def x(self, at: float) -> float:
        share = (at - self.since) / max(1, self.until - self.since)
        return round(_SIDE + share * (self.width - 2 * _SIDE), 1)

    def y(self, value: float) -> float:
        return round(self.base - max(0.0, value) / self.reach * _HEIGHT, 1)

    def middle(self, spot: Spot) -> float:
        return self.x((spot.since + spot.until) / 2)


def _band(frame: _Frame) -> str:
    known = [spot for spot in frame.spark.spots if spot.low is not None and spot.high is not None]
    if len(known) < 2:
        return ""
    up = [f"{frame.middle(spot):g},{frame.y(spot.high or 0.0):g}" for spot in known]
    down = [f"{frame.middle(spot):g},{frame.y(spot.low or 0.0):g}" for spot in reversed(known)]
    return f'<polygon points="{" ".join([*up, *down])}" style="fill:var(--plain);opacity:.55"/>'


def _line(frame: _Frame) -> list[str]:
    """The values, broken where nothing was heard; one alone is a dot."""
    parts, run = [], list[Spot]()
    for spot in [*frame.spark.spots, Spot(0, 0, None)]:
        if spot.value is not None:
            run.append(spot)
            continue
        at = [(frame.middle(one), frame.y(one.value or 0.0)) for one in run]
        if len(at) > 1:
            path = " ".join(f"{x:g},{y:g}" for x, y in at)
            parts.append(f'<polyline class="line" points="{path}" style="stroke:var(--c2)"/>')
        parts += [
            f'<circle cx="{x:g}" cy="{y:g}" r="2.5" style="fill:var(--c2)"/>'
            for x, y in at[:1]
            if len(at) == 1
        ]
        run = []
    return parts


def _alarm(frame: _Frame) -> list[str]:
    """A line and a triangle: the alarm is not told by colour alone."""
    alarm = frame.spark.alarm
    if alarm is None or not frame.since <= alarm <= frame.until:
        return []
    x = frame.x(alarm)
    return [
        f'<path d="M{x:g} {_TOP}V{frame.base}" style="stroke:var(--alarm);stroke-width:1.5;stroke-dasharray:4 3"/>',
        f'<path d="M{x - 6:g} {_TOP - 11}h12l-6 11z" style="fill:var(--alarm)"/>',
    ]


def _times(frame: _Frame) -> list[str]:
    """The highest value at the top, the two ends of the time below."""
    spark, language = frame.spark, frame.spark.language
    top = max(spot.value for spot in spark.spots if spot.value is not None)
    first, last = (written(language.moment(at, spark.zone), language) for at in (frame.since, frame.until))
    most = language.gettext("highest {value}", value=language.number(top))
    return [
        f'<text x="{_SIDE}" y="{frame.base + 16}" text-anchor="start">{first}</text>',
        f'<text x="{frame.width - _SIDE}" y="{frame.base + 16}" text-anchor="end">{last}</text>',
        f'<text class="strong" x="{_SIDE}" y="13" text-anchor="start">{written(most, language)}</text>',
    ]
