"""Charts: what is drawn is what is known, in words too; nothing runs, nothing is fetched, nobody's text gets in."""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.charts.lines import Chart, Line, Mark, Point, svg
from alerts.charts.scales import dates, ticks
from alerts.charts.style import STYLE
from alerts.charts.words import LINES, describe
from alerts.language import ENGLISH

UTC = ZoneInfo("UTC")
DAY = 86_400
T0 = 1_793_577_600  # 2026-11-02, a Monday
NS = "{http://www.w3.org/2000/svg}"


def point(day: int, value: float | None, **more: object) -> Point:
    return Point(T0 + day * DAY, T0 + (day + 1) * DAY, value, **more)  # type: ignore[arg-type]


def chart(*lines: Line, marks: tuple[Mark, ...] = (), **more: object) -> Chart:
    fields: dict[str, object] = {"unit": "mentions", "write": lambda value: f"{value:g}", **more}
    return Chart("k", "Mentions by day", lines, period="day", zone=UTC, marks=marks, **fields)  # type: ignore[arg-type]


ACME = Line("Acme", tuple(point(day, 10.0 + day) for day in range(7)))


def drawn(what: Chart, width: int = 720) -> ET.Element:
    return ET.fromstring(svg(what, width))


def found(root: ET.Element, tag: str, kind: str = "") -> list[ET.Element]:
    return [one for one in root.iter(f"{NS}{tag}") if not kind or one.get("class") == kind]


def test_it_says_in_words_what_it_shows() -> None:
    marks = (Mark("1", "price rise", T0 + 3 * DAY),)
    lines = (
        ACME,
        Line("Bolt", (point(0, None), point(1, 4.0), point(2, 1.0))),
        Line("Zeta", (point(0, None),)),
    )
    what = chart(*lines, marks=marks)
    said = describe(what)
    assert "Acme: 10 (2 Nov) first, 16 (8 Nov) last; lowest 10 (2 Nov), highest 16 (8 Nov)." in said
    assert "Bolt: 4 (3 Nov) first, 1 (4 Nov) last" in said
    assert "Zeta: no value." in said
    assert "1: price rise." in said
    root = drawn(what)
    assert root.get("role") == "img"
    title, told = root.find(f"{NS}title"), root.find(f"{NS}desc")
    assert title is not None and title.text == "Mentions by day"
    assert told is not None and told.text == said
    assert root.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"


def test_no_line_is_drawn_over_what_is_not_known() -> None:
    points = [point(day, None if day == 3 else float(day)) for day in range(8)]
    lines = found(drawn(chart(Line("Acme", tuple(points)))), "polyline", "line")
    assert [len((line.get("points") or "").split()) for line in lines] == [3, 4]


def test_a_value_between_gaps_still_has_its_mark() -> None:
    points = (point(0, None), point(1, 5.0), point(2, None))
    root = drawn(chart(Line("Acme", points)))
    assert found(root, "polyline") == []
    assert [t.text for t in root.iter(f"{NS}title")][1:] == ["Acme, 5 (3 Nov)"]


def test_without_any_value_there_is_no_chart() -> None:
    assert svg(chart(Line("Acme", (point(0, None),)))) == ""
    assert svg(chart()) == ""


def test_what_was_not_heard_whole_is_hatched_once_a_stretch() -> None:
    shares = [1.0, 0.5, 0.0, 0.95, 0.89, 1.0]
    points = tuple(point(day, None if share < 0.1 else 5.0, heard=share) for day, share in enumerate(shares))
    what = chart(Line("Acme", points))
    root = drawn(what)
    hatched = found(root, "rect", "unheard")
    assert len(hatched) == 2
    assert hatched[0].get("fill") == "url(#k-h)" and found(root, "pattern")[0].get("id") == "k-h"
    one, other = (float(rect.get("width") or 0) for rect in hatched)
    assert one == pytest.approx(2 * other, abs=0.2)
    assert "Hatched: 3 of 6 days" in describe(what)
    # At the end of the chart too.
    ending = chart(Line("Acme", (point(0, 1.0), point(1, None, heard=0.0))))
    assert len(found(drawn(ending), "rect", "unheard")) == 1


def test_lines_differ_without_colour() -> None:
    lines = tuple(Line(f"brand {n}", (point(0, float(n)), point(1, n + 1.0))) for n in range(LINES))
    root = drawn(chart(*lines))
    dashes = [re.sub(r"stroke:var\(--c\d\);?", "", one.get("style") or "") for one in found(root, "polyline")]
    assert len(set(dashes)) == LINES
    marks = [
        re.sub(r"[\d.-]+", "", one.get("d") or "")
        for one in root.iter(f"{NS}path")
        if one.find(f"{NS}title") is not None
    ]
    assert len(set(marks)) >= LINES - 1
    names = [text.text for text in found(root, "text")]
    assert [name for name in names if name and name.startswith("brand")] == [line.name for line in lines]


def test_one_line_needs_no_legend_and_a_sixth_is_not_drawn() -> None:
    assert "Acme" not in [text.text for text in found(drawn(chart(ACME)), "text")]
    many = tuple(replace(ACME, name=f"b{n}") for n in range(LINES + 2))
    assert len(found(drawn(chart(*many)), "polyline")) == LINES


