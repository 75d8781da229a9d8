"""The brands' own accounts on X: followers once a day, and of the account that the token belongs to everything."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any

from listener.collectors import read_items
from listener.collectors.base import Ear, Permanent
from listener.collectors.post import Event, Figure
from listener.collectors.x.paid import OWNED, USER, Api, Json, items_of, of_posts
from listener.collectors.x.posts import FIELDS, followers_of, is_id, iso, reading, to_event
from storage.mention import SetAside

DAY = 86_400
_PER_PAGE = 100
OWN = "tweets"
TIMELINES = ("mentions", OWN)
"""What is said to the account, and what it says itself."""
COUNTED = 7 * DAY
"""Age up to which the counters of the account's own posts are read again, once a day."""


@dataclass
class Known:
    """What the cursor remembers: by handle the id and the day of the last look, by timeline the newest post.

    `counted`: the day on which the counters of own posts were read last.
    """

    looked: dict[str, tuple[str, int]] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    counted: int = 0

    @classmethod
    def of(cls, told: Any) -> Known:
        """Read it from a cursor."""
        looked = {handle: (str(one[0]), int(one[1])) for handle, one in told.get("looked", {}).items()}
        newest = {str(name): str(one) for name, one in told.get("newest", {}).items()}
        return cls(looked, newest, int(told.get("counted", 0)))

    def to_json(self) -> dict[str, Any]:
        """Write it for a cursor."""
        return {
            "looked": {handle: list(one) for handle, one in self.looked.items()},
            "newest": dict(self.newest),
            "counted": self.counted,
        }


@dataclass(frozen=True, slots=True)
class Step:
    """What one request has brought. `first`: of a timeline that was never read before."""

    events: list[Event]
    aside: list[SetAside]
    first: bool = False


class Accounts:
    """Looks after the accounts of the brands; `own` is the one that the token belongs to, without the @."""

    def __init__(self, ear: Ear, own: str | None, history: int) -> None:
        self._ear = ear
        self._own = own
        self._history = history

    async def look(self, api: Api, known: Known) -> AsyncGenerator[Step, None]:
        """Ask how many follow each account, once a day of the service. Raises Broke."""
        handles = list(dict.fromkeys([*self._ear.handles, *([self._own] if self._own else [])]))
        for handle in handles:
            day = api.at // DAY
            if handle in known.looked and known.looked[handle][1] >= day:
                continue
            user = await _user(api, handle)
            before = known.looked.get(handle, ("", 0))[0]
            # One that is not there is looked for once a day too: it costs nothing, and it may come back.
            known.looked[handle] = (user["id"] if is_id(user.get("id")) else before, day)
            followers = followers_of(user)
            figures: list[Event] = []
            if followers is not None:
                figures.append(Figure("followers", iso(api.at)[:10], float(followers), account=handle))
            yield Step(figures, [])

    async def read(self, api: Api, known: Known, now: int) -> AsyncGenerator[Step, None]:
        """Read what is new in the timelines of the own account, the newest first. Raises Broke.

        The place moves only once a timeline was read through to what was known: what a crash or an empty purse leaves
        is read again.
        """
        identity = known.looked.get(self._own or "", ("", 0))[0]
        if not self._own or not identity:
            return
        for name in TIMELINES:
            first, newest, token = name not in known.newest, known.newest.get(name, "0"), ""
            # Of a timeline that was empty no newest post is known.
            since = {"start_time": iso(now - self._history)} if newest == "0" else {"since_id": newest}
            while True:
                answer = await _timeline(api, identity, name, {"tweet.fields": FIELDS, **since}, token)
                items = items_of(answer)
                newest = max([newest, *_ids(items)], key=int)
                token = next_of(answer)
                if not token:
                    known.newest[name] = newest
                yield self._step(name, items, now, first)
                if not token:
                    break

    async def count(self, api: Api, known: Known, now: int) -> AsyncGenerator[Step, None]:
        """Read the counters of the account's own posts again, once a day, for a week: young ones have none yet.

        Raises Broke; then another poll of the day begins anew.
        """
        identity, day, token = known.looked.get(self._own or "", ("", 0))[0], api.at // DAY, ""
        if not self._own or not identity or known.counted >= day:
            return
        asked = {"tweet.fields": "public_metrics", "start_time": iso(now - COUNTED)}
        while True:
            answer = await _timeline(api, identity, OWN, asked, token)
            token = next_of(answer)
            if not token:
                known.counted = day
            yield Step(_readings(items_of(answer), now), [])
            if not token:
                return

    def _step(self, name: str, items: list[Json], now: int, first: bool) -> Step:
        own = {"username": self._own} if name == OWN else {}
        events, aside = read_items(
            [{**one, **own} if isinstance(one, dict) else one for one in items], to_event
        )
        return Step([*events, *_readings(items, now)], aside, first)


def _readings(items: list[Json], now: int) -> list[Event]:
    return [told for one in items if isinstance(one, dict) and (told := reading(one, now))]


async def _timeline(api: Api, identity: str, name: str, asked: dict[str, str], token: str) -> Json:
    """One answer of a timeline of the own account. Raises Broke."""
    query = {"max_results": str(_PER_PAGE), **asked} | ({"pagination_token": token} if token else {})
    return await api.paid(f"/2/users/{identity}/{name}", query, _PER_PAGE * OWNED, of_posts(OWNED))


def next_of(answer: Json) -> str:
    """Where an answer goes on; "" where it ends."""
    meta = answer.get("meta")
    token = meta.get("next_token") if isinstance(meta, dict) else None
    # It goes back in an address.
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else ""


async def _user(api: Api, handle: str) -> Json:
    try:
        answer = await api.paid(
            f"/2/users/by/username/{handle}", {"user.fields": "id,public_metrics"}, USER, _of_user
        )
    except Permanent as refusal:
        if refusal.status == 404:
            return {}
        raise
    user = answer.get("data")
    return user if isinstance(user, dict) else {}


def _of_user(answer: Json) -> int:
    return USER if answer.get("data") else 0


def _ids(items: list[Json]) -> list[str]:
    return [one["id"] for one in items if isinstance(one, dict) and is_id(one.get("id"))]
