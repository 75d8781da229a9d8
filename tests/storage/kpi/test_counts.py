"""Every KPI of counts: an example by hand, every NULL with its reason, every dimension."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import DAY, FILE, FORUM, HOUR, MADRID, NEWS, T0, UTC, keep, names, own, post, tone, value, values

from sentiment.tone import LABELS, Label
from storage import rollups
from storage.calendar import Window
from storage.kpi import CARD, KPIS, Ask, KpiValue, compute
from storage.mention import Brand, KeptPost, Mention
from storage.sqlite import SqliteStore

WEEK = 7 * DAY
MONDAY = T0 - 2 * DAY
ACME, BOLT, OTHER = Brand("Acme", own=True), Brand("Bolt"), Brand("Other", market="else")
MARKET = (ACME, BOLT, OTHER)
NOW_WINDOW = (T0, T0 + HOUR)


def hear(store: SqliteStore, since: int = T0 - 30 * DAY, until: int = T0 + 30 * DAY) -> None:
    keep(store, [], heard=(since, until))


def opinions(
    store: SqliteStore, *labels: Label | None, at: int = T0, prefix: str = "", engine: str = "vader-3.3.2"
) -> None:
    mentions = [Mention("Acme", tone=tone(label, engine=engine)) for label in labels]
    keep(store, [post(f"{prefix}{n}", at, mention) for n, mention in enumerate(mentions)])


def counted(found: KpiValue) -> object:
    """What the engine's labels come to. The value is that, or the estimate that stands inside of its interval."""
    low, high = found.more["interval"] or (None, None)  # type: ignore[misc]
    assert found.more["method"] == ("raw" if low is None else "adjusted")
    if low is None:
        assert found.value == found.more["raw_value"]
    else:
        assert (-1 if found.kpi == "net_sentiment" else 0) <= low <= found.value <= high <= 1  # type: ignore[operator]
    return found.more["raw_value"]


# Mentions and share of voice


def test_mentions_of_a_half_open_window(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post(str(at), at, names("Acme")) for at in (T0 - 1, T0, T0 + HOUR - 1, T0 + HOUR)])
    found = value(store, "mentions", NOW_WINDOW)
    assert (found.value, found.n, found.unit, found.reason) == (2, 2, "mentions", None)
    assert (found.since, found.until) == NOW_WINDOW


def test_zero_is_a_number_and_not_heard_is_none(store: SqliteStore) -> None:
    assert (value(store, "mentions", NOW_WINDOW).value, value(store, "mentions", NOW_WINDOW).reason) == (
        None,
        "no source heard",
    )
    hear(store)
    assert (value(store, "mentions", NOW_WINDOW).value, value(store, "mentions", NOW_WINDOW).reason) == (
        0,
        None,
    )
    assert value(store, "mentions", NOW_WINDOW, brand="Never seen").value == 0


def test_posts_of_a_source_not_heard_are_not_counted(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("1", T0, names("Acme"))], FORUM)
    assert value(store, "mentions", NOW_WINDOW).value == 0


def test_share_of_voice_counts_a_post_once_for_each_brand_it_names(store: SqliteStore) -> None:
    hear(store)
    keep(
        store,
        [
            post("1", T0, names("Acme"), names("Bolt")),
            post("2", T0, names("Acme")),
            post("3", T0, names("Bolt")),
            post("4", T0, names("Acme"), names("Other")),
            post("5", T0, own("Acme"), names("Bolt")),
        ],
    )
    acme = value(store, "share_of_voice", NOW_WINDOW, brands=MARKET)
    bolt = value(store, "share_of_voice", NOW_WINDOW, "Bolt", MARKET)
    assert (acme.value, acme.n, acme.unit) == (3 / 6, 6, "ratio")
    assert (bolt.value, bolt.n) == (3 / 6, 6)


@pytest.mark.parametrize(
    ("brand", "heard", "reason"),
    [
        ("Other", True, "a market of one brand"),
        ("Acme", True, "nothing in the market"),
        ("Acme", False, "no source heard"),
    ],
)
def test_share_of_voice_is_none(store: SqliteStore, brand: str, heard: bool, reason: str) -> None:
    if heard:
        hear(store)
    found = value(store, "share_of_voice", NOW_WINDOW, brand, MARKET)
    assert (found.value, found.reason) == (None, reason)


# Opinion

FIVE: tuple[Label | None, ...] = ("positive", "positive", "negative", "neutral", None)


