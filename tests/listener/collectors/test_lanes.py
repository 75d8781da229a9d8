"""The kit for lists that show their newest items first: places, coverage, gaps, failures."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ears import TestEar

from listener.collectors.base import Permanent, Retriable
from listener.collectors.lanes import PAGE, Lane, Lanes, Listing, Pace, Token
from listener.collectors.post import Edit, Page, Post
from storage.mention import Cursor, Heard, Reading

NOW = 1_800_000_000
PACE = Pace(history=10_000, overlap=100, answers=3)


class List:
    """A list of posts by time, of which an answer shows `room`, and all answers together `window`."""

    def __init__(
        self,
        key: str,
        times: Sequence[int] = (),
        room: int = 10,
        window: int | None = None,
        service: str = "",
    ) -> None:
        self.service = service
        self.key, self.times, self.room, self.window = key, list(times), room, window
        self.failure: Exception | None = None
        self.asked: list[tuple[int, Token | None]] = []

    @property
    def lane(self) -> Lane:
        return Lane(self.key, self._ask, windowed=self.window is not None, service=self.service)

    async def _ask(self, since: int, token: Token | None) -> Listing:
        self.asked.append((since, token))
        if self.failure:
            raise self.failure
        shown = sorted(self.times, reverse=True)[: self.window]
        start = int(token or 0)
        part = shown[start : start + self.room]
        events = [e for t in part for e in (self._post(t), Reading(f"{self.key}{t}", NOW, {"likes": 1}))]
        more = start + self.room if start + self.room < len(shown) else None
        return Listing(events, oldest=min(part, default=None), next=more)

    def _post(self, at: int) -> Post:
        return Post(f"{self.key}{at}", "acme", at)


async def read(
    lists: Sequence[List],
    cursor: Cursor | None,
    now: int = NOW,
    ear: TestEar | None = None,
    pace: Pace = PACE,
) -> tuple[list[Page], Exception | None]:
    ear = ear or TestEar()
    pages: list[Page] = []
    try:
        async for page in Lanes(ear, pace, now).pages([one.lane for one in lists], cursor):
            assert page.next_cursor == json.loads(json.dumps(page.next_cursor))
            pages.append(page)
            # As the daemon does once a page is kept.
            ear.ids.update(post.native_id for post in page.posts)
    except (Retriable, Permanent) as failure:
        return pages, failure
    return pages, None


def times(pages: Sequence[Page]) -> list[int | None]:
    return [event.published_at for page in pages for event in page.events if isinstance(event, Post)]


async def test_the_first_reading_goes_back_as_far_as_history() -> None:
    pages, failure = await read([List("a", [NOW - 20_000, NOW - 50, NOW - 5])], None)
    assert failure is None
    assert times(pages) == [NOW - 50, NOW - 5]
    assert all(page.first for page in pages)
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - 10_000, NOW)]


async def test_a_later_reading_looks_back_by_the_overlap_and_brings_edits() -> None:
    a, ear = List("a", [NOW - 5]), TestEar()
    pages, _ = await read([a], None, ear=ear)
    a.times += [NOW + 10, NOW - 60]
    later, _ = await read([a], pages[-1].next_cursor, NOW + 60, ear)
    assert times(later) == [NOW - 60, NOW + 10]
    assert [type(event) for event in later[0].events] == [Post, Edit, Post]
    assert a.asked[-1] == (NOW - 100, None)
    assert not any(page.first for page in later)
    assert later[-1].heard == Heard(NOW, NOW + 60)


async def test_readings_come_once_their_posts_are_kept() -> None:
    pages, _ = await read([List("a", [NOW - 5])], None)
    assert [type(event) for event in pages[0].events] == [Post]
    assert [type(event) for event in pages[1].events] == [Reading]


async def test_only_the_last_page_of_a_lane_moves_it() -> None:
    a = List("a", range(NOW - PAGE - 20, NOW), room=1_000)
    pages, _ = await read([a], None)
    assert [len(page.posts) for page in pages] == [PAGE, 20, 0]
    assert [bool((page.next_cursor or {})["lanes"]) for page in pages] == [False, False, True]
    assert times(pages) == sorted(a.times)


async def test_what_a_limit_keeps_from_us_is_a_gap() -> None:
    a = List("a", [NOW - 5])
    pages, _ = await read([a], None)
    a.times += range(NOW + 1, NOW + 41)
    later, _ = await read([a], pages[-1].next_cursor, NOW + 60)
    gap = later[-1].gap
    assert gap is not None and (gap.since, gap.until) == (NOW, NOW + 11)
    assert later[-1].heard == Heard(NOW + 11, NOW + 60)


async def test_a_first_reading_that_meets_a_limit_begins_where_it_ends() -> None:
    pages, _ = await read([List("a", range(NOW - 100, NOW))], None)
    assert pages[-1].gap is None
    assert pages[-1].heard == Heard(NOW - 30, NOW)


async def test_a_window_that_has_rolled_over_is_a_gap() -> None:
    a = List("a", [NOW - 5, NOW - 4], window=5)
    pages, _ = await read([a], None)
    assert pages[-1].heard == Heard(NOW - 5, NOW)
    a.times += [NOW + 1, NOW + 2]
    still, _ = await read([a], pages[-1].next_cursor, NOW + 10)
    assert still[-1].gap is None and still[-1].heard == Heard(NOW, NOW + 10)
    a.times += range(NOW + 20, NOW + 30)
    rolled, _ = await read([a], still[-1].next_cursor, NOW + 60)
    gap = rolled[-1].gap
    assert gap is not None and (gap.since, gap.until) == (NOW + 10, NOW + 25)
    assert rolled[-1].heard == Heard(NOW + 25, NOW + 60)


async def test_the_slowest_lane_says_what_is_heard() -> None:
    a, b = List("a", [NOW - 5]), List("b", [NOW - 6])
    pages, _ = await read([a, b], None)
    assert [page.heard for page in pages if page.heard] == [Heard(NOW - 10_000, NOW)]
    b.failure = Retriable("b is down")
    a.times.append(NOW + 5)
    partly, failure = await read([a, b], pages[-1].next_cursor, NOW + 60)
    assert times(partly) == [NOW - 5, NOW + 5]
    assert isinstance(failure, Retriable) and failure.partly and str(failure) == "b is down"
    assert not any(page.heard for page in partly)
    b.failure = None
    mended, _ = await read([a, b], partly[-1].next_cursor, NOW + 120)
    heard = [page.heard for page in mended if page.heard]
    assert heard == [Heard(NOW, NOW + 120)]


async def test_when_every_lane_refuses_so_does_the_source() -> None:
    a = List("a")
    a.failure = Permanent("gone", 404)
    pages, failure = await read([a], None)
    assert not pages and isinstance(failure, Permanent) and failure.status == 404


async def test_a_service_that_is_down_is_not_asked_for_every_lane() -> None:
    lists = [List(str(number)) for number in range(9)]
    for one in lists:
        one.failure = Retriable("down")
    _, failure = await read(lists, None)
    assert isinstance(failure, Retriable) and not failure.partly
    assert sum(len(one.asked) for one in lists) == 3


async def test_who_asks_to_wait_is_left_alone_at_once() -> None:
    a, b = List("a"), List("b")
    a.failure = b.failure = Retriable("too many", 77)
    _, failure = await read([a, b], None)
    assert isinstance(failure, Retriable) and failure.retry_after == 77
    assert len(a.asked) + len(b.asked) == 1


async def test_lanes_that_were_left_out_come_first() -> None:
    pace = Pace(history=10_000, overlap=100, asks=2)
    lists = [List(key, [NOW - 5]) for key in "abc"]
    pages, failure = await read(lists, None, pace=pace)
    assert failure is None and not any(page.heard for page in pages)
    more, _ = await read(lists, pages[-1].next_cursor, NOW + 60, pace=pace)
    assert [len(one.asked) for one in lists] == [2, 1, 1]
    assert lists[2].asked == [(NOW + 60 - 10_000, None)]
    assert [page.heard for page in more if page.heard] == [Heard(NOW - 9_940, NOW)]


async def test_a_lane_that_is_configured_no_more_holds_nothing_back() -> None:
    a, b = List("a", [NOW - 5]), List("b", [NOW - 5])
    pages, _ = await read([a, b], None)
    later, _ = await read([a], pages[-1].next_cursor, NOW + 60)
    assert later[-1].heard == Heard(NOW, NOW + 60)
    assert list((later[-1].next_cursor or {})["lanes"]) == ["a"]


async def test_an_answer_that_says_that_it_is_cut_tells_nothing_of_what_lies_before() -> None:
    shown: list[Post] = []

    async def ask(since: int, token: Token | None) -> Listing:
        return Listing(shown, cut=True)

    async def told(cursor: Cursor | None, now: int) -> list[Page]:
        lanes = [Lane("a", ask)]
        return [page async for page in Lanes(TestEar(), PACE, now).pages(lanes, cursor)]

    first = await told(None, NOW)
    assert all(page.heard is None and page.gap is None for page in first)
    shown.append(Post("1", "acme", NOW + 5))
    later = await told(first[-1].next_cursor, NOW + 60)
    gap = later[-1].gap
    assert gap is not None and (gap.since, gap.until) == (NOW, NOW + 60)
    assert all(page.heard is None for page in later)


async def test_a_poll_that_brings_nothing_says_through_when_it_heard() -> None:
    a = List("a")
    pages, _ = await read([a], None)
    assert [(page.heard, (page.next_cursor or {})["heard"]) for page in pages] == [
        (Heard(NOW - 10_000, NOW), NOW)
    ]
    later, _ = await read([a], pages[-1].next_cursor, NOW + 60)
    assert [page.heard for page in later] == [Heard(NOW, NOW + 60)]


async def test_lanes_that_never_answer_do_not_keep_the_others_waiting() -> None:
    lists = [List(key, [NOW - 5]) for key in "abcdefghi"]
    for dead in lists[:6]:
        dead.failure = Retriable("down")
    pages, failure = await read(lists, None)
    assert isinstance(failure, Retriable) and failure.partly and times(pages) == [NOW - 5] * 3
    later, failure = await read(lists, pages[-1].next_cursor, NOW + 60)
    assert isinstance(failure, Retriable) and failure.partly
    assert [len(one.asked) for one in lists] == [2] * 9
    assert set((later[-1].next_cursor or {})["failed"]) == set("abcdef")
    for dead in lists:
        dead.failure = None
    mended, _ = await read(lists, later[-1].next_cursor, NOW + 120)
    assert "failed" not in (mended[-1].next_cursor or {})
    assert mended[-1].heard is not None and mended[-1].heard.until == NOW + 120


async def test_those_that_fail_do_not_use_up_what_a_poll_may_ask_for() -> None:
    pace = Pace(history=10_000, overlap=100, asks=2)
    lists = [List(key, [NOW - 5]) for key in "abcd"]
    lists[0].failure = lists[1].failure = Permanent("gone", 404)
    pages, _ = await read(lists[1:], None, pace=pace)
    pages, _ = await read(lists, pages[-1].next_cursor, NOW + 60, pace=pace)
    assert times(pages) == [NOW - 5]
    assert [len(one.asked) for one in lists] == [1, 1, 1, 1]


async def test_a_service_that_asks_to_wait_does_not_silence_another() -> None:
    a, b = List("a", service="one"), List("b", [NOW - 5], service="two")
    a.failure = Retriable("too many", 77)
    pages, failure = await read([a, b], None)
    assert isinstance(failure, Retriable) and failure.partly and failure.retry_after == 77
    assert times(pages) == [NOW - 5]


async def test_a_lane_with_more_than_a_poll_may_ask_for_is_read_as_far_as_that() -> None:
    pace = Pace(history=10_000, overlap=100, asks=2)
    a, b = List("a", range(NOW - 100, NOW)), List("b", [NOW - 5])
    pages, failure = await read([a, b], None, pace=pace)
    assert failure is None and times(pages) == list(range(NOW - 20, NOW))
    later, _ = await read([a, b], pages[-1].next_cursor, NOW + 60, pace=pace)
    assert times(later) == [NOW - 5]


async def test_a_clock_that_was_ahead_loses_nothing_once_it_is_set_right() -> None:
    a, ear = List("a", [NOW - 5]), TestEar()
    pages, _ = await read([a], None, NOW + 86_400, ear, Pace(history=200_000, overlap=100))
    a.times.append(NOW + 30)
    later, _ = await read([a], pages[-1].next_cursor, NOW + 60, ear)
    assert a.asked[-1][0] == NOW - 40 and NOW + 30 in times(later)
    a.times.append(NOW + 70)
    more, _ = await read([a], later[-1].next_cursor, NOW + 120, ear)
    assert NOW + 70 in times(more)


async def test_what_is_pinned_to_the_top_does_not_hide_what_lies_between() -> None:
    async def ask(since: int, token: Token | None) -> Listing:
        shown = [NOW - 90_000, NOW - 1, NOW - 2] if token is None else [NOW - 3, NOW - 20_000]
        return Listing([Post(str(at), "acme", at) for at in shown], oldest=shown[-1], next=2)

    pages = [page async for page in Lanes(TestEar(), PACE, NOW).pages([Lane("a", ask)], None)]
    assert times(pages) == [NOW - 3, NOW - 2, NOW - 1]


async def test_what_overlaps_with_what_was_read_stays_heard_from_there() -> None:
    a, b = List("a", [NOW - 5]), List("b", [NOW - 5])
    pages, _ = await read([a, b], None)
    b.failure = Retriable("down")
    pages, _ = await read([a, b], pages[-1].next_cursor, NOW + 60)
    a.times += range(NOW + 10, NOW + 50)
    pages, _ = await read([a, b], pages[-1].next_cursor, NOW + 120)
    assert not any(page.gap for page in pages)
    b.failure = None
    mended, _ = await read([a, b], pages[-1].next_cursor, NOW + 180)
    assert [page.heard for page in mended if page.heard] == [Heard(NOW, NOW + 180)]


async def test_lanes_that_are_refused_for_good_do_not_keep_the_others_waiting() -> None:
    refused = [List(key) for key in "abcd"]
    for one in refused:
        one.failure = Permanent("gone", 404)
    pages, failure = await read([*refused, List("e", [NOW - 5])], None)
    assert times(pages) == [NOW - 5]
    assert isinstance(failure, Retriable) and failure.partly
