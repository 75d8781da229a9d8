"""Reads one timeline of a Mastodon server from where it was left: pages by the ids that the server gives, as text.

Ids are compared for being the same, never for order: Mastodon makes them from the date that a status claims (so a late
one stands among the old), others from a hash.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import pairwise

from listener.collectors.base import Permanent, Retriable
from listener.collectors.mastodon.instance import Enough
from listener.collectors.mastodon.statuses import Status, created, local_id

LIMIT = 40
"""Statuses that Mastodon gives at most in one answer."""
RECENT = 12
"""How many ids are remembered of a timeline. More than one, because the newest may be deleted."""
LOOK_BACK = 3_600
LOOK_BACK_PAGES = 3
"""Statuses reach a server late, with their own date: that far, in seconds and in pages, what was read is read again."""

Ask = Callable[[dict[str, str]], Awaitable[list[Status]]]


@dataclass(slots=True)
class Place:
    """Where the reading of a timeline stands: the newest ids that were read, newest first, and the time that they
    reach. `since`: from when on nothing is missing. `first`: its first reading is not finished."""

    recent: list[str] = field(default_factory=list)
    through: int = 0
    since: int = 0
    first: bool = True


@dataclass(frozen=True, slots=True)
class Part:
    """Some statuses, oldest first. `recent` are the ids that stand for them in the cursor.

    `complete`: this was all there is. `since`: from when on nothing is missing, where this changes. `hole`: a
    stretch that the server does not give any more.
    """

    statuses: list[Status]
    recent: list[str]
    complete: bool = False
    since: int | None = None
    hole: tuple[int, int] | None = None


async def read(
    ask: Ask, place: Place | None, now: int, history: int, most: int
) -> AsyncGenerator[Part, None]:
    """Yield what is new, oldest first, and again what is recent; at most `most` answers are asked for, or a few more.

    Whoever keeps a part's `recent` before asking for the next one loses nothing.
    """
    top = await ask({})
    if place is None:
        async for part in _first(ask, top, now, history, most):
            yield part
        return
    known = frozenset(place.recent)
    if not top or known & _ids(top):
        older = await _look_back(ask, top, now)
        yield Part([*reversed(top + older)], _recent(top) or place.recent, complete=True)
        return
    async for part in _much(ask, top, place, now, most):
        yield part


async def _first(
    ask: Ask, top: list[Status], now: int, history: int, most: int
) -> AsyncGenerator[Part, None]:
    start = now - history
    walk = await _walk_back(ask, top, frozenset(), start, most, patient=False)
    since = start if walk.reached else max(start, min([*_dates(walk.statuses), now]))
    wanted: list[Status] = []
    before: list[Status] = []
    for status in walk.statuses:
        made = created(status)
        (before if made is not None and made < start else wanted).append(status)
    for part in _parts(wanted, before):
        yield Part(part.statuses, part.recent, part.complete, since)


async def _much(ask: Ask, top: list[Status], place: Place, now: int, most: int) -> AsyncGenerator[Part, None]:
    """More came than one answer holds, or what was known is gone: go forward from it, or else back to it."""
    known = set(place.recent)
    goal = frozenset(_recent(top)[:1])
    page = await ask({"min_id": place.recent[0]}) if place.recent else []
    # Servers that know no min_id, or not this one any more, answer the newest statuses, or nothing at all for ever.
    honoured = bool(page) and _last(page) not in _ids(top)
    if honoured:
        older = await _look_back(ask, page, now)
        if older:
            yield Part([*reversed(older)], place.recent)
    for _ in range(max(1, most)):
        if not honoured or not page:
            break
        known |= _ids(page)
        done = bool(known & goal)
        yield Part([*reversed(page)], _recent(page), complete=done)
        if done:
            return
        page = await ask({"min_id": _recent(page)[0]})
    else:
        return
    walk = await _walk_back(ask, top, frozenset(known), place.through - LOOK_BACK, most)
    oldest = min([*_dates(walk.statuses), now])
    hole = None if walk.reached or oldest <= place.through else (place.through, oldest)
    for number, part in enumerate(_parts(walk.statuses, ())):
        lost = hole if number == 0 else None
        yield Part(part.statuses, part.recent, part.complete, lost and lost[1], lost)


@dataclass(frozen=True, slots=True)
class _Walk:
    """Statuses newest first. `reached`: nothing is missing between them and where the walk was to end."""

    statuses: list[Status]
    reached: bool


async def _walk_back(
    ask: Ask, top: list[Status], known: AbstractSet[str], stop: int, most: int, *, patient: bool = True
) -> _Walk:
    """Read back until a known status, a date, or the end of the timeline.

    Raises Enough where the server's limit comes first; without patience this is where the walk ends.
    """
    found = list(top)
    seen = set(_ids(top))
    page = top
    for _ in range(max(1, most)):
        # All of it is old: a single late status, with its old date, may stand anywhere.
        if not page or known & _ids(page) or max(_dates(page), default=stop) < stop:
            return _Walk(found, reached=True)
        try:
            older = await ask({"max_id": _last(page)})
        except Permanent:
            # It shows the newest statuses and refuses the older ones.
            return _Walk(found, reached=False)
        except Enough:
            if patient:
                raise
            return _Walk(found, reached=False)
        if len(older) > 1 and _ids(top[:1]) & _ids(older):
            # Where the status to go on from was deleted in between, some servers begin again with the newest.
            raise Retriable("a timeline changed while it was read")
        page = _unseen(older, seen)
        found += page
        seen |= _ids(page)
    return _Walk(found, reached=not page)


async def _look_back(ask: Ask, page: list[Status], now: int) -> list[Status]:
    """Read again what is recent, behind a page: what arrived late stands there, and counters and texts have changed."""
    seen = set(_ids(page))
    found: list[Status] = []
    for _ in range(LOOK_BACK_PAGES):
        if not page or next(reversed(_dates(page)), now) <= now - LOOK_BACK:
            break
        try:
            older = await ask({"max_id": _last(page)})
        except Permanent:
            break
        page = _unseen(older, seen)
        found += page
        seen |= _ids(page)
    return found


def _parts(statuses: Sequence[Status], before: Sequence[Status]) -> list[Part]:
    """Cut statuses, newest first, into parts, oldest first. `before` are older ones, known but not wanted."""
    parts: list[Part] = []
    for end in range(len(statuses), 0, -LIMIT):
        begin = max(0, end - LIMIT)
        recent = _recent([*statuses[begin : begin + RECENT], *before[:RECENT]])
        parts.append(Part([*reversed(statuses[begin:end])], recent, complete=begin == 0))
    return parts or [Part([], _recent(before), complete=True)]


def newest_first(answer: object, where: str) -> list[Status]:
    """Take an answer for a page of a timeline. Raises Retriable for what is none.

    What is no status stays in, to be set aside.
    """
    if not isinstance(answer, list) or (answer and not any(local_id(item) for item in answer)):
        raise Retriable(f"{where} answered something that is no timeline")
    page: list[Status] = [
        item if isinstance(item, Mapping) else {"id": None, "item": item} for item in answer
    ]
    numbers = [int(name) for status in page if (name := local_id(status)) and name.isdecimal()]
    rising = sum(1 if one < two else -1 for one, two in pairwise(numbers))
    # Servers of Mastodon's kind, whose ids are numbers in order, may turn a page round when asked to go forward.
    return page[::-1] if rising > 0 else page


def _ids(statuses: Sequence[Status]) -> AbstractSet[str]:
    return {name for status in statuses if (name := local_id(status)) is not None}


def _unseen(page: list[Status], seen: AbstractSet[str]) -> list[Status]:
    fresh = [status for status in page if local_id(status) not in seen]
    return fresh if _ids(fresh) else []


def _last(page: Sequence[Status]) -> str:
    return next(name for status in reversed(page) if (name := local_id(status)) is not None)


def _recent(statuses: Sequence[Status]) -> list[str]:
    return [name for status in statuses if (name := local_id(status)) is not None][:RECENT]


def _dates(statuses: Sequence[Status]) -> list[int]:
    return [made for status in statuses if (made := created(status)) is not None]
