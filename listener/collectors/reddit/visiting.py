"""Looks at kept posts of Reddit again, a hundred at once: what was deleted there must go here."""

from __future__ import annotations

from collections.abc import Sequence

from listener.collectors import read_items
from listener.collectors.base import Visited
from listener.collectors.post import Delete, Edit, Event, Post
from listener.collectors.reddit.service import Service
from listener.collectors.reddit.things import reading, to_event

AT_ONCE = 100
WITNESS = "t5_2qh1i"
"""The subreddit AskReddit, that Reddit surely has: an answer without it says nothing about what else it lacks."""


async def visit(service: Service, names: Sequence[str], now: int) -> Visited:
    """Look at these fullnames, at most AT_ONCE. Raises Retriable and Permanent."""
    found = await service.info(names, now)
    things = [found[name] for name in names if name in found]
    read, aside = read_items(things, to_event, id_key="name")
    events: list[Event] = [Edit(one) if isinstance(one, Post) else one for one in read]
    events += [one for thing in things if (one := reading(thing, now)) is not None]
    missing = [name for name in names if name not in found]
    gone = await _gone(service, missing, now)
    events += [Delete(name) for name in gone]
    return Visited(events, aside, [name for name in missing if name not in gone])


async def _gone(service: Service, missing: Sequence[str], now: int) -> list[str]:
    """Which of those that are missing Reddit does not have: asked once more, beside one that it surely has."""
    asked = missing[: AT_ONCE - 1]
    if not asked:
        return []
    found = await service.info([WITNESS, *asked], now)
    return [name for name in asked if name not in found] if WITNESS in found else []
