"""How many posts hold a brand's words, hour by hour, as X counts them."""

from __future__ import annotations

from typing import Any

from listener.collectors.base import Retriable
from listener.collectors.x.accounts import next_of
from listener.collectors.x.paid import COUNTS, Api, items_of
from listener.collectors.x.posts import iso, seconds
from storage.mention import Counted

_MOST_COUNTED = 10**12


async def counts_of(api: Api, brand: str, query: str, since: int, until: int) -> list[Counted]:
    """How many posts a query finds, by hour."""
    asked = {"query": query, "start_time": iso(since), "end_time": iso(until), "granularity": "hour"}
    token = ""
    found: list[Counted] = []
    while True:
        more = {"next_token": token} if token else {}
        answer = await api.paid("/2/tweets/counts/recent", asked | more, COUNTS, lambda _: COUNTS)
        found += [_counted(brand, one, since, until) for one in items_of(answer)]
        token = next_of(answer)
        if not token:
            return found


def _counted(brand: str, item: Any, since: int, until: int) -> Counted:
    try:
        posts = item["tweet_count"] if "tweet_count" in item else item["post_count"]
        made = Counted(brand, seconds(item["start"]), seconds(item["end"]), posts)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise Retriable("the counts cannot be read") from None
    sensible = isinstance(posts, int) and not isinstance(posts, bool) and 0 <= posts < _MOST_COUNTED
    if not sensible or not since <= made.since < made.until <= until:
        raise Retriable("the counts make no sense")
    return made
