"""The guarded HTTP session: every request that leaves the house goes through here.

Errors name the host and nothing else of an address: a path may be the secret itself (Slack webhooks), and so
may the query string and the user name.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import SimpleNamespace, TracebackType

import aiohttp
from yarl import URL

from alerts.addresses import PrivateAddress, check_literal, public_url
from alerts.guard import CONNECT_TIMEOUT, READ_TIMEOUT, USER_AGENT, RedirectedStream, session

__all__ = ["USER_AGENT", "Answer", "NoAnswer", "Refused", "Transport", "public_url", "retry_after"]

LONGEST_RETRY_AFTER = 86_400.0
_BLOCK = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A stream that is refused like this stays refused until somebody changes the address or the token.
_FINAL = frozenset({400, 401, 403, 404, 405, 410})
# What may follow a redirect to another host. Everything else could be a credential meant for the first one.
_HARMLESS = frozenset({"accept", "accept-language", "if-none-match", "if-modified-since", "user-agent"})
_SECONDS = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: status, headers (names case-insensitive), the decoded body, the last URL."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class NoAnswer(Exception):
    """No complete answer came. `sent` is True when the request may have reached the server all the same.

    `headers` are those of an answer that was no stream; it may ask to wait.
    """

    def __init__(self, reason: str, *, sent: bool, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.sent = sent
        self.headers = headers or {}


class Refused(Exception):
    """The guard refused: a private address, not http(s), a body over the limit, a redirect too many."""


class Transport:
    """One HTTP client for the whole process. Use as `async with Transport() as transport`.

    No cookies, no proxies from the environment, no connection kept between requests: an idle connection that
    the server has just closed would turn a clean "not sent" into "perhaps sent" and double a message. TLS
    certificates are always verified.
    """

    def __init__(self) -> None:
        # Two sessions, so that nothing opened for a request that may reach private addresses serves another.
        self._guarded: aiohttp.ClientSession | None = None
        self._open: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Transport:
        self._guarded = session(public_only=True)
        self._open = session(public_only=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for opened in (self._guarded, self._open):
            if opened is not None:
                await opened.close()
        self._guarded = self._open = None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 30.0,  # noqa: ASYNC109 - one limit for all hops, counted here
        max_bytes: int = 16_000_000,
        allow_private: bool = False,
        max_redirects: int = 5,
    ) -> Answer:
        """Send one request and read its whole answer, within `timeout` seconds for everything together.

        Addresses are checked when the connection is made and again on each redirect. `allow_private` holds
        for the host that `url` names; a redirect to another host must lead to a public address. Only GET and
        HEAD follow redirects. `max_bytes` counts the decompressed body. A user name and password in the URL
        are sent as basic authentication to that host only. Raises NoAnswer and Refused.
        """
        state = SimpleNamespace(sent=False)
        target = _parse(url)
        try:
            async with asyncio.timeout(timeout):
                return await self._follow(
                    method.upper(),
                    target,
                    _request_headers(target, headers),
                    body,
                    state,
                    max_bytes=max_bytes,
                    allow_private=allow_private,
                    hops_left=max_redirects,
                )
        except TimeoutError as error:
            raise NoAnswer(f"{target.host} did not answer in time", sent=state.sent) from error
        except aiohttp.InvalidURL as error:
            raise Refused("the address is not a valid http(s) address") from error
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, PrivateAddress):
                raise Refused(str(error.os_error)) from error
            raise NoAnswer(f"the name {target.host} was not found", sent=state.sent) from error
        except PrivateAddress as error:
            raise Refused(str(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"{target.host}: {_in_words(error)}", sent=state.sent) from error

    async def _follow(
        self,
        method: str,
        target: URL,
        headers: dict[str, str],
        body: bytes | None,
        state: SimpleNamespace,
        *,
        max_bytes: int,
        allow_private: bool,
        hops_left: int,
    ) -> Answer:
        first_host = target.host
        while True:
            # Without the second condition a public feed could lead the daemon into the operator's network.
            session = self._session_for(target, allow_private and target.host == first_host)
            async with session.request(
                method,
                target.with_user(None),
                headers=headers,
                data=body,
                allow_redirects=False,
                trace_request_ctx=state,
            ) as response:
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or location is None:
                    text = await _read(response, max_bytes)
                    return Answer(response.status, response.headers, text, str(target.with_user(None)))
            following = _next_hop(target, location, method, hops_left)
            hops_left -= 1
            if following.origin() != target.with_user(None).origin():
                headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
            target = following

    async def websocket(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        allow_private: bool = False,
        max_bytes: int,
    ) -> aiohttp.ClientWebSocketResponse:
        """Open a websocket to a ws(s) or http(s) address, guarded like a request; the caller closes it.

        Redirects are refused. A server that is silent for long is pinged, and given up when it does not answer.
        Raises NoAnswer and Refused.
        """
        target = _parse(re.sub(r"^ws(?=s?://)", "http", url))
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT + READ_TIMEOUT):
                session = self._session_for(target, allow_private)
                return await session.ws_connect(
                    target.with_user(None),
                    headers=_request_headers(target, headers),
                    heartbeat=READ_TIMEOUT,
                    max_msg_size=max_bytes,
                    timeout=aiohttp.ClientWSTimeout(ws_close=1.0),
                )
        except TimeoutError as error:
            raise NoAnswer(f"{target.host} did not answer in time", sent=True) from error
        except aiohttp.InvalidURL as error:
            raise Refused("the address is not a valid address") from error
        except aiohttp.ClientConnectorDNSError as error:
            if isinstance(error.os_error, PrivateAddress):
                raise Refused(str(error.os_error)) from error
            raise NoAnswer(f"the name {target.host} was not found", sent=False) from error
        except (PrivateAddress, RedirectedStream) as error:
            raise Refused(str(error)) from error
        except aiohttp.WSServerHandshakeError as error:
            reason = f"{target.host} answered {error.status} instead of opening a stream"
            if error.status in _FINAL:
                raise Refused(reason) from error
            raise NoAnswer(reason, sent=True, headers=error.headers) from error
        except (aiohttp.ClientError, OSError) as error:
            raise NoAnswer(f"{target.host}: {_in_words(error)}", sent=True) from error

    def _session_for(self, target: URL, private: bool) -> aiohttp.ClientSession:
        session = self._open if private else self._guarded
        if session is None:
            raise RuntimeError("Transport is used outside of `async with`")
        if not private:
            check_literal(target.host or "")
        return session


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait that a Retry-After header asks for, given in seconds or as an HTTP date.

    Never negative, and at most a day: a slip of the server's clock must not silence a source for a year. None
    where there is no such header or it makes no sense.
    """
    value = next((text.strip() for name, text in headers.items() if name.lower() == "retry-after"), None)
    if not value:
        return None
    if _SECONDS.fullmatch(value):
        seconds = float(value)
    else:
        try:
            when = parsedate_to_datetime(value)
            seconds = (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def _parse(url: str) -> URL:
    try:
        target = URL(url)
    except ValueError as error:
        raise Refused("the address is not a valid http(s) address") from error
    if target.scheme not in ("http", "https"):
        raise Refused(
            f"only http and https are allowed, not {target.scheme or 'an address without a scheme'!r}"
        )
    if not target.host:
        raise Refused("the address has no host")
    return target


def _request_headers(target: URL, headers: Mapping[str, str] | None) -> dict[str, str]:
    given = dict(headers or {})
    if target.user is not None or target.password is not None:
        # Written by hand: aiohttp's BasicAuth refuses names beyond Latin-1.
        pair = f"{target.user or ''}:{target.password or ''}".encode()
        given.setdefault("Authorization", "Basic " + base64.b64encode(pair).decode("ascii"))
    return given


def _next_hop(target: URL, location: str, method: str, hops_left: int) -> URL:
    if method not in ("GET", "HEAD"):
        raise Refused(
            f"{target.host} redirects a {method}, which is not followed; use the new address itself"
        )
    if hops_left <= 0:
        raise Refused(f"{target.host} redirects too often")
    try:
        following = target.with_user(None).join(URL(location))
    except ValueError as error:
        raise Refused(f"{target.host} redirects to something that is no address") from error
    return _parse(str(following)).with_user(None)


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Read the body in blocks; aiohttp decompresses only a block ahead, so a gzip bomb stops here too."""
    too_large = f"the answer of {response.url.host} is larger than {max_bytes} bytes"
    if (response.content_length or 0) > max_bytes:
        raise Refused(too_large)
    parts: list[bytes] = []
    size = 0
    async for block in response.content.iter_chunked(_BLOCK):
        size += len(block)
        if size > max_bytes:
            raise Refused(too_large)
        parts.append(block)
    return b"".join(parts)


def _in_words(error: Exception) -> str:
    """Say what failed, never in the library's own words: those hold the whole address."""
    words: tuple[tuple[type[Exception], str], ...] = (
        (aiohttp.ClientConnectorCertificateError, "its TLS certificate is not trusted"),
        (aiohttp.ClientSSLError, "the TLS handshake failed"),
        (aiohttp.ClientConnectorError, "no connection"),
        (aiohttp.ServerDisconnectedError, "the connection was closed without an answer"),
        (aiohttp.ClientPayloadError, "the answer broke off or could not be decoded"),
        (aiohttp.ClientResponseError, "the answer is not HTTP"),
        (OSError, "the connection broke"),
    )
    return next((text for kind, text in words if isinstance(error, kind)), type(error).__name__)
