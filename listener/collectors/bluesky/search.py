"""Reads back in time on Bluesky, with a login: what was said before the stream was first opened."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from listener.collectors import read_items
from listener.collectors.base import Permanent, Retriable
from listener.collectors.bluesky.posts import seconds, shown
from listener.collectors.post import Post
from storage.mention import SetAside

if TYPE_CHECKING:
    from listener.http import PoliteClient

AT_A_TIME = 100
"""Posts that one request may ask for."""
DEEPEST = 9_000
"""Posts after which a search is asked anew for what is older: services do not follow one search to any depth."""
TRIES = 5
PAUSE = 5.0
"""Seconds before the second try; each further one waits twice as long."""
_LONGEST_WAIT = 900.0
_MOST_BYTES = 16_000_000
_NO_SUCH_THING = (400, 404)

log = structlog.get_logger(__name__)


def web_address(url: str, schemes: Sequence[str], name: str) -> str:
    """Return an address to which paths can be added. Raises ValueError."""
    parts = urlsplit(url.strip())
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment:
        starts = " or ".join(f"{scheme}://" for scheme in schemes)
        raise ValueError(f"{name} needs an address that begins with {starts}, without a query")
    return url.strip().rstrip("/")


class Login(BaseModel):
    """An account of Bluesky to search with. `password` is an app password, made in its settings."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    handle: str = Field(min_length=1)
    password: SecretStr
    service: str = "https://bsky.social"

    @field_validator("service")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        return web_address(url, ("https", "http"), "service")


class GaveUp(Exception):
    """The past could not be read now; the stream goes on without it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One question about the past: what an account wrote (`by`), or where words stand."""

    by: str | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the past was read: question number `step` down to `before`. These stand in the cursor.

    `page` is where the service goes on within the answer to `top`, `read` how much of it was asked for. They are not
    kept: a service forgets its own marks, and is asked for what is older than `before` after a new start.
    """

    since: int
    until: int
    key: str
    step: int = 0
    before: int | None = None
    page: str | None = None
    top: int | None = None
    read: int = 0

    def kept(self) -> dict[str, Any]:
        """What stands in the cursor."""
        found = {"since": self.since, "until": self.until, "key": self.key, "step": self.step}
        return found if self.before is None else {**found, "before": self.before}

    @property
    def bound(self) -> int:
        """Before when the question at hand asks for posts."""
        return self.top or self.before or self.until


def begin(
    found: Mapping[str, Any] | None, steps: Sequence[Step], history: int, until: int
) -> Progress | None:
    """Return where to go on, None where the past was read to its end.

    Other questions than last time are asked from the first one on: what is known dies on its id.
    """
    found = found or {}
    if found.get("done"):
        return None
    key = hashlib.sha256(repr(steps).encode()).hexdigest()[:16]
    since, until = int(found.get("since", until - history)), int(found.get("until", until))
    if found.get("key") != key:
        return Progress(since, until, key)
    return Progress(since, until, key, int(found["step"]), found.get("before"))


@dataclass(frozen=True, slots=True)
class Found:
    """One answer, oldest first, and where to go on; None after the last one."""

    posts: list[Post]
    aside: list[SetAside]
    progress: Progress | None


class Search:
    """Asks the questions one after the other. Nothing of the login is ever logged or part of an error.

    `answered` says whether any question was.
    """

    def __init__(self, login: Login, client: PoliteClient, *, allow_private: bool) -> None:
        self._login = login
        self._client = client
        self._allow_private = allow_private
        self.answered = False
        self._access: str | None = None
        self._refresh: str | None = None

    async def read(self, progress: Progress, steps: Sequence[Step]) -> AsyncGenerator[Found, None]:
        """Yield the answers to what is left of the questions. Raises GaveUp."""
        at: Progress | None = progress
        while at is not None and at.step < len(steps):
            found = await self._ask(at, steps[at.step], len(steps))
            at = found.progress
            yield found

    async def ask(self, path: str) -> Mapping[str, Any]:
        """Return the answer to a question that needs a login but is no search. Raises GaveUp."""
        answered = self.answered
        found = await self._patiently(path)
        self.answered = answered
        return found

    async def _ask(self, at: Progress, step: Step, count: int) -> Found:
        answer = await self._patiently(_path(at, step))
        items = _items(answer)
        posts, aside = read_items(items, shown, "uri")
        page = answer.get("cursor")
        after = _after(at, step, items, page if isinstance(page, str) and page else None)
        posts = [post for post in posts if at.since <= (post.published_at or 0) < at.until]
        posts.sort(key=lambda post: post.published_at or 0)
        return Found(posts, aside, None if after.step >= count else after)

    async def _patiently(self, path: str) -> Mapping[str, Any]:
        wait, renewed, stale = PAUSE, False, False
        for left in reversed(range(TRIES)):
            try:
                if stale:
                    await self._renew()
                found = await self._get(path)
            except Permanent as failure:
                # A token lives for two hours or less, and an expired one is answered with 400, like a mistake.
                if renewed:
                    return _refused(failure)
                renewed = stale = True
            except Retriable as failure:
                asked = failure.retry_after or 0.0
                if not left or asked > _LONGEST_WAIT:
                    raise GaveUp(str(failure)) from failure
                await asyncio.sleep(max(wait, asked))
                wait *= 2
            else:
                self.answered = True
                return found
        raise GaveUp("its login expires at once")

    async def _get(self, path: str) -> Mapping[str, Any]:
        if self._access is None:
            await self._log_in()
        fetched = await self._client.get(
            f"{self._login.service}/xrpc/{path}",
            headers={"Authorization": f"Bearer {self._access}"},
            allow_private=self._allow_private,
            accept="application/json",
            max_bytes=_MOST_BYTES,
        )
        return _read(fetched.body)

    async def _renew(self) -> None:
        refresh, self._access, self._refresh = self._refresh, None, None
        if refresh is not None:
            # Where it was taken back, the password still opens.
            with suppress(Permanent):
                await self._session("refreshSession", b"", {"Authorization": f"Bearer {refresh}"})

    async def _log_in(self) -> None:
        names = {"identifier": self._login.handle, "password": self._login.password.get_secret_value()}
        try:
            await self._session("createSession", json.dumps(names).encode(), {})
        except Permanent as failure:
            # Not its own words: they speak of the address.
            raise GaveUp("the login was refused; check its handle and app password") from failure

    async def _session(self, name: str, body: bytes, headers: Mapping[str, str]) -> None:
        url = f"{self._login.service}/xrpc/com.atproto.server.{name}"
        fetched = await self._client.post(url, body, headers=headers, allow_private=self._allow_private)
        answer = _read(fetched.body)
        access, refresh = answer.get("accessJwt"), answer.get("refreshJwt")
        if not isinstance(access, str) or not access.isascii() or not access.isprintable():
            raise Retriable("the login was answered without a token")
        self._access, self._refresh = access, refresh if isinstance(refresh, str) else None


def _refused(failure: Permanent) -> Mapping[str, Any]:
    """Return what a question stands for that is refused, with a fresh login too: nothing."""
    if failure.status not in _NO_SUCH_THING:
        raise GaveUp(str(failure)) from failure
    # One account that is gone, or one odd phrase, must not end the reading of all others at every start.
    log.warning(
        "a question about the past was refused and is left out", source="bluesky", reason=str(failure)
    )
    return {"posts": []}


def _path(at: Progress, step: Step) -> str:
    if step.by is not None:
        asked: dict[str, object] = {"actor": step.by, "limit": AT_A_TIME}
        name = "app.bsky.feed.getAuthorFeed"
    else:
        words = (step.words or "").replace('"', " ")
        asked = {"q": f'"{words}"', "sort": "latest", "since": _iso(at.since), "until": _iso(at.bound)}
        asked["limit"] = AT_A_TIME
        name = "app.bsky.feed.searchPosts"
    if at.page is not None:
        asked["cursor"] = at.page
    return f"{name}?{urlencode(asked)}"


def _items(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the posts of a search, or those of a feed, whose reposts are somebody else's."""
    if isinstance(posts := answer.get("posts"), list):
        return posts
    if isinstance(feed := answer.get("feed"), list):
        return [
            entry.get("post", entry) for entry in feed if isinstance(entry, dict) and not entry.get("reason")
        ]
    raise GaveUp("it answered something that is no search result")


