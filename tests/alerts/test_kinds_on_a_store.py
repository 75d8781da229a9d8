"""Kinds of rules judged on a real store: a fall, a goal at risk, a source that is down; when each fires and is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import ACME, BRANDS, HACKERNEWS, page, post

from alerts import judging
from alerts.goals import Goal
from alerts.rules import Look, Rule, RuleOptions
from sentiment.tone import Label
from storage import polling
from storage.alerting import AlertEvent
from storage.calendar import start_of
from storage.desk import cases
from storage.mention import KeptPost, Source
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
NOW = 1_790_000_000
HOUR = 3600
DAY = 24 * HOUR
REDDIT = Source("reddit", "reddit")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS, REDDIT])
    yield opened
    opened.close()


def rule(when: str, **options: object) -> Rule:
    return Rule.of(RuleOptions.model_validate({"name": "r", "when": when, **options}), ACME.name)


def judge(store: SqliteStore, one: Rule, now: int = NOW, goals: tuple[Goal, ...] = ()) -> list[AlertEvent]:
    found = judging.look(Look(store, BRANDS, UTC, now, goals), [one])
    with store.writing() as db:
        return judging.write(db, found, now)


def said(count: int, at: int, label: Label = "neutral") -> list[KeptPost]:
    return [post(f"{label}{at}-{n}", at + n, label) for n in range(count)]


def hear(store: SqliteStore, posts: Sequence[KeptPost], since: int = NOW - 9 * DAY, until: int = NOW) -> None:
    """Both sources are heard without a gap; the posts are of one of them."""
    store.commit(page(posts, (since, until)))
    store.commit(page([], (since, until), source=REDDIT))


# A fall


def test_a_fall_on_the_hour_before_fires_with_both_numbers_and_is_over_when_it_is_back(
    store: SqliteStore,
) -> None:
    hear(store, said(40, NOW - 2 * HOUR) + said(10, NOW - HOUR))
    falls = rule("mentions falls by 50%")
    (event,) = judge(store, falls)
    assert (event.kind, event.numbers["value"], event.numbers["before"]) == ("fired", 10, 40)
    assert (event.numbers["way"], event.numbers["change"]) == ("falls", -30)
    hear(store, said(12, NOW), NOW, NOW + HOUR)
    assert [one.kind for one in judge(store, falls, NOW + HOUR)] == ["resolved"]


@pytest.mark.parametrize(
    ("before", "after"),
    [(40, 21), (6, 2), (10, 40), (0, 0)],
    ids=["less than half", "chance alone", "a rise", "nothing at all"],
)
def test_what_is_no_fall_by_half_beyond_chance_fires_nothing(
    store: SqliteStore, before: int, after: int
) -> None:
    hear(store, said(before, NOW - 2 * HOUR) + said(after, NOW - HOUR))
    assert judge(store, rule("mentions falls by 50%")) == []


@pytest.mark.parametrize(("silent", "told"), [(0, ["fired"]), (HOUR, [])], ids=["heard", "dead"])
def test_a_dead_source_is_no_fall(store: SqliteStore, silent: int, told: list[str]) -> None:
    store.commit(page(said(20, NOW - 2 * HOUR) + said(20, NOW - HOUR), (NOW - 9 * DAY, NOW)))
    loud = [post(f"r{n}", NOW - 2 * HOUR + n) for n in range(60)]
    store.commit(page(loud, (NOW - 9 * DAY, NOW - silent), source=REDDIT))
    assert [one.kind for one in judge(store, rule("mentions falls by 50%"))] == told


def test_a_fall_on_last_week_is_measured_on_the_same_hour(store: SqliteStore) -> None:
    week = NOW - 7 * DAY
    hear(store, said(40, week - HOUR) + said(10, NOW - 2 * HOUR) + said(10, NOW - HOUR))
    assert judge(store, rule("mentions falls by 50%")) == []
    (event,) = judge(store, rule("mentions falls by 50% on last week"))
    assert (event.numbers["before"], event.numbers["value"], event.numbers["last_week"]) == (40, 10, True)


@pytest.mark.parametrize(("points", "told"), [(30, ["fired"]), (60, [])])
def test_a_share_falls_by_points(store: SqliteStore, points: int, told: list[str]) -> None:
    hear(
        store,
        said(30, NOW - 2 * HOUR, "positive")
        + said(30, NOW - 2 * HOUR + 60, "neutral")
        + said(3, NOW - HOUR, "positive")
        + said(57, NOW - HOUR + 60, "neutral"),
    )
    found = judge(store, rule(f"positive_share falls by {points} points"))
    assert [one.kind for one in found] == told


# A goal

OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))
GOAL = Goal("voice", "mentions", "Acme", 100.0, date(2027, 2, 1), "ana", *OCTOBER)
AT_RISK = rule("any goal at risk")


def noon(month: int, day: int, year: int = 2026) -> int:
    return start_of(date(year, month, day), "day", UTC) + DAY // 2


def months(store: SqliteStore, **counts: int) -> None:
    """So many mentions in each month, all of it heard by both sources."""
    at = {"october": (10, 2026), "november": (11, 2026), "december": (12, 2026)}
    posts = [one for name, count in counts.items() for one in said(count, noon(at[name][0], 15))]
    hear(store, posts, noon(9, 1), noon(1, 20, 2027))


def test_a_goal_behind_its_pace_fires_and_is_over_when_it_is_back_on_it(store: SqliteStore) -> None:
    months(store, october=20, november=25, december=80)
    # No month has ended since the baseline: it is too early to say anything.
    assert judge(store, AT_RISK, noon(11, 20), (GOAL,)) == []
    (event,) = judge(store, AT_RISK, noon(12, 2), (GOAL,))
    assert (event.kind, event.subject, event.brand) == ("fired", "goal voice", "Acme")
    told = event.numbers
    assert (told["value"], told["target"], told["pace"], told["owner"]) == (25, 100, "behind", "ana")
    # 31.5 of 93 days are over: a third of the way from 20 to 100.
    assert told["expected"] == pytest.approx(20 + 80 * 31.5 / 93)
    assert judge(store, AT_RISK, noon(12, 3), (GOAL,)) == []
    assert [one.kind for one in judge(store, AT_RISK, noon(1, 2, 2027), (GOAL,))] == ["resolved"]


def test_a_goal_on_its_pace_fires_nothing_and_one_that_was_missed_does(store: SqliteStore) -> None:
    months(store, october=20, november=60, december=95)
    assert judge(store, AT_RISK, noon(12, 2), (GOAL,)) == []
    assert judge(store, AT_RISK, noon(1, 2, 2027), (GOAL,)) == []
    missed = Goal("voice", "mentions", "Acme", 100.0, date(2027, 1, 1), "ana", *OCTOBER)
    (event,) = judge(store, AT_RISK, noon(1, 2, 2027), (missed,))
    assert (event.kind, event.numbers["pace"]) == ("fired", "missed")


def test_a_month_without_a_value_is_no_recovery(store: SqliteStore) -> None:
    share = Goal("liked", "positive_share", "Acme", 0.9, date(2027, 2, 1), "ana", *OCTOBER)
    posts = said(40, noon(10, 15), "positive") + said(40, noon(10, 16)) + said(80, noon(11, 15))
    hear(store, posts, noon(9, 1), noon(1, 20, 2027))
    assert [one.kind for one in judge(store, AT_RISK, noon(12, 2), (share,))] == ["fired"]
    # In December nobody said anything, so that there is no share of it.
    assert [one.kind for one in judge(store, AT_RISK, noon(1, 2, 2027), (share,))] == ["expired"]


def test_only_the_goals_of_the_brand_and_of_the_name_are_looked_at(store: SqliteStore) -> None:
    months(store, october=20, november=25)
    other = Goal("rivals", "mentions", "Bolt", 100.0, date(2027, 2, 1), "bo", *OCTOBER)
    second = Goal("second", "mentions", "Acme", 90.0, date(2027, 2, 1), "bo", *OCTOBER)
    goals = (GOAL, other, second)
    now = noon(12, 2)
    assert [one.subject for one in judge(store, rule("goal second at risk"), now, goals)] == ["goal second"]
    assert [one.subject for one in judge(store, AT_RISK, now, goals)] == ["goal voice"]


def test_where_other_sources_were_heard_in_the_baseline_a_goal_is_not_judged(store: SqliteStore) -> None:
    """A month heard by half of the ears is no failure of the people who answer for the goal."""
    store.commit(page(said(20, noon(10, 15)) + said(10, noon(11, 15)), (noon(9, 1), noon(12, 20))))
    store.commit(page([], (noon(9, 1), noon(11, 10)), source=REDDIT))
    assert judge(store, AT_RISK, noon(12, 2), (GOAL,)) == []


# A source


def fail(store: SqliteStore, name: str, at: int, next_at: int) -> None:
    with store.writing() as db:
        polling.failed(db, name, at, next_at, "backing off", "<b>secret words of the server</b>")


def answer(store: SqliteStore, name: str, at: int) -> None:
    with store.writing() as db:
        polling.answered(db, name, at, at + 300)


DOWN = rule("source down for 1h")


def test_a_source_that_does_not_answer_for_so_long_is_told_once_until_it_answers(store: SqliteStore) -> None:
    answer(store, "reddit", NOW)
    for minute in range(0, 60, 10):
        fail(store, "hackernews", NOW + minute * 60, NOW + minute * 60 + 600)
    assert judge(store, DOWN, NOW + HOUR - 1) == []
    fail(store, "hackernews", NOW + HOUR - 1, NOW + HOUR + 600)
    (event,) = judge(store, DOWN, NOW + HOUR)
    assert (event.kind, event.subject, event.brand) == ("fired", "source hackernews", "")
    assert (event.numbers["value"], event.numbers["failures"]) == (HOUR, 7)
    assert "secret" not in repr(event)
    assert judge(store, DOWN, NOW + HOUR + 60) == []
    answer(store, "hackernews", NOW + HOUR + 120)
    assert [one.kind for one in judge(store, DOWN, NOW + HOUR + 120)] == ["resolved"]


def test_only_the_source_of_the_rule_and_only_one_that_is_listened_to(store: SqliteStore) -> None:
    for name in ("hackernews", "reddit"):
        fail(store, name, NOW - 2 * HOUR, NOW + 60)
    assert [one.subject for one in judge(store, rule("source down for 1h", source="reddit"))] == [
        "source reddit"
    ]
    store.register(BRANDS, [HACKERNEWS])
    assert {one.subject for one in judge(store, rule("source down for 30m", name="s"))} == {
        "source hackernews"
    }


def test_after_a_night_off_a_source_is_down_only_when_it_was_asked_again(store: SqliteStore) -> None:
    """It failed once in the evening; nobody has asked it since, and it may well answer."""
    fail(store, "hackernews", NOW - 9 * HOUR, NOW - 9 * HOUR + 60)
    assert judge(store, DOWN) == []
    fail(store, "hackernews", NOW + 20, NOW + 140)
    assert [one.kind for one in judge(store, DOWN, NOW + 20)] == ["fired"]
    # And what fires is not over because nobody asks.
    assert judge(store, DOWN, NOW + HOUR) == []


# A rival, and people who wait


@pytest.mark.parametrize(("silent", "told"), [(0, ["fired"]), (HOUR, [])], ids=["heard", "dead"])
def test_who_leads_only_where_a_source_is_dead_has_overtaken_nobody(
    store: SqliteStore, silent: int, told: list[str]
) -> None:
    """Ours are loved on one source, the rival on the other; that one of the two is heard no more is no news of them."""

    def named(brand: str, count: int, at: int) -> list[KeptPost]:
        return [post(f"{brand}{at}-{n}", at + n, brands=(brand,)) for n in range(count)]

    earlier, lately = NOW - 2 * HOUR, NOW - HOUR
    rivals = [*named("Acme", 5, earlier), *named("Bolt", 30, earlier)]
    rivals += [*named("Acme", 25, lately), *named("Bolt", 60, lately)]
    store.commit(page(rivals, (NOW - DAY, NOW)))
    store.commit(page(named("Acme", 60, earlier + 99), (NOW - DAY, NOW - silent), source=REDDIT))
    assert [one.kind for one in judge(store, rule("share_of_voice overtaken"))] == told


@pytest.mark.parametrize(("silent", "told"), [(0, ["resolved"]), (3 * HOUR, [])], ids=["heard", "dead"])
def test_nobody_waits_any_more_only_where_every_source_was_heard(
    store: SqliteStore, silent: int, told: list[str]
) -> None:
    asked = post("q", NOW - 3 * HOUR, author="ana", addressed=True)
    store.commit(page([asked], (NOW - DAY, NOW)))
    store.commit(page([], (NOW - DAY, NOW), source=REDDIT))
    waits = rule("unanswered for 2h")
    assert [one.kind for one in judge(store, waits)] == ["fired"]
    later = NOW + 3 * HOUR
    store.commit(replace(page([], (NOW, later)), deleted=["q"]))
    store.commit(page([], (NOW, later - silent), source=REDDIT))
    assert [one.kind for one in judge(store, waits, later)] == told


def test_whom_the_desk_has_helped_waits_no_more(store: SqliteStore) -> None:
    hear(store, [post(name, NOW - 3 * HOUR, author=name, addressed=True) for name in ("ana", "bo")])
    waits = rule("unanswered for 2h")
    (event,) = judge(store, waits)
    assert (event.kind, event.numbers["value"]) == ("fired", 2)
    for at, number in enumerate(event.post_ids):
        with store.writing() as db:
            opened = cases.open_case(db, "Acme", number, now=NOW + at)
            cases.act(db, opened.id, "solve", now=NOW + at, why="by telephone")
        hear(store, [], NOW, NOW + HOUR)
        told = judge(store, waits, NOW + HOUR)
        assert [one.kind for one in told] == (["resolved"] if at else [])


def test_a_rule_about_one_source_does_not_wait_for_another(store: SqliteStore) -> None:
    asked = post("q", NOW - 3 * HOUR, author="ana", addressed=True)
    store.commit(page([asked], (NOW - DAY, NOW)))
    waits = rule("unanswered for 2h", source="hackernews")
    assert [one.kind for one in judge(store, waits)] == ["fired"]
    store.commit(replace(page([], (NOW, NOW + 3 * HOUR)), deleted=["q"]))
    assert [one.kind for one in judge(store, waits, NOW + 3 * HOUR)] == ["resolved"]
