"""Looks at kept statuses again: each on a server that we listen to, by the id that this server has for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from listener.collectors.base import Permanent, Retriable, Visited
from listener.collectors.mastodon.events import CLOSED, GONE, Teller, Told
from listener.collectors.mastodon.instance import Enough, Server
from listener.collectors.post import Delete

AT_ONCE, MOST_CALLS = 20, 1
"""Statuses in one look, a request each, and looks after one poll; a server allows 60 requests a minute."""
# How Mastodon writes the uri of a status of its own people, and of a boost: its id stands in it.
_OWN = re.compile(r"/(?:users/[^/?#]+|ap/users/\d+)/statuses/(\d{1,30})(?:/activity)?")


class Looks:
    """Asks the servers that are configured, and no others: a stranger's server has not been asked for its leave."""

    def __init__(self, servers: Sequence[Server], teller: Teller) -> None:
        self._servers = servers
        self._teller = teller

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at statuses. One that fails is unseen and costs no other. Raises Retriable and Permanent."""
        told, unseen = Told(), list[str]()
        failure: Retriable | Permanent | None = None
        for uri in native_ids:
            place = self._place(uri)
            if place is None:
                # Of whom no server's own id is known, nobody can be asked. Before the first timeline was read since
                # the start that holds for nearly all.
                unseen += [] if self._teller.began else [uri]
                continue
            try:
                await self._look(uri, *place, now, told)
            except Enough:
                unseen.append(uri)
            except (Retriable, Permanent) as error:
                unseen.append(uri)
                failure = error
        if failure is not None and len(unseen) == len(native_ids):
            raise failure
        return Visited(told.events, told.aside, unseen)

    def _place(self, uri: str) -> tuple[Server, str] | None:
        """On which server to ask, and for which id: its own server if we listen to it, else one that showed it."""
        for server in self._servers:
            if _is_home(server, uri) and (found := _OWN.fullmatch(uri[len(server.url) :])):
                return server, found.group(1)
        return self._teller.place_of(uri)

    async def _look(self, uri: str, server: Server, name: str, now: int, told: Told) -> None:
        try:
            status = await server.look(f"/api/v1/statuses/{name}")
        except Permanent as failure:
            if failure.status not in (*GONE, *CLOSED):
                raise
            # Another server may have forgotten its copy, or show it to its members only: only its own one knows.
            if _is_home(server, uri) and (failure.status in GONE or await server.is_gone(uri)):
                told.events.append(Delete(uri))
            return
        if isinstance(status, Mapping):
            self._teller.tell_again(status, uri, server, now, told)


def _is_home(server: Server, uri: str) -> bool:
    return uri.startswith(f"{server.url}/")