def test_intervals_are_bands_and_a_wide_one_does_not_press_the_rest_flat() -> None:
    points = tuple(point(day, 5.0, low=4.0, high=900.0 if day == 2 else 6.0) for day in range(5))
    root = drawn(chart(Line("Acme", points)))
    (band,) = found(root, "polygon", "band")
    assert len((band.get("points") or "").split()) == 10
    labels = [float(text.text or "") for text in found(root, "text", "tick")]
    assert max(labels) <= 25


def test_annotations_and_campaigns_stand_where_they_belong() -> None:
    marks = (
        Mark("A", "campaign spring", T0 + DAY, T0 + 3 * DAY),
        Mark("1", "outage", T0 + DAY),
        Mark("2", "long ago", T0 - 9 * DAY),
        Mark("B", "campaign later", T0 + 60 * DAY, T0 + 90 * DAY),
    )
    root = drawn(chart(ACME, marks=marks))
    badges = found(root, "circle", "badge")
    assert [text.text for text in found(root, "text", "badge-text")] == ["A", "1"]
    first, second = (float(badge.get("cx") or 0) for badge in badges)
    assert second - first >= 16, "side by side, although both begin on one day"
    (bar,) = found(root, "rect", "campaign")
    wide = (720 - 14 - 58) * 2 / 7
    assert float(bar.get("width") or 0) == pytest.approx(wide, rel=0.06)
    assert len(found(root, "path", "note")) == 1


def test_a_period_cut_short_is_hollow_and_says_so() -> None:
    points = (point(0, 4.0), point(1, 1.0, whole=False))
    root = drawn(chart(Line("Acme", points)))
    marks = [one for one in root.iter(f"{NS}path") if one.find(f"{NS}title") is not None]
    assert ["Canvas" in (mark.get("style") or "") for mark in marks] == [False, True]
    assert "so far" in (marks[1].findtext(f"{NS}title") or "")


@pytest.mark.parametrize(
    "hostile", ["</svg><script>alert(1)</script>", 'x" onload="y', "a & b < c", "\u202egnp\x00"]
)
def test_nobody_gets_in(hostile: str) -> None:
    marks = (Mark("1", hostile, T0),)
    lines = (replace(ACME, name=hostile), ACME)
    root = drawn(replace(chart(*lines, marks=marks), title=hostile, key=hostile))
    assert {one.tag.removeprefix(NS) for one in root.iter()} <= {
        "svg", "title", "desc", "defs", "pattern", "path", "text", "rect", "polyline", "circle", "polygon", "style",
    }  # fmt: skip
    assert not any(name.startswith("on") for one in root.iter() for name in one.keys())  # noqa: SIM118
    assert "http" not in svg(chart(*lines)).replace("http://www.w3.org/2000/svg", "")
    assert "http" not in STYLE and "url(" not in STYLE


def test_alone_it_brings_its_style_with_light_and_dark() -> None:
    assert "prefers-color-scheme:dark" in svg(chart(ACME), alone=True)
    assert "<style>" not in svg(chart(ACME))


values = st.one_of(st.none(), st.floats(-1e9, 1e9))


@given(
    st.lists(values, min_size=1, max_size=40),
    st.integers(200, 1200),
    st.sampled_from(["ratio", "seconds", "people"]),
)
def test_everything_stays_inside_whatever_the_values(
    numbers: list[float | None], width: int, unit: str
) -> None:
    line = Line("Acme", tuple(point(day, value) for day, value in enumerate(numbers)))
    text = svg(chart(line, unit=unit), width)
    if all(value is None for value in numbers):
        assert text == ""
        return
    root = ET.fromstring(text)
    _, _, wide, high = (float(part) for part in (root.get("viewBox") or "").split())
    for one in found(root, "polyline"):
        for pair in (one.get("points") or "").split():
            x, y = (float(part) for part in pair.split(","))
            assert 0 <= x <= wide and 0 <= y <= high


@given(st.floats(-1e12, 1e12), st.floats(0, 1e12), st.sampled_from(["ratio", "seconds", "people"]))
def test_ticks_hold_the_values_and_zero_in_few_even_steps(low: float, spread: float, unit: str) -> None:
    found = ticks(low, low + spread, unit=unit)
    reach = max(abs(found[0]), abs(found[-1]))
    slack = 1e-6 * reach + 1e-9
    assert found[0] <= min(low, 0) + slack and found[-1] >= max(low + spread, 0) - slack
    assert any(abs(tick) <= 1e-9 * reach for tick in found)
    assert 2 <= len(found) <= 8
    steps = [b - a for a, b in itertools.pairwise(found)]
    assert all(math.isclose(step, steps[0], rel_tol=1e-6) for step in steps)


def test_ticks_are_round_in_their_unit() -> None:
    assert ticks(0, 0.34, unit="ratio") == [0, 0.1, 0.2, 0.3, 0.4]
    assert ticks(0, 3, unit="mentions") == [0, 1, 2, 3]
    assert ticks(0, 7.5 * 3600, unit="seconds") == [0, 7200, 14_400, 21_600, 28_800]
    assert ticks(-0.4, 0.3, unit="ratio") == [-0.4, -0.2, 0, 0.2, 0.4]
    assert ticks(0, 0) == [0, 1]


def test_dates_are_named_evenly_and_by_their_period() -> None:
    assert dates(list(range(28)), 10) == list(range(0, 28, 3))
    assert dates([1], 10) == [0]
    assert ENGLISH.date_label(T0, "week", UTC, year=False) == "2 Nov"
    assert ENGLISH.date_label(T0, "month", UTC, year=True) == "Nov 2026"
