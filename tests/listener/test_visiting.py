"""Kept posts are looked at again after each poll, and whatever fails there costs no post and stops no hearing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from listener import daemon, errands, listening, visiting
from listener.collectors.base import Permanent, Retriable, Visited
from listener.collectors.post import Delete, Edit, Page, Post
from listener.config import load
from listener.http import TALLY
from listener.schedule import Bell, Bells
from listener.station import Station, open_station
from listener.supervisor import Supervisor
from listener.visiting import Visiting, visitor_of
from storage import visits
from storage.mention import Cursor, Reading, SetAside, Source, Visits

T0 = 1_790_000_000
HOUR = 3_600
SOURCE = Source("forum", "reddit", visits=Visits())


@dataclass
class Forum:
    """A collector whose looks answer as a test says, one answer a call; then with a like for each post."""

    answers: list[Visited | Exception] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    source: Source = SOURCE
    poll: int = 60
    streams: bool = False
    at_once: int = 2
    most_calls: int = 3

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        yield Page((), {})

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        self.asked.append(list(native_ids))
        TALLY.get().asked()
        answer = self.answers.pop(0) if self.answers else None
        TALLY.get().answered(well=not isinstance(answer, Exception))
        if isinstance(answer, Exception):
            raise answer
        return answer or Visited([Reading(one, now, {"likes": 1}) for one in native_ids])


class Clock:
    now = T0

    def __call__(self) -> float:
        return float(self.now)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def station(tmp_path: Path, clock: Clock) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text("brands: [{name: Acme, own: true}]\nstorage: {url: 'sqlite:///listener.db'}\n")
    async with open_station(load(file, {}), clock) as opened:
        await opened.writer.store(lambda store: store.register(opened.config.brands, [SOURCE]))
        yield opened


async def keep(station: Station, *native_ids: str) -> None:
    """Posts, a second apart."""
    posts = [Post(one, f"acme {one}", T0 + number) for number, one in enumerate(native_ids)]
    await listening.keep(station, Forum(), Page(posts, {"at": 1}))


def due(station: Station, now: int) -> list[str]:
    return visits.due(station.reader, "forum", now, 99)


async def test_what_is_due_is_looked_at_and_waits_for_its_next_time(station: Station, clock: Clock) -> None:
    await keep(station, *"abc")
    forum = Forum()
    looks = Visiting(station, forum)
    await looks.turn()
    assert forum.asked == []
    clock.now = T0 + HOUR + 1
    await looks.turn()
    await looks.turn()
    assert forum.asked == [["a", "b"]]
    clock.now += 1
    await looks.turn()
    assert forum.asked == [["a", "b"], ["c"]]
    assert station.reader.rows("SELECT count(*) FROM readings") == [(3,)]
    assert due(station, T0 + 24 * HOUR + 2) == ["a", "b", "c"]


async def test_edits_and_deletions_go_the_way_of_all_events_and_the_cursor_stays(
    station: Station, clock: Clock
) -> None:
    await keep(station, *"abc")
    clock.now = T0 + 2 * HOUR
    found = Visited([Edit(Post("a", "acme says more", T0)), Delete("b")], [SetAside("c", "KeyError", "{}")])
    await Visiting(station, Forum([found])).turn()
    assert station.reader.rows("SELECT text FROM posts ORDER BY native_id") == [
        ("acme says more",),
        ("",),
        ("acme c",),
    ]
    assert station.reader.rows("SELECT cursor FROM sources") == [('{"at": 1}',)]
    assert station.reader.rows("SELECT native_id FROM quarantine") == [("c",)]
    assert station.wiped and not station.hearing.ear("reddit").kept("b")
    clock.now = T0 + 25 * HOUR
    forum = Forum()
    await Visiting(station, forum).turn()
    assert forum.asked == [["a", "c"]]


async def test_a_turn_takes_no_more_than_the_collector_allows(station: Station, clock: Clock) -> None:
    await keep(station, *"abcdefgh")
    clock.now = T0 + 2 * HOUR
    forum = Forum()
    looks = Visiting(station, forum)
    await looks.turn()
    assert forum.asked == [["a", "b"], ["c", "d"], ["e", "f"]]
    await looks.turn()
    assert forum.asked[3:] == [["g", "h"]]


async def test_what_is_not_answered_stays_due_and_lets_the_others_go_first(
    station: Station, clock: Clock
) -> None:
    await keep(station, *"abcdefgh")
    clock.now = T0 + 2 * HOUR
    never = Visited(unseen=["a", "b"])
    forum = Forum([never])
    looks = Visiting(station, forum)
    await looks.turn()
    assert due(station, clock.now) == ["a", "b", "g", "h"]
    await looks.turn()
    assert forum.asked[3:] == [["g", "h"], ["a", "b"]]
    assert due(station, clock.now) == []


async def test_posts_that_always_fail_do_not_keep_the_others_waiting(station: Station, clock: Clock) -> None:
    await keep(station, *"abcd")
    clock.now = T0 + 2 * HOUR
    forum = Forum([Retriable("no"), Visited(), Retriable("no")])
    looks = Visiting(station, forum)
    await looks.turn()
    clock.now += 60
    await looks.turn()
    assert forum.asked == [["a", "b"], ["c", "d"], ["a", "b"]]
    assert due(station, clock.now) == ["a", "b"]


async def test_silence_is_no_deletion(station: Station, clock: Clock) -> None:
    await keep(station, "a")
    clock.now = T0 + 2 * HOUR
    await Visiting(station, Forum([Visited(unseen=["a"])])).turn()
    await Visiting(station, Forum([Visited()])).turn()
    assert station.reader.rows("SELECT text, erased_at FROM posts") == [("acme a", None)]


@pytest.mark.parametrize(
    ("failure", "shortest", "longest"),
    [
        (Retriable("down"), 15, 31),
        (Retriable("down", retry_after=500), 500, 501),
        (Permanent("refused", 403), 450, 901),
    ],
)
async def test_a_failure_loses_nothing_and_is_told_when_it_comes_and_when_it_goes(
    station: Station, clock: Clock, failure: Exception, shortest: int, longest: int
) -> None:
    await keep(station, *"abc")
    clock.now = T0 + 2 * HOUR
    forum = Forum([Visited(), failure, failure])
    looks = Visiting(station, forum)
    with capture_logs() as logs:
        await looks.turn()
        assert due(station, clock.now) == ["c"]
        clock.now += shortest - 1
        await looks.turn()
        assert len(forum.asked) == 2
        clock.now += longest - shortest + 1
        await looks.turn()
        assert len(forum.asked) == 3
        clock.now += 4 * longest
        await looks.turn()
    assert due(station, clock.now) == []
    assert [(line["event"], line["source"]) for line in logs if "looked" in line["event"]] == [
        ("kept posts are not looked at again", "forum"),
        ("kept posts are looked at again", "forum"),
    ]


async def test_a_wait_from_a_clock_that_ran_ahead_does_not_last(station: Station, clock: Clock) -> None:
    await keep(station, *"ab")
    clock.now = T0 + 50 * HOUR
    forum = Forum([Retriable("down")])
    looks = Visiting(station, forum)
    await looks.turn()
    clock.now = T0 + 2 * HOUR
    await looks.turn()
    assert forum.asked == [["a", "b"]] * 2


async def test_every_request_stands_in_the_ledger(station: Station, clock: Clock) -> None:
    await keep(station, *"abc")
    clock.now = T0 + 2 * HOUR
    await Visiting(station, Forum([Visited(), Retriable("down")])).turn()
    found = station.reader.rows("SELECT sum(requests), sum(answers), sum(errors) FROM source_hours")
    assert found == [(2, 1, 1)]


async def test_who_is_no_visitor_or_is_told_not_to_is_not_asked(station: Station, clock: Clock) -> None:
    await keep(station, "a")
    clock.now = T0 + 2 * HOUR
    silent = Forum(source=Source("forum", "reddit"))
    await Visiting(station, silent).turn()
    assert silent.asked == [] and visitor_of(silent) is None

    class Deaf:
        source, poll, streams = SOURCE, 60, False

        async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
            yield Page((), {})

    assert visitor_of(Deaf()) is None


async def test_only_so_many_are_remembered_as_asked_for_in_vain(
    station: Station, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visiting, "MOST_PUT_OFF", 3)
    await keep(station, *"abcd")
    clock.now = T0 + 2 * HOUR
    forum = Forum([Visited(unseen=["a", "b"]), Visited(unseen=["c", "d"])])
    looks = Visiting(station, forum)
    await looks.turn()
    assert looks._put_off == {"c", "d"}
    await looks.turn()
    assert due(station, clock.now) == []


# ---- when it happens


class Silent(Bells):
    """Bells that a test rings: no clock does."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Bell] = []

    def at(self, name: str, when: float, bell: Bell) -> None:
        self.waiting.append(bell)


