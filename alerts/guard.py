"""The guarded sessions of aiohttp: no cookies, no proxies, and addresses checked when the connection is made."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from alerts.addresses import PrivateAddress, is_public, refusal
from alerts.made_by import VERSION

USER_AGENT = f"Listener/{VERSION} (+social listening daemon; see README)"
CONNECT_TIMEOUT = 10.0
READ_TIMEOUT = 20.0


class RedirectedStream(Exception):
    """A websocket was answered with a redirect."""


def session(*, public_only: bool) -> aiohttp.ClientSession:
    """Return a session that keeps no cookies and no connections, and with `public_only` reaches no private address.

    Its requests take `trace_request_ctx`, an object whose `sent` becomes True when the request may have arrived.
    """
    resolver: AbstractResolver = ThreadedResolver()
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(_mark_sent)
    trace.on_request_redirect.append(_refuse_redirect)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=_PublicOnly(resolver) if public_only else resolver, use_dns_cache=False, force_close=True
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT),
        trace_configs=[trace],
        trust_env=False,
    )


async def _mark_sent(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    """From the moment a connection stands, the request may arrive, whatever happens afterwards."""
    if context.trace_request_ctx is not None:
        context.trace_request_ctx.sent = True


async def _refuse_redirect(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    """Requests follow redirects hop by hop, each one checked; a websocket would follow them unchecked."""
    raise RedirectedStream(
        "the stream redirects elsewhere, which is not followed; use the new address itself"
    )


class _PublicOnly(AbstractResolver):
    """Lets only public addresses through.

    It filters the very answer that the connection is then made with, so a name that changes its address
    between check and use (DNS rebinding) gains nothing.
    """

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        allowed = [answer for answer in found if is_public(answer["host"])]
        if not allowed:
            raise PrivateAddress(refusal(host))
        return allowed

    async def close(self) -> None:
        await self._inner.close()
