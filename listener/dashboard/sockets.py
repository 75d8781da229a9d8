"""The sockets of the status page: they outlive a configuration, so that nobody is turned away meanwhile."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import closing
from ipaddress import ip_address

from listener.config import DashboardOptions
from storage.base import Rows
from storage.desk import tokens

_BACKLOG = 128


class NotServed(Exception):
    """The configured address cannot be served; the message says what to do."""


def is_loopback(host: str) -> bool:
    """Whether an address to bind to is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Sockets:
    """Bound and listening; each server gets copies, and closing those closes no door."""

    def __init__(self, options: DashboardOptions, sockets: Sequence[socket.socket]) -> None:
        self._options = options
        self._sockets = sockets

    @classmethod
    async def bind(cls, options: DashboardOptions, store: Rows) -> Sockets:
        """Take the address. Raises NotServed where the port is taken, or beyond loopback without a token."""
        host, port = options.host, options.port
        if not is_loopback(host) and not await asyncio.to_thread(tokens.names, store):
            raise NotServed(
                f"dashboard.host {host} can be reached from other machines, and there is no token to ask "
                "for; make one with `listener token add NAME`, or set dashboard.host to 127.0.0.1"
            )
        found: list[socket.socket] = []
        try:
            server = await asyncio.get_running_loop().create_server(
                asyncio.Protocol, host, port, start_serving=False
            )
            with closing(server):
                found += [one.dup() for one in server.sockets]
            for one in found:
                # At once: a port that is only bound can be taken by others.
                one.listen(_BACKLOG)
        except OSError as error:
            cls(options, found).close()
            raise NotServed(
                f"cannot serve on {host}:{port} ({error.strerror}); "
                "set another dashboard.port in the configuration"
            ) from None
        return cls(options, found)

    @property
    def url(self) -> str:
        """Where the page is."""
        host = self._options.host
        port = self._sockets[0].getsockname()[1]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def do_for(self, options: DashboardOptions) -> bool:
        """Whether these are the ones that a configuration wants."""
        return (options.host, options.port) == (self._options.host, self._options.port)

    def copies(self) -> list[socket.socket]:
        """What a server may close when it ends."""
        return [one.dup() for one in self._sockets]

    def close(self) -> None:
        """Close the door."""
        for one in self._sockets:
            one.close()
