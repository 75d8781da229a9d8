"""What Bluesky tells of the brands' own accounts beside the stream: followers, what they wrote, who spoke to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard
from urllib.parse import urlencode

import structlog

from listener.collectors import read_items
from listener.collectors.base import Ear, Permanent, Retriable
from listener.collectors.bluesky.accounts import AT_A_TIME, Accounts
from listener.collectors.bluesky.place import Place
from listener.collectors.bluesky.posts import seconds, shown
from listener.collectors.bluesky.search import GaveUp, Search
from listener.collectors.post import Figure, Page, Post
from storage.mention import SetAside

A_PAGE = 100
"""Posts, or notifications, that one request may ask for."""
MOST_PAGES = 20
_LONGEST = 1_000
AGAIN = 900.0
"""Seconds until what failed is tried again."""
FIGURES = {"followersCount": "followers", "followsCount": "follows", "postsCount": "posts_total"}
REASONS = ("reply", "mention", "quote")
"""The notifications that are posts."""

log = structlog.get_logger(__name__)
Item = Mapping[str, Any]


@dataclass(slots=True)
class _Errand:
    """What is left to read of the past: the accounts one by one, then the notifications."""

    since: int
    accounts: list[str]
    notifications: bool


class Own:
    """Does one thing at a time, so that the stream never waits long; nothing that fails here costs a post of it.

    What is owed stands in the cursor until all of it was read, and is read again from the start by whoever was
    interrupted: what is known dies on its id. Nothing here counts as having heard anything.
    """

    def __init__(
        self,
        accounts: Accounts,
        ear: Ear,
        search: Search | None,
        login: str | None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._ear = ear
        self._search = search
        self._login = login
        self._monotonic = monotonic
        self._errand: _Errand | None = None
        self._silent_until = float("-inf")
        self._failed = False

    @property
    def _inbox(self) -> Search | None:
        """Whom to ask for notifications: the login, where it is one of the brands' accounts."""
        handles = {handle.lstrip("@").casefold() for handle in self._ear.handles}
        mine = self._login is not None and self._login.lstrip("@").casefold() in handles
        return self._search if mine else None

    async def news(self, place: Place, now: int) -> Sequence[Page]:
        """Return what is due: today's figures, or the next part of what the stream did not bring."""
        if self._monotonic() < self._silent_until or not self._accounts.own:
            return ()
        today = datetime.fromtimestamp(now, UTC).date().isoformat()
        try:
            found: Sequence[Page] = ()
            if place.figures != today:
                figures = await self._figures(today)
                place.figures = today
                found = [Page(figures, place.cursor())]
            elif place.owed is not None:
                found = [await self._next(place, place.owed)]
            self._failed = False
        except (Retriable, Permanent, GaveUp) as failure:
            self._rest(str(failure))
        return found

    def _rest(self, reason: str) -> None:
        if not self._failed:
            log.warning("own accounts are not read now; tried again", source="bluesky", reason=reason)
        self._failed = True
        self._errand = None
        self._silent_until = self._monotonic() + AGAIN

    # ---- figures -------------------------------------------------------------------------------------------------

    async def _figures(self, day: str) -> list[Figure]:
        handles = self._accounts.handles
        dids = list(handles)
        found: list[Figure] = []
        for start in range(0, len(dids), AT_A_TIME):
            query = urlencode({"actors": dids[start : start + AT_A_TIME]}, doseq=True)
            answer = await self._accounts.answer(f"app.bsky.actor.getProfiles?{query}")
            for profile in _items(answer, "profiles"):
                did = profile.get("did")
                if isinstance(did, str) and did in handles:
                    found += _figures(profile, handles[did], day)
        return found

    # ---- what the stream did not bring -----------------------------------------------------------------------------

    async def _next(self, place: Place, since: int) -> Page:
        errand = self._errand
        if errand is None or errand.since != since:
            errand = self._errand = _Errand(since, list(self._accounts.own), self._inbox is not None)
        posts: list[Post] = []
        aside: list[SetAside] = []
        if errand.accounts:
            posts, aside = await self._feed(errand.accounts[0], since)
            del errand.accounts[0]
        elif errand.notifications and (inbox := self._inbox) is not None:
            posts, aside = await self._notifications(inbox, since)
            errand.notifications = False
        if not errand.accounts and not errand.notifications:
            self._errand = place.owed = None
        events = await self._accounts.named(self._wanted(posts))
        return Page(events, place.cursor(), None, True, aside)

    async def _feed(self, did: str, since: int) -> tuple[list[Post], list[SetAside]]:
        """What an account wrote since then, and what that answers: the questions stand beside the answers."""
        views: list[Item] = []
        page: str | None = None
        for _ in range(MOST_PAGES):
            asked = {"actor": did, "limit": A_PAGE, "filter": "posts_with_replies"}
            try:
                answer = await self._accounts.answer(_path("app.bsky.feed.getAuthorFeed", asked, page))
            except Permanent as failure:
                # One account that is gone must not keep the others from being read.
                log.warning("the account of a brand is not read", source="bluesky", reason=str(failure))
                break
            entries = [entry for entry in _items(answer, "feed") if not entry.get("reason")]
            views += [view for entry in entries for view in _views(entry)]
            page = _page(answer)
            if page is None or _all_before(since, [entry.get("post") for entry in entries]):
                break
        return _read(views)

    async def _notifications(self, inbox: Search, since: int) -> tuple[list[Post], list[SetAside]]:
        """What was said to the account that we log in with, and those of its posts that it answers."""
        items: list[Item] = []
        page: str | None = None
        for _ in range(MOST_PAGES):
            asked = {"limit": A_PAGE, "reasons": REASONS}
            answer = await inbox.ask(_path("app.bsky.notification.listNotifications", asked, page))
            told = _items(answer, "notifications")
            items += [item for item in told if item.get("reason") in REASONS and not _before(since, item)]
            page = _page(answer)
            if page is None or _all_before(since, told):
                break
        subjects = await self._subjects(items)
        return _read([*subjects, *items])

    async def _subjects(self, items: Iterable[Item]) -> list[Item]:
        """Own posts that were answered and are not kept: an answer counts only where what it answers is known."""
        answered = (item.get("reasonSubject") for item in items if item.get("reason") == "reply")
        named = dict.fromkeys(uri for uri in answered if _sendable(uri))
        uris = [uri for uri in named if not self._ear.kept(uri)]
        found: list[Item] = []
        for start in range(0, len(uris), AT_A_TIME):
            query = urlencode({"uris": uris[start : start + AT_A_TIME]}, doseq=True)
            found += _items(await self._accounts.answer(f"app.bsky.feed.getPosts?{query}"), "posts")
        return found

    def _wanted(self, posts: Sequence[Post]) -> list[Post]:
        own = set(self._accounts.own)
        ours = {post.native_id for post in posts if post.author_id in own}
        return [
            post
            for post in posts
            if post.author_id in own
            or post.in_reply_to in ours
            or self._ear.wanted(post.text, post.author_id, post.in_reply_to)
        ]


