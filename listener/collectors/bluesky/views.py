"""Looks at kept posts on Bluesky again, by app.bsky.feed.getPosts: only counters, for the stream tells all the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from listener.collectors.base import Retriable, Visited
from storage.mention import Reading

if TYPE_CHECKING:
    from listener.http import PoliteClient

AT_ONCE = 25
"""Posts that one request may ask for."""
MOST_CALLS = 10
"""Requests a minute: an eightieth of what the service allows."""
_LONGEST_ID = 200
"""Ids are some 70 characters; 25 of what the protocol allows at most would make no address that a server takes."""
_COUNTERS = {
    "likes": "likeCount",
    "reposts": "repostCount",
    "replies": "replyCount",
    "quotes": "quoteCount",
}


class Views:
    """Asks a public service for posts as it shows them."""

    def __init__(self, api: str, client: PoliteClient, *, allow_private: bool) -> None:
        self._api = api
        self._client = client
        self._allow_private = allow_private

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Read the counters of posts. Raises Retriable and Permanent.

        A post that is not shown may be deleted, hidden by the service, or of an account that is away for a while: that
        it is missing says nothing.
        """
        asked = [uri for uri in native_ids if len(uri) <= _LONGEST_ID]
        if not asked:
            return Visited()
        fetched = await self._client.get(
            f"{self._api}/xrpc/app.bsky.feed.getPosts?{urlencode({'uris': asked}, doseq=True)}",
            allow_private=self._allow_private,
            accept="application/json",
            max_bytes=4_000_000,
        )
        found = (reading_of(view, now) for view in _posts(fetched.body))
        return Visited([reading for reading in found if reading is not None and reading.native_id in asked])


def reading_of(view: object, at: int) -> Reading | None:
    """The counters of a post as the service shows it; None where it shows none."""
    if not isinstance(view, Mapping) or not isinstance(uri := view.get("uri"), str):
        return None
    shown = {name: view.get(field) for name, field in _COUNTERS.items()}
    counters = {name: n for name, n in shown.items() if type(n) is int and 0 <= n < 2**53}
    return Reading(uri, at, counters) if counters else None


def _posts(body: bytes) -> Sequence[Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Retriable("the service for posts answered no JSON") from error
    posts = answer.get("posts") if isinstance(answer, dict) else None
    if not isinstance(posts, list):
        raise Retriable("the service for posts answered something else")
    return posts
