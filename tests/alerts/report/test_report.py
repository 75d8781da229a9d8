"""A report on a store: the numbers are those of the KPIs, moves are told from chance, strangers' names stay names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from alerts.goals import Goal
from alerts.report import gather as gathering
from alerts.report import wording
from alerts.report.compose import compose
from alerts.report.gather import Wanted, gather, suits
from alerts.report.render import as_html, as_markdown
from sentiment.tone import Label, Tone
from storage.calendar import Window
from storage.desk import annotations as notes
from storage.desk import campaigns
from storage.desk.campaigns import Campaign
from storage.kpi import KPIS, Ask, Kpi, KpiValue
from storage.kpi.value import Compared, Reading
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
DAY = 86_400
MONDAY = 1_793_577_600  # 2026-11-02
WEEK = Window(MONDAY, MONDAY + 7 * DAY)
BRANDS = (Brand("Acme", own=True), Brand("Bolt"))
HOSTILE = "<script>alert(1)</script>|*x* [y](z) `q`"
GOAL = Goal("more", "mentions", "Acme", 30.0, date(2027, 2, 8), "ana", date(2026, 10, 26), date(2026, 11, 2))


def said(name: str, day: float, brand: str, label: Label | None = "neutral") -> KeptPost:
    tone = Tone(label, 0.1, 0.8, 0.1, engine="raw-1", reason=None if label else "unsure")
    at = MONDAY + int(day * DAY)
    return KeptPost(f"{name}{day}{brand}", "text", at, at, author=name, mentions=(Mention(brand, tone=tone),))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    posts = [said(f"a{n}", n % 7 + n / 100, "Acme", "positive" if n % 2 else "negative") for n in range(20)]
    posts += [said(f"b{n}", n % 3 + n / 100, "Bolt") for n in range(5)]
    posts += [said(f"c{n}", -7 + n % 7 + n / 100, "Acme") for n in range(10)]
    opened.commit(Kept(Source("news", "feeds"), posts, None, Heard(MONDAY - 8 * DAY, MONDAY + 9 * DAY), True))
    late = [said("x", 5.5, "Acme"), said("y", 6.5, "Acme")]
    opened.commit(Kept(Source(HOSTILE, "feeds"), late, None, Heard(MONDAY + 5 * DAY, MONDAY + 9 * DAY), True))
    opened.register(BRANDS, [Source("news", "feeds"), Source(HOSTILE, "feeds")])
    yield opened
    opened.close()


def wanted(*kpis: str, **more: object) -> Wanted:
    ask = Ask(WEEK, MONDAY + 8 * DAY, UTC, BRANDS)
    return replace(Wanted(kpis or ("mentions", "share_of_voice"), ask), **more)  # type: ignore[arg-type]


def test_values_and_moves_are_those_of_the_kpis(store: SqliteStore) -> None:
    report = compose(gather(store, (), wanted()))
    assert [section.title for section in report.sections] == ["Mentions", "Share of voice"]
    acme, bolt = report.sections[0].rows
    assert (acme.brand, acme.value, acme.n) == ("Acme", "22", "22")
    # The late source was not heard before: what compares is the other alone, 20 against 10.
    assert acme.before == "+10 (+100.0 %)"
    assert acme.before_from.startswith("from 10") and "without" in acme.before_from
    assert (acme.year_before, acme.year_before_from) == ("–", "no source heard for 90 % of both periods")
    assert bolt.before == "+5"
    assert report.sections[1].rows[0].value == "81.5 %"


def test_each_network_and_each_day_stand_alone(store: SqliteStore) -> None:
    section = compose(gather(store, (), wanted("mentions"))).sections[0]
    assert section.networks is not None
    assert {row[0]: row[1:] for row in section.networks.rows}["news"] == ("20", "5")
    assert section.periods.head == ("Day", "Acme", "Bolt")
    assert [row[1] for row in section.periods.rows] == ["3", "3", "3", "3", "3", "4", "3"]
    (chart,) = section.charts
    assert [line.name for line in chart.lines] == ["Acme", "Bolt"]
    assert [point.value for point in chart.lines[0].points] == [3, 3, 3, 3, 3, 4, 3]
    # Half of what there is to hear was not, until the late source came.
    assert [point.heard for point in chart.lines[0].points] == [0.5] * 5 + [1, 1]


def test_what_has_no_value_at_all_is_told_in_a_line(store: SqliteStore) -> None:
    report = compose(gather(store, (), wanted("mentions", "first_response_time")))
    assert [section.title for section in report.sections] == ["Mentions"]
    assert [(one.title, one.reason) for one in report.lacking] == [
        ("First response time", "no eligible mentions")
    ]
    assert "no eligible mentions" in as_html(report) and "no eligible mentions" in as_markdown(report)


def test_languages_are_told_where_asked(store: SqliteStore) -> None:
    assert compose(gather(store, (), wanted("mentions"))).sections[0].languages is None
    asked = compose(gather(store, (), wanted("mentions", by_language=True))).sections[0].languages
    assert asked is not None and asked.rows == (("unknown", "22", "5"),)


def test_what_happened_is_marked_in_every_chart_and_listed(store: SqliteStore) -> None:
    with store.writing() as db:
        notes.add(db, date(2026, 11, 3), "price rise", brand="Acme", by=None, now=1)
        notes.add(db, date(2026, 11, 9), "after it", brand=None, by=None, now=1)
        notes.add(db, date(2026, 11, 8), HOSTILE, brand=None, by=None, now=1)
        campaigns.add(db, Campaign("spring", MONDAY - DAY, MONDAY + 2 * DAY, None, None, 1, None))
        campaigns.add(db, Campaign("gone", MONDAY - 9 * DAY, MONDAY, None, None, 1, None))
    report = compose(gather(store, (), wanted()))
    assert [(mark.label, mark.about) for mark in report.marks] == [("A", ""), ("1", "Acme"), ("2", "")]
    assert report.marks[1].text == "price rise" and report.marks[1].when == "Tue 3 Nov 2026"
    for section in report.sections:
        assert [mark.label for mark in section.charts[0].marks] == ["A", "1", "2"]


def test_only_annotations_of_the_brands_shown_are_told(store: SqliteStore) -> None:
    with store.writing() as db:
        notes.add(db, date(2026, 11, 3), "theirs", brand="Bolt", by=None, now=1)
    ask = replace(wanted().ask, only=("Acme",))
    assert compose(gather(store, (), wanted(ask=ask))).marks == ()
    assert len(compose(gather(store, (), wanted())).marks) == 1


def test_goals_of_the_brands_shown_stand_with_their_progress(store: SqliteStore) -> None:
    other = replace(GOAL, name="theirs", brand="Bolt")
    ask = replace(wanted().ask, now=MONDAY + 8 * DAY, only=("Acme",))
    (goal,) = compose(gather(store, (GOAL, other), wanted(ask=ask))).goals
    assert (goal.name, goal.baseline, goal.target) == ("more", "10", "30")
    # From 10 to 22, of 20 on the way to 30; in 8 of 99 days.
    assert goal.way == "60 % of the way in 8 % of the time"
    assert (goal.width, goal.pace) == (60, "on pace")


def test_imported_numbers_stand_by_account(store: SqliteStore) -> None:
    with store.writing() as db:
        number = db.rows("SELECT id FROM brands WHERE name = 'Acme'")[0][0]
        for account, value in (("a1", 5.0), ("a2", 70.0)):
            db.run(
                "INSERT INTO measures (brand_id, kind, metric, day, network, account, campaign, item, value) "
                "VALUES (?, 'native', 'impressions', '2026-11-03', 'x', ?, '', '', ?)",
                (number, account, value),
            )
    both = compose(gather(store, (), wanted())).imported
    assert both is not None and [row[4] for row in both.rows] == ["5", "70"]
    one = compose(gather(store, (), wanted(ask=replace(wanted().ask, accounts=("a2",))))).imported
    assert one is not None
    assert one.rows == (("Acme", "impressions (native)", "x", "a2", "70", "sum of 1 day"),)


def test_the_command_makes_the_same_report(store: SqliteStore) -> None:
    ask = replace(wanted().ask, only=("Acme",), sources=("news",), accounts=("my page",))
    report = compose(gather(store, (), wanted(ask=ask)))
    assert report.command == (
        "listener report --kpi mentions --kpi share_of_voice --brand Acme --source news --account 'my page' "
        "--since 2026-11-02 --until 2026-11-09 --by day --timezone UTC"
    )


def test_numbers_of_files_do_not_depend_on_what_was_heard(store: SqliteStore) -> None:
    with store.writing() as db:
        number = db.rows("SELECT id FROM brands WHERE name = 'Acme'")[0][0]
        for account, day, value in (("a1", 3, 5.0), ("a1", 4, 7.0), ("a2", 4, 90.0)):
            db.run(
                "INSERT INTO measures (brand_id, kind, metric, day, network, account, campaign, item, value) "
                "VALUES (?, 'native', 'impressions', ?, 'x', ?, '', '', ?)",
                (number, f"2026-11-0{day}", account, value),
            )
    ask = replace(wanted().ask, only=("Acme",), accounts=("a1",))
    report = compose(gather(store, (), wanted("impressions", ask=ask)))
    assert report.sections[0].rows[0].value == "12"
    assert report.hearing == ("Every number here is of imported files; none is of what was heard.",)
    (chart,) = report.sections[0].charts
    assert {point.heard for line in chart.lines for point in line.points} == {1.0}
    everything = compose(gather(store, (), wanted("impressions", ask=replace(ask, accounts=()))))
    assert everything.sections[0].rows[0].value == "102"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("src", "href", "action", "data"):
                self.addresses.append(value or "")
            if name == "id":
                self.ids.append(value or "")


def test_the_page_runs_nothing_fetches_nothing_and_takes_nobodys_markup(store: SqliteStore) -> None:
    with store.writing() as db:
        notes.add(db, date(2026, 11, 3), HOSTILE, brand=None, by=None, now=1)
        campaigns.add(db, Campaign(HOSTILE, MONDAY, MONDAY + DAY, None, None, 1, None))
    goal = replace(GOAL, name=HOSTILE, owner=HOSTILE)
    text = as_html(compose(gather(store, (goal,), wanted(title=HOSTILE))))
    page = _Page()
    page.feed(text)
    assert not {"script", "iframe", "object", "form", "link", "img"} & set(page.tags)
    assert page.addresses == []
    assert len(page.ids) == len(set(page.ids))
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text
    assert "alert(1)" in text
    # Every chart twice: one for wide and one for narrow screens.
    assert page.tags.count("svg") == 4


def test_markdown_is_one_table_a_kpi_and_strangers_do_not_break_it(store: SqliteStore) -> None:
    with store.writing() as db:
        notes.add(db, date(2026, 11, 3), HOSTILE, brand=None, by=None, now=1)
    text = as_markdown(compose(gather(store, (GOAL,), wanted())))
    assert "| Acme | 22 |" in text
    lines = text.splitlines()
    for at, line in enumerate(lines):
        if re.fullmatch(r"\|(---\|)+", line):
            columns = line.count("---")
            row = at + 1
            while row < len(lines) and lines[row].startswith("|"):
                assert len(re.findall(r"(?<!\\)\|", lines[row])) == columns + 1, lines[row]
                row += 1
    assert "<script" not in text.replace(r"\<script", "")


def test_what_is_never_summed_has_a_line_for_each_network(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(scope: object) -> Reading:
        source = getattr(scope, "source", None)
        return Reading(7, 1) if source else Reading(None, 0, "never summed over networks")

    known: Kpi = replace(KPIS["mentions"], name="followers", read=read, additive=False, vanity=True)
    monkeypatch.setattr(gathering, "kpis_of", lambda _: {**KPIS, "followers": known})
    section = compose(gather(store, (), wanted("followers"))).sections[0]
    assert section.rows[0].value == "–" and "never summed" in section.rows[0].note
    assert [[line.name for line in chart.lines][-1] for chart in section.charts] == ["news", "news"]
    assert [point.value for point in section.charts[0].lines[-1].points] == [7] * 7
    assert section.remark.startswith("It may rise")


@pytest.mark.parametrize(
    ("days", "unit"), [(7, "day"), (62, "day"), (63, "week"), (400, "week"), (401, "month")]
)
def test_charts_are_cut_so_that_points_can_be_told_apart(days: int, unit: str) -> None:
    assert suits(Ask(Window(0, days * DAY), 0, UTC, BRANDS)) == unit


def value(kpi: str, number: float | None, unit: str, **more: object) -> KpiValue:
    return KpiValue(
        kpi,
        "Acme",
        None,
        None,
        0,
        DAY,
        number,
        unit,
        50,
        None if number is not None else "none judged",
        more,
        (),
        (),
    )


def test_names_and_figures_are_written_for_reading() -> None:
    assert wording.named("share_of_voice.authors") == "Share of voice (authors)"
    assert wording.named("first_response_time.business") == "First response time (business)"
    assert wording.figure(0.463, "ratio", "share_of_voice") == "46.3 %"
    assert wording.figure(-0.5, "ratio", "net_sentiment") == "\u22120.50"
    assert wording.figure(7200, "seconds", "first_response_time") == "2h"
    assert wording.figure(1234.5, "EUR", "spend") == "1\u202f234.50 EUR"
    assert wording.figure(1200, "EUR", "spend") == "1\u202f200.00 EUR"
    assert wording.figure(None, "ratio", "x") == "–"
    told = wording.told(value("negative_share", 0.41, "ratio", interval=[0.35, 0.47], method="adjusted"))
    assert told == "41.0 % [35 to 47 %]"


@pytest.mark.parametrize(
    ("change", "unit", "kpi", "told"),
    [
        (Compared(0, 1, 0.5, 0.44, 9, 0.06, 0.136), "ratio", "share_of_voice", "+6.0 points"),
        (Compared(0, 1, 0.5, 0.44, 9, -0.06, 0.1), "ratio", "net_sentiment", "\u22120.06"),
        (Compared(0, 1, 30, 60, 9, -30, -0.5), "seconds", "first_response_time", "30s less"),
        (Compared(0, 1, 60, 60, 9, 0, 0.0), "seconds", "first_response_time", "the same"),
        (Compared(0, 1, 12, 10, 9, 2, 0.2), "mentions", "mentions", "+2 (+20.0 %)"),
        (Compared(0, 1, 2, 0, 9, 2, None), "mentions", "mentions", "+2"),
        (Compared(0, 1, 7.5, 10, 9, -2.5, -0.25), "EUR", "spend", "\u22122.50 (\u221225.0 %)"),
        (Compared(0, 1, reason="not heard"), "mentions", "mentions", ""),
    ],
)
def test_moves_are_written_in_their_unit(change: Compared, unit: str, kpi: str, told: str) -> None:
    assert wording.moved(change, unit, kpi) == told


def test_a_move_that_chance_makes_is_known() -> None:
    now = value("negative_share", 0.45, "ratio", interval=[0.38, 0.52])
    near = value("negative_share", 0.41, "ratio", interval=[0.35, 0.47])
    far = value("negative_share", 0.2, "ratio", interval=[0.15, 0.25])
    assert wording.by_chance(now, near) and not wording.by_chance(now, far)
    assert not wording.by_chance(now, None)
    # What compute says of the two windows goes before what their intervals say.
    beside = replace(now, before=Compared(0, DAY, 0.45, 0.41, 50, 0.04, 0.1, (0.01, 0.07)))
    assert not wording.by_chance(beside, near)
    assert wording.by_chance(replace(beside, before=replace(beside.before, since=5_000)), near)  # type: ignore[type-var]
    unlike = Compared(0, DAY, 0.45, 0.2, 50, 0.25, 1.2, (0.2, 0.3), "ads: 3 of 7 days, then 7 of 7")
    assert not wording.by_chance(replace(now, before=unlike), far)
    assert not wording.by_chance(now, value("negative_share", None, "ratio"))


def test_files_that_tell_of_other_days_are_no_chance_but_are_told() -> None:
    more = {"days": {"ga4": 14}, "days_asked": 14}
    now = value("sessions_from_social", 2030, "sessions", **more)
    then = value("sessions_from_social", 1320, "sessions", **{**more, "days": {"ga4": 11}})
    assert not wording.by_chance(now, then)
    assert wording.days_known(now) == []
    assert wording.days_known(then) == ["ga4: 11 of 14 days"]
