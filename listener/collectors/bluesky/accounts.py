"""Who is who on Bluesky: the brands' own accounts by what the network calls them, and the names behind what it says."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import structlog

from listener.collectors.base import Ear, Permanent, Retriable
from listener.collectors.bluesky.posts import valid_handle
from listener.collectors.post import Edit, Event, Post

if TYPE_CHECKING:
    from listener.http import PoliteClient

DAY = 86_400
AT_A_TIME = 25
"""Profiles that one request may ask for."""
MOST_NAMES = 50_000
PATIENCE = 2.0
"""Seconds that a page waits for names and numbers of followers; posts are worth more than these."""
A_SECOND = 5.0
"""Requests for profiles in the long run: half of what the service allows, also while much is read at once."""
AT_ONCE = 12
"""Requests that may be saved up for a burst."""
_PATIENCE_AT_START = 10.0
_AGAIN = 900.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 4.0, 3_600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Profile:
    handle: str | None
    followers: int | None
    until: float


class Accounts:
    """Asks a public service for accounts. Whatever fails here costs names, never posts."""

    def __init__(
        self,
        api: str,
        ear: Ear,
        client: PoliteClient,
        *,
        allow_private: bool,
        profiles: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._ear = ear
        self._client = client
        self._allow_private = allow_private
        self._ask_profiles = profiles
        self._monotonic = monotonic
        self._own: dict[str, str] = {}
        self._own_due = float("-inf")
        self._unresolved: set[str] = set()
        self._profiles: dict[str, _Profile] = {}
        self._pause, self._silent_until = 0.0, float("-inf")
        self._saved, self._saved_at = float(AT_ONCE), monotonic()

    @property
    def own(self) -> Sequence[str]:
        """What the network calls the brands' accounts, as far as it is known."""
        return tuple(self._own)

    @property
    def handles(self) -> Mapping[str, str]:
        """The brands' handles, as configured, by what the network calls their accounts."""
        return dict(self._own)

    async def answer(self, path: str) -> Mapping[str, Any]:
        """Return what the service answers to a question that needs no login. Raises Retriable and Permanent."""
        return await self._answer(f"{self._api}/xrpc/{path}")

    async def learn_own(self) -> None:
        """Resolve the brands' handles, once a day; sooner again where one did not resolve."""
        if self._monotonic() < self._own_due:
            return
        handles = [handle.lstrip("@") for handle in self._ear.handles]
        found = dict(await asyncio.gather(*(self._resolve(handle) for handle in handles)))
        # A handle that moved on to another account is that account's; one that fails now keeps what it had.
        self._own = {
            did: handle
            for did, handle in self._own.items()
            if handle in handles and found.get(handle) is None
        }
        self._own |= {did: handle for handle, did in found.items() if did is not None}
        lost = {handle for handle, did in found.items() if did is None}
        for handle in sorted(lost - self._unresolved):
            log.warning(
                "the handle of a brand does not resolve; tried again", source="bluesky", handle=handle
            )
        self._unresolved = lost
        self._own_due = self._monotonic() + (_AGAIN if lost else DAY)
        self._ear.know(self._own)

    async def named(self, events: Sequence[Event]) -> list[Event]:
        """Return the events with their authors' handles and numbers of followers, as far as they can be had."""
        if self._ask_profiles:
            await self._learn({post.author_id for post in map(_post_of, events) if post and post.author_id})
        return [self._name(event) for event in events]

    def _name(self, event: Event) -> Event:
        post = _post_of(event)
        if post is None or post.author_id is None:
            return event
        profile = self._profiles.get(post.author_id)
        handle = self._own.get(post.author_id) or (profile.handle if profile else None) or post.author
        named = replace(post, author=handle, followers=profile.followers if profile else None)
        return Edit(named) if isinstance(event, Edit) else named

    async def _resolve(self, handle: str) -> tuple[str, str | None]:
        if handle.startswith("did:"):
            return handle, handle
        url = f"{self._api}/xrpc/com.atproto.identity.resolveHandle?{urlencode({'handle': handle})}"
        try:
            async with asyncio.timeout(_PATIENCE_AT_START):
                did = (await self._answer(url)).get("did")
        except (Retriable, Permanent, TimeoutError):
            return handle, None
        return handle, did if isinstance(did, str) and did.startswith("did:") else None

    async def _learn(self, dids: Iterable[str]) -> None:
        now = self._monotonic()
        # A page that comes while the service is left alone goes on with the names that are known.
        if now < self._silent_until:
            return
        asked = [did for did in dids if did not in self._profiles or self._profiles[did].until < now]
        if not asked:
            return
        self._saved = min(AT_ONCE, self._saved + (now - self._saved_at) * A_SECOND)
        self._saved_at = now
        parts = [asked[start : start + AT_A_TIME] for start in range(0, len(asked), AT_A_TIME)]
        # One is waited for: on a busy stream each page asks, and whoever is not asked for now may never speak again.
        parts = parts[: max(1, int(self._saved))]
        wait = (len(parts) - self._saved) / A_SECOND
        self._saved -= len(parts)
        await asyncio.sleep(max(0.0, wait))
        try:
            async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as tasks:
                for part in parts:
                    tasks.create_task(self._learn_part(part))
        except* (Retriable, Permanent) as failures:
            first = failures.exceptions[0]
            self._rest(getattr(first, "retry_after", None), str(first))
        except* TimeoutError:
            self._rest(None, "no answer in time")
        else:
            self._pause = 0.0

    async def _learn_part(self, dids: Sequence[str]) -> None:
        query = urlencode({"actors": dids}, doseq=True)
        answer = await self._answer(f"{self._api}/xrpc/app.bsky.actor.getProfiles?{query}")
        until = self._monotonic() + DAY
        # Who is not in the answer has no profile any more: that too is known for a day.
        learned = {did: _Profile(None, None, until) for did in dids}
        profiles = answer.get("profiles")
        for profile in profiles if isinstance(profiles, list) else ():
            did = profile.get("did") if isinstance(profile, Mapping) else None
            if isinstance(did, str) and did in learned:
                learned[did] = _read_profile(profile, until)
        for did, profile in learned.items():
            self._profiles.pop(did, None)
            self._profiles[did] = profile
        while len(self._profiles) > MOST_NAMES:
            del self._profiles[next(iter(self._profiles))]

    def _rest(self, wanted: float | None, reason: str) -> None:
        if not self._pause:
            log.warning("authors stay without names and followers", source="bluesky", reason=reason)
        self._pause = min(max(2 * self._pause, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        self._silent_until = self._monotonic() + max(self._pause, wanted or 0.0)

    async def _answer(self, url: str) -> Mapping[str, Any]:
        fetched = await self._client.get(
            url, allow_private=self._allow_private, accept="application/json", max_bytes=4_000_000
        )
        try:
            answer = json.loads(fetched.body)
        except (ValueError, RecursionError) as error:
            raise Retriable("the service for profiles answered no JSON") from error
        if not isinstance(answer, dict):
            raise Retriable("the service for profiles answered something else")
        return answer


def _post_of(event: Event) -> Post | None:
    if isinstance(event, Edit):
        return event.post
    return event if isinstance(event, Post) else None


def _read_profile(profile: Mapping[str, Any], until: float) -> _Profile:
    followers = profile.get("followersCount")
    known = isinstance(followers, int) and 0 <= followers < 2**53
    return _Profile(valid_handle(profile.get("handle")), followers if known else None, until)
