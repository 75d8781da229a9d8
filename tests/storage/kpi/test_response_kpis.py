"""Response times in business hours and of later waits, the response rate, the lag of hearing: by hand, and traps."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, MADRID, T0, asks, keep, names, own, post, value, values

from storage.desk import tags
from storage.kpi import KPIS, KpiValue, lag
from storage.mention import Brand, KeptPost
from storage.sqlite import SqliteStore
from storage.stats.business_hours import BusinessHours, parse_week

WEEK = (T0, T0 + 7 * DAY)
HEARD = (T0 - DAY, T0 + 60 * DAY)
OFFICE = BusinessHours(MADRID, parse_week({"mon-fri": "09:00-18:00"}))
BUSINESS = "first_response_time.business"


def asked(at: int, thread: str = "t", brand: str = "Acme", **more: object) -> KeptPost:
    return post(f"q{thread}{at}{brand}", at, asks(brand), thread=thread, **more)


def answered(at: int, thread: str = "t", brand: str = "Acme", *, automatic: bool = False) -> KeptPost:
    return post(f"a{thread}{at}{brand}", at, own(brand, automatic=automatic), thread=thread)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=MADRID).timestamp())


def open_in(hours: BusinessHours | None, target: int = HOUR) -> tuple[Brand, ...]:
    return (Brand("Acme", business_hours=hours, response_target=target),)


def business(
    store: SqliteStore, *talks: tuple[str, str | None], hours: BusinessHours = OFFICE, **more: object
) -> KpiValue:
    """The value of November 2026, of conversations asked and answered at these times in Madrid."""
    made = [asked(at(start), str(n)) for n, (start, _) in enumerate(talks)]
    made += [answered(at(end), str(n)) for n, (_, end) in enumerate(talks) if end]
    window = (at("2026-11-01T00:00"), at("2026-12-01T00:00"))
    heard = (window[0], at("2026-11-30T00:00"))
    keep(store, made, heard=heard)
    return value(store, BUSINESS, window, brands=open_in(hours), **more)


# Business hours


def test_over_a_weekend_only_the_open_hours_count(store: SqliteStore) -> None:
    found = business(store, ("2026-11-20T17:30", "2026-11-23T09:30"))  # Friday evening, Monday morning
    assert (found.value, found.n, found.unit, found.reason) == (HOUR, 1, "seconds", None)
    assert found.more["answered_outside_hours"] == 0
    assert found.value == KPIS[BUSINESS].example.value  # type: ignore[union-attr]


def test_an_answer_outside_of_hours_is_zero_and_told_as_such(store: SqliteStore) -> None:
    found = business(
        store,
        ("2026-11-21T12:00", "2026-11-21T15:00"),  # Saturday
        ("2026-11-23T20:00", "2026-11-24T07:00"),  # after closing, before opening
        ("2026-11-24T10:00", "2026-11-24T11:00"),
    )
    assert (found.value, found.n) == (0, 3)
    assert found.more["answered_outside_hours"] == 2
    assert found.more["within_target"] == 1
    assert found.more["p90"] == HOUR


def test_without_business_hours_it_is_unknown_and_never_zero(store: SqliteStore) -> None:
    keep(store, [asked(T0), answered(T0 + 60)], heard=HEARD)
    found = value(store, BUSINESS, WEEK)
    assert (found.value, found.n, found.reason) == (None, 0, "no business hours are configured")


def test_none_is_not_zero_in_business_hours_either(store: SqliteStore) -> None:
    assert value(store, BUSINESS, WEEK, brands=open_in(OFFICE)).reason == "no source heard"
    keep(store, [], heard=HEARD)
    assert value(store, BUSINESS, WEEK, brands=open_in(OFFICE)).reason == "no eligible mentions"
    keep(store, [asked(T0, str(n)) for n in range(3)])
    found = value(store, BUSINESS, WEEK, brands=open_in(OFFICE))
    assert (found.value, found.n, found.reason) == (None, 3, "the curve does not reach 0.5")


def test_who_still_waits_has_waited_for_the_open_hours_that_were_heard(store: SqliteStore) -> None:
    # Asked on Friday the 27th at noon; heard until Monday the 30th at midnight: 6 open hours, censored there.
    waits = ("2026-11-27T12:00", None)
    found = business(store, waits, ("2026-11-24T09:00", "2026-11-24T15:00"))
    assert (found.value, found.more["p90"]) == (6 * HOUR, None)  # still at risk at six hours
    # Who waits over a night that was heard has waited for nothing, and was not answered outside of hours.
    assert found.more["answered_outside_hours"] == 0
    keep(store, [asked(at("2026-11-29T20:00"), "night")])
    found = value(store, BUSINESS, (at("2026-11-01T00:00"), at("2026-12-01T00:00")), brands=open_in(OFFICE))
    assert (found.n, found.more["answered_outside_hours"]) == (3, 0)
    keep(store, [asked(at("2026-11-25T09:00"), "z"), answered(at("2026-11-25T15:00:01"), "z")])
    found = value(store, BUSINESS, (at("2026-11-01T00:00"), at("2026-12-01T00:00")), brands=open_in(OFFICE))
    assert found.more["p90"] == 6 * HOUR + 1  # and no longer at risk a second later


def test_an_hour_that_the_clock_skips_was_not_waited(store: SqliteStore) -> None:
    hours = BusinessHours(MADRID, parse_week({"sun": "00:00-24:00"}))
    window = (at("2026-03-01T00:00"), at("2026-11-01T00:00"))
    made = [asked(at("2026-03-29T01:30"), "spring"), answered(at("2026-03-29T03:30"), "spring")]
    made += [asked(at("2026-10-25T01:30"), "autumn"), answered(at("2026-10-25T03:30"), "autumn")]
    keep(store, made, heard=window)
    found = value(store, BUSINESS, window, brands=open_in(hours))
    assert (found.more["half_from"], found.more["half_to"]) == (HOUR, 3 * HOUR)


def test_public_holidays_of_the_place_are_closed(store: SqliteStore) -> None:
    # All Saints of 2026 is a Sunday, which the Community of Madrid keeps on Monday the 2nd.
    talk = ("2026-10-30T17:00", "2026-11-03T10:00")
    window = (at("2026-10-01T00:00"), at("2026-12-01T00:00"))
    keep(store, [asked(at(talk[0])), answered(at(talk[1]))], heard=window)
    for place, expected in (("ES-MD", 2 * HOUR), (None, 11 * HOUR)):
        hours = BusinessHours(MADRID, OFFICE.week, place)
        assert value(store, BUSINESS, window, brands=open_in(hours)).value == expected


def test_the_target_is_measured_in_business_seconds(store: SqliteStore) -> None:
    found = business(
        store, ("2026-11-20T17:30", "2026-11-23T09:30"), ("2026-11-24T09:00", "2026-11-24T10:00:01")
    )
    assert (found.more["within_target"], found.more["answered_share"]) == (1 / 2, 1)


@given(st.lists(st.tuples(st.integers(0, 6 * DAY), st.integers(1, 3 * DAY)), min_size=1, max_size=6))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_business_time_is_never_longer_than_time(store: SqliteStore, talks: list[tuple[int, int]]) -> None:
    with store.writing() as db:
        for table in ("waits", "mentions", "turns", "posts", "coverage"):
            db.run(f"DELETE FROM {table}")
    made = [asked(T0 + start, str(n)) for n, (start, _) in enumerate(talks)]
    made += [answered(T0 + start + wait, str(n)) for n, (start, wait) in enumerate(talks)]
    keep(store, made, heard=HEARD)
    in_hours, plain = (
        value(store, kpi, WEEK, brands=open_in(OFFICE)) for kpi in (BUSINESS, "first_response_time")
    )
    assert in_hours.n == plain.n == len(talks)
    assert in_hours.value is not None and plain.value is not None
    assert 0 <= in_hours.value <= plain.value
    always = BusinessHours(ZoneInfo("UTC"), parse_week({"mon-sun": "00:00-24:00"}))
    assert value(store, BUSINESS, WEEK, brands=open_in(always)).value == plain.value


# Later waits


def test_each_wait_after_an_answer_is_measured(store: SqliteStore) -> None:
    said = [asked(T0), answered(T0 + 60), asked(T0 + 100), asked(T0 + 150), answered(T0 + 300)]
    keep(store, said, heard=HEARD)
    found = value(store, "next_response_time", WEEK)
    assert (found.value, found.n) == (200, 1)
    assert value(store, "first_response_time", WEEK).value == 60
    keep(store, [asked(T0 + 400)])
    found = value(store, "next_response_time", WEEK)
    assert (found.value, found.n, found.more["answered"]) == (200, 2, 1)


def test_a_later_wait_counts_in_the_window_of_its_own_start(store: SqliteStore) -> None:
    keep(store, [asked(T0 - 100), answered(T0 - 50), asked(T0 + 10), answered(T0 + 17)], heard=HEARD)
    assert value(store, "next_response_time", WEEK).value == 7
    assert value(store, "first_response_time", WEEK).reason == "no eligible mentions"
    assert value(store, "next_response_time", (T0 - DAY, T0)).reason == "nobody wrote again after an answer"
    assert value(store, "first_response_time", (T0 - DAY, T0)).value == 50


def test_what_the_brand_says_unasked_begins_no_wait(store: SqliteStore) -> None:
    keep(
        store,
        [answered(T0), answered(T0 + 5), asked(T0 + 10), answered(T0 + 30), answered(T0 + 40)],
        heard=HEARD,
    )
    assert value(store, "first_response_time", WEEK).value == 20
    assert value(store, "next_response_time", WEEK).n == 0


# Response rate


def test_the_response_rate_by_hand(store: SqliteStore) -> None:
    keep(store, [], heard=(T0, T0 + 20 * DAY))
    made = [asked(T0, t) for t in "wxyz"] + [
        answered(T0 + s, t) for s, t in ((10, "w"), (30, "x"), (7200, "y"))
    ]
    keep(store, made)
    found = value(store, "response_rate", WEEK)
    assert (found.value, found.n, found.unit) == (3 / 4, 4, "ratio")
    assert found.more == {"answered": 3, "needing_reply": 4, "censored": 0, "within_week": 3 / 4}


def test_who_was_heard_for_less_than_a_week_is_told_apart(store: SqliteStore) -> None:
    keep(store, [], heard=(T0, T0 + 8 * DAY))
    made = [asked(T0, "x"), answered(T0 + 9, "x"), asked(T0, "y"), asked(T0 + 2 * DAY, "z")]
    keep(store, made)
    found = value(store, "response_rate", WEEK)
    assert (found.value, found.more["censored"]) == (1 / 3, 1)
    # An answer after eight days is an answer, and none within a week.
    keep(store, [answered(T0 + 8 * DAY, "y")])
    found = value(store, "response_rate", WEEK)
    assert (found.value, found.more["within_week"]) == (2 / 3, pytest.approx(1 / 3))


def test_an_automatic_answer_is_no_response(store: SqliteStore) -> None:
    keep(store, [asked(T0), answered(T0 + 5, automatic=True)], heard=HEARD)
    assert value(store, "response_rate", WEEK).value == 0


def test_without_anybody_who_asks_there_is_no_rate(store: SqliteStore) -> None:
    assert value(store, "response_rate", WEEK).reason == "no source heard"
    keep(store, [post("1", T0, names("Acme"))], heard=HEARD)
    assert value(store, "response_rate", WEEK).reason == "no eligible mentions"


# Competitors, cohorts


@pytest.mark.parametrize(
    ("kpi", "acme", "bolt"),
    [
        ("first_response_time", 60, 90),
        (BUSINESS, 60, 90),
        ("next_response_time", 5, 8),
        ("response_rate", 1, 1 / 2),
    ],
)
def test_competitors_are_measured_alike(store: SqliteStore, kpi: str, acme: float, bolt: float) -> None:
    always = BusinessHours(MADRID, parse_week({"mon-sun": "00:00-24:00"}))
    said = [asked(T0), answered(T0 + 60), asked(T0 + 70), answered(T0 + 75)]
    said += [asked(T0, "b", "Bolt"), answered(T0 + 90, "b", "Bolt"), asked(T0 + 91, "b", "Bolt")]
    said += [answered(T0 + 99, "b", "Bolt"), asked(T0, "c", "Bolt")]
    keep(store, said, heard=HEARD)
    brands = (Brand("Acme", own=True, business_hours=always), Brand("Bolt", business_hours=always))
    assert value(store, kpi, WEEK, "Acme", brands).value == acme
    assert value(store, kpi, WEEK, "Bolt", brands).value == bolt


@pytest.mark.parametrize("unit", ["day", "week"])
@pytest.mark.parametrize("kpi", ["first_response_time", BUSINESS, "response_rate"])
def test_cohorts_are_of_the_day_of_the_post_not_of_the_answer(
    store: SqliteStore, kpi: str, unit: str
) -> None:
    # Sunday in UTC is Monday in Madrid already: the zone of the question cuts.
    sunday = int(datetime(2026, 11, 22, 23, 30, tzinfo=ZoneInfo("UTC")).timestamp())
    always = BusinessHours(MADRID, parse_week({"mon-sun": "00:00-24:00"}))
    keep(store, [asked(sunday), answered(sunday + 9 * DAY)], heard=(sunday - 20 * DAY, sunday + 20 * DAY))
    for zone, day in ((ZoneInfo("UTC"), "2026-11-22"), (MADRID, "2026-11-23")):
        found = values(
            store, kpi, (sunday - 10 * DAY, sunday + 15 * DAY), brands=open_in(always), by=(unit,), zone=zone
        )
        holding = [v for v in found if v.since <= sunday < v.until]
        assert [v for v in found if v.n] == holding
        assert (holding[0].n, holding[0].value) == (1, 1 if kpi == "response_rate" else 9 * DAY)
        start = datetime.fromtimestamp(holding[0].since, zone).date().isoformat()
        assert start == (
            day if unit == "day" else {"2026-11-22": "2026-11-16", "2026-11-23": "2026-11-23"}[day]
        )


# The lag of hearing


def fetched(number: int, after: int, **more: object) -> KeptPost:
    return KeptPost(f"l{number}", "text", T0 + number, T0 + number + after, mentions=(names("Acme"),), **more)  # type: ignore[arg-type]


def test_the_lag_by_hand(store: SqliteStore) -> None:
    keep(store, [fetched(n, after) for n, after in enumerate((10, 20, 40, 300))], heard=HEARD)
    found = value(store, "detection_lag", WEEK)
    assert (found.value, found.n, found.unit) == (30, 4, "seconds")
    assert found.more == {"p90": 300, "half_from": 20, "half_to": 40, "every": 1}


def test_what_nobody_could_hear_in_time_is_no_lag(store: SqliteStore) -> None:
    keep(store, [fetched(1, 10)], heard=HEARD)
    # History and imports were not listened to; a post without a time was dated by when it was fetched.
    keep(store, [fetched(2, 9_000)], live=False)
    keep(store, [fetched(3, 0, dated=False)])
    found = value(store, "detection_lag", WEEK)
    assert (found.value, found.n) == (10, 1)
    keep(store, [fetched(4, -5)])  # the source's clock is ahead of ours
    assert value(store, "detection_lag", WEEK).more["half_from"] == 0


def test_without_live_mentions_there_is_no_lag(store: SqliteStore) -> None:
    assert value(store, "detection_lag", WEEK).reason == "no source heard"
    keep(store, [fetched(1, 10)], heard=HEARD, live=False)
    assert value(store, "detection_lag", WEEK).reason == "no mention was heard live"


def test_each_source_has_its_own_lag(store: SqliteStore) -> None:
    keep(store, [fetched(1, 10)], heard=HEARD)
    keep(store, [fetched(2, 500)], FORUM, heard=HEARD)
    found = values(store, "detection_lag", WEEK, by=("source",))
    assert {v.source: v.value for v in found} == {"news": 10, "forum": 500}


def test_of_many_mentions_some_are_looked_at_and_that_is_told(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lag.MOST == 1_000
    apart = 302
    posts = [
        KeptPost(f"l{n}", "text", at, at + n % 101, mentions=(names("Acme"),))
        for n in range(1_000)
        for at in [T0 + n * apart]
    ]
    keep(store, posts, heard=HEARD)
    assert value(store, "detection_lag", WEEK).n == 1_000
    monkeypatch.setattr("storage.kpi.care.MOST", 499)
    found = value(store, "detection_lag", WEEK)
    assert found.more["every"] == 3
    assert found.n == pytest.approx(1_000 / 3, rel=0.1)
    assert found.value == pytest.approx(50, abs=5)
    # So short a window is looked at whole, whatever is in it.
    monkeypatch.setattr("storage.kpi.care.MOST", 1)
    assert value(store, "detection_lag", (T0, T0 + apart + 1)).n == 2


def test_with_a_tag_only_conversations_and_mentions_that_bear_it(store: SqliteStore) -> None:
    keep(
        store,
        [asked(T0, "x"), answered(T0 + 10, "x"), asked(T0 + 50, "y"), answered(T0 + 90, "y")],
        heard=HEARD,
    )
    keep(store, [asked(T0 + 99, "x"), answered(T0 + 99 + 7, "x"), fetched(1, 77), fetched(2, 5)])
    numbers = dict(store.rows("SELECT native_id, id FROM posts"))
    with store.writing() as db:
        tags.add(db, "angry", "Acme", [numbers[f"qx{T0}Acme"], numbers["l1"]], by=None, now=T0)
    assert value(store, "first_response_time", WEEK, tag="angry").value == 10
    assert value(store, "response_rate", WEEK, tag="angry").n == 1
    assert value(store, "next_response_time", WEEK, tag="angry").value == 7
    found = value(store, "detection_lag", WEEK, tag="angry")
    assert (found.n, found.more["p90"]) == (2, 77)
    # A tagged post of another window tags nothing of this one.
    assert value(store, "next_response_time", (T0 + 20, T0 + DAY), tag="angry").n == 0