async def test_the_daemon_takes_a_turn_after_each_poll_and_hearing_does_not_wait(
    station: Station, clock: Clock
) -> None:
    await keep(station, *"ab")
    clock.now = T0 + 2 * HOUR
    hung = asyncio.Event()

    class Hanging(Forum):
        polls = 0

        async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
            self.polls += 1
            yield Page((), {})

        async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
            self.asked.append(list(native_ids))
            await hung.wait()
            return Visited()

    forum = Hanging(poll=1)
    station.collectors = [forum]
    bells = Silent()
    with bells:
        day = daemon._Day(station, bells, Supervisor())
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(work) for work in (day._listen(forum), day._visit(forum))]
            await until(lambda: forum.asked == [["a", "b"]])
            polls = forum.polls
            await until(lambda: bool(bells.waiting))
            bells.waiting[0].set()
            await until(lambda: forum.polls > polls)
            assert due(station, clock.now) == ["a", "b"]
            hung.set()
            await until(lambda: due(station, clock.now) == [])
            for task in running:
                task.cancel()


async def test_a_source_that_asked_to_wait_is_not_asked_about_its_posts_either(
    station: Station, clock: Clock
) -> None:
    await keep(station, "a")
    clock.now = T0 + 2 * HOUR

    class Busy(Forum):
        async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
            raise Retriable("429", retry_after=900)
            yield

    class Down(Forum):
        async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
            raise Retriable("500")
            yield

    busy, down = Busy(), Down()
    await errands._poll(station, busy)
    assert busy.asked == []
    clock.now += 902
    await errands._poll(station, down)
    assert down.asked == [["a"]]


