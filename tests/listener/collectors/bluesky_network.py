"""A real Bluesky server for tests, and the bridge that turns its firehose into events of Jetstream.

The bridge does what Jetstream does for the world: it reads com.atproto.sync.subscribeRepos, takes the records out of
the blocks of each commit, stamps each event with the time at which it came, and writes JSON.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from jetstream_stub import JetstreamStub

ROOT = Path(__file__).parents[3]
HOME = ROOT / "build" / "bluesky"
NODE = HOME / "node" / "bin" / "node"
SCRIPTS = Path(__file__).parent / "bluesky_servers"


def installed() -> pytest.MarkDecorator:
    """Skip where .ci/bluesky was not run, or could not install what it wants."""
    there = (HOME / "installed").is_file() and NODE.is_file()
    return pytest.mark.skipif(not there, reason="no real Bluesky server: run .ci/bluesky, see its last line")


@asynccontextmanager
async def node(
    script: str, *arguments: str, tmp: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run one of our scripts with the installed packages; it ends when its standard input does."""
    # Node looks for packages beside the script.
    shutil.copy(SCRIPTS / script, HOME / script)
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        str(HOME / script),
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "TMPDIR": str(tmp), **(environment or {})},
        limit=2**24,
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def line(process: asyncio.subprocess.Process, timeout: float = 60.0) -> dict[str, Any]:
    """Return the next line that a script writes."""
    assert process.stdout is not None
    async with asyncio.timeout(timeout):
        found = await process.stdout.readline()
    assert found, "the script ended"
    answer: dict[str, Any] = json.loads(found)
    return answer


