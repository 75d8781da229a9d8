"""The world in which telling is timed: a network that never stops, a past in the store, a hundred rules, and Slack."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from benchmarks import jetstream, loading
from sentiment.tone import Tone
from storage import queries, rollups
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

RATE = 10_000 / 60
"""Mentions a second."""
BRANDS = tuple(jetstream.brands(20))
RULES = 100
HEARD = 15 * 86_400
"""Seconds for which the store has listened: nothing is called new in a source that was heard for less than a week."""
PAST = 7_500
"""Seconds from which it holds mentions: twice the hour that the rules look at, and a little more."""
SECRET = "TELLING_SLACK"
WARM_UP = 8.0
"""Seconds in which mentions come and nothing is to be told yet: the network's people become known by name."""
SETTLED = 30.0
"""The same where what a daemon does once after its start, such as cleaning what the last run left, is to be over."""
_TICK = 0.02
_BETWEEN = (1.6, 2.4)
"""Seconds between two posts that make a rule fire: Slack takes a message a second, and the outbox is to be empty."""
_TALKERS, _STRANGERS = 300, 0.15
"""Accounts that speak again and again, and the share of mentions by others that nobody has heard of."""
_FAMOUS = 2_000_000
_SOURCE = Source("bluesky", "bluesky", lateness=60)
_ENGINE = "builtin-1"
_PAGE = 1_000
_HEAD = re.compile(rb'"did":"[^"]+","time_us":\d+')
_CREATED = re.compile(rb'"createdAt":"[^"]+"')
_TOLD = re.compile(rb"sighting (\d+) of")


