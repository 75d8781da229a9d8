"""Listens to Product Hunt: new products and the comments under them, through its GraphQL interface, with a token."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from listener.collectors import read_items
from listener.collectors.asking import Address, Asker, PoliteOptions, Token
from listener.collectors.base import Collector, Ear, Grade, Permanent, Retriable
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Place
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Event, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Reading, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "producthunt"
GRADE: Grade = "silver"
OVERLAP = 2 * 86_400
"""Products of the last two days are read again: that is when people comment on them."""
_API = "https://api.producthunt.com/v2/api/graphql"
# What a request may cost is 6,250 in a quarter of an hour; each thing that may come counts.
_QUERY = """query($after: String, $since: DateTime) {
  posts(first: 20, after: $after, order: NEWEST, postedAfter: $since) {
    pageInfo { hasNextPage endCursor }
    edges { node {
      id name tagline description url createdAt votesCount commentsCount userId
      user { username }
      comments(first: 10, order: NEWEST) { edges { node {
        id body url createdAt votesCount userId user { username }
        replies(first: 5) { edges { node { id body url createdAt votesCount userId user { username } } } }
      } } }
    } }
  }
}"""


class Options(PoliteOptions):
    """The key `sources.producthunt` of config.yaml. `token`: a developer token of your application."""

    SHORTEST: ClassVar[int] = 600

    token: Token
    poll: Duration = 1_800
    history: Duration = Field(default=7 * 86_400, ge=60, le=90 * 86_400)
    url: Address = _API


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [ProductHunt(options, client, ear)]


class ProductHunt:
    """Reads the newest products with what is said under them."""

    streams = False

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        headers = {"Authorization": f"Bearer {options.token.get_secret_value()}"}
        self._asker = Asker(client, options.url, allow_private=options.allow_private, headers=headers)
        self.source = Source(KIND, KIND, lateness=2 * options.poll)
        self.poll = options.poll

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield new products and comments, oldest first."""

        async def ask(since: int, after: Place | None) -> Listing:
            posted = datetime.fromtimestamp(since, UTC).isoformat()
            return _listing(await self._posts({"after": after, "since": posted}), now)

        lanes = Lanes(self._ear, Pace(self._options.history, OVERLAP, answers=5), now)
        async with aclosing(lanes.pages([Lane("products", ask)], cursor)) as pages:
            async for page in pages:
                yield page

    async def _posts(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        body = json.dumps({"query": _QUERY, "variables": variables}).encode()
        answer, headers = await self._asker.post("", body)
        errors = answer.get("errors") if isinstance(answer, dict) else None
        if errors:
            _refuse(errors, headers)
        data = answer.get("data") if isinstance(answer, dict) else None
        posts = data.get("posts") if isinstance(data, dict) else None
        if not isinstance(posts, dict) or not isinstance(posts.get("edges"), list):
            raise self._asker.strange("")
        return posts


def _refuse(errors: object, headers: Mapping[str, str]) -> None:
    """Raise what an answer with errors means. What it says is not repeated: it may quote the request."""
    if "rate" in json.dumps(errors).lower():
        reset = headers.get("X-Rate-Limit-Reset", "")
        raise Retriable("Product Hunt: the limit is used up", float(reset) if reset.isdecimal() else 900.0)
    raise Permanent("Product Hunt refuses the request; check the token, and that its application may read")


def _listing(posts: Mapping[str, Any], now: int) -> Listing:
    nodes = list(_nodes(posts))
    events, aside = read_items(_said(nodes), to_event)
    counters: list[Event] = [
        Reading(_id(item), now, found) for item in _said(nodes) if (found := _counters(item))
    ]
    info = posts.get("pageInfo")
    more = info.get("endCursor") if isinstance(info, dict) and info.get("hasNextPage") is True else None
    dates = [made for node in nodes if (made := _time(node.get("createdAt"))) is not None]
    return Listing(
        [*events, *counters], aside, dates[-1] if dates else None, more if isinstance(more, str) else None
    )


def _nodes(connection: object) -> Iterator[dict[str, Any]]:
    """The things of one GraphQL connection."""
    edges = connection.get("edges") if isinstance(connection, dict) else None
    for edge in edges if isinstance(edges, list) else ():
        node = edge.get("node") if isinstance(edge, dict) else None
        if isinstance(node, dict):
            yield node


def _said(products: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each product, then each comment and reply under it, which say what they stand under."""
    for product in products:
        yield product
        for comment in _nodes(product.get("comments")):
            yield {**comment, "product": product.get("id")}
            for reply in _nodes(comment.get("replies")):
                yield {**reply, "product": product.get("id"), "parent": comment.get("id")}


def to_event(item: Mapping[str, Any]) -> Post | None:
    """Turn a product, or a comment (it has a `product`), into a Post; None where nothing is said."""
    parts = [to_plain(_text(item, key)) for key in ("name", "tagline", "description", "body")]
    text = "\n\n".join(dict.fromkeys(part for part in parts if part))[:LONGEST_TEXT]
    if not text:
        return None
    user = item.get("user")
    name = user.get("username") if isinstance(user, dict) else None
    if not isinstance(name, str | None):
        raise TypeError("username is no text")
    product, parent = item.get("product"), item.get("parent")
    thread = _product(item["id"] if product is None else product)
    answers = None if product is None else thread if parent is None else f"comment:{parent}"
    account = item.get("userId")
    return Post(
        native_id=_id(item),
        text=text,
        published_at=_time(item["createdAt"]),
        title=parts[0] or None,
        # The service hides who wrote it from applications that were not allowed to see it.
        author=None if name == "[REDACTED]" else name,
        author_id=str(account) if account not in (None, 0, "0") else None,
        url=_text(item, "url") or None,
        in_reply_to=answers,
        thread=thread,
    )


def _product(number: object) -> str:
    return f"product:{number}"


def _id(item: Mapping[str, Any]) -> str:
    number = item.get("id")
    if not isinstance(number, str | int):
        raise TypeError("id is neither text nor number")
    return _product(number) if item.get("product") is None else f"comment:{number}"


def _counters(item: Mapping[str, Any]) -> dict[str, int]:
    if not isinstance(item.get("id"), str | int):
        return {}
    found = {"likes": item.get("votesCount"), "comments": item.get("commentsCount")}
    return {name: count for name, count in found.items() if type(count) is int}


def _time(value: object) -> int | None:
    """Seconds since 1970 of a time as GraphQL writes it; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        return int(datetime.fromisoformat(value).timestamp())
    except (ValueError, OverflowError):
        return None


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value
