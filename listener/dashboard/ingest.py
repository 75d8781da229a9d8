"""POST /ingest: reads a signed request, checks who signed it, and answers 2xx only once its items are kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from http import HTTPStatus

import structlog
from aiohttp import web

from listener.collectors.ingest.collector import Options, Unfit, to_event
from listener.collectors.ingest.signature import Signed
from listener.collectors.post import Event, Page
from listener.dashboard.api import problem
from storage.base import StoreError

PATH = "/ingest"
PAGE = 500
"""Items that are kept in one transaction."""
_MOST_TOLD = 100
"""Refused items that the answer names one by one."""
_LONGEST_HEADER = 4_000
_AT_ONCE = 8
"""Bodies that are read at the same time."""
_PATIENCE = 30.0
"""Seconds in which a body must have come."""
_AGAIN_IN = {"Retry-After": "30"}

log = structlog.get_logger(__name__)

Keep = Callable[[Page], Awaitable[object]]
"""Keeps a page for good, and returns when it is committed. Raises StoreError where it cannot."""


class _NoJson(Exception):
    """The body is neither JSON nor lines of JSON."""


class _TooLarge(Exception):
    """The body is longer than is allowed."""


@dataclass
class _Read:
    """What a body holds: events, and why the others were refused, by their place."""

    events: list[Event] = field(default_factory=list)
    refused: list[dict[str, object]] = field(default_factory=list)


class Door:
    """What stands behind POST /ingest; `take` is the handler. `zone` is where times are read that name none."""

    def __init__(
        self, options: Options, keep: Keep, zone: tzinfo = UTC, clock: Callable[[], float] = time.time
    ) -> None:
        self._keys = options.keys
        self._max_bytes = options.max_bytes
        self._source = options.name
        self._keep = keep
        self._zone = zone
        self._clock = clock
        self._seats = asyncio.Semaphore(_AT_ONCE)

    async def take(self, request: web.Request) -> web.Response:
        """POST, signed: what other programs send, where `sources.ingest` is configured. Its page tells each status."""
        signed = _signed(request)
        # Before the body is read: who signs nothing makes us read nothing.
        if signed is None or not signed.in_time(self._clock()):
            return _unsigned()
        body = await self._receive(request)
        if isinstance(body, web.Response):
            return body
        if not await asyncio.to_thread(signed.fits, self._keys, body):
            return _unsigned()
        try:
            read = await asyncio.to_thread(_read, body, self._zone)
        except _NoJson:
            return problem(400, "the body is neither a JSON object, a list of them, nor JSON Lines")
        try:
            for start in range(0, len(read.events), PAGE):
                await self._keep(Page(read.events[start : start + PAGE], None))
        except StoreError:
            return _later()
        return self._answer(read)

    async def _receive(self, request: web.Request) -> bytes | web.Response:
        """Read the body, or say why not. Who is not known yet may take neither memory without end nor time."""
        try:
            async with self._seats, asyncio.timeout(_PATIENCE):
                return await self._body(request)
        except (web.RequestPayloadError, ConnectionResetError):
            return problem(400, "the body broke off, or cannot be decompressed")
        except TimeoutError:
            return problem(408, f"the body did not come within {_PATIENCE:.0f} s")
        except _TooLarge:
            return problem(413, f"the body is longer than {self._max_bytes} bytes; send less at a time")

    async def _body(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > self._max_bytes:
            raise _TooLarge
        parts: list[bytes] = []
        size = 0
        # Decompressed in blocks, so that a bomb stops here too.
        async for block in request.content.iter_any():
            size += len(block)
            if size > self._max_bytes:
                raise _TooLarge
            parts.append(block)
        return b"".join(parts)

    def _answer(self, read: _Read) -> web.Response:
        body: dict[str, object] = {"accepted": len(read.events), "refused": read.refused[:_MOST_TOLD]}
        if not read.refused:
            return web.json_response(body)
        log.info(
            "sent items refused", source=self._source, accepted=len(read.events), refused=len(read.refused)
        )
        body["refused_count"] = len(read.refused)
        if read.events:
            return web.json_response(body)
        return _problem(422, "no item could be taken", body)


def _signed(request: web.Request) -> Signed | None:
    given = [request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")]
    return Signed(*given) if all(0 < len(value) <= _LONGEST_HEADER for value in given) else None


def _unsigned() -> web.Response:
    # Nothing more: what exactly was wrong helps nobody but who guesses.
    return problem(401, "the signature does not fit")


def _later() -> web.Response:
    response = problem(503, "the store cannot take it now; send it again")
    response.headers.update(_AGAIN_IN)
    return response


def _problem(status: int, detail: str, more: Mapping[str, object]) -> web.Response:
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **more,
    }
    return web.json_response(body, status=status, content_type="application/problem+json")


def _read(body: bytes, zone: tzinfo) -> _Read:
    read = _Read()
    for index, item in enumerate(_items(body)):
        try:
            if not isinstance(item, Mapping):
                raise Unfit("item: it is no JSON object")
            read.events.append(to_event(item, zone))
        except Unfit as unfit:
            read.refused.append({"index": index, "error": str(unfit)})
    return read


def _items(body: bytes) -> Sequence[object]:
    """Return the items of a body: one object, a list, or one a line."""
    try:
        whole = json.loads(body)
    except RecursionError:
        raise _NoJson from None
    except ValueError:
        lines = list(_lines(body))
        if not any(isinstance(line, Mapping) for line in lines):
            raise _NoJson from None
        return lines
    if isinstance(whole, Mapping):
        return [whole]
    if not isinstance(whole, list):
        raise _NoJson
    return whole


def _lines(body: bytes) -> Iterator[object]:
    for line in body.splitlines():
        if not line.strip():
            continue
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            yield None
