"""What was heard from when: joined as it comes, and measured by window."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import DAY, FILE, FORUM, HOUR, NEWS, T0, keep, names, post, value

from storage.coverage import Ledger, SourceHeard, ledgers
from storage.mention import Heard, Source
from storage.sqlite import SqliteStore

spans = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda s: (s[0], s[0] + s[1]))


def ledger(*live: tuple[int, int], imports: tuple[tuple[int, int], ...] = (), lateness: int = 0) -> Ledger:
    made = [tuple(Heard(*span) for span in group) for group in (live, imports)]
    return Ledger(1, "news", "feeds", lateness, True, made[0], made[1])


@pytest.mark.parametrize(
    ("stretches", "expected"),
    [
        ([(0, 10), (10, 20)], [(0, 20)]),
        ([(10, 20), (0, 10)], [(0, 20)]),
        ([(0, 10), (5, 20)], [(0, 20)]),
        ([(0, 20), (5, 10)], [(0, 20)]),
        ([(5, 10), (0, 20)], [(0, 20)]),
        ([(0, 10), (20, 30), (5, 25)], [(0, 30)]),
        ([(0, 10), (11, 20)], [(0, 10), (11, 20)]),
        ([(0, 10), (0, 10)], [(0, 10)]),
    ],
)
def test_stretches_that_touch_overlap_or_nest_are_joined(
    store: SqliteStore, stretches: list[tuple[int, int]], expected: list[tuple[int, int]]
) -> None:
    for stretch in stretches:
        keep(store, [], heard=stretch)
    assert [(s.since, s.until) for s in ledgers(store)[0].live] == expected


def test_imports_and_listening_and_other_sources_are_kept_apart(store: SqliteStore) -> None:
    keep(store, [], NEWS, heard=(0, 10))
    keep(store, [], Source("news", "import"), heard=(10, 20))
    keep(store, [], FORUM, heard=(5, 30))
    forum, news = ledgers(store)
    assert (news.live, news.imports) == ((Heard(0, 10),), (Heard(10, 20),))
    assert forum.live == (Heard(5, 30),)


@given(
    st.lists(spans, max_size=8),
    st.integers(0, 50),
    st.integers(1, 30),
    st.integers(0, 80),
    st.integers(0, 20),
)
def test_seconds_heard_are_those_of_a_count_second_by_second(
    stretches: list[tuple[int, int]], since: int, length: int, now: int, lateness: int
) -> None:
    heard = {second for stretch in stretches for second in range(*stretch)}
    joined = [s for s in sorted(heard) if s - 1 not in heard]
    ends = [s + 1 for s in sorted(heard) if s + 1 not in heard]
    made = ledger(*zip(joined, ends, strict=True), lateness=lateness)
    asked = range(since, max(min(since + length, now - lateness), since + 1))
    expected = SourceHeard("news", len(heard & set(asked)), len(asked))
    assert made.heard(since, since + length, now) == expected


def test_all_that_was_heard_before_a_time_is_counted_once() -> None:
    heard = ledger((10, 20), (40, 60), imports=((0, 15), (18, 30)))
    assert [heard.heard_before(at) for at in (0, 5, 12, 30, 45, 60, 99)] == [0, 5, 12, 30, 35, 50, 50]
    assert ledger().heard_before(99) == 0


def test_what_may_still_arrive_is_not_asked_for() -> None:
    made = ledger((0, 3000), lateness=600)
    assert made.heard(0, 3600, now=3600) == SourceHeard("news", 3000, 3000)
    assert made.heard(0, 3600, now=4200) == SourceHeard("news", 3000, 3600)
    assert made.heard(3600, 7200, now=3600).asked == 1


@pytest.mark.parametrize(
    ("window", "counts"),
    [
        ((0, 10), False),
        ((0, 11), True),
        ((20, 30), True),
        ((21, 30), False),
        ((12, 13), True),
        ((0, 99), True),
    ],
)
def test_an_import_counts_for_the_whole_of_a_window_that_it_touches(
    window: tuple[int, int], counts: bool
) -> None:
    # Its span holds the times of its first and last post, both within it; a window ends before its `until`.
    found = ledger(imports=((10, 20),)).heard(*window, now=1000)
    length = window[1] - window[0]
    assert found == SourceHeard("news", length if counts else 0, length)


@pytest.mark.parametrize(
    ("at", "end"), [(0, 10), (9, 10), (15, None), (20, 30), (29, 30), (31, None), (-1, None)]
)
def test_the_end_of_the_stretch_that_holds_a_moment(at: int, end: int | None) -> None:
    assert ledger((0, 10), (20, 30)).stretch_end(at) == end


def test_an_import_carries_on_where_listening_began_and_back() -> None:
    made = ledger((10, 20), (40, 50), imports=((0, 12), (18, 42)))
    assert made.stretch_end(5) == 50
    assert ledger((10, 20), imports=((0, 8),)).stretch_end(5) == 8


def test_one_dead_source_does_not_freeze_the_rest_and_is_named(store: SqliteStore) -> None:
    store.register([], [NEWS, FORUM])
    keep(store, [post("1", T0, names("Acme"))], NEWS, heard=(T0, T0 + HOUR))
    keep(store, [post("1", T0 - DAY, names("Acme"))], FORUM, heard=(T0 - DAY, T0 - HOUR))
    found = value(store, "mentions", (T0, T0 + HOUR))
    assert (found.value, found.reason, found.left_out) == (1, None, ("forum",))
    assert found.heard == (SourceHeard("news", HOUR, HOUR),)


def test_a_source_heard_in_any_part_counts_with_its_hours(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))], NEWS, heard=(T0, T0 + 360))
    keep(store, [post("1", T0 + 500, names("Acme"))], FORUM, heard=(T0, T0 + HOUR))
    found = value(store, "mentions", (T0, T0 + HOUR))
    assert found.value == 2
    assert found.to_json()["heard"] == [
        {"source": "forum", "hours_heard": 1.0, "hours_asked": 1.0},
        {"source": "news", "hours_heard": 0.1, "hours_asked": 1.0},
    ]


def test_a_source_that_is_configured_no_more_is_counted_but_never_missed(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))], NEWS, heard=(T0, T0 + HOUR))
    store.register([], [FORUM])
    assert value(store, "mentions", (T0, T0 + HOUR)).value == 1
    assert value(store, "mentions", (T0 + DAY, T0 + DAY + HOUR)).left_out == ("forum",)


@pytest.mark.parametrize(("heard", "used"), [(3239, False), (3240, True)])
def test_a_rule_uses_only_sources_heard_for_nine_tenths(store: SqliteStore, heard: int, used: bool) -> None:
    store.register([], [NEWS, FORUM])
    keep(store, [post("1", T0, names("Acme"))], NEWS, heard=(T0, T0 + HOUR))
    keep(store, [post("1", T0, names("Acme"))], FORUM, heard=(T0, T0 + heard))
    found = value(store, "mentions", (T0, T0 + HOUR), strict=True)
    assert (found.value, found.left_out) == ((2, ()) if used else (1, ("forum",)))


def test_a_rule_waits_for_a_late_source(store: SqliteStore) -> None:
    slow = Source("slow", "feeds", lateness=600)
    store.register([], [slow])
    keep(store, [post("1", T0, names("Acme"))], slow, heard=(T0, T0 + HOUR - 600))
    ask = {"strict": True, "now": T0 + HOUR}
    assert value(store, "mentions", (T0, T0 + HOUR), **ask).value == 1
    assert value(store, "mentions", (T0, T0 + HOUR), **{**ask, "now": T0 + HOUR + 600}).value is None


def test_sources_are_asked_for_by_name_or_kind(store: SqliteStore) -> None:
    for source in (NEWS, FORUM, FILE):
        keep(store, [post("1", T0, names("Acme"))], source, heard=(T0, T0 + HOUR))
    for only, expected in ((("news",), 1), (("feeds", "file"), 2), (("hackernews",), 1), ((), 3)):
        assert value(store, "mentions", (T0, T0 + HOUR), sources=only).value == expected