@pytest.mark.parametrize("engine", ["vader-3.3.2", "unmeasured-1"])
@pytest.mark.parametrize(
    ("kpi", "expected", "n"),
    [
        ("positive_share", 2 / 4, 4),
        ("negative_share", 1 / 4, 4),
        ("net_sentiment", 1 / 4, 4),
        ("positive_mentions", 2, 4),
        ("mentions", 5, 5),
    ],
)
def test_shares_are_of_those_that_have_a_label(
    store: SqliteStore, kpi: str, expected: float, n: int, engine: str
) -> None:
    hear(store)
    opinions(store, *FIVE, engine=engine)
    found = value(store, kpi, NOW_WINDOW)
    assert found.n == n
    if kpi != "mentions":
        assert found.more["unjudged"] == 1
    if found.unit == "ratio":
        assert counted(found) == expected
        assert found.more["method"] == ("raw" if engine == "unmeasured-1" else "adjusted")
    else:
        assert found.value == expected


@pytest.mark.parametrize("kpi", ["positive_share", "negative_share", "net_sentiment"])
def test_shares_are_none_where_none_is_judged(store: SqliteStore, kpi: str) -> None:
    assert value(store, kpi, NOW_WINDOW).reason == "no source heard"
    hear(store)
    assert value(store, kpi, NOW_WINDOW).reason == "none judged"
    opinions(store, None, None)
    found = value(store, kpi, NOW_WINDOW)
    assert (found.value, found.reason, found.n, found.more["unjudged"]) == (None, "none judged", 0, 2)


def test_net_sentiment_goes_from_minus_one_to_one(store: SqliteStore) -> None:
    hear(store)
    opinions(store, "negative", "negative")
    opinions(store, "positive", at=T0 + HOUR, prefix="p")
    assert counted(value(store, "net_sentiment", NOW_WINDOW)) == -1
    assert counted(value(store, "net_sentiment", (T0 + HOUR, T0 + 2 * HOUR))) == 1


def test_positive_mentions_are_zero_or_not_heard(store: SqliteStore) -> None:
    assert value(store, "positive_mentions", NOW_WINDOW).reason == "no source heard"
    hear(store)
    opinions(store, "negative")
    assert value(store, "positive_mentions", NOW_WINDOW).value == 0


# Growth


def test_growth_against_the_period_before(store: SqliteStore) -> None:
    hear(store)
    opinions(store, "positive", "positive", "negative", at=T0 - 1, prefix="b")
    opinions(store, "positive", "positive", "positive")
    found = value(store, "positive_growth", NOW_WINDOW)
    assert (found.value, found.n, found.more["change"]) == (0.5, 2, 1)


def test_growth_of_a_calendar_month_is_against_the_whole_month_before(store: SqliteStore) -> None:
    march, april, may = (int(datetime(2026, m, 1, tzinfo=MADRID).timestamp()) for m in (3, 4, 5))
    hear(store, march, may)
    # March has 31 days and lost an hour; thirty days back would miss the first of them.
    opinions(store, "positive", at=march, prefix="m")
    opinions(store, "positive", "positive", at=may - 1, prefix="a")
    found = value(store, "positive_growth", (april, may), zone=MADRID)
    assert (found.value, found.more["positive_before"]) == (1.0, 1)
    assert value(store, "positive_growth", (april, may - 1), zone=MADRID).more["positive_before"] == 0


def test_growth_is_none_where_there_was_none_before_but_the_change_is_given(store: SqliteStore) -> None:
    hear(store)
    opinions(store, "positive", "positive")
    found = value(store, "positive_growth", NOW_WINDOW)
    assert (found.value, found.reason, found.more["change"]) == (None, "none in the period before", 2)
    assert value(store, "positive_growth", NOW_WINDOW, sources=("forum",)).reason == "no source heard"
    # Nothing heard is not "no change".
    assert value(store, "positive_growth", NOW_WINDOW, sources=("forum",)).more["change"] is None


def test_growth_compares_only_sources_heard_in_both_periods(store: SqliteStore) -> None:
    keep(store, [], NEWS, heard=(T0 - HOUR, T0 + HOUR))
    keep(store, [], FORUM, heard=(T0 - 1000, T0 + HOUR))
    for source in (NEWS, FORUM):
        keep(store, [post("before", T0 - 1, names("Acme", "positive"))], source)
        keep(store, [post(str(n), T0, names("Acme", "positive")) for n in range(3)], source)
    # Forum has a gap in the period before: with it, a growth of (6 - 2) / 2 would be told.
    found = value(store, "positive_growth", NOW_WINDOW)
    assert (found.value, found.n, found.more["positive"]) == (2.0, 1, 3)
    assert value(store, "positive_mentions", NOW_WINDOW).value == 6


