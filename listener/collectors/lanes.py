"""Reads a source in lanes: lists that show their newest items first, such as a search for a word, or one forum.

A collector says how one lane is asked for one answer; where each lane stands, what counts as heard, what is lost, and
what a failure of one lane means for the others is decided here, the same for all of them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from typing import Any

from listener.collectors.base import Ear, Permanent, Retriable
from listener.collectors.post import Edit, Event, Page, Post, plausible
from storage.mention import Cursor, Gap, Heard, Reading, SetAside

PAGE = 500
"""Posts of one lane that are kept together."""
REMEMBERED = 40
MOST_FAILURES = 3
"""Lanes in a row that may fail before a service is left alone: it is down, and the others would only say so again."""

Failure = Retriable | Permanent
Token = str | int
"""What a service wants to be told to show what is older: the number of a page, an item's id, a cursor of its own."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One answer of a lane, newest first. A reading stands beside its post, in any order.

    `oldest`: the time of the last item that the answer holds, kept or not; None where it holds none with a time. It is
    not the least of all: what is pinned to the top, however old, does not say that everything down to it was shown.
    `next`: what to ask with for what is older, None where there is nothing more. `cut`: there may be more, and no way
    to ask for it.
    """

    events: Sequence[Event] = ()
    aside: Sequence[SetAside] = ()
    oldest: int | None = None
    next: Token | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Lane:
    """One list. `key` names it in the cursor; `ask(since, token)` asks for what is newer than `since`, from `token` on.

    `windowed`: it shows only so many of its newest items, so that what is older is not absent but out of sight.
    `ask` may answer with more than it was asked for. It raises Retriable or Permanent. `service`: who answers, where a
    source asks several: one that is down, or asks to wait, is none of the others' business.
    """

    key: str
    ask: Callable[[int, Token | None], Awaitable[Listing]]
    windowed: bool = False
    service: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How a source is read; times in seconds.

    `history`: how far back the first reading goes; `overlap`: how late items may appear; `pause`: between two requests,
    where the service asks for it. `answers`: the most answers of one lane in a poll, `asks`: of all lanes together
    (None: no limit), `lanes`: the most lanes that are read in a poll; lanes that were left out come first in the next,
    before those that have failed.
    """

    history: int
    overlap: int
    answers: int = 10
    asks: int | None = None
    pause: float = 0.0
    lanes: int | None = None


@dataclass(slots=True)
class _Place:
    """Where a lane stands: everything in [since, through) was read. `seen`: marks of the newest items by then."""

    since: int
    through: int
    seen: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _State:
    """The cursor while a poll changes it. `heard`: the time through which every lane was read.

    `failed`: when the lanes that do not answer were asked last.
    """

    heard: int | None
    places: dict[str, _Place]
    failed: dict[str, int]

    @classmethod
    def of(cls, cursor: Cursor | None, keys: Iterable[str]) -> _State:
        """Of lanes that are not listened to any more nothing is kept: they would hold back what is heard."""
        found: dict[str, Any] = cursor or {}
        known, failed = found.get("lanes", {}), found.get("failed", {})
        return cls(
            found.get("heard"),
            {key: _Place(**known[key]) for key in keys if key in known},
            {key: failed[key] for key in keys if key in failed},
        )

    def cursor(self) -> Cursor:
        lanes = {key: asdict(place) for key, place in self.places.items()}
        return {"heard": self.heard, "lanes": lanes, **({"failed": dict(self.failed)} if self.failed else {})}

    def asked_at(self, key: str) -> int:
        """When a lane was asked last. Those that never answer must not stand before all others for ever."""
        place = self.places.get(key)
        return max(place.through if place else 0, self.failed.get(key, 0))

    def now_heard(self, keys: Sequence[str]) -> Heard | None:
        """What every lane was read through for since the last time: the slowest one says how far."""
        if not keys or any(key not in self.places for key in keys):
            return None
        since = max(self.heard or 0, *(self.places[key].since for key in keys))
        until = min(self.places[key].through for key in keys)
        if until <= since:
            return None
        self.heard = until
        return Heard(since, until)


@dataclass(slots=True)
class _Read:
    """What one lane had to tell. `since`: from when on nothing is missing; `hole`: what is lost since the last time."""

    events: list[Event]
    aside: list[SetAside]
    since: int
    seen: list[str]
    hole: tuple[int, int] | None = None


class _Enough(Exception):
    """The requests of this poll are used up; the rest waits for the next one."""


