"""Learns of edits and deletions on Hacker News from its item API (https://github.com/HackerNews/API).

The list of changed items shows a minute or so, which polls fall between; so each kept post is also visited again at
a few ages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog

from alerts.addresses import public_url
from listener.collectors import read_items
from listener.collectors.base import Ear, Permanent, Retriable
from listener.collectors.hackernews.search import page_of, said
from listener.collectors.post import Delete, Edit, Event, Post
from storage.mention import Reading, SetAside

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

MOST_ITEMS = 30
"""Items asked for in one poll; the others wait for the next one."""
MOST_WATCHED = 1_500
MOST_WAITING = 500
VISITS = (7_500, 86_400, 7 * 86_400)
"""Ages at which a kept post is visited: when its author can change it no more (two hours), a day, a week."""
_LONGEST_ANSWER = 4_000_000

log = structlog.get_logger(__name__)


@dataclass
class Watch:
    """Which kept posts are to be visited when. Plain JSON in `cursor`, so that a restart forgets none of them.

    `posts`: id -> [when it is due, hash of its text, its thread]. `waiting`: ids that have changed. `left_out`: how
    many newly kept posts found no room; of one poll, so not in the cursor.
    """

    posts: dict[str, tuple[int, str, str | None]] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    left_out: int = 0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Watch:
        """Read what `to_json` wrote."""
        posts = {key: (due, text, thread) for key, (due, text, thread) in value.get("posts", {}).items()}
        return cls(posts, list(value.get("waiting", ())))

    def to_json(self) -> dict[str, Any]:
        """What is kept in the cursor."""
        return {"posts": {key: list(seen) for key, seen in self.posts.items()}, "waiting": list(self.waiting)}

    def see(
        self, posts: Iterable[Post], ear: Ear, now: int, new: Collection[str] = frozenset()
    ) -> list[Edit]:
        """Remember which of these posts to visit later; return those kept before that may read otherwise now.

        `new`: ids that were not kept until now. Only they are counted where there is no room: each poll sees the
        others again.
        """
        edits = []
        for post in posts:
            if not ear.kept(post.native_id):
                continue
            before = self.posts.get(post.native_id)
            # Whoever died right after keeping a post has not noted how it read; the store knows.
            if before is None or before[1] != _hash(post):
                edits.append(Edit(post))
            if not self._plan(post, now) and post.native_id in new:
                self.left_out += 1
        return edits

    def _plan(self, post: Post, now: int) -> bool:
        """Note when to visit a post next; False where there is no room for it."""
        # A date in the future would hold a place until then, or for ever.
        written = now if post.published_at is None else min(post.published_at, now)
        due = next((written + age for age in VISITS if written + age > now), None)
        if due is None:
            self.posts.pop(post.native_id, None)
        elif post.native_id in self.posts or len(self.posts) < MOST_WATCHED:
            self.posts[post.native_id] = (due, _hash(post), post.thread)
        else:
            return False
        return True

    def changed(self, native_ids: Iterable[str], ear: Ear) -> int:
        """Put kept ones among these into the queue; return how many found no room in it."""
        new = [n for n in dict.fromkeys(native_ids) if n not in self.waiting and ear.kept(n)]
        room = max(0, MOST_WAITING - len(self.waiting))
        self.waiting += new[:room]
        return len(new[room:])

    def next_ones(self, now: int) -> list[str]:
        """Return the ids to ask for in this poll: what has changed first, then what has waited longest."""
        due = sorted((due, key) for key, (due, _, _) in self.posts.items() if due <= now)
        return list(dict.fromkeys([*self.waiting, *(key for _, key in due)]))[:MOST_ITEMS]

    def visited(self, native_id: str, event: Post | Delete | None, now: int) -> Edit | Delete | None:
        """Take note of a visit; return what it says that was not known."""
        before = self.posts.get(native_id)
        self.waiting = [key for key in self.waiting if key != native_id]
        if not isinstance(event, Post):
            self.posts.pop(native_id, None)
            return event
        if before is not None and event.thread is None:
            # An item names its parent only. Which story a comment belongs to, the search has told.
            event = replace(event, thread=before[2])
        self._plan(event, now)
        return None if before is not None and before[1] == _hash(event) else Edit(event)


def _hash(post: Post) -> str:
    return hashlib.sha256(post.text.encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Visited:
    """What one round of visits brought; `cut` counts changes that are not looked at."""

    events: list[Event]
    aside: list[SetAside]
    cut: int


class Items:
    """The item API at one address. While it fails, hearing goes on without it."""

    def __init__(self, client: PoliteClient, url: str, allow_private: bool, source: str) -> None:
        self._client = client
        self._url = url
        self._allow_private = allow_private
        self._source = source
        self._down = False
        self._not_before = 0.0

    async def visit(self, watch: Watch, ear: Ear, now: int) -> Visited:
        """Ask what has changed, and for the posts that are due; never raises for a failure of the service."""
        visited = Visited([], [], 0)
        if now < self._not_before:
            return visited
        cut = 0
        try:
            cut = watch.changed(await self._changed(), ear)
            for native_id in watch.next_ones(now):
                _take(native_id, await self._item(native_id), watch, visited, now)
        except (Retriable, Permanent) as failure:
            self._failed(failure, now)
        else:
            self._answered()
        return Visited(visited.events, visited.aside, cut)

    async def _changed(self) -> list[str]:
        answer = await self._get("updates")
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list):
            raise Retriable(f"{public_url(self._url)} answered something that is no list of changes")
        return [str(number) for number in items if type(number) is int]

    async def _item(self, native_id: str) -> Mapping[str, Any] | None:
        """Return an item, None where there is no such one."""
        answer = await self._get(f"item/{native_id}")
        if answer is None:
            return None
        # Another item's deletion must never wipe this one.
        if not isinstance(answer, dict) or str(answer.get("id")) != native_id:
            raise Retriable(f"{public_url(self._url)} answered something that is not the item asked for")
        return answer

    async def _get(self, what: str) -> Any:
        fetched = await self._client.get(
            f"{self._url}/v0/{what}.json",
            allow_private=self._allow_private,
            accept="application/json",
            max_bytes=_LONGEST_ANSWER,
        )
        try:
            return json.loads(fetched.body)
        except (ValueError, RecursionError) as error:
            raise Retriable(f"{public_url(self._url)} answered something that is no JSON") from error

    def _failed(self, failure: Retriable | Permanent, now: int) -> None:
        self._not_before = now + (getattr(failure, "retry_after", None) or 0.0)
        if not self._down:
            self._down = True
            log.warning("edits and deletions are not heard", source=self._source, reason=str(failure))

    def _answered(self) -> None:
        if self._down:
            self._down = False
            log.info("edits and deletions are heard again", source=self._source)


def _take(native_id: str, item: Mapping[str, Any] | None, watch: Watch, visited: Visited, now: int) -> None:
    items: list[Mapping[str, Any]] = [] if item is None else [item]
    read: list[Post | Delete]
    read, aside = read_items(items, item_to_event)
    event = watch.visited(native_id, read[0] if read else None, now)
    if event is not None:
        visited.events.append(event)
    visited.aside.extend(aside)
    counters = {} if item is None or isinstance(event, Delete) else _counters(item)
    if counters:
        visited.events.append(Reading(native_id, now, counters))


def item_to_event(item: Mapping[str, Any]) -> Post | Delete | None:
    """Turn an item into a Post, or into a Delete where its author or the moderators took it back."""
    native_id = str(item["id"])
    if item.get("deleted") is True or item.get("dead") is True:
        return Delete(native_id)
    title, text = said(item.get("title"), item.get("text"))
    if not text:
        return None
    parent, author = item.get("parent"), item.get("by") or None
    if not isinstance(author, str | None):
        raise TypeError("by is no text")
    return Post(
        native_id=native_id,
        text=text,
        published_at=int(item["time"]),
        title=title,
        author=author,
        url=page_of(native_id),
        in_reply_to=None if parent is None else str(parent),
        thread=native_id if parent is None else None,
    )


def _counters(item: Mapping[str, Any]) -> dict[str, int]:
    found = {"points": item.get("score"), "comments": item.get("descendants")}
    return {name: count for name, count in found.items() if type(count) is int}