class RealPds:
    """A PDS on loopback, spoken to over its own interface."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def call(self, name: str, body: Mapping[str, Any] | None = None, token: str | None = None) -> Any:
        """Ask a procedure (with a body) or a query."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        method = "POST" if body is not None else "GET"
        async with self._session.request(
            method, f"{self.url}/xrpc/{name}", json=body, headers=headers
        ) as answer:
            text = await answer.text()
            assert answer.status == 200, f"{name}: {answer.status} {text[:300]}"
            return json.loads(text) if text else None

    async def join(self, handle: str) -> Person:
        made = await self.call(
            "com.atproto.server.createAccount",
            {"handle": handle, "email": f"{handle}@mail.test", "password": f"pass-{handle}"},
        )
        return Person(self, handle, made["did"], made["accessJwt"])

    async def take_down(self, did: str) -> None:
        """What a moderator does."""
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": did}
        await self._as_admin(
            "updateSubjectStatus", {"subject": subject, "takedown": {"applied": True, "ref": "test"}}
        )

    async def delete(self, did: str) -> None:
        """What becomes of an account when its owner leaves for good."""
        await self._as_admin("deleteAccount", {"did": did})

    async def _as_admin(self, name: str, body: Mapping[str, Any]) -> None:
        # The password of every such test network.
        headers = {"Authorization": aiohttp.encode_basic_auth("admin", "admin-pass")}
        url = f"{self.url}/xrpc/com.atproto.admin.{name}"
        async with self._session.post(url, json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()


class Person:
    """Somebody with an account."""

    def __init__(self, pds: RealPds, handle: str, did: str, token: str) -> None:
        self.pds, self.handle, self.did, self.token = pds, handle, did, token

    async def post(self, text: str, reply: Mapping[str, Any] | None = None) -> dict[str, str]:
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": _now(), "langs": ["en"]}
        if reply is not None:
            record |= {"reply": reply}
        return await self._repo("createRecord", {"record": record})

    async def edit(self, ref: Mapping[str, str], text: str) -> dict[str, str]:
        record = {"$type": "app.bsky.feed.post", "text": text, "createdAt": _now(), "langs": ["en"]}
        return await self._repo("putRecord", {"rkey": ref["uri"].rsplit("/", 1)[1], "record": record})

    async def like(self, ref: Mapping[str, str]) -> dict[str, str]:
        record = {"$type": "app.bsky.feed.like", "subject": dict(ref), "createdAt": _now()}
        return await self._repo("createRecord", {"record": record}, "app.bsky.feed.like")

    async def post_many(self, texts: Sequence[str]) -> None:
        """Write many posts at once."""
        kind = "com.atproto.repo.applyWrites#create"
        record = {"$type": "app.bsky.feed.post", "createdAt": _now(), "langs": ["en"]}
        made = [
            {"$type": kind, "collection": "app.bsky.feed.post", "value": {**record, "text": text}}
            for text in texts
        ]
        await self.pds.call("com.atproto.repo.applyWrites", {"repo": self.did, "writes": made}, self.token)

    async def take_back(self, ref: Mapping[str, str]) -> None:
        await self._repo("deleteRecord", {"rkey": ref["uri"].rsplit("/", 1)[1]})

    async def _repo(
        self, name: str, body: Mapping[str, Any], kind: str = "app.bsky.feed.post"
    ) -> dict[str, str]:
        sent = {"repo": self.did, "collection": kind, **body}
        done = await self.pds.call(f"com.atproto.repo.{name}", sent, self.token)
        return {name: done[name] for name in ("uri", "cid") if name in done}


@asynccontextmanager
async def real_pds(tmp: Path) -> AsyncIterator[RealPds]:
    """Start a PDS with its own PLC directory."""
    async with node("network.mjs", tmp=tmp) as process, aiohttp.ClientSession() as session:
        where = await line(process)
        yield RealPds(where["pds"], session)


@asynccontextmanager
async def real_network(tmp: Path, environment: Mapping[str, str]) -> AsyncIterator[RealNetwork]:
    """Start a PDS and the AppView behind it."""
    script = node("network_with_appview.mjs", tmp=tmp, environment=environment)
    async with script as process, aiohttp.ClientSession() as session:
        where = await line(process)
        yield RealNetwork(RealPds(where["pds"], session), where["appview"], process)


class RealNetwork:
    """A PDS whose accounts and posts can be searched."""

    def __init__(self, pds: RealPds, appview: str, process: asyncio.subprocess.Process) -> None:
        self.pds = pds
        self.appview = appview
        self._process = process

    async def indexed(self) -> None:
        """Wait until all that was written can be found."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"index\n")
        await self._process.stdin.drain()
        await line(self._process)


class Bridge:
    """Reads the firehose of a PDS from its beginning and says to the stub what Jetstream would."""

    def __init__(self, pds: RealPds, stub: JetstreamStub) -> None:
        self._pds = pds
        self._stub = stub
        self._last_us = 0

    async def run(self) -> None:
        """Until cancelled."""
        url = self._pds.url.replace("http", "ws", 1) + "/xrpc/com.atproto.sync.subscribeRepos?cursor=0"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, max_msg_size=0) as socket:
            async for message in socket:
                assert message.type is aiohttp.WSMsgType.BINARY
                await self._stub.say(*self._events(message.data))

    def _events(self, frame: bytes) -> list[dict[str, Any]]:
        import libipld

        header, body = libipld.decode_dag_cbor_multi(frame)
        assert header["op"] == 1, f"an error frame: {body}"
        kind = header["t"]
        if kind == "#commit":
            _, blocks = libipld.decode_car(body["blocks"])
            return [self._commit(body, op, blocks) for op in body["ops"]]
        if kind in ("#identity", "#account"):
            name = kind[1:]
            return [{"did": body["did"], "time_us": self._now_us(), "kind": name, name: _plain(body)}]
        return []

    def _commit(
        self, body: Mapping[str, Any], op: Mapping[str, Any], blocks: Mapping[bytes, Any]
    ) -> dict[str, Any]:
        collection, rkey = op["path"].split("/", 1)
        told = {"rev": body["rev"], "operation": op["action"], "collection": collection, "rkey": rkey}
        if op["action"] != "delete":
            told |= {"record": _plain(blocks[op["cid"]]), "cid": _link(op["cid"])}
        return {"did": body["repo"], "time_us": self._now_us(), "kind": "commit", "commit": told}

    def _now_us(self) -> int:
        self._last_us = max(self._last_us + 1, time.time_ns() // 1_000)
        return self._last_us


def _plain(value: Any) -> Any:
    """As JSON writes what CBOR holds."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode().rstrip("=")}
    return value


def _link(cid: object) -> str:
    import libipld

    return libipld.encode_cid(cid) if isinstance(cid, bytes) else str(cid)


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
