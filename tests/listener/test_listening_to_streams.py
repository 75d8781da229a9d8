"""A stream read by the daemon's own code: it never ends by itself, and everything else holds as for a poll."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path

import pytest

from listener import listening
from listener.collectors.base import Retriable
from listener.collectors.post import Delete, Event, Page, Post
from listener.config import load
from listener.station import Changes, Station, open_station
from storage import hearing, polling, quarantine, rematching
from storage.mention import Cursor, Gap, Heard, SetAside, Source
from storage.polling import STREAMS

NOW = 1_790_000_000
SOURCE = Source("sky", "bluesky")


class Stream:
    """Yields pages until it breaks or is closed."""

    source, poll, streams = SOURCE, 5, True

    def __init__(self, *pages: Page, breaks: bool = True) -> None:
        self._pages = pages
        self._breaks = breaks
        self.asked: list[Cursor | None] = []
        self.closed = False

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        self.asked.append(cursor)
        try:
            for page in self._pages:
                yield page
            if self._breaks:
                raise Retriable("it broke off")
            await asyncio.Event().wait()
        finally:
            self.closed = True


def page(number: int, *events: Event, **more: object) -> Page:
    return Page(events, {"at": number}, Heard(NOW - 100 + number, NOW - 99 + number), **more)  # type: ignore[arg-type]


def post(native_id: str, text: str = "acme", at: int = NOW) -> Post:
    return Post(native_id, text, at)


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text("brands: [{name: Acme, own: true}]\nstorage: {url: 'sqlite:///listener.db'}\n")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        await opened.writer.store(lambda store: store.register(opened.config.brands, [SOURCE]))
        yield opened


async def state(station: Station) -> polling.SourceState:
    return await listening.state(station, "sky")


async def test_each_page_is_kept_with_its_cursor_before_the_stream_breaks(station: Station) -> None:
    stream = Stream(page(1, post("1")), page(2, post("2")))
    assert await listening.poll(station, stream) == "failed"
    assert await listening.poll(station, stream) == "failed"
    assert stream.asked == [None, {"at": 2}]
    assert (await state(station)).posts == 2
    assert (await state(station)).error == "it broke off"


async def test_a_stream_that_goes_on_answers_and_is_told_so(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "STREAM_HOLDS", 0)
    told: list[tuple[str, bool]] = []
    station.heard_from = lambda source, answered: told.append((source, answered))
    stream = Stream(page(1, post("1")), breaks=False)
    task = asyncio.create_task(listening.poll(station, stream))
    await until(lambda: bool(told))
    assert told == [("sky", True)]
    found = await state(station)
    assert (found.last_answer_at, found.next_reason, found.failures) == (NOW, STREAMS, 0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert stream.closed


async def test_a_stream_that_says_a_word_and_breaks_does_not_answer(station: Station) -> None:
    for failures in (1, 2, 3):
        await listening.poll(station, Stream(page(failures, post(str(failures)))))
        assert (await state(station)).failures == failures


async def test_posts_that_were_let_pass_are_counted_as_lacking_in_the_sample(station: Station) -> None:
    ear = station.hearing.ear("bluesky")
    assert [ear.wanted(text) for text in ("acme", "nothing", "nothing at all")] == [True, False, False]
    await listening.poll(station, Stream(page(1, post("1"), post("2", "other"))))
    (share,) = rematching.sample_shares(station.reader, NOW - 3_600)
    assert (share.sampled, share.unsampled) == (1, 2)


async def test_an_item_with_half_a_letter_in_its_id_is_set_aside_and_does_no_harm(station: Station) -> None:
    broken = SetAside("at://\ud800", "KeyError", "{}")
    await listening.poll(station, Stream(page(1, set_aside=[broken])))
    assert [item.native_id for item in quarantine.items(station.reader)] == ["at://?"]


async def test_what_is_taken_back_leaves_the_quarantine(station: Station) -> None:
    ear = station.hearing.ear("bluesky")
    await listening.poll(station, Stream(page(1, set_aside=[SetAside("at://1", "KeyError", "{}")])))
    assert ear.kept("at://1")
    await listening.poll(station, Stream(page(2, Delete("at://1"))))
    assert not ear.kept("at://1")
    assert quarantine.items(station.reader) == []


async def test_after_a_restart_the_ears_know_what_is_kept_sampled_and_set_aside(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "brands: [{name: Acme, own: true}]\nstorage: {url: 'sqlite:///l.db'}\nsources: {bluesky: {}}\n"
    )
    config = load(file, {})
    aside = SetAside("at://3", "KeyError", "{}")
    async with open_station(config, lambda: NOW) as first:
        sky = Stream(page(1, post("at://1"), post("at://2", "other"), set_aside=[aside]))
        await listening.poll(first, sky)
    async with open_station(config, lambda: NOW) as second:
        ear = second.hearing.ear("bluesky")
        assert [ear.kept(f"at://{number}") for number in (1, 2, 3, 4)] == [True, True, True, False]


async def test_one_round_ends_when_all_is_heard_that_was_said_until_then(station: Station) -> None:
    stream = Stream(page(1, post("1")), page(50, post("2")), page(60, post("3")), breaks=False)
    assert await listening.poll(station, stream, until=NOW - 50) == "answered"
    assert stream.closed
    assert (await state(station)).posts == 2


async def test_what_is_kept_or_in_the_sample_is_known_to_the_ear_and_forgotten_when_it_is_erased(
    station: Station,
) -> None:
    ear = station.hearing.ear("bluesky")
    await listening.poll(station, Stream(page(1, post("1"), post("2", "other"))))
    assert (ear.kept("1"), ear.kept("2"), ear.kept("3")) == (True, True, False)
    await listening.poll(station, Stream(page(2, Delete("1"), Delete("2"))))
    assert (ear.kept("1"), ear.kept("2")) == (False, False)
    assert station.reader.rows("SELECT text FROM posts") == [("",)]
    assert station.reader.rows("SELECT count(*) FROM unmatched") == [(0,)]


async def test_what_is_cut_and_what_is_lost_is_counted_by_the_hour(station: Station) -> None:
    lost = Gap(NOW - 7_200, NOW - 3_600, "the server began later")
    await listening.poll(station, Stream(page(1, post("1"), cut=3, gap=lost)))
    assert hearing.gaps(station.reader) == {"sky": [lost]}
    day = hearing.last_day(station.reader, NOW)["sky"]
    assert (day.items, day.cut) == (1, 3)


async def test_backfilled_pages_make_nothing_fire_and_live_ones_do(station: Station) -> None:
    changes = Changes()
    station.watchers.append(changes)
    await listening.poll(station, Stream(page(1, post("1", at=NOW - 7200), first=True)))
    await listening.poll(station, Stream(page(2, post("2"))))
    assert await changes.take(0) == {("Acme", NOW // 3600)}


async def until(check: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not check():
            await asyncio.sleep(0.01)


class Limping:
    """Fails in the same way at each poll."""

    source, poll, streams = SOURCE, 5, False

    def __init__(self, failure: Retriable) -> None:
        self._failure = failure

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        raise self._failure
        yield


@pytest.mark.parametrize(
    ("failure", "least", "most"),
    [
        (Retriable("one of two is dead", partly=True), 5, 7),
        (Retriable("dead"), 15, 31),
        (Retriable("one of two asks for time", 60, partly=True), 60, 62),
    ],
)
async def test_what_answers_in_part_is_not_made_to_wait_for_the_rest(
    station: Station, failure: Retriable, least: int, most: int
) -> None:
    assert await listening.poll(station, Limping(failure)) == "failed"
    next_at = (await state(station)).next_poll_at
    assert next_at is not None
    assert least <= next_at - NOW <= most


async def test_a_stream_that_breaks_is_opened_again_at_once_and_one_that_stays_away_less_and_less(
    station: Station,
) -> None:
    waits = []
    for _ in range(3):
        await listening.poll(station, Stream())
        next_at = (await state(station)).next_poll_at
        assert next_at is not None
        waits.append(next_at - NOW)
    assert waits[0] <= 6
    assert waits[1] >= 30
    assert waits[2] >= 60
