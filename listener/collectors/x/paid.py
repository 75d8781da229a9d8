"""Asks X's API: nothing is sent that the day's budget does not cover at its worst price."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from listener.collectors.base import Purse, Retriable

if TYPE_CHECKING:
    from pydantic import SecretStr

    from listener.http import Fetched, PoliteClient

POST = 5_000
"""Millionths of a dollar that reading one post costs."""
USER = 10_000
"""The same for one account."""
COUNTS = 5_000
"""The same for one request for counts of the last seven days, whatever it covers."""
OWNED = 1_000
"""The same for a post in the timelines of the account that the token's owner has."""
MOST_APART = 300
"""Seconds by which our clock and the service's may differ: its days are the days of the bill."""
_TIME = "/2/usage/tweets"

Json = dict[str, Any]


class Broke(Exception):
    """The budget of the day has no room for the request: it was not sent."""


class Api:
    """One poll's way to the API. `at` is the time that the service told last."""

    def __init__(
        self,
        client: PoliteClient,
        url: str,
        token: SecretStr,
        purse: Purse | None,
        budget: int,
        *,
        allow_private: bool,
    ) -> None:
        self._client = client
        self._url = url
        self._token = token
        self._purse = purse
        self._budget = budget
        self._allow_private = allow_private
        self.at = 0

    async def tell_time(self, now: int) -> None:
        """Ask what time it is there, by a request that costs nothing. Raises Retriable where it is not ours."""
        self.at = 0
        await self.free(_TIME)
        apart = self.at - now
        if abs(apart) > MOST_APART:
            raise Retriable(
                f"our clock and the service's differ by {abs(apart)} s, so that nobody knows which day pays: "
                "set this machine's clock"
            )

    async def left(self) -> int:
        """What the day's budget has left, in millionths of a dollar."""
        return 0 if self._purse is None else await self._purse.left(self._budget, self.at)

    async def free(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """Ask for something that has no price."""
        return _read(self._note(await self._get(path, query)))

    async def paid(
        self, path: str, query: Mapping[str, str], worst: int, cost: Callable[[Json], int]
    ) -> Json:
        """Ask for something that costs `worst` at most, and by its answer `cost`. Raises Broke.

        Where no answer comes, or one that cannot be read, the worst price stands: it may have been billed.
        """
        if self._purse is None:
            raise Broke
        reservation = await self._purse.reserve(worst, self._budget, self.at)
        if reservation is None:
            raise Broke
        fetched = self._note(await self._get(path, query))
        answer = _read(fetched)
        # What is charged twice by mistake is not made up for: "the same post once a day" is no firm promise of theirs.
        await self._purse.settle(reservation, cost(answer), self.at)
        return answer

    async def _get(self, path: str, query: Mapping[str, str] | None) -> Fetched:
        url = f"{self._url}{path}" + (f"?{urlencode(query)}" if query else "")
        return await self._client.get(url, headers=self.headers, allow_private=self._allow_private)

    @property
    def headers(self) -> Mapping[str, str]:
        """What proves who asks."""
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"}

    def _note(self, fetched: Fetched) -> Fetched:
        """Take note of the service's time. It never goes back: of two servers the one that is ahead counts."""
        try:
            told = int(parsedate_to_datetime(fetched.headers["Date"]).timestamp())
        except (KeyError, ValueError, TypeError, OverflowError):
            raise Retriable("the answer tells no time, so that nobody knows which day pays") from None
        self.at = max(self.at, told)
        return fetched


def of_posts(each: int) -> Callable[[Json], int]:
    """The cost of an answer with posts, each at this price, and of the accounts that came along."""

    def cost(answer: Json) -> int:
        included = answer.get("includes")
        beside = included if isinstance(included, dict) else {}
        posts = len(items_of(answer)) + sum(_length(beside.get(key)) for key in ("tweets", "posts"))
        return posts * each + _length(beside.get("users")) * USER

    return cost


def items_of(answer: Json) -> list[Json]:
    """The items of an answer; those that are no objects come as they are, to be set aside."""
    found = answer.get("data")
    return found if isinstance(found, list) else []


def _length(found: object) -> int:
    return len(found) if isinstance(found, list) else 0


def _read(fetched: Fetched) -> Json:
    try:
        answer = json.loads(fetched.body)
    except (ValueError, RecursionError):
        raise Retriable("the answer is no JSON") from None
    if not isinstance(answer, dict):
        raise Retriable("the answer is no object")
    return answer