@dataclass
class World:
    """A server that plays Jetstream, the service for profiles, and Slack; when each sighting was sent, and told.

    A sighting is a post that must make a rule fire. Times are in seconds of the monotonic clock.
    """

    seconds: float
    warm_up: float = WARM_UP
    seed: int = 3
    sent: dict[int, float] = field(default_factory=dict)
    told: dict[int, float] = field(default_factory=dict)
    mentions: int = 0
    requests: list[bytes] = field(default_factory=list)
    port: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)
        self._murmur = jetstream.Messages(list(BRANDS), posts_only=True, hits=1.0)
        self._talkers = [f"did:plc:talker{number:018d}" for number in range(_TALKERS)]
        self._recalls = [brand for number, brand in enumerate(BRANDS) if _fifth(number) == "recall"]

    async def __aenter__(self) -> World:
        app = web.Application()
        app.add_routes(
            [
                web.get("/subscribe", self._subscribe),
                web.get("/xrpc/com.atproto.identity.resolveHandle", self._resolve),
                web.get("/xrpc/app.bsky.actor.getProfiles", self._profiles),
                web.get("/xrpc/app.bsky.feed.getAuthorFeed", self._feed),
                web.post("/services/T/B/x", self._slack),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def environment(self) -> dict[str, str]:
        """What the configuration leaves to the environment: Slack's address is a secret."""
        return {SECRET: f"http://127.0.0.1:{self.port}/services/T/B/x"}

    def config(self, folder: Path) -> Path:
        """Write the configuration; JSON is YAML too."""
        here = f"http://127.0.0.1:{self.port}"
        stream = {"urls": [f"ws://127.0.0.1:{self.port}/subscribe"], "api": here, "allow_private": True}
        options = {
            "timezone": "UTC",
            "brands": [_configured(brand) for brand in BRANDS],
            "tags": [{"name": "recall", "query": "recalled"}],
            "sources": {"bluesky": stream},
            "storage": {"url": f"sqlite:///{folder / 'listener.db'}"},
            "channels": {"slack": {"webhook": f"${{{SECRET}}}"}},
            "alerts": {"rules": list(_rules())},
            "dashboard": {"port": 0},
        }
        file = folder / "config.yaml"
        file.write_text(json.dumps(options), encoding="utf-8")
        return file

    async def _subscribe(self, request: web.Request) -> web.WebSocketResponse:
        """Send mentions at RATE, each as if it were said just now, and from time to time a sighting."""
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        began, next_sighting, sent = time.monotonic(), self.warm_up, 0
        while (passed := time.monotonic() - began) < self.seconds + self.warm_up:
            for _ in range(int(passed * RATE) - sent):
                await socket.send_str(self._mention().decode())
                sent += 1
            self.mentions = sent
            if passed >= next_sighting:
                number = len(self.sent)
                message = self._sighting(number)
                self.sent[number] = time.monotonic()
                await socket.send_str(message)
                next_sighting = passed + self._rng.uniform(*_BETWEEN)
            await asyncio.sleep(_TICK)
        self.done.set()
        while not socket.closed:
            await socket.receive()
        return socket

    def _mention(self) -> bytes:
        stranger = self._rng.random() < _STRANGERS
        did = f"did:plc:{self._rng.getrandbits(90):024d}" if stranger else self._rng.choice(self._talkers)
        (message,) = self._murmur.take(1)
        now = time.time()
        message = _HEAD.sub(b'"did":"%s","time_us":%d' % (did.encode(), now * 1e6), message, count=1)
        return _CREATED.sub(b'"createdAt":"%s"' % _at(now).encode(), message, count=1)

    def _sighting(self, number: int) -> str:
        """By somebody famous who never spoke of the brand, or of something new about it, while there is any."""
        new = number % 4 == 3 and bool(self._recalls)
        brand = self._recalls.pop() if new else self._rng.choice(BRANDS)
        about = "was recalled" if new else "looks good"
        now = time.time()
        record = {
            "$type": "app.bsky.feed.post",
            "createdAt": _at(now),
            "langs": ["en"],
            "text": f"sighting {number} of {jetstream.speaks_of(brand)}: it {about}, says number {number}",
        }
        did = f"did:plc:{'talker' if new else 'famous'}{number:018d}"
        commit = {
            "rev": f"3m{number:011d}",
            "operation": "create",
            "collection": "app.bsky.feed.post",
            "rkey": f"3s{number:011d}",
            "record": record,
            "cid": "bafyrei" + "a" * 52,
        }
        return json.dumps({"did": did, "time_us": int(now * 1e6), "kind": "commit", "commit": commit})

    async def _resolve(self, request: web.Request) -> web.Response:
        return web.json_response({"did": f"did:plc:{abs(hash(request.query['handle'])):024d}"})

    async def _feed(self, request: web.Request) -> web.Response:
        """The brands' own accounts said nothing."""
        return web.json_response({"feed": []})

    async def _profiles(self, request: web.Request) -> web.Response:
        found = [
            {
                "did": did,
                "handle": f"{did[-8:]}.example.com",
                "followersCount": _FAMOUS if "famous" in did else 100,
            }
            for did in request.query.getall("actors")
        ]
        return web.json_response({"profiles": found})

    async def _slack(self, request: web.Request) -> web.Response:
        now, body = time.monotonic(), await request.read()
        self.requests.append(body)
        if (found := _TOLD.search(body)) is not None:
            self.told.setdefault(int(found[1]), now)
        return web.Response(body=b"ok")


def _at(now: float) -> str:
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{whole}.{int(now % 1 * 1000):03}Z"


def _configured(brand: Brand) -> dict[str, Any]:
    named: dict[str, Any] = {
        "name": brand.name,
        "aliases": list(brand.aliases),
        "handles": dict(brand.handles),
    }
    return named | ({"query": brand.query} if brand.query else {})


def _fifth(number: int) -> str:
    """The kind of a brand's fifth rule: of three in five one that fires once."""
    return ("recall", "rise", "recall", "story", "recall")[number % 5]


def _rules() -> Iterator[dict[str, Any]]:
    """Five for each brand. All look at mentions that come; "face" and "recall" are what the sightings make fire."""
    fifth = {"recall": "mentions >= 1", "rise": "mentions rises by 900%", "story": "story with 5000 posts"}
    for number, brand in enumerate(BRANDS):
        kinds = {
            "crowd": "mentions > 100000",
            "anger": "negative_share > 95%",
            "voice": "share_of_voice > 95%",
            "face": "new author with 1000000 followers",
            _fifth(number): fifth[_fifth(number)],
        }
        for kind, when in kinds.items():
            rule = {"name": f"{kind} {number}", "when": when, "brand": brand.name, "over": "1h"}
            yield rule | {"channels": ["slack"]} | ({"tag": "recall"} if kind == "recall" else {})


def fill(folder: Path, mentions: int) -> None:
    """Let the store have listened for HEARD seconds, and hold so many mentions of the last PAST of them."""
    file, now = folder / "listener.db", int(time.time())
    with closing(SqliteStore(file, zone=ZoneInfo("UTC"))) as store:
        store.register(BRANDS, [_SOURCE])
        with store.writing() as db:
            queries.keep_versions(db, BRANDS, now - HEARD)
            db.run("INSERT INTO engines (name) VALUES (?)", (_ENGINE,))
    loading.load(file, _pages(mentions, now))
    with closing(SqliteStore(file)) as store:
        with store.writing() as db:
            rollups.rebuild(db, ZoneInfo("UTC"))
        store.commit(Kept(_SOURCE, (), None, Heard(now - HEARD, int(time.time())), at=now))
        store.checkpoint()


def _pages(mentions: int, now: int) -> Iterator[Kept]:
    rng = random.Random(4)
    tones = (
        Tone("negative", 0.8, 0.1, 0.1, _ENGINE, "en"),
        Tone("neutral", 0.1, 0.8, 0.1, _ENGINE, "en"),
        Tone("positive", 0.1, 0.1, 0.8, _ENGINE, "en"),
    )
    posts: list[KeptPost] = []
    for number in range(mentions):
        brand, at = rng.choice(BRANDS), now - PAST + number * PAST // mentions
        author = f"did:plc:{rng.randrange(max(1, mentions // 5)):024d}"
        posts.append(_post(number, brand, at, author, rng.choice(tones)))
        if len(posts) == _PAGE or number == mentions - 1:
            yield Kept(_SOURCE, posts, None, None, at=at)
            posts = []


def _post(number: int, brand: Brand, at: int, author: str, tone: Tone) -> KeptPost:
    return KeptPost(
        f"at://{author}/app.bsky.feed.post/3p{number:011d}",
        f"{jetstream.speaks_of(brand)} number {number} came today and nobody else was there",
        at,
        at,
        author=author,
        language="en",
        mentions=(Mention(brand.name, tone=tone),),
        author_id=author,
        followers=number % 5_000,
    )


def waits(world: World) -> Sequence[float]:
    """Seconds from the stream to Slack, in order; endless for what was never told."""
    return sorted(world.told.get(number, float("inf")) - at for number, at in world.sent.items())