class Lanes:
    """Reads lanes one after the other. Made anew for each poll: what must outlive it stands in the cursor."""

    def __init__(self, ear: Ear, pace: Pace, now: int) -> None:
        self._ear = ear
        self._pace = pace
        self._now = now
        self._asked = 0
        self._failures: list[Failure] = []
        self._in_a_row: Counter[str] = Counter()
        self._answered = False

    async def pages(self, lanes: Sequence[Lane], cursor: Cursor | None) -> AsyncGenerator[Page, None]:
        """Yield what is new, oldest first; each page moves the cursor only as far as it has brought everything.

        What fails is raised once the other lanes have been read: Permanent where all of them refuse.
        """
        keys = [lane.key for lane in lanes]
        state = _State.of(cursor, keys)
        before = cursor
        turns = sorted(lanes, key=lambda lane: state.asked_at(lane.key))[: self._pace.lanes]
        while turns:
            lane = turns.pop(0)
            place = state.places.get(lane.key)
            try:
                read = await self._read(lane, place)
            except _Enough:
                break
            except (Retriable, Permanent) as failure:
                state.failed[lane.key] = self._now
                turns = self._without_what_is_down(turns, lane, failure)
                continue
            self._answered = True
            self._in_a_row[lane.service] = 0
            state.failed.pop(lane.key, None)
            async with aclosing(self._told(lane, read, state, keys, place is None)) as pages:
                async for page in pages:
                    before = page.next_cursor
                    yield page
        heard = state.now_heard(keys) if self._answered else None
        if self._answered and state.cursor() != before:
            yield Page((), state.cursor(), heard)
        self._tell()

    def _without_what_is_down(self, turns: list[Lane], lane: Lane, failure: Failure) -> list[Lane]:
        """The lanes that are still to be read after one has failed."""
        self._failures.append(failure)
        if isinstance(failure, Permanent):
            # What one lane is refused says nothing of the others.
            return turns
        self._in_a_row[lane.service] += 1
        if failure.retry_after is not None or self._in_a_row[lane.service] >= MOST_FAILURES:
            return [one for one in turns if one.service != lane.service]
        if self._in_a_row[lane.service] == MOST_FAILURES - 1:
            # Those that have failed for long come first: whether the service is down tells the one that answered last.
            last = [one for one in turns if one.service == lane.service][-1:]
            return last + [one for one in turns if one not in last]
        return turns

    async def _read(self, lane: Lane, place: _Place | None) -> _Read:
        """Ask a lane until it shows what was read before, or shows no more."""
        # Where the clock was set back, what was written since it first stood here is still to be read.
        known = min(place.through, self._now) if place else 0
        begin = known - self._pace.overlap if place else self._now - self._pace.history
        read = _Read([], [], begin if place is None else place.since, [])
        token: Token | None = None
        oldest: int | None = None
        cut = False
        # A lane that needs more than there are in a whole poll would begin again in each, and never end.
        for _ in range(min(self._pace.answers, self._pace.asks or self._pace.answers)):
            listing = await self._ask(lane, begin, token)
            read.events += listing.events
            read.aside += listing.aside
            oldest = oldest if listing.oldest is None else listing.oldest
            token, cut = listing.next, listing.cut
            if token is None or (oldest is not None and oldest < begin):
                break
        reached = oldest is not None and oldest < begin
        read.seen = _marks(read.events)
        if not reached and self._is_lost(lane, place, read, more=cut or token is not None):
            shown = min(max(oldest if oldest is not None else self._now, begin), self._now)
            if place is None:
                # Nothing was read before, so nothing is lost: it begins where the list begins.
                read.since = shown
            elif shown > known:
                read.hole, read.since = (known, shown), shown
        if place is None:
            read.events = [one for one in read.events if not self._is_older(one, begin)]
        return read

    async def _ask(self, lane: Lane, since: int, token: Token | None) -> Listing:
        if self._pace.asks is not None and self._asked >= self._pace.asks:
            raise _Enough
        if self._asked and self._pace.pause:
            await asyncio.sleep(self._pace.pause)
        self._asked += 1
        return await lane.ask(max(since, 0), token)

    def _is_lost(self, lane: Lane, place: _Place | None, read: _Read, *, more: bool) -> bool:
        """Whether there may be items between what a lane shows now and what was read before."""
        if more:
            return True
        if not lane.windowed:
            return False
        if place is None:
            return bool(read.events)
        # New items push out the oldest: where one of those is still there, none came and went unseen.
        return bool(place.seen) and set(place.seen).isdisjoint(_every_mark(read.events))

    def _is_older(self, event: Event, since: int) -> bool:
        if not isinstance(event, Post) or not plausible(event.published_at, self._now):
            return False
        return event.published_at is not None and event.published_at < since

    async def _told(
        self, lane: Lane, read: _Read, state: _State, keys: Sequence[str], first: bool
    ) -> AsyncGenerator[Page, None]:
        """Turn what was read into pages; only the last one moves the lane."""
        said = [self._as_edit(one) for one in reversed(read.events) if not isinstance(one, Reading)]
        for start in range(0, len(said), PAGE):
            aside = read.aside if start == 0 else ()
            yield Page(said[start : start + PAGE], state.cursor(), first=first, set_aside=aside)
        # Only now is it known which of them are kept.
        kept = [one for one in read.events if isinstance(one, Reading) and self._ear.kept(one.native_id)]
        place = state.places.get(lane.key)
        seen = read.seen or (place.seen if place else [])
        state.places[lane.key] = _Place(read.since, self._now, seen)
        gap = None if read.hole is None else Gap(*read.hole, f"{lane.key}: more was said than is shown")
        if kept or gap or said or read.aside:
            aside = () if said else read.aside
            heard = state.now_heard(keys)
            yield Page(kept, state.cursor(), heard, first=first, set_aside=aside, gap=gap)

    def _as_edit(self, event: Event) -> Event:
        """What is kept already may read otherwise now."""
        return Edit(event) if isinstance(event, Post) and self._ear.kept(event.native_id) else event

    def _tell(self) -> None:
        """Raise what failed, all together."""
        if not self._failures:
            return
        reason = "; ".join(dict.fromkeys(str(failure) for failure in self._failures))
        waits = [failure.retry_after for failure in self._failures if isinstance(failure, Retriable)]
        if not self._answered and not waits:
            statuses = {failure.status for failure in self._failures if isinstance(failure, Permanent)}
            raise Permanent(reason, statuses.pop() if len(statuses) == 1 else None)
        asked = max((wait for wait in waits if wait is not None), default=None)
        raise Retriable(reason, asked, partly=self._answered)


def _marks(events: Sequence[Event]) -> list[str]:
    """Marks of the newest items, to be looked for the next time."""
    return [_mark(one.native_id) for one in events if isinstance(one, Post)][:REMEMBERED]


def _every_mark(events: Sequence[Event]) -> set[str]:
    return {_mark(one.native_id) for one in events if isinstance(one, Post)}


def _mark(native_id: str) -> str:
    return hashlib.sha256(native_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
