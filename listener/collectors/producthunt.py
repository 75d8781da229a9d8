"""Listens to Product Hunt: new products and the comments under them, through its GraphQL interface, with a token."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from listener.collectors import fields, read_items
from listener.collectors.asking import Address, Asker, PoliteOptions, Token
from listener.collectors.base import Collector, Ear, Grade, Permanent, Retriable, Visited
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Place
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Delete, Edit, Event, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Reading, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "producthunt"
GRADE: Grade = "silver"
OVERLAP = 2 * 86_400
"""Products of the last two days are read again: that is when people comment on them."""
_API = "https://api.producthunt.com/v2/api/graphql"
# What a request may cost is 6,250 in a quarter of an hour; each thing that may come counts.
_PRODUCTS = "product:"
_COMMENT = "id body url createdAt votesCount userId user { username }"
_PRODUCT = "id name tagline description url createdAt votesCount commentsCount userId user { username }"
_QUERY = f"""query($after: String, $since: DateTime) {{
  posts(first: 20, after: $after, order: NEWEST, postedAfter: $since) {{
    pageInfo {{ hasNextPage endCursor }}
    edges {{ node {{
      {_PRODUCT}
      comments(first: 10, order: NEWEST) {{ edges {{ node {{
        {_COMMENT}
        replies(first: 5) {{ edges {{ node {{ {_COMMENT} }} }} }}
      }} }} }}
    }} }}
  }}
}}"""


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
    """Reads the newest products with what is said under them, and looks at kept ones again."""

    streams = False
    at_once = 20
    most_calls = 2

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        headers = {"Authorization": f"Bearer {options.token.get_secret_value()}"}
        self._asker = Asker(client, options.url, allow_private=options.allow_private, headers=headers)
        self.source = Source(KIND, KIND, lateness=2 * options.poll, visits=Visits())
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield new products and comments, oldest first."""

        async def ask(since: int, after: Place | None) -> Listing:
            posted = datetime.fromtimestamp(since, UTC).isoformat()
            return _listing(await self._posts({"after": after, "since": posted}), now)

        lanes = Lanes(self._ear, Pace(self._options.history, OVERLAP, answers=5), now)
        return lanes.pages([Lane("products", ask)], cursor)

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept products and comments, all of them in one request. Raises Retriable and Permanent."""
        answer, headers = await self._ask(
            _look(native_ids), {f"i{n}": _number(one) for n, one in enumerate(native_ids)}
        )
        data = answer.get("data")
        # The newest product of all is asked for with them: where even that does not come, nothing else is gone.
        if not isinstance(data, dict) or not list(_nodes(data.get("newest"))):
            _refuse_errors(answer, headers)
            raise self._asker.strange("")
        told = {one: data.get(f"i{n}") for n, one in enumerate(native_ids)}
        items = [_as_asked(one, item) for one, item in told.items() if isinstance(item, dict)]
        read, aside = read_items(items, to_event)
        events: list[Event] = [Edit(post) for post in read]
        events += _readings(items, now)
        # With a complaint beside it, a missing one may only have been refused.
        sure = not answer.get("errors")
        gone = [one for n, one in enumerate(native_ids) if sure and data.get(f"i{n}", ...) is None]
        unseen = [one for one, item in told.items() if not isinstance(item, dict) and one not in gone]
        return Visited([*events, *map(Delete, gone)], aside, unseen)

    async def _posts(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        answer, headers = await self._ask(_QUERY, variables)
        _refuse_errors(answer, headers)
        data = answer.get("data")
        posts = data.get("posts") if isinstance(data, dict) else None
        if not isinstance(posts, dict) or not isinstance(posts.get("edges"), list):
            raise self._asker.strange("")
        return posts

    async def _ask(
        self, query: str, variables: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        answer, headers = await self._asker.post("", body)
        if not isinstance(answer, dict):
            raise self._asker.strange("")
        return answer, headers


def _look(native_ids: Sequence[str]) -> str:
    """The query for these products and comments, each by a variable of its own, and for the newest product."""
    parts = [
        f"i{n}: post(id: $i{n}) {{ {_PRODUCT} }}"
        if one.startswith(_PRODUCTS)
        else f"i{n}: comment(id: $i{n}) {{ {_COMMENT} }}"
        for n, one in enumerate(native_ids)
    ]
    declared = ", ".join(f"$i{n}: ID!" for n in range(len(native_ids)))
    newest = "newest: posts(first: 1, order: NEWEST) { edges { node { id } } }"
    return f"query({declared}) {{ {newest} {' '.join(parts)} }}"


def _number(native_id: str) -> str:
    return native_id.partition(":")[2]


def _as_asked(native_id: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """The item, marked as what was asked for: a comment that is asked for by itself does not tell its product.

    Another item's words must never stand in this one.
    """
    if str(item.get("id")) != _number(native_id):
        return {"id": _number(native_id), "body": item}
    return {**item} if native_id.startswith(_PRODUCTS) else {**item, "product": ""}


def _refuse_errors(answer: Mapping[str, Any], headers: Mapping[str, str]) -> None:
    if errors := answer.get("errors"):
        _refuse(errors, headers)


def _refuse(errors: object, headers: Mapping[str, str]) -> None:
    """Raise what an answer with errors means. What it says is not repeated: it may quote the request."""
    if "rate" in json.dumps(errors).lower():
        reset = headers.get("X-Rate-Limit-Reset", "")
        raise Retriable("Product Hunt: the limit is used up", float(reset) if reset.isdecimal() else 900.0)
    raise Permanent("Product Hunt refuses the request; check the token, and that its application may read")


def _listing(posts: Mapping[str, Any], now: int) -> Listing:
    nodes = list(_nodes(posts))
    events, aside = read_items(_said(nodes), to_event)
    counters = _readings(_said(nodes), now)
    info = posts.get("pageInfo")
    more = info.get("endCursor") if isinstance(info, dict) and info.get("hasNextPage") is True else None
    dates = [made for node in nodes if (made := fields.instant_or_none(node, "createdAt")) is not None]
    return Listing(
        [*events, *counters], aside, dates[-1] if dates else None, more if isinstance(more, str) else None
    )


def _readings(items: Iterable[dict[str, Any]], now: int) -> list[Event]:
    return [Reading(_id(item), now, found) for item in items if (found := _counters(item))]


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
    parts = [to_plain(fields.text(item, key) or "") for key in ("name", "tagline", "description", "body")]
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
        published_at=fields.instant(item["createdAt"]),
        title=parts[0] or None,
        # The service hides who wrote it from applications that were not allowed to see it.
        author=None if name == "[REDACTED]" else name,
        author_id=str(account) if account not in (None, 0, "0") else None,
        url=fields.text(item, "url"),
        in_reply_to=answers,
        thread=thread,
    )


def _product(number: object) -> str:
    return f"{_PRODUCTS}{number}"


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
