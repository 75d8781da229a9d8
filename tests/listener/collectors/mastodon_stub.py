"""A server that plays Mastodon's API with statuses of our own invention, faults included.

Its shapes follow Mastodon's documentation. That it plays them rightly is checked from outside: Mastodon.py reads it,
and the collector that is tested against it also reads a real server (snac2) and recorded answers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from aiohttp import WSMsgType, web

Status = dict[str, Any]


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Fault:
    """The next answers to a path that holds `part` are this one, `times` times (0: for ever)."""

    part: str
    status: int = 500
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 0
    when: Callable[[dict[str, str]], bool] | None = None


class Stub:
    """One instance. `arrive` gives it a status; the id is made of the date, as Mastodon does."""

    def __init__(self, *, link: bool = True, min_id: bool = True, token: str | None = None) -> None:
        self.link, self.min_id, self.token = link, min_id, token
        self.statuses: dict[str, Status] = {}
        self.faults: list[Fault] = []
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.remaining: int | None = None
        self.turned = False
        self.members_only = False
        self.hidden_parents = False
        self.can_search = True
        self.sockets: list[web.WebSocketResponse] = []
        self.subscribed: list[dict[str, Any]] = []
        self.refuse_stream = False
        self.refuse_channels = False
        self.handshake = 0
        self._changed = asyncio.Condition()
        self._number = 0
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def __aenter__(self) -> Stub:
        app = web.Application()
        app.router.add_get("/api/v1/streaming", self._stream)
        app.router.add_get("/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    def make(self, text: str, at: int, **more: Any) -> Status:
        """A status of a local person, unless `acct` and `uri` say otherwise. `tags` as in the text."""
        self._number += 1
        number = self._number
        acct = more.pop("acct", "ann")
        host = acct.partition("@")[2] or self.name
        uri = more.pop("uri", f"http://{host}/users/{acct.partition('@')[0]}/statuses/{number}-{at}")
        tags = more.pop(
            "tags", [word[1:].lower().strip(".,!?") for word in text.split() if word.startswith("#")]
        )
        account = {
            "id": str(abs(hash(acct)) % 10**12),
            "username": acct.partition("@")[0],
            "acct": acct,
            "display_name": "Ann",
            "bot": False,
            "followers_count": 7,
            "url": f"http://{host}/@{acct.partition('@')[0]}",
            "uri": f"http://{host}/users/{acct.partition('@')[0]}",
            "created_at": iso(1_600_000_000),
            "note": "",
            **more.pop("account", {}),
        }
        return {
            "id": str((at * 1000 << 16) + number),
            "created_at": iso(at),
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": "en",
            "uri": uri,
            "url": uri,
            "replies_count": 0,
            "reblogs_count": 0,
            "favourites_count": 0,
            "quotes_count": 0,
            "edited_at": None,
            "content": f"<p>{text}</p>",
            "reblog": None,
            "account": account,
            "media_attachments": [],
            "mentions": [],
            "tags": [{"name": tag, "url": f"http://{host}/tags/{tag}"} for tag in tags],
            "emojis": [],
            "card": None,
            "poll": None,
            **more,
        }

    def arrive(self, text: str, at: int, **more: Any) -> Status:
        status = self.make(text, at, **more)
        self.statuses[status["id"]] = status
        return status

    def timeline(self, path: str, query: dict[str, str]) -> list[Status]:
        """All statuses of a timeline, newest first."""
        found = [status for status in self.statuses.values() if isinstance(status, dict)]
        if "/tag/" in path:
            tag = path.rpartition("/")[2]
            found = [status for status in found if any(each["name"] == tag for each in status["tags"])]
        elif "/accounts/" in path:
            found = [status for status in found if status["account"]["id"] == path.split("/")[4]]
        else:
            found = [status for status in found if status["in_reply_to_id"] is None]
            if query.get("local", "").lower() in ("true", "1"):
                found = [status for status in found if "@" not in status["account"]["acct"]]
        return sorted(found, key=lambda status: -int(status["id"]))

    def page(self, path: str, query: dict[str, str]) -> list[Status]:
        """One answer of a timeline, as Mastodon pages it."""
        found = self.timeline(path, query)
        limit = min(int(query.get("limit", "20")), 40)
        if "max_id" in query:
            found = [status for status in found if int(status["id"]) < int(query["max_id"])]
        if "since_id" in query:
            found = [status for status in found if int(status["id"]) > int(query["since_id"])]
        if "min_id" in query and self.min_id:
            found = [status for status in found if int(status["id"]) > int(query["min_id"])]
            return found[-limit:][::-1] if self.turned else found[-limit:]
        return found[:limit]

    async def _answer(self, request: web.Request) -> web.Response:
        path, query = request.path, dict(request.query)
        self.asked.append((path, query, dict(request.headers)))
        for fault in list(self.faults):
            if fault.part in path and (fault.when is None or fault.when(query)):
                if fault.times == 1:
                    self.faults.remove(fault)
                fault.times = max(0, fault.times - 1)
                return web.Response(status=fault.status, text=fault.body, headers=fault.headers)
        authorized = self.token is not None and request.headers.get("Authorization") == f"Bearer {self.token}"
        if self.members_only and not authorized:
            return web.json_response({"error": "This method requires an authenticated user"}, status=422)
        headers = {}
        if self.remaining is not None:
            self.remaining -= 1
            headers = {
                "X-RateLimit-Limit": "300",
                "X-RateLimit-Remaining": str(self.remaining),
                "X-RateLimit-Reset": "2099-01-01T00:00:00.000000Z",
            }
        body, status = self._body(path, query, authorized)
        if self.link and isinstance(body, list) and body:
            url = f"{self.host}{path}"
            headers["Link"] = (
                f'<{url}?max_id={body[-1]["id"]}>; rel="next", <{url}?min_id={body[0]["id"]}>; rel="prev"'
            )
        return web.json_response(body, status=status, headers=headers)

    def _body(self, path: str, query: dict[str, str], authorized: bool) -> tuple[Any, int]:
        parts = path.strip("/").split("/")
        if "timelines" in parts or (parts[2:3] == ["accounts"] and parts[-1] == "statuses"):
            return self.page(path, query), 200
        if parts[-2:] == ["accounts", "lookup"]:
            for status in self.statuses.values():
                account = status["account"]
                if query["acct"] in (account["acct"], f"{account['acct']}@{self.name}"):
                    return account, 200
            return {"error": "Record not found"}, 404
        if parts[-1] == "instance":
            return {
                "domain": self.name,
                "uri": self.name,
                "version": "4.5.0",
                "api_versions": {"mastodon": 7},
            }, 200
        if parts[-1] == "search":
            if not authorized or not self.can_search:
                return {"error": "This method requires an authenticated user"}, 403
            words = query["q"].strip('"').lower()
            found = [each for each in self.timeline("/all", {}) if words in each["content"].lower()]
            start = int(query.get("offset", "0"))
            return {
                "accounts": [],
                "hashtags": [],
                "statuses": found[start : start + int(query.get("limit", "20"))],
            }, 200
        if parts[2:3] == ["statuses"]:
            return self._status(parts)
        return {"error": "Not found"}, 404

    def _status(self, parts: list[str]) -> tuple[Any, int]:
        status = self.statuses.get(parts[3])
        if self.hidden_parents:
            return {"error": "This method requires an authenticated user"}, 401
        if status is None:
            return {"error": "Record not found"}, 404
        if parts[-1] != "context":
            return status, 200
        line: list[Status] = []
        while (above := status["in_reply_to_id"]) is not None and above in self.statuses:
            status = self.statuses[above]
            line.insert(0, status)
        return {"ancestors": line, "descendants": []}, 200

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, dict(request.query), dict(request.headers)))
        self.handshake += 1
        if self.refuse_stream or request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.Response(status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            self.subscribed.append(json.loads(message.data))
            if self.refuse_channels:
                await socket.send_str(json.dumps({"error": "Not authorized", "status": 401}))
            async with self._changed:
                self._changed.notify_all()
        return socket

    async def subscriptions(self, count: int) -> list[dict[str, Any]]:
        """Wait until so many channels were asked for, of all connections together."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: len(self.subscribed) >= count)
        return self.subscribed

    async def say(self, event: str, payload: Any, *channel: str) -> None:
        """Send a message to all who listen, its payload as a text in the text, as Mastodon does."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        await self.send(json.dumps({"stream": list(channel), "event": event, "payload": text}))

    async def send(self, text: str) -> None:
        for socket in self.sockets:
            if not socket.closed:
                await socket.send_str(text)

    async def hang_up(self) -> None:
        for socket in self.sockets:
            await socket.close()
        self.sockets.clear()
