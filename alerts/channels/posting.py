"""One request to an address that the operator chose, and what its outcome means for the message."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping

from alerts.channels.base import Undelivered
from alerts.transport import Answer, NoAnswer, Refused, Transport, retry_after

TIMEOUT = 10.0
_AGAIN = frozenset({408, 425, 429})
# Slack names its reason as one word of this shape (no_service); anything else in a body may be anybody's text.
_REASON = re.compile(rb"[a-z_]{2,40}")


async def post(
    transport: Transport,
    receiver: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    clock: Callable[[], float] = time.time,
) -> Answer:
    """Return the answer of a receiver that took the body (2xx); raise Undelivered for every other outcome.

    Addresses of channels carry secrets; the transport's reasons name the host alone, and no traceback goes with
    them. Private addresses are allowed: the operator named this receiver. A redirect is refused: it would carry
    the message to somebody whom nobody named.
    """
    return await _ask(transport, receiver, "POST", url, headers, body, clock)


async def look(
    transport: Transport,
    receiver: str,
    url: str,
    headers: Mapping[str, str],
    clock: Callable[[], float] = time.time,
) -> Answer:
    """GET an address that changes nothing there, to see whether the receiver answers; like `post` otherwise."""
    return await _ask(transport, receiver, "GET", url, headers, None, clock)


async def _ask(
    transport: Transport,
    receiver: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    clock: Callable[[], float],
) -> Answer:
    try:
        answer = await transport.request(
            method,
            url,
            headers=headers,
            body=body,
            timeout=TIMEOUT,
            max_bytes=1_000_000,
            allow_private=True,
            max_redirects=0,
        )
    except NoAnswer as error:
        what = "may have the message, but gave no whole answer" if error.sent else "cannot be reached"
        raise Undelivered(f"{receiver} {what}: {error}", unknown=error.sent) from None
    except Refused as error:
        raise Undelivered(f"{receiver} is not asked: {error}", permanent=True) from None
    if 200 <= answer.status < 300:
        return answer
    raise _refusal(receiver, answer, clock())


def _refusal(receiver: str, answer: Answer, now: float) -> Undelivered:
    """Say what a status other than 2xx means: 408, 425, 429 and 5xx pass, the rest will not change by itself."""
    passing = answer.status in _AGAIN or answer.status >= 500
    named = _REASON.fullmatch(answer.body.strip()[:60])
    return Undelivered(
        f"{receiver} answered {answer.status}" + (f" ({named.group().decode()})" if named else ""),
        permanent=not passing,
        retry_after=retry_after(answer.headers, now) if passing else None,
    )
