"""Learns of edits and deletions on Hacker News from its item API (https://github.com/HackerNews/API).

The list of changed items shows a minute or so, which polls fall between; so kept posts are also looked at again at a
few ages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from alerts.addresses import public_url
from listener.collectors import read_items
from listener.collectors.base import Ear, Permanent, Retriable, Visited
from listener.collectors.hackernews.search import page_of, said
from listener.collectors.post import Delete, Edit, Event, Post
from storage.mention import Reading, SetAside

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

AGES = (3_600, 7_500, 86_400, 7 * 86_400)
"""Ages at which a kept post is looked at again: an hour, when its author can change it no more (two), a day, a week."""
AT_ONCE, MOST_CALLS = 10, 6
"""Items in one look, and looks after one poll."""
MOST_ITEMS = 30
"""Changed items asked for in one poll; the others wait for the next one."""
MOST_WAITING = 500
_LONGEST_ANSWER = 4_000_000

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Changes:
    """What the list of changes brought. `waiting`: ids that are not looked at yet; `cut`: those without room there."""

    waiting: list[str]
    events: list[Event] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    cut: int = 0

    def note(self, native_ids: Sequence[str], ear: Ear) -> None:
        """Let kept ones among these wait to be looked at."""
        new = [n for n in dict.fromkeys(native_ids) if n not in self.waiting and ear.kept(n)]
        room = max(0, MOST_WAITING - len(self.waiting))
        self.waiting += new[:room]
        self.cut += len(new[room:])


class Items:
    """The item API at one address. While it fails, hearing goes on without it."""

    def __init__(self, client: PoliteClient, url: str, allow_private: bool, source: str) -> None:
        self._client = client
        self._url = url
        self._allow_private = allow_private
        self._source = source
        self._down = False
        self._not_before = 0.0

    async def changes(self, waiting: Sequence[str], ear: Ear, now: int) -> Changes:
        """Ask what has changed, and look at what is kept of that; never raises for a failure of the service."""
        changes = Changes(list(waiting))
        if now < self._not_before:
            return changes
        try:
            changes.note(await self._changed(), ear)
            for native_id in changes.waiting[:MOST_ITEMS]:
                _take(native_id, await self._item(native_id), changes, now)
                changes.waiting.remove(native_id)
        except (Retriable, Permanent) as failure:
            self._rest(failure, now)
            if not self._down:
                self._down = True
                log.warning("edits and deletions are not heard", source=self._source, reason=str(failure))
        else:
            if self._down:
                self._down = False
                log.info("edits and deletions are heard again", source=self._source)
        return changes

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts. One that fails is unseen and costs no other. Raises Retriable and Permanent."""
        if now < self._not_before:
            raise Retriable(f"{public_url(self._url)} asked to be left alone", self._not_before - now)
        found, unseen = Changes([]), list[str]()
        for native_id in native_ids:
            try:
                item = await self._item(native_id)
            except (Retriable, Permanent) as failure:
                self._rest(failure, now)
                unseen.append(native_id)
                # Whoever asks to be left alone is; and where nothing answers, that is no matter of single items.
                if now < self._not_before or len(unseen) == len(native_ids):
                    raise
            else:
                _take(native_id, item, found, now)
        return Visited(found.events, found.aside, unseen)

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

    def _rest(self, failure: Retriable | Permanent, now: int) -> None:
        asked = failure.retry_after if isinstance(failure, Retriable) else None
        self._not_before = max(self._not_before, now + (asked or 0.0))


def _take(native_id: str, item: Mapping[str, Any] | None, changes: Changes, now: int) -> None:
    """Add what an item says; where there is none, or nothing in it, that says nothing of what is kept."""
    read: list[Post | Delete]
    read, aside = read_items([] if item is None else [item], item_to_event)
    changes.aside += aside
    changes.events += [Edit(event) if isinstance(event, Post) else event for event in read]
    counters = {} if item is None or any(isinstance(event, Delete) for event in read) else _counters(item)
    if counters:
        changes.events.append(Reading(native_id, now, counters))


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