def _figures(profile: Item, handle: str, day: str) -> list[Figure]:
    counts = {metric: profile.get(field) for field, metric in FIGURES.items()}
    return [
        Figure(metric, day, float(n), account=handle)
        for metric, n in counts.items()
        if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**53
    ]


def _path(name: str, asked: Mapping[str, object], page: str | None) -> str:
    return f"{name}?{urlencode({**asked, **({'cursor': page} if page else {})}, doseq=True)}"


def _items(answer: Item, key: str) -> list[Item]:
    """Raises Retriable where no list stands there."""
    found = answer.get(key)
    if not isinstance(found, list):
        raise Retriable(f"it answered no {key}")
    return [item for item in found if isinstance(item, Mapping)]


def _page(answer: Item) -> str | None:
    page = answer.get("cursor")
    return page if _sendable(page) else None


def _sendable(text: object) -> TypeGuard[str]:
    """Whether it can be part of an address: half of a surrogate pair cannot."""
    return isinstance(text, str) and 0 < len(text) <= _LONGEST and text.isprintable()


def _views(entry: Item) -> list[Item]:
    """An entry of a feed: where the conversation began, what is answered, and the post itself, without doubles."""
    reply = entry.get("reply")
    above = [reply.get("root"), reply.get("parent")] if isinstance(reply, Mapping) else []
    # What was deleted or whose author has blocked the reader is no post.
    views = [view for view in above if isinstance(view, Mapping) and "record" in view]
    post = entry.get("post")
    return [*views, post if isinstance(post, Mapping) else entry]


def _before(since: int, item: Item) -> bool:
    when = item.get("indexedAt")
    at = seconds(when) if isinstance(when, str) else None
    return at is not None and at < since


def _all_before(since: int, items: Sequence[object]) -> bool:
    """Whether a page lies wholly before a time; single posts may claim any date."""
    dated = [item for item in items if isinstance(item, Mapping)]
    return bool(dated) and all(_before(since, item) for item in dated)


def _read(views: Iterable[Item]) -> tuple[list[Post], list[SetAside]]:
    read, aside = read_items(views, shown, "uri")
    posts = sorted({post.native_id: post for post in read}.values(), key=lambda post: post.published_at or 0)
    return posts, aside
