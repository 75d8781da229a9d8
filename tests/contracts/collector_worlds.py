"""The worlds in which collectors are tested: each plays one network on 127.0.0.1, with faults."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from appstore_world import AppStoreWorld
from collector_contract import COUNTED, Died, Keep, World
from devto_world import DevtoWorld
from discourse_world import DiscourseWorld
from gdelt_world import GdeltWorld
from github_world import GitHubWorld
from googlenews_world import GoogleNewsWorld
from hackernews_stub import SEARCH, UPDATES, HackerNewsStub
from jetstream_stub import POST, JetstreamStub, commit, did
from jetstream_stub import iso as jetstream_iso
from lemmy_world import LemmyWorld
from lobsters_world import LobstersWorld
from mastodon_stub import Fault, Stub, iso
from on_fault_server import OnFaultServer
from podcastindex_world import World as PodcastIndexWorld
from producthunt_world import World as ProductHuntWorld
from pydantic import SecretStr
from reddit_world import RedditWorld
from servers import Reply, Seen
from stackexchange_world import StackExchangeWorld
from standardwebhooks.webhooks import Webhook
from telegram_world import TelegramWorld
from threads_world import World as ThreadsWorld
from wikipedia_world import WikipediaWorld
from x_world import XWorld
from youtube_world import YouTubeWorld

from listener.collectors.ingest.collector import Options as IngestOptions
from listener.dashboard.ingest import PATH, Door
from storage.base import StoreError


class FeedsWorld(OnFaultServer):
    """One RSS feed behind a login, with a key in its address."""

    kind = "feeds"
    several = 1_050
    late = 90_000
    can = frozenset({"undated", "forget", "retry-after"})
    secrets = ("hunter2", "swordfish")

    def begin(self) -> None:
        self._items: list[str] = []
        self.serve("/feed", self._answer)

    @property
    def options(self) -> dict[str, Any]:
        url = self.server.url("/feed?key=${KEY}", userinfo="ann:${PASSWORD}")
        return {"poll": "1s", "allow_private": True, "urls": [url]}

    @property
    def environment(self) -> dict[str, str]:
        return {"KEY": "hunter2", "PASSWORD": "swordfish"}

    def native_id(self, number: int) -> str:
        return f"n{number}"

    def _answer(self, seen: Seen) -> Reply:
        items = "".join(reversed(self._items))
        return Reply(body=f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>")

    async def post(self, number: int, at: int | None, text: str) -> None:
        date = "" if at is None else f"<pubDate>{formatdate(at, usegmt=True)}</pubDate>"
        self._items.append(
            f"<item><guid isPermaLink='false'>n{number}</guid>{date}<description>{text}</description></item>"
        )

    async def forget(self) -> None:
        self._items.clear()

    async def edit(self, number: int, text: str) -> None:
        raise NotImplementedError

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def spoil(self, number: int, at: int) -> None:
        raise NotImplementedError


class HackerNewsWorld(OnFaultServer):
    """The search and the items of Hacker News on one server. More than one page: slices that must be halved."""

    kind = "hackernews"
    several = 2_100
    late = 1_200
    can = frozenset({"edit", "delete", "spoil", "retry-after", "visit", "vanish"})

    def begin(self) -> None:
        self.site = HackerNewsStub(self.server)
        self.serve(SEARCH, self.site.answer)
        self.serve(UPDATES, self.site.updates)

    @property
    def options(self) -> dict[str, Any]:
        url = self.server.url("")
        return {"poll": "1s", "history": "1h", "url": url, "items": url, "allow_private": True}

    def native_id(self, number: int) -> str:
        return str(1_000 + number)

    async def post(self, number: int, at: int | None, text: str) -> None:
        when = at or int(time.time())
        # Only stories have counters.
        if number == COUNTED:
            self.site.story(1_000 + number, when, title=text)
        else:
            self.site.comment(1_000 + number, when, comment_text=text)
        self.serve(f"/v0/item/{1_000 + number}.json", self.site.item)

    async def count(self, number: int, seen: int) -> None:
        self.site.edit(1_000 + number, told=False, points=seen)

    async def vanish(self, number: int) -> None:
        self.site.delete(1_000 + number, told=False)

    async def edit(self, number: int, text: str) -> None:
        self.site.edit(1_000 + number, comment_text=text)

    async def delete(self, number: int) -> None:
        self.site.delete(1_000 + number)

    async def spoil(self, number: int, at: int) -> None:
        self.site.comment(1_000 + number, at, comment_text={"no": "text"})


class IngestWorld:
    """A sender that signs with the official library, and sends again what was not answered with 2xx.

    In a bench it sends through a door of its own; with `address` to the door of a running daemon.
    """

    kind = "ingest"
    several = 1_050
    late = 90_000
    can = frozenset({"edit", "delete", "spoil", "undated", "refuses"})
    faults: Sequence[str] = ()
    secrets = ("MDEyMzQ1Njc4OWFiY2RlZg",)
    pace = 60

    def __init__(self) -> None:
        self.secret = "whsec_" + base64.b64encode(b"0123456789abcdef").decode()
        self.waiting: list[dict[str, Any]] = []
        self._marked: list[dict[str, Any]] = []
        self._sent = 0

    def mark(self) -> None:
        self._marked = list(self.waiting)

    def rewind(self) -> None:
        self.waiting = list(self._marked)

    async def __aenter__(self) -> IngestWorld:
        return self

    async def __aexit__(self, *failure: object) -> None:
        pass

    @property
    def options(self) -> dict[str, Any]:
        return {"secret": "${INGEST_SECRET}"}

    @property
    def environment(self) -> dict[str, str]:
        return {"INGEST_SECRET": self.secret}

    def native_id(self, number: int) -> str:
        return f"in-{number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.waiting.append({"id": self.native_id(number), "text": text, "created_at": at})

    async def edit(self, number: int, text: str) -> None:
        self.waiting.append({"type": "edit", "id": self.native_id(number), "text": text})

    async def delete(self, number: int) -> None:
        self.waiting.append({"type": "delete", "id": self.native_id(number)})

    async def spoil(self, number: int, at: int) -> None:
        self.waiting.append({"id": self.native_id(number), "text": ["no text"]})

    async def fail(self, fault: str) -> None:
        raise NotImplementedError

    async def forget(self) -> None:
        """It forgets nothing that was not taken."""

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of a request that is sent now."""
        self._sent += 1
        now, identity = int(time.time()), f"msg_{self._sent}"
        signature = Webhook(self.secret).sign(identity, datetime.fromtimestamp(now, UTC), body.decode())
        return {"webhook-id": identity, "webhook-timestamp": str(now), "webhook-signature": signature}

    async def push(self, keep: Keep) -> None:
        died = False

        async def kept(page: Any) -> None:
            nonlocal died
            try:
                await keep(page)
            except Died:
                died = True
                raise StoreError("closed") from None

        app = web.Application()
        app.router.add_post(PATH, Door(IngestOptions(secret=SecretStr(self.secret)), kept).take)
        async with TestClient(TestServer(app, host="127.0.0.1")) as client:
            if self.waiting:
                await self.send(client, PATH)
        if died:
            raise Died

    async def send(self, client: Any, url: str) -> None:
        """Send all that waits; it waits on, unless it was taken."""
        batch = list(self.waiting)
        body = json.dumps(batch).encode()
        async with client.post(url, data=body, headers=self.signed(body)) as answer:
            if 200 <= answer.status < 300:
                del self.waiting[: len(batch)]


