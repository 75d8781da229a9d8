"""A server in the shape of Jetstream (version 1) and of the answers that the Bluesky collector asks for, on 127.0.0.1.

Written by whoever wrote the collector, so by itself it proves nothing: test_bluesky_real.py feeds it from the firehose
of a real server, and has a client library that others wrote read it too. As the real one it replays from a cursor in
microseconds, gives a cursor that is older than what it still has no word of complaint, gives a cursor of the future
what comes next, filters by collection and by account, and always sends identity and account events.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from aiohttp import WSCloseCode, web

POST = "app.bsky.feed.post"
_NSID = re.compile(r"[a-zA-Z0-9.-]+\.[a-zA-Z*]+")

Fault = tuple[int, Mapping[str, str], str]
"""Status, headers and body of an answer that goes wrong."""


@dataclass(frozen=True)
class Asked:
    """A request as it came in."""

    name: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    values: Callable[[str], list[str]]


def did(number: int) -> str:
    """An account that nobody has."""
    return f"did:plc:{number:024d}"


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def commit(
    author: str, rkey: str, time_us: int, operation: str = "create", collection: str = POST, **record: Any
) -> dict[str, Any]:
    """An event about a record, as Jetstream writes it."""
    body: dict[str, Any] = {
        "rev": f"3m{time_us}",
        "operation": operation,
        "collection": collection,
        "rkey": rkey,
    }
    if operation != "delete":
        made = {"$type": collection, "createdAt": iso(time_us / 1e6), "langs": ["en"], **record}
        body |= {"record": made, "cid": "bafyreiapzyf65cmq55jklpnrihiygze2jmmdqvvkwqeiomd72pbp2iazuu"}
    return {"did": author, "time_us": time_us, "kind": "commit", "commit": body}


def account(author: str, time_us: int, *, active: bool = False, status: str | None = None) -> dict[str, Any]:
    """An event about the state of an account."""
    told = {"active": active, "did": author, "seq": 1, "time": iso(time_us / 1e6)}
    return {
        "did": author,
        "time_us": time_us,
        "kind": "account",
        "account": told | ({"status": status} if status else {}),
    }


@dataclass
class Bluesky:
    """What the stub knows: accounts, their followers and what they wrote, and which passwords open."""

    handles: dict[str, str] = field(default_factory=dict)
    followers: dict[str, int] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)
    passwords: dict[str, str] = field(default_factory=dict)
    open_for: int = 1_000_000
    "How many searches an access token lasts."

    def write(self, author: str, rkey: str, at: float, text: str, **record: Any) -> dict[str, Any]:
        """Add a post as searches show it."""
        names = {name: known for known, name in self.handles.items()}
        view = {
            "uri": f"at://{author}/{POST}/{rkey}",
            "cid": "bafyreiapzyf65cmq55jklpnrihiygze2jmmdqvvkwqeiomd72pbp2iazuu",
            "author": {"did": author, "handle": names.get(author, "handle.invalid")},
            "record": {"$type": POST, "text": text, "createdAt": iso(at), "langs": ["en"], **record},
            "indexedAt": iso(at),
        }
        self.posts.append(view)
        return view


class JetstreamStub:
    """Serves what `say` was given. `horizon_us`: what is older is gone. `clock_us`: what it takes the time to be."""

    def __init__(self) -> None:
        self.port = 0
        self.world = Bluesky()
        self.said: list[str] = []
        self.horizon_us = 0
        self.clock_us: Callable[[], int] = lambda: time.time_ns() // 1_000
        self.asked: list[Asked] = []
        self.faults: defaultdict[str, list[Fault]] = defaultdict(list)
        self.most_hits = 1_000_000
        self._times: list[int] = []
        self._about: list[tuple[str, str]] = []
        self._news = asyncio.Condition()
        self._sockets: set[web.WebSocketResponse] = set()
        self._tokens: dict[str, int] = {}
        self._issued = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> JetstreamStub:
        app = web.Application()
        app.router.add_get("/subscribe", self._subscribe)
        app.router.add_route("*", "/xrpc/{name}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.drop()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def stream(self) -> str:
        return f"ws://127.0.0.1:{self.port}/subscribe"

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # ---- what a test does ----------------------------------------------------------------------------------------

    async def say(self, *events: Mapping[str, Any]) -> None:
        """Send events to whoever listens, and keep them for whoever comes later."""
        for event in events:
            about = event.get("commit") or {}
            self._add(
                json.dumps(event), int(event["time_us"]), str(event["did"]), str(about.get("collection", ""))
            )
        await self._tell()

    async def say_raw(self, message: str, time_us: int) -> None:
        """Send something that may be no event at all."""
        self._add(message, time_us, "", "")
        await self._tell()

    async def drop(self) -> None:
        """Close every stream."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def listeners(self, count: int = 1) -> None:
        """Wait until so many streams are open."""
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self._sockets) >= count)

    def asked_for(self, name: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.name == name]

    def _add(self, message: str, time_us: int, author: str, collection: str) -> None:
        self.said.append(message)
        self._times.append(time_us)
        self._about.append((author, collection))

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    # ---- the stream ----------------------------------------------------------------------------------------------

    async def _subscribe(self, request: web.Request) -> web.StreamResponse:
        self._note("subscribe", request)
        if fault := self._fault("subscribe"):
            return fault
        collections, dids = (
            request.query.getall("wantedCollections", []),
            request.query.getall("wantedDids", []),
        )
        cursor = request.query.get("cursor")
        if any(not _NSID.fullmatch(name) for name in collections) or (cursor and not cursor.isdigit()):
            return web.Response(status=400, text="bad query")
        at = self._from(None if cursor is None else int(cursor))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        await self._tell()
        try:
            sending = asyncio.create_task(self._send(socket, at, collections, dids))
            async for _ in socket:
                pass
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        finally:
            self._sockets.discard(socket)
        return socket

    def _from(self, cursor: int | None) -> int:
        """The place of the first event for a cursor."""
        if cursor is None or cursor > self.clock_us():
            return len(self.said)
        start = max(cursor, self.horizon_us)
        return next((at for at, when in enumerate(self._times) if when >= start), len(self.said))

    async def _send(
        self, socket: web.WebSocketResponse, at: int, collections: list[str], dids: list[str]
    ) -> None:
        while not socket.closed:
            while at < len(self.said):
                (author, collection), message, at = self._about[at], self.said[at], at + 1
                if collection and collections and collection not in collections:
                    continue
                if collection and dids and author not in dids:
                    continue
                await socket.send_str(message)
            async with self._news:
                await self._news.wait_for(lambda at=at: at < len(self.said) or socket.closed)

    # ---- the answers ---------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self._note(name, request)
        if fault := self._fault(name):
            return fault
        match name.rsplit(".", 1)[-1]:
            case "resolveHandle":
                return self._resolve(request)
            case "getProfiles":
                return self._profiles(request)
            case "createSession":
                return self._log_in(await request.json())
            case "refreshSession":
                return self._renew(request)
            case "searchPosts":
                return self._search(request)
            case "getAuthorFeed":
                return self._feed(request)
            case "getPosts":
                return self._shown(request)
        return _wrong(404, "MethodNotImplemented")

    def _note(self, name: str, request: web.Request) -> None:
        query = request.query
        self.asked.append(Asked(name, dict(query), dict(request.headers), lambda key: query.getall(key, [])))

    def _fault(self, name: str) -> web.Response | None:
        if not self.faults[name]:
            return None
        status, headers, body = self.faults[name].pop(0)
        return web.Response(status=status, headers=headers, text=body)

    def _resolve(self, request: web.Request) -> web.Response:
        found = self.world.handles.get(request.query["handle"])
        return _wrong(400, "InvalidRequest") if found is None else web.json_response({"did": found})

    def _profiles(self, request: web.Request) -> web.Response:
        actors = request.query.getall("actors", [])
        if not 1 <= len(actors) <= 25:
            return _wrong(400, "InvalidRequest")
        names = {known: name for name, known in self.world.handles.items()}
        found = [
            {"did": actor, "handle": names[actor], "followersCount": self.world.followers.get(actor, 0)}
            for actor in actors
            if actor in names
        ]
        return web.json_response({"profiles": found})

    def _log_in(self, given: Mapping[str, str]) -> web.Response:
        known = self.world.passwords.get(given["identifier"])
        if known is None or known != given["password"]:
            return _wrong(401, "AuthenticationRequired")
        return self._issue()

    def _renew(self, request: web.Request) -> web.Response:
        if not request.headers.get("Authorization", "").startswith("Bearer refresh-"):
            return _wrong(400, "ExpiredToken")
        return self._issue()

    def _issue(self) -> web.Response:
        self._issued += 1
        token = f"access-{self._issued}"
        self._tokens[token] = self.world.open_for
        return web.json_response({"accessJwt": token, "refreshJwt": f"refresh-{self._issued}", "did": did(1)})

    def _refused(self, request: web.Request) -> web.Response | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not self._tokens.get(token):
            return _wrong(400, "ExpiredToken")
        self._tokens[token] -= 1
        return None

    def _search(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        words = request.query["q"].strip('"').lower()
        since, until = request.query["since"], request.query["until"]
        hits = [view for view in self.world.posts if words in view["record"]["text"].lower()]
        hits = [view for view in hits if _when(since) <= _when(_sorted_at(view)) < _when(until)]
        page, cursor = self._page(request, hits, self.most_hits)
        return web.json_response({"posts": page, **cursor})

    def _feed(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        actor = request.query["actor"]
        mine = [view for view in self.world.posts if view["author"]["did"] == actor]
        page, cursor = self._page(request, mine, len(mine))
        return web.json_response({"feed": [{"post": view} for view in page], **cursor})

    def _shown(self, request: web.Request) -> web.Response:
        """Posts by their addresses, at most 25; those that are not there are left out without a word."""
        uris = request.query.getall("uris", [])
        if not 1 <= len(uris) <= 25:
            return _wrong(400, "InvalidRequest")
        return web.json_response({"posts": [view for view in self.world.posts if view["uri"] in uris]})

    def _page(
        self, request: web.Request, views: list[dict[str, Any]], most: int
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        start, limit = int(request.query.get("cursor", 0)), int(request.query.get("limit", 25))
        newest = sorted(views, key=_sorted_at, reverse=True)[:most]
        end = start + min(limit, 100)
        return newest[start:end], {"cursor": str(end)} if end < len(newest) else {}


def _sorted_at(view: Mapping[str, Any]) -> str:
    return min(str(view["indexedAt"]), str(view["record"]["createdAt"]))


def _when(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _wrong(status: int, error: str) -> web.Response:
    return web.json_response({"error": error, "message": "no"}, status=status)
