"""Turns what YouTube answers into events: videos by their ids, threads with their answers, the brands' own names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from listener.collectors import read_items
from listener.collectors.base import Ear
from listener.collectors.post import Event, Post
from listener.collectors.youtube.resources import VIDEO_PARTS, Resource, opened, placed, reading, to_event
from listener.collectors.youtube.service import MOST_IDS, Absent, Service
from storage.mention import SetAside

MOST_REPLIES = 20
"""Threads of which one poll asks for the answers that do not come with them."""
_REPLY_PAGES = 5
PLAIN = {"part": "snippet", "textFormat": "plainText"}
THREADS = {"part": "snippet,replies", "textFormat": "plainText"}
Told = tuple[list[Event], list[SetAside]]


class Reader:
    """Reads for one poll. `owners`: what the brands' accounts are configured as, by the ids of their channels."""

    def __init__(self, service: Service, ear: Ear, owners: Mapping[str, str], now: int) -> None:
        self._service = service
        self._ear = ear
        self._owners = owners
        self._now = now
        self._replies_left = MOST_REPLIES

    async def videos(self, ids: Sequence[str]) -> Told:
        """The videos of these ids, in this order, with what is counted of them. Raises Retriable and Permanent."""
        found: list[Resource] = []
        for start in range(0, len(ids), MOST_IDS):
            part = ids[start : start + MOST_IDS]
            videos = await self._service.by_id("videos", part, {"part": VIDEO_PARTS}, self._now)
            found += [videos[name] for name in part if name in videos]
        return self.told(found)

    async def threads(self, threads: Sequence[Any]) -> Told:
        """All comments of these threads, the newest first: answers stand before what they answer."""
        found: list[Resource] = []
        for thread in threads:
            first, *answers = opened([thread])
            if self._lacks_replies(first, len(answers)):
                self._replies_left -= 1
                # A list: what a stranger sent as an id may be anything.
                known = [answer.get("id") for answer in answers]
                answers += [one for one in await self._replies(first) if one.get("id") not in known]
            found += [*answers, first]
        return self.told(found)

    def told(self, items: Sequence[Resource]) -> Told:
        """Posts, and what is counted of them."""
        posts, aside = read_items(items, to_event)
        events: list[Event] = [self.named(post) for post in posts]
        events += [one for item in items if (one := reading(item, self._now)) is not None]
        return events, aside

    def named(self, post: Post) -> Post:
        """A brand's own post bears the name that its account is configured by; YouTube shows the channel's title."""
        handle = self._owners.get(post.author_id or "")
        return post if handle is None else replace(post, author=handle)

    def _lacks_replies(self, first: Resource, shown: int) -> bool:
        """Whether more was answered than came with the thread, and the thread may concern us."""
        total, snippet = first.get("replies"), first.get("snippet")
        if self._replies_left <= 0 or type(total) is not int or total <= shown:
            return False
        try:
            post = to_event(first)
        except (KeyError, TypeError, ValueError, AttributeError):
            return False
        if post is None or not isinstance(snippet, Mapping):
            return False
        return self._ear.kept(post.native_id) or self._ear.wanted(post.text, post.author_id, post.in_reply_to)

    async def _replies(self, first: Resource) -> list[Resource]:
        """All answers to a comment."""
        asked: dict[str, str | int] = {**PLAIN, "parentId": first["id"], "maxResults": 100}
        found: list[Resource] = []
        for _ in range(_REPLY_PAGES):
            try:
                answer = await self._service.ask("comments", asked, self._now)
            except Absent:
                # It was deleted a moment ago.
                break
            found += [self._placed(reply, first) for reply in answer.items]
            if answer.next is None:
                break
            asked["pageToken"] = answer.next
        return found

    def _placed(self, reply: Any, first: Resource) -> Resource:
        if not isinstance(reply, Mapping) or not isinstance(reply.get("snippet"), Mapping):
            return {"id": None, "no comment": reply}
        return placed(reply, first["snippet"].get("videoId"))
