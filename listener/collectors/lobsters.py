"""Listens to Lobsters: every new story and comment.

Stories come as JSON (`/newest.json`), comments only as RSS (`/comments.rss`), which does not say what they answer:
those that concern us are asked for one by one (`/c/ID.json`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import fastfeedparser
from pydantic import Field

from alerts.addresses import public_url
from listener.collectors import fields, read_items
from listener.collectors.asking import Address, Asker, PoliteOptions
from listener.collectors.base import Collector, Ear, Grade, Permanent, Retriable, Visited
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Older
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Delete, Edit, Event, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "lobsters"
GRADE: Grade = "silver"
OVERLAP = 1_800
SITE = "site"
"""The key under which we note with each item where it was read."""
_LINK = re.compile(r"/c/([0-9a-z]{1,20})\Z")
_STORY = re.compile(r"/s/([0-9a-z]{1,20})\b")
_COUNTED = {"score": "score", "comment_count": "comments"}
_NO_COMMENT = b"can't find comment"


class Options(PoliteOptions):
    """The key `sources.lobsters` of config.yaml. `url`: Lobsters, or another site that runs its software."""

    SHORTEST: ClassVar[int] = 300

    url: Address = "https://lobste.rs"
    poll: Duration = 900
    history: Duration = Field(default=86_400, ge=60, le=366 * 86_400)


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Lobsters(options, client, ear)]


class Lobsters:
    """Reads the newest stories and comments, and visits what is kept one by one."""

    streams = False
    at_once = 10
    most_calls = 1

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._client = client
        self._ear = ear
        self._asker = Asker(client, options.url, allow_private=options.allow_private)
        self.source = Source(KIND, KIND, 2 * options.poll, Visits())
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what was written since the last poll: stories, then comments, each oldest first."""
        self._ear.know(self._ear.handles)
        pause = 0.0 if self._options.allow_private else 2.0
        pace = Pace(self._options.history, OVERLAP, answers=20, pause=pause)
        lanes = [Lane("stories", partial(self._stories, now)), Lane("comments", partial(self._comments, now))]
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    async def _stories(self, now: int, since: int, token: Older | None) -> Listing:
        page = int(token or 1)
        path = "/newest.json" if page == 1 else f"/newest/page/{page}.json"
        found = await self._asker.get(path)
        if not isinstance(found, list):
            raise self._asker.strange(path)
        events, aside = self._read(found, now)
        times = [at for one in found if (at := fields.instant_or_none(one, "created_at")) is not None]
        return Listing(events, aside, times[-1] if times else None, page + 1 if found else None)

    async def _comments(self, now: int, since: int, token: Older | None) -> Listing:
        page = int(token or 1)
        path = "/comments.rss" if page == 1 else f"/comments/page/{page}.rss"
        entries = await self._feed(path)
        wanted = [
            found[1] for one in entries if (found := _LINK.search(_said(one, "link"))) and self._concerns(one)
        ]
        items = [item for number in wanted if (item := await self._comment(number)) is not None]
        events, aside = self._read(items, now)
        times = [at for one in entries if (at := fields.instant_or_none(one, "published")) is not None]
        return Listing(events, aside, times[-1] if times else None, page + 1 if entries else None)

    async def _feed(self, path: str) -> list[Any]:
        """The entries of a feed. Raises Retriable for what is none."""
        url = self._options.url + path
        fetched = await self._client.get(
            url, allow_private=self._options.allow_private, accept="application/rss+xml, text/xml"
        )
        try:
            feed = await asyncio.to_thread(fastfeedparser.parse, fetched.body)
        except (ValueError, RecursionError) as error:
            raise Retriable(f"{public_url(url)} answered something that is no feed") from error
        return list(feed["entries"])

    def _concerns(self, entry: Any) -> bool:
        """Whether it is worth a request: by its words, or because it is kept. What answers a kept post is unknown."""
        return self._ear.wanted(to_plain(_said(entry, "description")), _author(_said(entry, "author")))

    async def _comment(self, number: str) -> Any:
        """A comment in full; None where it was taken back meanwhile."""
        try:
            return await self._asker.get(f"/c/{number}.json")
        except Permanent as failure:
            if _is_gone(failure):
                return None
            raise

    def _read(self, items: Sequence[Any], now: int) -> tuple[list[Event], list[Any]]:
        ours = [{**item, SITE: self._options.url} if isinstance(item, dict) else item for item in items]
        events, aside = read_items(ours, to_event, "short_id")
        found: list[Event] = list(events)
        for item in ours:
            name = _name(item)
            if name is not None and (counted := fields.reading(name, now, item, _COUNTED)) is not None:
                found.append(counted)
        return found, aside

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts again, one request for each."""
        events: list[Event] = []
        aside: list[Any] = []
        unseen: list[str] = []
        for native_id in native_ids:
            try:
                item = await self._asker.get(f"/{native_id}.json")
            except Permanent as failure:
                if not _is_gone(failure):
                    raise
                events.append(Delete(native_id))
                continue
            if _name(item) != native_id:
                unseen.append(native_id)
                continue
            found, broken = self._read([item], now)
            events += [Edit(one) if isinstance(one, Post) else one for one in found]
            aside += broken
        return Visited(events, aside, unseen)


def _is_gone(failure: Permanent) -> bool:
    """Whether there is no such post; for a comment that it does not know, the site answers 400."""
    return failure.status in (404, 410) or (failure.status == 400 and failure.answer.startswith(_NO_COMMENT))


def to_event(item: Mapping[str, Any]) -> Post | Delete | None:
    """Turn a story or a comment into a Post, or a Delete where it was taken back; None where it is empty.

    A comment's text is its own only: with the story's title in it, every comment would name the brand.
    """
    native_id = _name(item)
    if native_id is None:
        raise ValueError("no short_id")
    if item.get("is_deleted") is True or item.get("is_moderated") is True:
        return Delete(native_id)
    is_comment = native_id.startswith("c/")
    title = None if is_comment else to_plain(fields.text(item, "title") or "") or None
    body = to_plain(fields.text(item, "comment" if is_comment else "description") or "")
    text = "\n\n".join(part for part in (title, body) if part)[:LONGEST_TEXT]
    if not text:
        return None
    parent = fields.text(item, "parent_comment") if is_comment else None
    story = _STORY.search(fields.text(item, "url") or "") if is_comment else None
    thread = f"s/{story[1]}" if story else None if is_comment else native_id
    author = _user(item.get("commenting_user" if is_comment else "submitter_user"))
    return Post(
        native_id=native_id,
        text=text,
        published_at=fields.instant(fields.text(item, "created_at")),
        title=title,
        author=author,
        author_id=author,
        url=f"{item[SITE]}/{native_id}",
        in_reply_to=f"c/{parent}" if parent else thread if is_comment else None,
        thread=thread,
    )


def _name(item: object) -> str | None:
    """The native id: stories and comments are numbered apart."""
    number = item.get("short_id") if isinstance(item, Mapping) else None
    if (
        not isinstance(item, Mapping)
        or not isinstance(number, str)
        or not re.fullmatch("[0-9a-z]{1,20}", number)
    ):
        return None
    return f"c/{number}" if "commenting_user" in item else f"s/{number}"


def _user(user: object) -> str | None:
    """A name; older versions tell the whole account."""
    name = user.get("username") if isinstance(user, Mapping) else user
    if not isinstance(name, str | None):
        raise TypeError("the user has no name")
    return name or None


def _author(said: str) -> str | None:
    """The name in "ann@lobste.rs (ann)"."""
    return said.partition("@")[0] or None


def _said(entry: Any, key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""
