"""Authors, new ones, those who come back, advocates, five tiers of influence, and reach as a range: by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, keep, names, post, value, values

from storage.kpi import crowd, facts
from storage.kpi.compare import NO_CHANGE
from storage.kpi.speakers import TOO_LONG
from storage.kpi.tiers import LEAST_KNOWN, Thresholds, distribution, thresholds, tier
from storage.mention import Brand, Kept, Source
from storage.sqlite import SqliteStore

WINDOW = (T0, T0 + HOUR)
WEEK = (T0 - 2 * DAY, T0 + 5 * DAY)
ACME, BOLT = Brand("Acme", own=True), Brand("Bolt")
MARKET = (ACME, BOLT)
PEOPLE = (
    "authors",
    "new_authors",
    "advocates",
    "new_influencers",
    *(f"influencers.tier{n}" for n in range(1, 5)),
)


def hear(store: SqliteStore, *sources: Source) -> None:
    for source in sources or (FORUM,):
        keep(store, [], source, heard=(T0 - 60 * DAY, T0 + 60 * DAY))


def say(store: SqliteStore, author: str | None, *labels: str, at: int = T0, **more: object) -> None:
    """One mention of Acme for each label."""
    told = [
        post(f"{author}{at}{n}{more}", at, names("Acme", label), author=author, **more)  # type: ignore[arg-type]
        for n, label in enumerate(labels)
    ]
    keep(store, told, FORUM)


def test_authors_new_and_returning_and_advocates(store: SqliteStore) -> None:
    hear(store)
    say(store, "ana", "neutral", at=T0 - DAY)
    say(store, "ana", "positive", "positive")
    say(store, "ben", "positive")
    say(store, None, "positive", "positive")
    found = {kpi: value(store, kpi, WINDOW) for kpi in (*PEOPLE, "returning_author_share")}
    assert (found["authors"].value, found["authors"].more["anonymous"]) == (2, 2)
    assert (found["new_authors"].value, found["new_authors"].n) == (1, 2)
    assert (found["returning_author_share"].value, found["returning_author_share"].n) == (0.5, 2)
    assert (found["advocates"].value, found["advocates"].n) == (1, 2)


def test_an_author_is_one_within_a_source(store: SqliteStore) -> None:
    hear(store, FORUM, NEWS)
    say(store, "ana", "neutral")
    keep(store, [post("n", T0, names("Acme"), author="ana")], NEWS)
    found = value(store, "authors", WINDOW)
    assert (found.value, found.more["by_source"]) == (2, {"forum": 1, "news": 1})
    assert {v.source: v.value for v in values(store, "authors", WINDOW, by=("source",))} == {
        "forum": 1,
        "news": 1,
    }


def test_an_account_that_changes_its_name_is_one_author(store: SqliteStore) -> None:
    hear(store)
    say(store, "ana", "neutral", author_id="1")
    say(store, "ana maria", "neutral", author_id="1")
    assert value(store, "authors", WINDOW).value == 1


def test_who_took_everything_back_still_counts(store: SqliteStore) -> None:
    hear(store)
    say(store, "ana", "neutral", author_id="1")
    store.commit(Kept(FORUM, [], departed=["1"], at=T0 + DAY))
    assert value(store, "authors", WINDOW).value == 1


def test_a_late_post_makes_an_author_old(store: SqliteStore) -> None:
    hear(store)
    say(store, "ana", "neutral")
    assert value(store, "new_authors", WINDOW).value == 1
    say(store, "ana", "neutral", at=T0 - 1)
    assert value(store, "new_authors", WINDOW).value == 0
    assert value(store, "returning_author_share", WINDOW).value == 1


@pytest.mark.parametrize("window", [WINDOW, WEEK])
def test_twenty_authors_by_tier(store: SqliteStore, window: tuple[int, int]) -> None:
    hear(store)
    # With 1 to 20 followers: the 99th percentile is the 20th of them, the 90th the 18th.
    for n in range(1, 21):
        say(store, f"a{n:02}", "neutral", followers=n)
    say(store, "a03", "positive", "positive")
    say(store, "a20", "neutral", at=T0 - 30 * DAY)
    found = {n: value(store, f"influencers.tier{n}", window) for n in range(1, 6)}
    assert [found[n].value for n in range(1, 6)] == [1, 2, 1, 16, None]
    assert found[5].reason == "who never writes is not heard"
    assert found[2].more["thresholds"] == {"forum": {"p99": 20, "p90": 18}}
    assert "top 1 %" in str(found[1].more["rule"])
    # a20 has spoken before: of the four in tier 1 to 3, three are new.
    assert value(store, "new_influencers", window).value == 3


def test_of_few_authors_nobody_stands_out_by_followers(store: SqliteStore) -> None:
    hear(store)
    for n in range(LEAST_KNOWN - 1):
        say(store, f"a{n}", "neutral", followers=10**n)
    found = value(store, "influencers.tier4", WINDOW)
    assert (found.value, found.more["thresholds"]) == (19, {"forum": {"p99": None, "p90": None}})


def test_thresholds_are_of_the_whole_market(store: SqliteStore) -> None:
    hear(store)
    say(store, "small", "neutral", followers=5)
    keep(
        store, [post(f"b{n}", T0, names("Bolt"), author=f"b{n}", followers=70 + n) for n in range(19)], FORUM
    )
    assert value(store, "influencers.tier4", WINDOW, brands=MARKET).value == 1
    assert value(store, "influencers.tier1", WINDOW, "Bolt", MARKET).value == 1
    assert value(store, "influencers.tier2", WINDOW, "Bolt", MARKET).value == 2


def test_who_writes_in_a_feed_is_of_the_first_tier(store: SqliteStore) -> None:
    hear(store, NEWS)
    keep(store, [post("1", T0, names("Acme"), author="The Paper")], NEWS)
    assert value(store, "influencers.tier1", WINDOW).value == 1


@pytest.mark.parametrize("kpi", PEOPLE)
def test_nobody_is_a_number_and_not_heard_is_none(store: SqliteStore, kpi: str) -> None:
    assert value(store, kpi, WINDOW).reason == "no source heard"
    hear(store)
    assert (value(store, kpi, WINDOW).value, value(store, kpi, WINDOW).reason) == (0, None)


def test_shares_of_nobody_are_none(store: SqliteStore) -> None:
    assert value(store, "returning_author_share", WINDOW).reason == "no source heard"
    assert value(store, "non_follower_share", WINDOW).reason == "no source heard"
    assert value(store, "influencers.tier5", WINDOW).reason == "no source heard"
    hear(store)
    assert value(store, "returning_author_share", WINDOW).reason == "no author is known"
    assert value(store, "non_follower_share", WINDOW).reason == "follower lists are not collected yet"


# Windows


def test_a_window_too_long_to_count_is_none_but_for_its_bounds(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(store)
    for n, at in enumerate((T0 - 20 * DAY, T0 - DAY, T0, T0 + DAY, T0 + 20 * DAY)):
        say(store, f"a{n % 4}", "neutral", at=at)
    monkeypatch.setattr(facts, "MOST", 3)
    monkeypatch.setattr(crowd, "MOST_COUNTED", 3)
    # From the second mention to the fourth there are three, then from October to December four, which is too many.
    assert value(store, "authors", (T0 - DAY, T0 + 2 * DAY)).value == 3
    # Who is new stands in a list of its own.
    assert value(store, "new_authors", (T0 - 20 * DAY, T0 + 20 * DAY)).value == 4
    counted = [kpi for kpi in PEOPLE if kpi != "new_authors"]
    for kpi in (*counted, "returning_author_share", "potential_reach.low"):
        found = value(store, kpi, (T0 - 20 * DAY, T0 + 20 * DAY))
        assert (found.value, found.reason) == (None, TOO_LONG)
    # November 2023 alone holds a1, a2 and a3, and no more authors can have spoken than there are mentions.
    assert value(store, "authors", (T0 - 20 * DAY, T0 + 20 * DAY)).more["bounds"] == [3, 4]
    # What has all mentions of a calendar month is one, whatever its ends.
    assert value(store, "authors", (T0 - 10 * DAY, T0 + 2 * DAY)).value == 3


def test_bounds_of_a_language_are_no_authors_of_another(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(store)
    for n in range(4):
        say(store, f"a{n}", "neutral", at=T0 + n * DAY, language="es")
    say(store, "ben", "neutral", "neutral", language="de")
    monkeypatch.setattr(facts, "MOST", 3)
    found = values(store, "authors", (T0 - 20 * DAY, T0 + 20 * DAY), by=("language",))
    # Five have spoken in November, but how many of them in a language no roll-up tells.
    assert {one.language: one.more["bounds"] for one in found} == {"de": [0, 2], "es": [0, 4]}


def test_a_rule_and_a_language_are_counted_from_mentions(store: SqliteStore) -> None:
    hear(store)
    say(store, "ana", "neutral", language="es")
    keep(store, [post("x", T0, names("Acme"), author="ben", language="de")], FORUM, live=False)
    assert value(store, "authors", WEEK, live_only=True).value == 1
    spoken = {v.language: v.value for v in values(store, "authors", WEEK, by=("language",))}
    assert spoken == {"de": 1, "es": 1}
    assert value(store, "authors", WEEK).value == 2


def test_a_calendar_week_reads_its_roll_up(store: SqliteStore) -> None:
    hear(store)
    say(store, "ana", "positive", "positive", followers=7)
    with store.writing() as db:
        db.run("UPDATE author_totals SET authors = 77, followers = 900 WHERE unit = 3")
        db.run("UPDATE author_standings SET repeats = 0 WHERE unit = 3")
    assert value(store, "authors", WEEK).value == 77
    assert value(store, "potential_reach.theoretical", WEEK).value == 900
    assert value(store, "advocates", WEEK).value == 0
    # Three of its days have the same mentions as the whole week; the next week is another one.
    assert value(store, "authors", (T0 - DAY, T0 + 2 * DAY)).value == 77
    assert value(store, "authors", (T0, T0 + 9 * DAY)).value == 1


@pytest.mark.parametrize(("more", "surely"), [(3, False), (60, True)])
def test_a_change_is_told_from_chance_where_enough_people_make_it(
    store: SqliteStore, more: int, surely: bool
) -> None:
    hear(store)
    for n in range(2):
        say(store, f"b{n}", "neutral", at=T0 - HOUR)
    for n in range(2 + more):
        say(store, f"n{n}", "neutral")
    for kpi in ("authors", "new_authors", "influencers.tier4"):
        before = value(store, kpi, WINDOW, compare=True).before
        assert before is not None and before.change == more
        assert (before.note is None) == surely, kpi


@pytest.mark.parametrize(("people", "note"), [(3, NO_CHANGE), (60, None)])
def test_shares_of_people_are_told_from_chance(store: SqliteStore, people: int, note: str | None) -> None:
    hear(store)
    keep(store, [post("o", T0 - HOUR, names("Bolt"), author="o")], FORUM)
    say(store, "ana", "neutral", at=T0 - HOUR)
    for n in range(people):
        say(store, f"n{n}", "neutral")
    keep(store, [post("p", T0, names("Bolt"), author="o")], FORUM)
    share = value(store, "share_of_voice.authors", WINDOW, brands=MARKET, compare=True).before
    assert share is not None and share.change == pytest.approx(people / (people + 1) - 1 / 2)
    assert share.note == note


# Reach


def test_reach_is_a_range(store: SqliteStore) -> None:
    hear(store)
    say(store, "ana", "neutral", "neutral", followers=1000)
    say(store, "ben", "neutral", followers=500)
    say(store, "cleo", "neutral")
    say(store, None, "neutral", followers=10**6)
    for window in (WINDOW, WEEK):
        found = {
            kind: value(store, f"potential_reach.{kind}", window) for kind in ("low", "high", "theoretical")
        }
        assert [one.value for one in found.values()] == [30, 75, 1500]
        assert {one.n for one in found.values()} == {2}
        assert found["low"].more["authors"] == 3
        assert "2 % to 5 %" in str(found["low"].more["how"])


def test_an_author_counts_once_with_the_most_followers_told(store: SqliteStore) -> None:
    hear(store)
    say(store, "ana", "neutral", followers=1000)
    say(store, "ana", "neutral", followers=1200)
    assert value(store, "potential_reach.theoretical", WINDOW).value == 1200


def test_reach_is_not_summed_over_networks(store: SqliteStore) -> None:
    hear(store, FORUM, NEWS)
    say(store, "ana", "neutral", followers=1000)
    keep(store, [post("n", T0, names("Acme"), author="ben", followers=100)], NEWS)
    found = value(store, "potential_reach.high", WINDOW)
    assert (found.value, found.reason) == (
        None,
        "audiences of several networks are not added up: ask by source",
    )
    assert found.more["by_source"] == {"forum": 50, "news": 5}
    parts = {v.source: v.value for v in values(store, "potential_reach.high", WINDOW, by=("source",))}
    assert parts == {"forum": 50, "news": 5}


def test_reach_is_none_where_followers_are_not_known(store: SqliteStore) -> None:
    assert value(store, "potential_reach.low", WINDOW).reason == "no source heard"
    hear(store)
    say(store, "ana", "neutral")
    found = value(store, "potential_reach.low", WINDOW)
    assert (found.value, found.reason) == (None, "no source tells how many followers authors have")


# The rule, pure


@pytest.mark.parametrize(
    ("followers", "feed", "repeats", "expected"),
    [
        (99, False, False, 1),
        (98, False, False, 2),
        (50, False, True, 2),
        (49, False, True, 3),
        (49, False, False, 4),
        (None, False, False, 4),
        (None, False, True, 3),
        (None, True, False, 1),
        (0, True, True, 1),
    ],
)
def test_the_rule(followers: int | None, feed: bool, repeats: bool, expected: int) -> None:
    assert tier(followers, Thresholds(99, 50), feed=feed, repeats=repeats) == expected


def test_without_thresholds_followers_say_nothing() -> None:
    assert tier(10**9, Thresholds(None, None), feed=False, repeats=False) == 4


@given(st.lists(st.integers(0, 50), min_size=LEAST_KNOWN, max_size=300))
def test_thresholds_are_nearest_ranks(followers: list[int]) -> None:
    limits = thresholds(distribution((number, 1) for number in followers))
    for limit, percent in ((limits.top, 99), (limits.leading, 90)):
        assert limit is not None
        at_most = sum(number <= limit for number in followers)
        below = sum(number < limit for number in followers)
        assert below * 100 < percent * len(followers) <= at_most * 100


@pytest.mark.parametrize("kpi", PEOPLE)
def test_mentions_of_unknown_authors_alone_are_not_nobody(store: SqliteStore, kpi: str) -> None:
    hear(store)
    say(store, None, "positive", "positive")
    found = value(store, kpi, WINDOW)
    assert (found.value, found.n, found.reason) == (None, 0, "no author is known")
    say(store, "ana", "neutral")
    assert value(store, kpi, WINDOW).reason is None


def test_new_authors_of_whole_months_are_added_up_and_those_of_the_ends_counted(store: SqliteStore) -> None:
    hear(store)
    # T0 is the 15th of November: some before the month, in it, and after it, in UTC.
    for day in range(-20, 21):
        say(store, f"a{day}", "neutral", at=T0 + day * DAY)
        say(store, f"a{day}", "neutral", at=T0 + (day + 1) * DAY)
    window = (T0 - 18 * DAY - HOUR, T0 + 18 * DAY + HOUR)
    assert value(store, "new_authors", window).value == 37
    month = "unit = 2 AND start = (SELECT max(start) FROM author_standings WHERE unit = 2 AND start <= ?)"
    with store.writing() as db:
        db.run(f"UPDATE author_standings SET authors = authors + 100 WHERE is_new = 1 AND {month}", (T0,))
    assert value(store, "new_authors", window).value == 137
