"""The polite client of every collector: validators, Retry-After, a limit per host, and failures named by remedy."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from alerts.transport import Answer, NoAnswer, Refused, Transport, public_url, retry_after
from listener.collectors.base import Permanent, Retriable

PER_HOST = 2
# Over all hosts: while the resolver is silent each request holds a thread of the pool that also judges the rules and
# answers /healthz, and each answer may be as large as its limit.
AT_ONCE = 16
RETRIABLE_BASE = 30.0
RETRIABLE_CAP = 3600.0
# What looks permanent is still asked, slowly: addresses come back, keys are renewed, and a source that needs a
# person's click to live again is forgotten.
PERMANENT_BASE = 900.0
PERMANENT_CAP = 6 * 3600.0

_WAIT_AND_TRY = frozenset({408, 425, 429})
_REMEDIES = {
    400: "the server calls the request malformed; check the address",
    401: "the server wants a login; put user:password@ or a token into the address",
    403: "the server forbids access; check whether it blocks programs or wants a login",
    404: "there is nothing at this address; look for the new one",
    410: "it was removed for good; take it out of the configuration or find the new address",
    451: "it is blocked for legal reasons",
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a GET brought. With `not_modified` the body is empty and the validators are the ones that were sent."""

    not_modified: bool
    body: bytes
    etag: str | None
    last_modified: str | None
    content_type: str | None
    url: str


class PoliteClient:
    """Asks on behalf of all collectors, so that a host with many feeds is not hit by all of them at once."""

    def __init__(self, transport: Transport, clock: Callable[[], float] = time.time) -> None:
        self._transport = transport
        self._clock = clock
        self._seats = asyncio.Semaphore(AT_ONCE)
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(PER_HOST))

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        allow_private: bool = False,
        max_bytes: int = 16_000_000,
        accept: str = "*/*",
        timeout: float = 30.0,  # noqa: ASYNC109 - handed on to the transport
    ) -> Fetched:
        """Fetch a URL, unless it is unchanged since `etag` or `last_modified`.

        Raises Retriable (with the server's Retry-After, if any) and Permanent; their words hold no query string.
        """
        headers = {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        async with self._turns[urlsplit(url).hostname or ""], self._seats:
            answer = await self._ask(url, headers, allow_private, max_bytes, timeout)
        if answer.status == 304 and (etag or last_modified):
            return Fetched(True, b"", etag, last_modified, None, answer.url)
        if not 200 <= answer.status < 300:
            raise _failure(answer, url, self._clock())
        return Fetched(
            not_modified=False,
            body=answer.body,
            etag=_validator(answer, "ETag"),
            last_modified=_validator(answer, "Last-Modified"),
            content_type=answer.headers.get("Content-Type"),
            url=answer.url,
        )

    async def _ask(
        self, url: str, headers: dict[str, str], allow_private: bool, max_bytes: int, limit: float
    ) -> Answer:
        try:
            return await self._transport.request(
                "GET", url, headers=headers, allow_private=allow_private, max_bytes=max_bytes, timeout=limit
            )
        except NoAnswer as error:
            raise Retriable(str(error)) from error
        except Refused as error:
            raise Permanent(str(error)) from error


def backoff(
    failures: int, rng: random.Random, base: float = RETRIABLE_BASE, cap: float = RETRIABLE_CAP
) -> float:
    """Return the seconds to wait after so many failures in a row.

    Doubles from `base` up to `cap` and takes a random half off, so that a hundred sources which failed together
    do not come back together. For Permanent problems use PERMANENT_BASE and PERMANENT_CAP.
    """
    full = min(cap, base * 2.0 ** min(max(failures, 1) - 1, 60))
    return full * (1.0 - rng.random() / 2.0)


def _failure(answer: Answer, url: str, now: float) -> Retriable | Permanent:
    where = public_url(url)
    if answer.status >= 500 or answer.status in _WAIT_AND_TRY or answer.status == 304:
        return Retriable(f"{where} answered {answer.status}", retry_after(answer.headers, now))
    remedy = _REMEDIES.get(answer.status, "check the address")
    return Permanent(f"{where} answered {answer.status}: {remedy}")


def _validator(answer: Answer, name: str) -> str | None:
    """Return a validator to send back next time; one that is no plain header text would break the request."""
    value = answer.headers.get(name)
    return value if value and len(value) <= 1000 and value.isascii() and value.isprintable() else None