async def test_the_daemon_does_not_ask_about_posts_either_where_it_was_asked_to_wait(
    station: Station, clock: Clock
) -> None:
    class Busy(Forum):
        wait: float | None = 900

        async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
            raise Retriable("no", retry_after=self.wait)
            yield

    for wait, rings in ((900, False), (None, True)):
        forum = Busy()
        forum.wait = wait
        station.collectors = [forum]
        bells = Silent()
        day = daemon._Day(station, bells, Supervisor())
        task = asyncio.create_task(day._listen(forum))
        try:
            await until(lambda: bool(bells.waiting))  # noqa: B023
            assert day._visit_bells["forum"].is_set() == rings
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        clock.now += 902


async def test_posts_kept_by_an_older_version_are_planned_at_the_start(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "brands: [{name: Acme, own: true}]\nsources: {hackernews: {}}\nstorage: {url: 'sqlite:///listener.db'}\n"
    )
    async with open_station(load(file, {}), clock) as opened:
        (collector,) = opened.collectors
        await listening.keep(opened, collector, Page([Post("1", "acme", T0)], {"through": T0}))
        await opened.writer(lambda db: db.run("DELETE FROM visits"))
        await opened.writer(lambda db: db.run("UPDATE sources SET visits = NULL"))
    clock.now = T0 + HOUR
    async with open_station(load(file, {}), clock) as opened:
        assert visits.due(opened.reader, "hackernews", T0 + 3 * HOUR, 9) == ["1"]


async def test_a_stream_has_its_turns_by_the_clock(station: Station, clock: Clock) -> None:
    await keep(station, "a")
    clock.now = T0 + 2 * HOUR
    forum = Forum(streams=True)
    station.collectors = [forum]
    rung: list[float] = []

    class Counted(Bells):
        def every(self, seconds: float) -> Bell:
            rung.append(seconds)
            bell = Bell()
            bell.set()
            return bell

    day = daemon._Day(station, Counted(), Supervisor())
    task = asyncio.create_task(day._visit(forum))
    await until(lambda: forum.asked == [["a"]])
    assert rung == [60]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)
