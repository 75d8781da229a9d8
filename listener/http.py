"""The polite client of every collector: validators, Retry-After, a limit per host, and failures named by remedy."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from alerts.transport import Answer, NoAnswer, Refused, Transport, public_url, retry_after
from listener.collectors.base import Permanent, Retriable
from listener.stream import Stream
from storage.mention import Traffic

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

# Bytes of an answer that refuses which its collector may look at.
_TOLD = 2_000
_WAIT_AND_TRY = frozenset({408, 425, 429})
_REMEDIES = {
    400: "the server calls the request malformed; check the address",
    401: "the server wants a login; put user:password@ or a token into the address",
    403: "the server forbids access; check whether it blocks programs or wants a login",
    404: "there is nothing at this address; look for the new one",
    410: "it was removed for good; take it out of the configuration or find the new address",
    451: "it is blocked for legal reasons",
}


class Tally:
    """Counts the requests of one source for its ledger."""

    def __init__(self) -> None:
        self._requests = self._answers = self._errors = 0

    def asked(self) -> None:
        self._requests += 1

    def answered(self, *, well: bool) -> None:
        if well:
            self._answers += 1
        else:
            self._errors += 1

    def take(self) -> Traffic:
        """Return what was counted since the last call."""
        counted = Traffic(self._requests, self._answers, self._errors)
        self._requests = self._answers = self._errors = 0
        return counted


# Collectors share one client and know nothing of the ledger: whoever polls a source says here where to count.
TALLY: ContextVar[Tally] = ContextVar("tally")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a GET brought. With `not_modified` the body is empty and the validators are the ones that were sent.

    `status` is another than a success only where the caller wanted to read such an answer.
    """

    not_modified: bool
    body: bytes
    etag: str | None
    last_modified: str | None
    content_type: str | None
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200


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
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        max_bytes: int = 16_000_000,
        accept: str = "*/*",
        timeout: float = 30.0,  # noqa: ASYNC109 - handed on to the transport
        read: Collection[int] = (),
    ) -> Fetched:
        """Fetch a URL, unless it is unchanged since `etag` or `last_modified`.

        `read`: statuses of refusals that say in their body why, so that they are no failure here.
        Raises Retriable (with the server's Retry-After, if any) and Permanent; their words hold no query string.
        """
        sent = {"Accept": accept, **(headers or {})}
        if etag:
            sent["If-None-Match"] = etag
        if last_modified:
            sent["If-Modified-Since"] = last_modified
        answer = await self._in_turn("GET", url, sent, None, allow_private, max_bytes, timeout)
        if answer.status == 304 and (etag or last_modified):
            _count_answer(well=True)
            return Fetched(True, b"", etag, last_modified, None, answer.url)
        return self._fetched(answer, url, read)

    async def post(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        max_bytes: int = 16_000_000,
        timeout: float = 30.0,  # noqa: ASYNC109 - handed on to the transport
    ) -> Fetched:
        """Send a JSON document, or what the Content-Type among `headers` says, as a login wants it.

        Raises Retriable and Permanent.
        """
        sent = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
        answer = await self._in_turn("POST", url, sent, body, allow_private, max_bytes, timeout)
        return self._fetched(answer, url)

    async def put(
        self,
        url: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        max_bytes: int = 1_000_000,
        timeout: float = 300.0,  # noqa: ASYNC109 - handed on to the transport
    ) -> Fetched:
        """Upload a plain text. Raises Retriable and Permanent."""
        sent = {"Accept": "application/json", "Content-Type": "text/plain", **(headers or {})}
        answer = await self._in_turn("PUT", url, sent, body, allow_private, max_bytes, timeout)
        return self._fetched(answer, url)

    @asynccontextmanager
    async def stream(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        max_bytes: int = 1_000_000,
    ) -> AsyncIterator[Stream]:
        """Open a websocket and read it for as long as the block runs. Raises Retriable and Permanent."""
        _count_request()
        try:
            async with self._turns[urlsplit(url).hostname or ""], self._seats:
                socket = await self._transport.websocket(
                    url, headers=headers, allow_private=allow_private, max_bytes=max_bytes
                )
        except NoAnswer as error:
            _count_answer(well=False)
            raise Retriable(str(error), retry_after(error.headers, self._clock())) from error
        except Refused as error:
            _count_answer(well=False)
            raise Permanent(str(error)) from error
        _count_answer(well=True)
        stream = Stream(socket, urlsplit(url).hostname or "")
        try:
            yield stream
        finally:
            await stream.close()

    async def _in_turn(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        allow_private: bool,
        max_bytes: int,
        limit: float,
    ) -> Answer:
        async with self._turns[urlsplit(url).hostname or ""], self._seats:
            _count_request()
            try:
                return await self._transport.request(
                    method,
                    url,
                    headers=headers,
                    body=body,
                    allow_private=allow_private,
                    max_bytes=max_bytes,
                    timeout=limit,
                )
            except NoAnswer as error:
                _count_answer(well=False)
                raise Retriable(str(error)) from error
            except Refused as error:
                _count_answer(well=False)
                raise Permanent(str(error)) from error

    def _fetched(self, answer: Answer, url: str, read: Collection[int] = ()) -> Fetched:
        well = 200 <= answer.status < 300
        _count_answer(well=well)
        if not well and answer.status not in read:
            raise _failure(answer, url, self._clock())
        return Fetched(
            not_modified=False,
            body=answer.body,
            etag=_validator(answer, "ETag"),
            last_modified=_validator(answer, "Last-Modified"),
            content_type=answer.headers.get("Content-Type"),
            url=answer.url,
            headers=answer.headers,
            status=answer.status,
        )


def _count_request() -> None:
    if (tally := TALLY.get(None)) is not None:
        tally.asked()


def _count_answer(*, well: bool) -> None:
    if (tally := TALLY.get(None)) is not None:
        tally.answered(well=well)


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
        asked_too_often = (
            ": it was asked too often, and is left alone for a while" if answer.status == 429 else ""
        )
        return Retriable(
            f"{where} answered {answer.status}{asked_too_often}", retry_after(answer.headers, now)
        )
    remedy = _REMEDIES.get(answer.status, "check the address")
    return Permanent(f"{where} answered {answer.status}: {remedy}", answer.status, answer.body[:_TOLD])


def _validator(answer: Answer, name: str) -> str | None:
    """Return a validator to send back next time; one that is no plain header text would break the request."""
    value = answer.headers.get(name)
    return value if value and len(value) <= 1000 and value.isascii() and value.isprintable() else None
