"""What was not heard: each gap with its reason; and when two windows do not compare."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import DAY, FILE, FORUM, HOUR, NEWS, T0, keep

from storage.calendar import Window
from storage.coverage import ledgers
from storage.explain.listening import Listened, listened, unlike
from storage.mention import Gap, Heard, Kept, Source, Traffic
from storage.sqlite import SqliteStore

WINDOW = Window(T0, T0 + DAY)


def heard(
    store: SqliteStore, source: str = "news", window: Window = WINDOW, now: int = T0 + 9 * DAY
) -> Listened:
    found = listened(store, ledgers(store), [source], window, now)
    return next(one for one in found if one.source == source)


def test_heard_throughout_has_no_gap(store: SqliteStore) -> None:
    keep(store, [], heard=(T0 - HOUR, T0 + DAY + HOUR))
    one = heard(store)
    assert (one.heard, one.asked, one.gaps, one.deaf, one.share) == (DAY, DAY, (), 0, 1.0)


def test_gaps_lie_before_between_and_after(store: SqliteStore) -> None:
    keep(store, [], heard=(T0 + HOUR, T0 + 2 * HOUR))
    keep(store, [], heard=(T0 + 4 * HOUR, T0 + 20 * HOUR))
    one = heard(store)
    assert [(gap.since - T0, gap.until - T0) for gap in one.gaps] == [
        (0, HOUR),
        (2 * HOUR, 4 * HOUR),
        (20 * HOUR, DAY),
    ]
    assert one.deaf == DAY - one.heard == 7 * HOUR
    assert one.gaps[0].reason == "before the first that was heard of it"
    assert one.gaps[1].reason == "not asked: Listener did not run, or not this source"


def test_what_is_known_to_be_lost_says_why_and_the_rest_is_told_by_the_hour(store: SqliteStore) -> None:
    keep(store, [], heard=(T0, T0 + 4 * HOUR))
    lost = Gap(T0 + 5 * HOUR, T0 + 6 * HOUR, "the feed rolled over")
    failed = Kept(NEWS, [], at=T0 + 4 * HOUR + 60, traffic=Traffic(3, 0, 2), gap=lost)
    store.commit(failed)
    store.commit(Kept(NEWS, [], heard=Heard(T0 + 8 * HOUR, T0 + DAY), at=T0 + DAY))
    assert [(gap.since - T0, gap.until - T0, gap.reason) for gap in heard(store).gaps] == [
        (4 * HOUR, 5 * HOUR, "2 of 3 requests around then failed"),
        (5 * HOUR, 6 * HOUR, "the feed rolled over"),
        (6 * HOUR, 8 * HOUR, "not asked: Listener did not run, or not this source"),
    ]


def test_what_may_still_arrive_is_no_gap(store: SqliteStore) -> None:
    late = Source("slow", "feeds", lateness=2 * HOUR)
    store.commit(Kept(late, [], heard=Heard(T0, T0 + 10 * HOUR)))
    one = heard(store, "slow", now=T0 + 12 * HOUR)
    assert (one.asked, one.gaps) == (10 * HOUR, ())


def test_an_import_speaks_for_the_whole_window(store: SqliteStore) -> None:
    keep(store, [], FILE, heard=(T0 + HOUR, T0 + 2 * HOUR), live=False)
    one = heard(store, "file")
    assert (one.imported, one.gaps, one.share) == (True, (), 1.0)


def test_active_sources_that_do_not_count_are_told_too(store: SqliteStore) -> None:
    store.register([], [NEWS, FORUM])
    keep(store, [], heard=(T0, T0 + DAY))
    found = listened(store, ledgers(store), ["news"], WINDOW, T0 + 9 * DAY)
    (forum,) = (one for one in found if one.source == "forum")
    assert (forum.counted, forum.heard, forum.gaps[0].reason) == (False, 0, "never heard")


spans = st.lists(st.tuples(st.integers(-3, 40), st.integers(1, 9)), max_size=4)


@given(spans, spans)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_heard_and_gaps_fill_the_window(
    store: SqliteStore, stretches: list[tuple[int, int]], losses: list[tuple[int, int]]
) -> None:
    with store.writing() as db:
        for table in ("coverage", "gaps"):
            db.run(f"DELETE FROM {table}")
    keep(store, [], heard=(T0 - 9 * HOUR, T0 - 8 * HOUR))
    for since, length in stretches:
        keep(store, [], heard=(T0 + since * HOUR, T0 + (since + length) * HOUR))
    for since, length in losses:
        gap = Gap(T0 + since * HOUR, T0 + (since + length) * HOUR, f"lost {since}")
        store.commit(Kept(NEWS, [], gap=gap))
    window = Window(T0, T0 + 30 * HOUR)
    one = heard(store, window=window)
    inside = {h for since, length in stretches for h in range(since, since + length)}
    # What was lost is taken out of what was claimed before.
    live = {
        hour
        for row in ledgers(store)[0].live
        for hour in range((row.since - T0) // HOUR, (row.until - T0) // HOUR)
    }
    assert live <= inside | set(range(-9, -8))
    silent = {hour for hour in range(30) if hour not in live}
    told = [hour for gap in one.gaps for hour in range((gap.since - T0) // HOUR, (gap.until - T0) // HOUR)]
    assert sorted(told) == sorted(silent)
    assert one.heard + one.deaf == one.asked == 30 * HOUR
    lost = {hour for since, length in losses for hour in range(since, since + length)}
    for gap in one.gaps:
        hours = set(range((gap.since - T0) // HOUR, (gap.until - T0) // HOUR))
        assert hours <= lost if gap.reason.startswith("lost") else not hours & lost


def test_windows_compare_where_each_source_was_heard_alike() -> None:
    def one(source: str, share: float) -> Listened:
        return Listened(source, "feeds", True, False, round(share * 1000), 1000, ())

    assert unlike([one("a", 1.0), one("b", 0.5)], [one("a", 0.95), one("b", 0.45)]) == []
    assert unlike([one("a", 1.0)], [one("a", 0.85)]) == [("a", 1.0, 0.85)]
    assert unlike([one("a", 1.0), one("new", 1.0)], [one("a", 1.0)]) == [("new", 1.0, 0.0)]
    assert unlike([one("a", 0.0)], [one("a", 1.0)]) == [("a", 0.0, 1.0)]
    assert unlike([], [one("gone", 1.0)]) == [("gone", 0.0, 1.0)]
