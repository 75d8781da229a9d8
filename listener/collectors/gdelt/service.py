"""Asks GDELT's DOC 2.0 API, one request after the other, and tells its answers from its complaints."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from listener.collectors.base import Permanent, Retriable

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

PATH = "/api/v2/doc/doc"
PAUSE = 8.0
"""Seconds between two requests. It asks for five; at exactly five it still refused (a report of August 2026)."""
_PENALTY = 300.0
"""Seconds for which it goes on refusing whoever was too fast (the same report)."""
_MOST_BYTES = 16_000_000
_NO_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')


class Service:
    """The API at one address. `begin` is called once a poll."""

    def __init__(self, client: PoliteClient, url: str, *, allow_private: bool) -> None:
        self._client = client
        self._url = url
        self._allow_private = allow_private
        self._asked = False

    def begin(self) -> None:
        """Nothing was asked for as long as a poll pauses."""
        self._asked = False

    async def ask(self, search: str, **parameters: str | int) -> dict[str, Any]:
        """Return what it answers; {} where nothing matches. Raises Retriable, and Permanent for a search it refuses."""
        if self._asked and not self._allow_private:
            await asyncio.sleep(PAUSE)
        self._asked = True
        query = urlencode({"query": search, "format": "json", **parameters})
        fetched = await self._client.get(
            f"{self._url}{PATH}?{query}",
            allow_private=self._allow_private,
            accept="application/json",
            max_bytes=_MOST_BYTES,
        )
        return _read(fetched.body.decode("utf-8", "replace").strip(), fetched.content_type or "", search)


def _read(body: str, kind: str, search: str) -> dict[str, Any]:
    if not body and "json" in kind:
        # So it answers where nothing matches, or with {}.
        return {}
    if not body.startswith("{"):
        raise _complaint(" ".join(body.split())[:200], search)
    try:
        answer = _parsed(body)
    except (ValueError, RecursionError) as error:
        raise Retriable("GDELT answered with JSON that is broken") from error
    if not isinstance(answer, dict):
        raise Retriable("GDELT answered something unexpected")
    return answer


def _parsed(body: str) -> Any:
    # Titles hold what newspapers write, control codes and stray backslashes among it.
    try:
        return json.loads(body, strict=False)
    except ValueError:
        return json.loads(_NO_ESCAPE.sub(r"\\\\", body), strict=False)


def _complaint(words: str, search: str) -> Retriable | Permanent:
    """What it says in plain words, with status 200."""
    if "limit requests" in words.lower():
        return Retriable("GDELT asks for fewer requests", _PENALTY)
    if not words or words.startswith("<"):
        return Retriable("GDELT answered something unexpected")
    return Permanent(f"GDELT refuses to search for {search}: {words}")