def test_growth_is_none_where_no_source_was_heard_in_both_periods(store: SqliteStore) -> None:
    hear(store, T0 - 1000)
    opinions(store, "positive", at=T0 - 1, prefix="b")
    opinions(store, "positive", "positive")
    found = value(store, "positive_growth", NOW_WINDOW)
    assert (found.value, found.more["change"]) == (None, 1)
    assert found.reason == "no source heard for 90 % of both periods"


# Rules


def test_a_rule_sees_only_what_was_heard_live(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("old", T0, names("Acme", "negative"))], live=False)
    keep(store, [post("new", T0, names("Acme", "positive"))])
    assert value(store, "mentions", NOW_WINDOW).value == 2
    assert value(store, "mentions", NOW_WINDOW, live_only=True).value == 1
    live, everything = (value(store, "negative_share", NOW_WINDOW, live_only=live) for live in (True, False))
    assert (counted(live), live.n, counted(everything), everything.n) == (0, 1, 1 / 2, 2)


def test_what_a_rule_compares_with_may_be_history(store: SqliteStore) -> None:
    hear(store)
    keep(store, [post("b", T0 - 1, names("Acme", "positive"))], live=False)
    opinions(store, "positive", "positive")
    assert value(store, "positive_growth", NOW_WINDOW, live_only=True).value == 1.0


# By


def test_by_source_is_one_value_each_and_names_those_not_heard(store: SqliteStore) -> None:
    store.register([], [FORUM])
    keep(store, [post("1", T0, names("Acme"))], NEWS, heard=NOW_WINDOW)
    keep(store, [post("1", T0, names("Acme")), post("2", T0, names("Acme"))], FILE, heard=(T0, T0))
    found = {
        v.source: (v.value, v.reason, v.left_out)
        for v in values(store, "mentions", NOW_WINDOW, by=("source",))
    }
    assert found == {
        "file": (2, None, ()),
        "news": (1, None, ()),
        "forum": (None, "no source heard", ("forum",)),
    }


def test_by_language_is_one_value_each_and_the_unknown_last(store: SqliteStore) -> None:
    hear(store)
    spoken = ["es", "de", "es", None]
    keep(store, [post(str(n), T0, names("Acme"), language=lang) for n, lang in enumerate(spoken)])
    found = [(v.language, v.value) for v in values(store, "mentions", NOW_WINDOW, by=("language",))]
    assert found == [("de", 1), ("es", 2), (None, 1)]


def test_by_day_is_cut_at_the_midnights_of_the_zone(store: SqliteStore) -> None:
    saturday, monday = (int(datetime(2026, 10, d, tzinfo=MADRID).timestamp()) for d in (24, 26))
    hear(store, saturday, monday)
    # The Sunday on which clocks go back: 25 hours, of which the last is cut off by anybody who counts 24.
    keep(store, [post(str(at), at, names("Acme")) for at in range(saturday, monday, HOUR)])
    found = values(store, "mentions", (saturday, monday), by=("day",), zone=MADRID)
    assert [(v.value, v.until - v.since) for v in found] == [(24, 24 * HOUR), (25, 25 * HOUR)]


@pytest.mark.parametrize(
    ("unit", "expected"), [("day", [1] * 14), ("week", [7, 7]), ("month", [14]), ("none", [14])]
)
def test_by_week_and_month(store: SqliteStore, unit: str, expected: list[int]) -> None:
    hear(store)
    keep(store, [post(str(n), MONDAY + n * DAY, names("Acme")) for n in range(14)])
    found = values(store, "mentions", (MONDAY, MONDAY + 2 * WEEK), by=() if unit == "none" else (unit,))
    assert [v.value for v in found] == expected


def test_by_several_dimensions_at_once(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), language="es")], NEWS, heard=(T0, T0 + 2 * DAY))
    keep(store, [post("1", T0 + DAY, names("Acme"), language="de")], FORUM, heard=(T0, T0 + 2 * DAY))
    found = values(store, "mentions", (T0, T0 + 2 * DAY), by=("source", "language", "day"))
    assert {(v.source, v.language, v.since) for v in found if v.value} == {
        ("news", "es", T0),
        ("forum", "de", T0 + DAY),
    }


