"""The Podcast Index on 127.0.0.1: the newest episodes, walked back by their numbers, for whoever signs rightly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from on_fault_server import OnFaultServer
from servers import Reply, Seen

from listener.collectors.podcastindex import MOST_EPISODES

PATH = "/recent/episodes"


def is_signed(seen: Seen) -> bool:
    """Whether a request is signed as the service's documentation says."""
    said = {name.lower(): value for name, value in seen.headers.items()}
    signed = hashlib.sha1(f"KEY4SHOWkeysecret{said.get('x-auth-date')}".encode()).hexdigest()
    return said.get("x-auth-key") == "KEY4SHOW" and said.get("authorization") == signed


class World(OnFaultServer):
    """Episodes in the order in which the index found them."""

    kind = "podcastindex"
    several = 510
    late = 1_200
    can = frozenset({"edit", "spoil", "retry-after"})
    secrets: Sequence[str] = ("KEY4SHOW", "keysecret")

    def begin(self) -> None:
        self.episodes: dict[int, dict[str, Any]] = {}
        self.room = MOST_EPISODES
        self.serve(PATH, self._answer)

    @property
    def options(self) -> dict[str, Any]:
        return {
            "key": "${PODCAST_KEY}",
            "secret": "${PODCAST_SECRET}",
            "poll": "1s",
            "url": self.server.url(""),
            "allow_private": True,
        }

    @property
    def environment(self) -> dict[str, str]:
        return {"PODCAST_KEY": "KEY4SHOW", "PODCAST_SECRET": "keysecret"}

    def _answer(self, seen: Seen) -> Reply:
        if not is_signed(seen):
            return Reply(401)
        before = int(seen.query.get("before", 2**60))
        newest = sorted((one for one in self.episodes if one < before), reverse=True)[: self.room]
        return Reply(body=json.dumps({"status": "true", "items": [self.episodes[one] for one in newest]}))

    def native_id(self, number: int) -> str:
        return str(7_000 + number)

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.add(7_000 + number, at or 0, description=text)

    def add(self, number: int, at: int, **fields: Any) -> None:
        """An episode as the documentation describes it."""
        self.episodes[number] = {
            "id": number,
            "title": "",
            "description": "",
            "link": f"https://pods.example/{number}",
            "datePublished": at,
            "dateCrawled": at,
            "feedId": 75,
            "feedTitle": "The Example Hour",
            "feedLanguage": "en",
            **fields,
        }

    async def edit(self, number: int, text: str) -> None:
        self.episodes[7_000 + number]["description"] = text

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        self.add(7_000 + number, at, description=["no text"])
