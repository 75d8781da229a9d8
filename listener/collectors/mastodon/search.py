"""Reads back in time through a Mastodon server's search, which needs a token, once at the start."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from listener.collectors.base import Permanent, Retriable
from listener.collectors.mastodon.cursor import Search
from listener.collectors.mastodon.instance import Server
from listener.collectors.mastodon.statuses import Status, created
from listener.collectors.mastodon.timelines import LIMIT

MOST_PAGES = 25
"""Answers that are read for one phrase: a thousand statuses."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of the search, newest first, and where the search stands behind it."""

    statuses: list[Status]
    place: Search


async def search(
    server: Server, phrases: Sequence[str], place: Search, since: int
) -> AsyncGenerator[Found, None]:
    """Yield what a server finds of each phrase since a time. Raises Enough and Retriable.

    A server that refuses to search is left in peace: the timelines do not depend on it.
    """
    phrase, offset = place.phrase, place.offset
    while phrase < len(phrases):
        try:
            answer = await server.ask("/api/v2/search", _question(phrases[phrase], offset))
        except Permanent as refusal:
            log.warning("no history: the search was refused", source=server.name, reason=str(refusal))
            break
        statuses = _statuses(answer, server)
        dates = [made for status in statuses if (made := created(status)) is not None]
        new = [status for status in statuses if (created(status) or since) >= since]
        over = len(statuses) < LIMIT or max(dates, default=0) < since or offset >= (MOST_PAGES - 1) * LIMIT
        phrase, offset = (phrase + 1, 0) if over else (phrase, offset + LIMIT)
        yield Found(new, Search(phrase, offset, done=phrase >= len(phrases)))
    else:
        if not phrases:
            yield Found([], Search(done=True))
        return
    yield Found([], Search(phrase, offset, done=True))


def _question(phrase: str, offset: int) -> Mapping[str, str]:
    words = phrase.replace('"', " ").strip()
    quoted = f'"{words}"' if " " in words else words
    return {"q": quoted, "type": "statuses", "limit": str(LIMIT), "offset": str(offset)}


def _statuses(answer: object, server: Server) -> list[Status]:
    found = answer.get("statuses") if isinstance(answer, Mapping) else None
    if not isinstance(found, list):
        raise Retriable(f"{server.name} answered something that is no search result")
    return [status for status in found if isinstance(status, Mapping)]