def test_json_holds_the_fields_of_the_contract(store: SqliteStore) -> None:
    hear(store)
    told = value(store, "negative_share", NOW_WINDOW).to_json(MADRID)
    assert told["since"] == "2023-11-15T01:00:00+01:00"
    assert {"kpi", "brand", "source", "since", "until", "value", "unit", "n", "reason", "left_out"} <= set(
        told
    )
    assert told["reason"] == "none judged"


# Against plain Python

times = st.integers(T0 - 3 * DAY, T0 + 3 * DAY)
brands_named = st.dictionaries(st.sampled_from(["Acme", "Bolt", "Other"]), st.sampled_from([*LABELS, None]))
histories = st.lists(st.tuples(times, brands_named, st.sampled_from(["es", "de", None])), max_size=25)


@given(histories, st.integers(-3, 2), st.integers(1, 3), st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_compute_equals_plain_python(
    store: SqliteStore,
    history: list[tuple[int, dict[str, Label | None], str | None]],
    start: int,
    days: int,
    by_language: bool,
) -> None:
    with store.writing() as db:
        for table in ("mentions", "turns", "posts", "coverage"):
            db.run(f"DELETE FROM {table}")
        rollups.rebuild(db, UTC)
    hear(store)
    posts: list[KeptPost] = [
        post(str(n), at, *[names(b, label) for b, label in said.items()], language=lang)
        for n, (at, said, lang) in enumerate(history)
    ]
    keep(store, posts)
    since, until = T0 + start * DAY, T0 + (start + days) * DAY
    ask = Ask(Window(since, until), until, UTC, MARKET, by=("language",) if by_language else ())
    for found in compute(store, [KPIS[name] for name in CARD], ask):
        told = [
            (at, brand, label)
            for at, said, lang in history
            for brand, label in said.items()
            if not by_language or lang == found.language
        ]
        mine = [label for at, brand, label in told if brand == found.brand and since <= at < until]
        old = [x for at, brand, x in told if brand == found.brand and 2 * since - until <= at < since]
        rivals = {b.name for b in MARKET if b.market == ("else" if found.brand == "Other" else "default")}
        market = sum(brand in rivals and since <= at < until for at, brand, _ in told)
        positive, negative = mine.count("positive"), mine.count("negative")
        judged = len(mine) - mine.count(None)
        expected = {
            "mentions": len(mine),
            "share_of_voice": len(mine) / market if market and len(rivals) > 1 else None,
            "positive_mentions": positive,
            "positive_growth": (positive - (p := old.count("positive"))) / p if "positive" in old else None,
            "positive_share": positive / judged if judged else None,
            "negative_share": negative / judged if judged else None,
            "net_sentiment": (positive - negative) / judged if judged else None,
            "first_response_time": None,
        }
        share = found.kpi in ("positive_share", "negative_share", "net_sentiment")
        assert (counted(found) if share else found.value) == expected[found.kpi], found
        assert (found.value is None) == (found.reason is not None)


# A change of engine is a marked break


def by_engine(store: SqliteStore, engine: str, *labels: Label | None, at: int) -> None:
    mentions = [Mention("Acme", tone=tone(label, engine=engine)) for label in labels]
    keep(store, [post(f"{engine}{at}{n}", at, mention) for n, mention in enumerate(mentions)])


def test_growth_across_a_change_of_engine_is_none_and_the_change_is_given(store: SqliteStore) -> None:
    hear(store)
    by_engine(store, "old-1", "positive", at=T0 - HOUR)
    by_engine(store, "new-2", "positive", "positive", at=T0)
    found = value(store, "positive_growth", NOW_WINDOW)
    assert (found.value, found.reason, found.more["change"]) == (None, "the tone engine changed", 1)


@pytest.mark.parametrize("kpi", ["positive_mentions", "positive_share", "negative_share", "net_sentiment"])
def test_a_rule_does_not_look_across_a_change_of_engine(store: SqliteStore, kpi: str) -> None:
    hear(store)
    by_engine(store, "old-1", "positive", at=T0)
    # What an engine does not judge is no judgement of another engine.
    by_engine(store, "new-2", None, at=T0 + 1)
    assert value(store, kpi, NOW_WINDOW, strict=True).value is not None
    by_engine(store, "new-2", "positive", at=T0 + 2)
    asked = value(store, kpi, NOW_WINDOW, strict=True)
    assert (asked.value, asked.reason) == (None, "the tone engine changed")
    shown = value(store, kpi, NOW_WINDOW)
    assert shown.value is not None
    assert (shown.more["method"], shown.more["raw_value"]) == ("raw", shown.value)