class _Live:
    """A network whose collector looks at the real clock."""

    secrets: Sequence[str] = ()
    pace = 0

    @property
    def environment(self) -> dict[str, str]:
        return {}

    async def forget(self) -> None:
        """It forgets nothing."""

    async def push(self, keep: Keep) -> None:
        """Nothing is sent by itself."""

    def mark(self) -> None:
        """Whoever asks is given everything again."""

    def rewind(self) -> None:
        """Whoever asks is given everything again."""


class BlueskyWorld(_Live):
    """Jetstream, played from the beginning of each connection."""

    kind = "bluesky"
    several = 1_100
    late = 3_600
    can = frozenset({"stream", "edit", "delete", "spoil", "retry-after", "visit"})
    faults: Sequence[str] = ("429", "500")
    _author = did(2)

    def __init__(self) -> None:
        self.stub = JetstreamStub()
        self._last = 0

    async def __aenter__(self) -> BlueskyWorld:
        await self.stub.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        await self.stub.__aexit__(None, None, None)

    @property
    def options(self) -> dict[str, Any]:
        return {
            "urls": [self.stub.stream],
            "api": self.stub.api,
            "allow_private": True,
            "profiles": False,
            "poll": "1s",
        }

    def native_id(self, number: int) -> str:
        return f"at://{self._author}/{POST}/n{number}"

    def _next(self) -> int:
        self._last = max(self._last + 1, time.time_ns() // 1_000)
        return self._last

    async def post(self, number: int, at: int | None, text: str) -> None:
        when = self._next()
        made = when / 1e6 if at is None else at
        await self.stub.say(
            commit(self._author, f"n{number}", when, text=text, createdAt=jetstream_iso(made))
        )
        self.stub.world.write(self._author, f"n{number}", made, text)

    async def count(self, number: int, seen: int) -> None:
        for view in self.stub.world.posts:
            if view["uri"] == self.native_id(number):
                view["likeCount"] = seen

    async def vanish(self, number: int) -> None:
        raise NotImplementedError

    async def edit(self, number: int, text: str) -> None:
        await self.stub.say(commit(self._author, f"n{number}", self._next(), "update", text=text))

    async def delete(self, number: int) -> None:
        await self.stub.say(commit(self._author, f"n{number}", self._next(), "delete"))

    async def spoil(self, number: int, at: int) -> None:
        await self.stub.say(commit(self._author, f"n{number}", self._next(), text=["Morvane"]))

    async def fail(self, fault: str) -> None:
        replies = {"429": (429, {"Retry-After": "77"}, ""), "500": (500, {}, "")}
        for name in ("subscribe", "app.bsky.feed.getPosts"):
            self.stub.faults[name] = [replies[fault]] * 9 if fault else []


class MastodonWorld(_Live):
    """One instance, whose timeline of a hashtag is asked for."""

    kind = "mastodon"
    several = 130
    late = 3_600
    can = frozenset({"edit", "spoil", "retry-after", "visit", "vanish"})
    faults: Sequence[str] = ("429", "500", "broken")

    def __init__(self) -> None:
        self.stub = Stub(token=self._token)
        self._ids: dict[int, str] = {}

    _token: str | None = None

    async def __aenter__(self) -> Any:
        await self.stub.__aenter__()
        return self

    async def __aexit__(self, *failure: Any) -> None:
        await self.stub.__aexit__(None, None, None)

    @property
    def options(self) -> dict[str, Any]:
        return {"instances": [self.stub.host], "hashtags": ["morvane"], "poll": "1s", "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"{self.stub.host}/users/ann/statuses/{self._ids[number]}"

    def arrive(self, number: int, at: int | None, text: str, **more: Any) -> dict[str, Any]:
        """Let a status arrive now that was written then."""
        now = int(time.time())
        status = self.stub.arrive(
            text,
            now,
            tags=["morvane"],
            created_at=iso(now if at is None else at),
            **more,
        )
        self._ids[number] = status["id"]
        status["uri"] = self.native_id(number)
        return status

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.arrive(number, at, text)

    async def edit(self, number: int, text: str) -> None:
        status = self.stub.statuses[self._ids[number]]
        status |= {"content": f"<p>{text}</p>", "edited_at": iso(time.time())}

    async def delete(self, number: int) -> None:
        raise NotImplementedError

    async def count(self, number: int, seen: int) -> None:
        self.stub.statuses[self._ids[number]]["favourites_count"] = seen

    async def vanish(self, number: int) -> None:
        del self.stub.statuses[self._ids[number]]

    async def spoil(self, number: int, at: int) -> None:
        self.arrive(number, at, "Morvane")["content"] = {"no": "text"}

    async def fail(self, fault: str) -> None:
        replies: dict[str, dict[str, Any]] = {
            "429": {"status": 429, "headers": {"Retry-After": "77"}},
            "500": {"status": 500},
            "broken": {"status": 200, "body": '[{"broken": '},
        }
        parts = ("timelines", "statuses/") if fault else ()
        self.stub.faults = [Fault(part, **replies[fault]) for part in parts]


class MastodonStreamWorld(MastodonWorld):
    """The same instance with a token: what is said while somebody listens goes through its stream."""

    can = frozenset({"stream", "edit", "spoil", "retry-after", "visit", "vanish"})
    secrets = ("hunter2",)
    _token = "hunter2"

    @property
    def environment(self) -> dict[str, str]:
        return {"MASTODON_TOKEN": "hunter2"}

    @property
    def options(self) -> dict[str, Any]:
        instance = {"host": self.stub.host, "token": "${MASTODON_TOKEN}", "allow_private": True}
        return {**super().options, "instances": [instance]}

    async def post(self, number: int, at: int | None, text: str) -> None:
        await self.stub.say("update", self.arrive(number, at, text), "hashtag", "morvane")

    async def edit(self, number: int, text: str) -> None:
        await super().edit(number, text)
        status = self.stub.statuses[self._ids[number]]
        await self.stub.say("status.update", status, "hashtag", "morvane")


WORLDS: dict[str, Callable[[], World]] = {
    "appstore": AppStoreWorld,
    "bluesky": BlueskyWorld,
    "devto": DevtoWorld,
    "discourse": DiscourseWorld,
    "feeds": FeedsWorld,
    "gdelt": GdeltWorld,
    "googlenews": GoogleNewsWorld,
    "github": GitHubWorld,
    "hackernews": HackerNewsWorld,
    "ingest": IngestWorld,
    "lemmy": LemmyWorld,
    "lobsters": LobstersWorld,
    "mastodon": MastodonWorld,
    "podcastindex": PodcastIndexWorld,
    "producthunt": ProductHuntWorld,
    "telegram": TelegramWorld,
    "threads": ThreadsWorld,
    "wikipedia": WikipediaWorld,
    "x": XWorld,
    "stackexchange": StackExchangeWorld,
    "reddit": RedditWorld,
    "youtube": YouTubeWorld,
}
"""By kind, as in the registry of collectors."""

OTHERWISE: dict[str, Callable[[], World]] = {"mastodon-streamed": MastodonStreamWorld}
"""Collectors that are configured otherwise and then work otherwise."""
