"""X's answers, each spoiled at random, for the test that no collector may fail over what a source sends."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from email.utils import formatdate
from pathlib import Path
from typing import Any

from ears import TestEar

sys.path.append(str(Path(__file__).parents[1] / "listener" / "collectors"))

from x_stub import TOKEN, XStub, iso

from listener.collectors.base import Permanent, Retriable, Sought
from listener.collectors.post import Page
from listener.collectors.x.collector import Options, X
from listener.http import Fetched

Spoil = Callable[[random.Random, Any], Any]
_URL = "https://api.x.example"


class _Purse:
    """Money without end."""

    async def reserve(self, price: int, budget: int, at: int) -> int | None:
        return 1

    async def settle(self, reservation: int, price: int, at: int) -> None:
        pass

    async def left(self, budget: int, at: int) -> int:
        return budget


class _Answers:
    """Answers each path with something of its form, mostly spoiled; after a while with nothing new."""

    def __init__(self, rng: random.Random, spoil: Spoil, number: int, now: int) -> None:
        self._rng, self._spoil, self._now, self._asked = rng, spoil, now, 0
        post = XStub().say(str(number), now - 60, "Morvane says", note_tweet={"text": "Morvane says"})
        post["referenced_tweets"] = [{"type": "quoted", "id": "8"}]
        user = {"id": "5", "username": "morvane", "public_metrics": {"followers_count": 3}}
        jobs = f"{_URL}/2/compliance/jobs/7"
        job = {"id": "7", "status": "complete", "upload_url": f"{jobs}/up", "download_url": f"{jobs}/down"}
        posts = {
            "data": [post, {**post, "id": f"{number}0"}],
            "includes": {"users": [{**user, "id": "5000"}]},
        }
        span = {"start": iso(now - 3_600), "end": iso(now - 30), "tweet_count": 7}
        self._forms: dict[str, Any] = {
            "counts": {"data": [span], "meta": {"next_token": "more"}},
            "by/username": {"data": user},
            "down": {"id": str(number), "action": "rehydrate"},
            "jobs": {"data": job},
            "tweets": {**posts, "meta": {"next_token": "more"}},
        }

    async def get(self, url: str, **more: Any) -> Fetched:
        self._asked += 1
        form = next((form for part, form in self._forms.items() if part in url), {})
        made = form if self._rng.random() < 0.4 else self._spoil(self._rng, form)
        if self._asked > 15 and isinstance(made, dict):
            made = {**made, "meta": {}}
        body = json.dumps(made).encode()
        return Fetched(False, body, None, None, None, url, {"Date": formatdate(self._now, usegmt=True)})

    async def put(self, url: str, body: bytes, **more: Any) -> Fetched:
        return await self.get(url)

    async def post(self, url: str, body: bytes, **more: Any) -> Fetched:
        return await self.get(url)


async def spoiled_pages(rng: random.Random, now: int, number: int, spoil: Spoil) -> AsyncIterator[Page]:
    """Everything that the collector asks for, each answer spoiled."""
    options = Options(token=TOKEN, daily_budget=100, url=_URL, history="1h", account="morvane", authors=True)  # type: ignore[arg-type]
    ear = TestEar(sought=(Sought("Morvane", ("morvane",)),), handles=("morvane",), purse=_Purse())
    collector = X(options, _Answers(rng, spoil, number, now), ear)  # type: ignore[arg-type]
    collector._compliance._pauses = ()
    try:
        found = await collector.visit([str(number)], now)
        yield Page(found.events, {}, None, False, found.aside)
    except (Retriable, Permanent):
        pass
    async with aclosing(collector.pages(None, now)) as pages:
        async for page in pages:
            yield page
