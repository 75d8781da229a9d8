"""Asks Reddit's API with the token of an app (https://www.reddit.com/dev/api), and obeys how much it lets us ask."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from pydantic import SecretStr

from alerts.addresses import public_url
from listener.collectors.base import Permanent, Retriable
from listener.collectors.reddit.things import Thing, flat

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import Fetched, PoliteClient

MOST_BYTES = 16_000_000
SPARE = 2.0
"""Requests that are left unused of what Reddit allows: it counts them only roughly."""
_LOGIN = "/api/v1/access_token"
_NAME = re.compile(r"t[1-6]_[0-9a-z]{1,15}")
_EARLY = 120
"""Seconds before its end at which a token is renewed, so that it does not end in the middle of a poll."""
_SHORTEST, _LONGEST = 60.0, 86_400.0


class App:
    """An app that Reddit has approved, and the account that it may read the inbox of, if any."""

    def __init__(
        self, client_id: SecretStr, client_secret: SecretStr, refresh_token: SecretStr | None, agent: str
    ) -> None:
        self._id = client_id
        self._secret = client_secret
        self._refresh = refresh_token
        self.agent = agent

    @property
    def login(self) -> bytes:
        """The form that asks for a token."""
        if self._refresh is None:
            return urlencode({"grant_type": "client_credentials"}).encode()
        refresh = self._refresh.get_secret_value()
        return urlencode({"grant_type": "refresh_token", "refresh_token": refresh}).encode()

    @property
    def basic(self) -> str:
        """How the app says who it is."""
        pair = f"{self._id.get_secret_value()}:{self._secret.get_secret_value()}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


class Service:
    """The API at one address. It keeps a token as long as it is good, and waits where Reddit wants it to."""

    def __init__(self, client: PoliteClient, app: App, url: str, login: str, allow_private: bool) -> None:
        self._client = client
        self._app = app
        self._url = url
        self._login = login
        self._allow_private = allow_private
        self._token: str | None = None
        self._token_ends = 0
        self._closed_until = 0

    async def listing(
        self, path: str, parameters: Mapping[str, str | int], now: int
    ) -> tuple[list[Thing], str | None]:
        """Return the things of a listing and the name to go on after. Raises Retriable and Permanent."""
        answer = await self.get(path, parameters, now)
        data = answer.get("data") if isinstance(answer, dict) else None
        children = data.get("children") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(children, list):
            raise self._strange(path)
        after = data.get("after")
        if after is not None and not (isinstance(after, str) and _NAME.fullmatch(after)):
            # Taken for the end of the list, it would call heard what was never shown.
            raise self._strange(path)
        return flat(children), after

    async def info(self, names: Sequence[str], now: int) -> dict[str, Thing]:
        """Return the things of these fullnames, at most 100, that Reddit has; by name."""
        found, _ = await self.listing("/api/info", {"id": ",".join(names)}, now)
        return {thing["name"]: thing for thing in found if isinstance(thing.get("name"), str)}

    async def get(self, path: str, parameters: Mapping[str, str | int], now: int) -> Any:
        """Return what Reddit answers at `path`. Raises Retriable and Permanent."""
        try:
            fetched = await self._ask(path, parameters, now)
        except Permanent as refusal:
            if refusal.status != 401:
                raise
            # A token may be taken back before its time is over.
            self._token = None
            fetched = await self._ask(path, parameters, now)
        self._mind(fetched.headers, now)
        return self._read(fetched, path)

    async def _ask(self, path: str, parameters: Mapping[str, str | int], now: int) -> Fetched:
        if now < self._closed_until:
            raise Retriable("Reddit's limit of requests is used up", float(self._closed_until - now))
        token = await self._token_for(now)
        # Without raw_json every text would have its <, > and & written as entities once more.
        query = urlencode({**parameters, "raw_json": 1})
        return await self._client.get(
            f"{self._url}{path}?{query}",
            headers={"Authorization": f"bearer {token}", "User-Agent": self._app.agent},
            allow_private=self._allow_private,
            accept="application/json",
            max_bytes=MOST_BYTES,
        )

    async def _token_for(self, now: int) -> str:
        if self._token is not None and now < self._token_ends:
            return self._token
        try:
            fetched = await self._client.post(
                f"{self._login}{_LOGIN}",
                self._app.login,
                headers={
                    "Authorization": self._app.basic,
                    "Content-Type": "application/x-www-form-urlencoded",
                    "User-Agent": self._app.agent,
                },
                allow_private=self._allow_private,
            )
        except Permanent as refusal:
            raise self._refused(refusal.status) from refusal
        answer = self._read(fetched, _LOGIN)
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if isinstance(answer, dict) and "error" in answer:
            raise self._refused(None)
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise self._strange(_LOGIN)
        lasts = answer.get("expires_in")
        self._token = token
        self._token_ends = now + (int(lasts) if type(lasts) is int else 3_600) - _EARLY
        return token

    def _refused(self, status: int | None) -> Permanent:
        return Permanent(
            "Reddit gives no token for this app; check client_id, client_secret and refresh_token, and whether"
            " Reddit has approved the app",
            status,
        )

    def _mind(self, headers: Mapping[str, str], now: int) -> None:
        """Ask no more until Reddit counts anew, once nearly all that it allows is used."""
        left, reset = _number(headers, "x-ratelimit-remaining"), _number(headers, "x-ratelimit-reset")
        if left is not None and left < SPARE:
            wait = min(max(reset if reset is not None else _SHORTEST, 1.0), _LONGEST)
            self._closed_until = now + int(wait) + 1

    def _read(self, fetched: Fetched, path: str) -> Any:
        try:
            return json.loads(fetched.body)
        except (ValueError, RecursionError) as error:
            raise self._strange(path) from error

    def _strange(self, path: str) -> Retriable:
        where = self._login if path == _LOGIN else self._url
        return Retriable(f"{public_url(where + path)} answered something unexpected")


def _number(headers: Mapping[str, str], name: str) -> float | None:
    said = next((value for key, value in headers.items() if key.lower() == name), "")
    try:
        found = float(said)
    except ValueError:
        return None
    return found if 0.0 <= found < 1e9 else None
