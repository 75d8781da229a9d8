"""What each hour brought, what is lost, and which posts the ears know."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from keeping import DAY, FORUM, HOUR, NEWS, T0, keep, names, post

from storage import coverage, hearing, polling
from storage.base import Row
from storage.hearing import Hour
from storage.mention import Gap, Heard, Kept, Source, Traffic, Unmatched
from storage.sqlite import SqliteStore

FIRST = T0 // HOUR
OTHER = Source("other", "feeds")


def lost(since: int, until: int, reason: str = "the stream keeps 36 h") -> Gap:
    return Gap(T0 + since, T0 + until, reason)


def live(store: SqliteStore) -> list[tuple[int, int]]:
    return [(heard.since - T0, heard.until - T0) for heard in coverage.ledgers(store, ["news"])[0].live]


def test_pages_and_polls_without_one_add_up_in_their_hour(store: SqliteStore) -> None:
    page = Kept(NEWS, [post("1", T0, names("Acme"))], at=T0 + 5, traffic=Traffic(2, 1, 1), items=40, cut=3)
    store.commit(page)
    store.commit(page)
    with store.writing() as db:
        polling.failed(db, "news", T0 + HOUR - 1, T0 + HOUR, "backing off", "429", Traffic(1, 0, 1))
        polling.answered(db, "news", T0 + HOUR, T0 + 2 * HOUR, traffic=Traffic(1, 1, 0))
        polling.count(db, "nobody", T0, Traffic(1, 1, 0))
    assert hearing.hours(store, T0, T0 + DAY) == {
        "news": [Hour(FIRST, 5, 2, 3, 80, 6), Hour(FIRST + 1, 1, 1, 0, 0, 0)]
    }
    assert store.rows("SELECT items FROM sources") == [(1,)], (
        "of a source's items those are its posts that are kept"
    )


def test_hours_are_asked_by_when_they_begin(store: SqliteStore) -> None:
    for hour in range(4):
        store.commit(Kept(NEWS, [], at=T0 + hour * HOUR, items=hour + 1))
    store.commit(Kept(FORUM, [], at=T0))
    found = hearing.hours(store, T0 + 1, T0 + 2 * HOUR + 1)
    assert {name: [hour.items for hour in hours] for name, hours in found.items()} == {"news": [2, 3]}


def test_the_last_day_is_this_hour_and_the_23_before(store: SqliteStore) -> None:
    for hour, items in ((0, 1), (1, 2), (24, 4), (25, 8)):
        store.commit(Kept(NEWS, [], at=T0 + hour * HOUR, items=items, traffic=Traffic(1, 1, 0)))
    last = hearing.last_day(store, T0 + 24 * HOUR + 5)
    assert last == {"news": Hour(FIRST + 1, 2, 2, 0, 6)}


def test_gaps_are_told_by_source(store: SqliteStore) -> None:
    for _ in range(2):
        store.commit(Kept(NEWS, [], gap=lost(10, 20)))
    store.commit(Kept(NEWS, [], gap=lost(0, 5, "the search shows 1,000")))
    store.commit(Kept(FORUM, [], gap=lost(0, 30)))
    assert hearing.gaps(store) == {
        "forum": [lost(0, 30)],
        "news": [lost(0, 5, "the search shows 1,000"), lost(10, 20)],
    }
    assert hearing.gaps(store, T0 + 5) == {"forum": [lost(0, 30)], "news": [lost(10, 20)]}


@pytest.mark.parametrize(
    ("claimed", "gap", "left"),
    [
        ([(0, 100)], (20, 30), [(0, 20), (30, 100)]),
        ([(0, 100)], (0, 100), []),
        ([(0, 100)], (0, 30), [(30, 100)]),
        ([(0, 100)], (90, 120), [(0, 90)]),
        ([(0, 10), (20, 30), (40, 50)], (5, 45), [(0, 5), (45, 50)]),
        ([(0, 10), (20, 30)], (10, 20), [(0, 10), (20, 30)]),
        ([(0, 10)], (50, 60), [(0, 10)]),
    ],
)
def test_what_is_lost_was_not_heard(
    store: SqliteStore, claimed: Sequence[tuple[int, int]], gap: tuple[int, int], left: list[tuple[int, int]]
) -> None:
    for since, until in claimed:
        keep(store, [], heard=(T0 + since, T0 + until))
    keep(store, [], FORUM, heard=(T0, T0 + 100))
    store.commit(Kept(NEWS, [], gap=lost(*gap)))
    assert live(store) == left
    assert coverage.ledgers(store, ["forum"])[0].live == (Heard(T0, T0 + 100),)


def test_a_page_that_tells_of_a_gap_claims_the_rest_only(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [], heard=Heard(T0, T0 + 100), gap=lost(20, 60)))
    assert live(store) == [(0, 20), (60, 100)]
    # What is read back later was heard after all.
    store.commit(Kept(NEWS, [], heard=Heard(T0 + 10, T0 + 70)))
    assert live(store) == [(0, 100)]


def test_the_ears_know_the_newest_posts_of_a_network_oldest_first(store: SqliteStore) -> None:
    for number, source in enumerate((NEWS, OTHER, FORUM, OTHER, NEWS)):
        keep(store, [post(f"{source.name}{number}", T0 - number, names("Acme"))], source)
    assert hearing.kept_ids(store, "feeds", 9) == ["news0", "other1", "other3", "news4"]
    assert hearing.kept_ids(store, "feeds", 2) == ["other3", "news4"]
    assert hearing.kept_ids(store, "nobody", 9) == []
    store.commit(Kept(NEWS, [], deleted=["news4"]))
    assert hearing.kept_ids(store, "feeds", 2) == ["other1", "other3"]


def test_the_newest_are_found_without_a_look_at_all(store: SqliteStore) -> None:
    plans: list[str] = []

    class Watched:
        def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
            plans.extend(row[3] for row in store.rows("EXPLAIN QUERY PLAN " + sql, parameters))
            return store.rows(sql, parameters)

    keep(store, [post("1", T0, names("Acme"))])
    assert hearing.kept_ids(Watched(), "feeds", 1) == ["1"]
    assert "SEARCH posts USING INDEX posts_newest (source_id=?)" in plans
    assert not any("TEMP B-TREE" in step for step in plans if "posts" in step)


def test_the_ears_can_know_the_sample_too(store: SqliteStore) -> None:
    for source in (NEWS, OTHER, FORUM):
        store.commit(Kept(source, [], unmatched=[Unmatched(post(source.name, T0), False)]))
    assert sorted(hearing.sampled_ids(store, "feeds")) == ["news", "other"]