def _after(at: Progress, step: Step, items: Sequence[Mapping[str, Any]], page: str | None) -> Progress:
    """Return where to go on: further in the same answer, asked anew for what is older, or the next question."""
    following = Progress(at.since, at.until, at.key, at.step + 1)
    times = [time for item in items if (time := _sorted_at(item)) is not None]
    # A page may hold reposts alone, with more behind it. Each counts in full, so that empty pages end as well.
    oldest = min(times, default=at.bound if page is not None else at.since - 1)
    read = at.read + AT_A_TIME
    if oldest < at.since:
        return following
    # One second more, as this one may have been cut in two.
    before = min(oldest + 1, at.bound)
    if page is not None and read < DEEPEST:
        kept = None if step.by is not None else before
        return Progress(at.since, at.until, at.key, at.step, kept, page, at.bound, read)
    # Only ever further back, or a service that takes no notice of the time would be asked for ever.
    if step.by is None and before < at.bound and (page is not None or len(items) >= AT_A_TIME):
        return Progress(at.since, at.until, at.key, at.step, before)
    return following


def _sorted_at(item: object) -> int | None:
    """The time by which the service sorts a post: when it was seen, or written where that is earlier."""
    if not isinstance(item, Mapping) or not isinstance(record := item.get("record"), Mapping):
        return None
    written = (item.get("indexedAt"), record.get("createdAt"))
    times = [seconds(when) for when in written if isinstance(when, str)]
    return min((time for time in times if time is not None), default=None)


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Retriable("it answered no JSON") from error
    if not isinstance(answer, dict):
        raise Retriable("it answered something else")
    return answer


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
