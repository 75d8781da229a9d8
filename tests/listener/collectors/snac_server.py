"""A real server with the Mastodon API: snac2 on 127.0.0.1, with a data folder of its own. `.ci/snac` fetches it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp

FETCHED = Path(__file__).parents[3] / "build" / "snac" / "usr" / "bin" / "snac"
ELSEWHERE = "urn:ietf:wg:oauth:2.0:oob"


def program() -> str | None:
    """Where snac is: what `.ci/snac` fetched, or what the system has."""
    return str(FETCHED) if os.access(FETCHED, os.X_OK) else shutil.which("snac")


class Snac:
    """One server. People are made before it starts; statuses are posted as an app does, with a token by OAuth."""

    def __init__(self, binary: str, folder: Path, people: tuple[str, ...] = ("ann",)) -> None:
        self._binary = binary
        self._folder = folder / "data"
        self._people = people
        self._passwords: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self._tokens: dict[str, str] = {}
        self.port = _free_port()

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def __aenter__(self) -> Snac:
        answers = f"127.0.0.1\n{self.port}\n{self.name}\n\n\n"
        await asyncio.to_thread(self._run, answers, "init", str(self._folder))
        configured = self._folder / "server.json"
        settings = json.loads(configured.read_text())
        configured.write_text(json.dumps({**settings, "protocol": "http"}))
        for person in self._people:
            said = await asyncio.to_thread(self._run, "\n", "adduser", str(self._folder), person)
            found = re.search(r"User password is (\S+)", said)
            assert found is not None, said
            self._passwords[person] = found.group(1)
        self._process = await asyncio.create_subprocess_exec(
            self._binary, "httpd", str(self._folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        # It closes connections that it promised to keep.
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        await self._answers()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        if self._process is not None and self._process.returncode is None:
            # Asked kindly it takes three seconds to leave, and nothing of it is needed any more.
            self._process.kill()
            await self._process.wait()

    def _run(self, answers: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._binary, *arguments], input=answers, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout + done.stderr

    async def _answers(self) -> None:
        assert self._session is not None and self._process is not None
        async with asyncio.timeout(20):
            while self._process.returncode is None:
                try:
                    async with self._session.get(f"{self.host}/api/v1/instance") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.02)
        raise RuntimeError("snac ended before it answered")

    async def _call(self, method: str, path: str, person: str | None = None, **data: str) -> Any:
        assert self._session is not None
        headers = {"Authorization": f"Bearer {await self.token(person)}"} if person else {}
        async with self._session.request(
            method, f"{self.host}{path}", data=data or None, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text()
            assert answer.status < 400, (path, answer.status)
            return json.loads(text) if text[:1] in ("[", "{") else text

    async def token(self, person: str) -> str:
        """A user token, by OAuth as an app gets it."""
        if person not in self._tokens:
            app = await self._call(
                "POST", "/api/v1/apps", client_name="test", redirect_uris=ELSEWHERE, scopes="read write"
            )
            code = await self._call(
                "POST",
                "/oauth/x-snac-login",
                login=person,
                passwd=self._passwords[person],
                redir=ELSEWHERE,
                cid=app["client_id"],
                state="",
            )
            grant = await self._call(
                "POST",
                "/oauth/token",
                grant_type="authorization_code",
                client_id=app["client_id"],
                client_secret=app["client_secret"],
                redirect_uri=ELSEWHERE,
                code=code.strip(),
            )
            self._tokens[person] = grant["access_token"]
        return self._tokens[person]

    async def post(self, person: str, text: str, **more: str) -> dict[str, Any]:
        """Post a status and return it."""
        posted = await self._call(
            "POST", "/api/v1/statuses", person, status=text, visibility="public", language="en", **more
        )
        assert isinstance(posted, dict)
        return posted

    async def edit(self, person: str, status: dict[str, Any], text: str) -> None:
        await self._call("PUT", f"/api/v1/statuses/{status['id']}", person, status=text)

    async def delete(self, person: str, status: dict[str, Any]) -> None:
        """Delete a status as people do on its page; this server's API does not know how."""
        assert self._session is not None
        login = {"Authorization": aiohttp.encode_basic_auth(person, self._passwords[person])}
        form = {"id": status["uri"], "actor": status["account"]["uri"], "action": "Delete"}
        async with self._session.post(
            f"{self.host}/{person}/admin/action", data=form, headers=login, allow_redirects=False
        ) as answer:
            assert answer.status == 303


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
