"""One Mastodon server: its address, its token, and how often it lets itself be asked."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from listener.collectors.base import Permanent, Retriable

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient
    from listener.stream import Stream

WINDOW = 300
MOST_REQUESTS = 200
"""Requests to one server in WINDOW seconds; Mastodon allows 300 to an address, and others live at ours."""
SPARE = 20
"""Requests that are left to others, once a server says how many remain."""
_MOST_BYTES = 8_000_000


class Instance(BaseModel):
    """One server. `domain` is what stands behind the @ in its accounts' names, where that is not `host`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    host: str
    token: SecretStr | None = None
    domain: str | None = Field(default=None, min_length=1, max_length=253)
    allow_private: bool | None = None

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, host: str) -> str:
        address = host.strip().rstrip("/")
        parts = urlsplit(address if "://" in address else f"https://{address}")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query:
            raise ValueError("host needs the name of a server, as in mastodon.social")
        if parts.username is not None:
            raise ValueError("host needs the name of a server alone; a token belongs into `token`")
        return address.lower()

    @property
    def url(self) -> str:
        return self.host if "://" in self.host else f"https://{self.host}"

    @property
    def name(self) -> str:
        """The server as people call it, and as the cursor names it."""
        return urlsplit(self.url).netloc

    @property
    def home(self) -> str:
        """The domain of its own accounts."""
        return (self.domain or self.name).lower()


class Enough(Exception):
    """The server has been asked as often as is polite for now; the rest is read at the next poll."""


class Server:
    """Asks one server. Counts its requests, and obeys what it says about how many remain."""

    def __init__(
        self, instance: Instance, client: PoliteClient, allow_private: bool, clock: Callable[[], float]
    ) -> None:
        self.name, self.home, self.url = instance.name, instance.home, instance.url
        self.has_token = instance.token is not None
        self._instance = instance
        self._client = client
        self._private = allow_private
        self._clock = clock
        self._left = MOST_REQUESTS
        self._remaining: int | None = None
        self._resets_at = 0.0
        self._quiet_until = 0.0

    def begin(self, seconds: int) -> None:
        """A poll begins, and the next one comes in so many seconds."""
        self._left = max(SPARE, MOST_REQUESTS * min(seconds, WINDOW) // WINDOW)

    @property
    def left(self) -> int:
        """How many requests this poll may still make."""
        return max(0, min(self._left, self._allowed))

    @property
    def _allowed(self) -> int:
        """How many requests the server itself still allows us, as far as it says so."""
        if self._remaining is None or self._clock() >= self._resets_at:
            return MOST_REQUESTS
        return self._remaining - SPARE

    async def ask(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Return the JSON answer of a path of the API. Raises Enough, Retriable and Permanent."""
        self._refuse_while_quiet()
        if not self.left:
            raise Enough
        self._left -= 1
        return await self._answer(path, query)

    async def look(self, path: str) -> Any:
        """The same beside the polls, whose share of requests is not touched: whoever looks asks little."""
        self._refuse_while_quiet()
        if self._allowed <= 0:
            raise Enough
        return await self._answer(path, None)

    def _refuse_while_quiet(self) -> None:
        if self._clock() < self._quiet_until:
            raise Retriable(f"{self.name} asked to be left alone", self._quiet_until - self._clock())

    async def _answer(self, path: str, query: Mapping[str, str] | None) -> Any:
        asked = f"?{urlencode(query)}" if query else ""
        try:
            fetched = await self._client.get(
                f"{self.url}{path}{asked}",
                headers=self._headers(),
                allow_private=self._private,
                accept="application/json",
                max_bytes=_MOST_BYTES,
            )
        except Retriable as failure:
            self._quiet_until = self._clock() + (failure.retry_after or 0.0)
            raise
        except Permanent as failure:
            raise Permanent(self._remedy(failure), failure.status) from failure
        self._note_limit(fetched.headers)
        try:
            return json.loads(fetched.body)
        except (ValueError, RecursionError) as error:
            raise Retriable(f"{self.name}{path} answered something that is no JSON") from error

    async def is_gone(self, uri: str) -> bool:
        """Ask for the page of one of its own statuses, as other servers do. Raises Retriable."""
        if not self.left:
            return False
        self._left -= 1
        try:
            await self._client.get(uri, allow_private=self._private, accept="application/activity+json")
        except Permanent as failure:
            return failure.status in (404, 410)
        return False

    def stream(self) -> AbstractAsyncContextManager[Stream]:
        """Open its stream, on which nothing comes before something is subscribed to."""
        return self._client.stream(
            f"{self.url}/api/v1/streaming", headers=self._headers(), allow_private=self._private
        )

    def _headers(self) -> dict[str, str]:
        token = self._instance.token
        return {"Authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {}

    def _note_limit(self, headers: Mapping[str, str]) -> None:
        remaining, reset = headers.get("X-RateLimit-Remaining"), headers.get("X-RateLimit-Reset")
        if remaining is None or not remaining.isdecimal():
            return
        self._remaining = int(remaining[:9])
        try:
            resets_at = datetime.fromisoformat(reset or "").timestamp()
        except (ValueError, OverflowError):
            resets_at = self._clock() + WINDOW
        # A server whose clock runs ahead must not silence itself for longer than its window.
        self._resets_at = min(resets_at, self._clock() + 2 * WINDOW)

    def _remedy(self, failure: Permanent) -> str:
        if failure.status in (401, 403, 422) and not self.has_token:
            return (
                f"{self.name} answered {failure.status}: it shows this to its members only; put a user token of "
                "this server into `token`, or listen on another instance"
            )
        if failure.status in (401, 403, 422):
            return (
                f"{self.name} answered {failure.status}: the token is not valid there, or may not read this; make "
                "a new one with the scope `read`"
            )
        if failure.status in (404, 410):
            return (
                f"{self.name} answered {failure.status}: it has no such timeline; is it a server with the Mastodon "
                "API, and is this one switched on there? Otherwise listen on another instance"
            )
        return str(failure)
