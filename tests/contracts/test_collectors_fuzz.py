"""Whatever a source sends, no collector, nor the pipeline and the store behind it, may fail over it.

Items that a source really could send are spoiled at random, seed by seed, and go the whole way into a store. A
failure names its seed: `_spoiled(random.Random(seed), item)` gives the item again.
"""

from __future__ import annotations

import copy
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from appstore_stub import review
from collector_contract import BRAND, Bench, module_of
from collector_worlds import WORLDS
from devto_stub import sample as devto_sample
from discourse_stub import sample as discourse_sample
from ears import TestEar
from gdelt_stub import article as gdelt_article
from gdelt_stub import stamped
from github_stub import sample as github_sample
from googlenews_stub import article, feed
from jetstream_stub import account, commit, did
from lemmy_stub import sample as lemmy_sample
from lobsters_stub import sample as lobsters_sample
from mastodon_stub import Stub
from podcastindex_world import World as PodcastIndexWorld
from producthunt_world import World as ProductHuntWorld
from producthunt_world import connection
from stackexchange_stub import sample as stackexchange_sample
from telegram_stub import Message
from x_spoiled import spoiled_pages

from listener import listening
from listener.collectors import COLLECTORS, read_items
from listener.collectors.base import Collector, Permanent, Retriable, Sought
from listener.collectors.bluesky.events import read_batch
from listener.collectors.feed_document.document import read_document
from listener.collectors.mastodon.events import Teller
from listener.collectors.mastodon.statuses import opened
from listener.collectors.post import Page
from listener.collectors.telegram.preview import read_preview
from listener.http import Fetched
from listener.station import Station

SECONDS = 4.0
_MICRO = 1_000_000
MOST_SEEDS = 4_000
FEWEST_SEEDS = 100

_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 10**30, 2**63, 1.5, float("inf"), float("nan")),
    *("", " ", "\ud800", "\udc00\ud800", "\x00", "\u202e", "y" * 3_000, "8" * 700, BRAND, "7"),
    *([], {}, [None], [3], {"b": 2}, [["y"]], [{}], {"": None}),
    *("2026-13-40", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "https://[", "http://[::1"),
)


def _spoiled(rng: random.Random, item: Any) -> Any:
    """The item with one to three of its values, at any depth, replaced by odd ones or taken out."""
    made = copy.deepcopy(item)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = list(_places(made))
        if not places:
            return made
        holder, key = rng.choice(places)
        if isinstance(holder, dict) and rng.random() < 0.15:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(rng.choice(_ODD))
    return made


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inside: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    for key, one in inside:
        yield value, key
        yield from _places(one)


class _Answers:
    """Stands for the client: each request is answered with what `answer` makes of its address."""

    def __init__(self, answer: Callable[[str], bytes], login: bytes = b"") -> None:
        self._answer = answer
        self._login = login

    async def get(self, url: str, **more: Any) -> Fetched:
        return Fetched(False, self._answer(url), None, None, "application/json", url)

    async def post(self, url: str, body: bytes, **more: Any) -> Fetched:
        """Answer as to any request, or with `login`, where that is what is sent."""
        if self._login:
            return Fetched(False, self._login, None, None, "application/json", url)
        return await self.get(url)


async def _polled(collector: Collector, now: int) -> AsyncIterator[Page]:
    async with aclosing(collector.pages(None, now)) as pages:
        async for page in pages:
            yield page


# ---- what each kind is fed with: spoiled items in, pages out


async def _feeds(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    item = {
        "id": f"f{number}",
        "url": "https://a.example/1",
        "title": BRAND,
        "content_html": f"<p>{BRAND} &amp; more</p>",
        "date_published": "2026-11-01T09:00:00Z",
        "authors": [{"name": "Ann"}],
        "language": "en",
    }
    body = json.dumps(_spoiled(rng, {"version": "1", "title": "t", "items": [item, {**item, "id": "x"}]}))
    if rng.random() < 0.5:
        body = _as_rss(rng, item)
    options = module_of("feeds").Options(urls=["https://a.example/feed"])
    answers = _Answers(lambda url: body.encode("utf-8", "surrogatepass"))
    (collector,) = module_of("feeds").build(options, answers, TestEar())
    async for page in _polled(collector, now):
        yield page
    parts = read_document(_as_rss(rng, item).encode()).items
    posts, aside = read_items([_spoiled(rng, one) for one in parts], module_of("feeds").to_event)
    yield Page(posts, {}, None, False, aside)


def _as_rss(rng: random.Random, item: dict[str, Any]) -> str:
    """A document, of which a few characters are lost, doubled or others."""
    text = (
        f"<rss version='2.0'><channel><title>t</title><item><guid>{item['id']}</guid><title>{BRAND}</title>"
        "<link>/1</link><pubDate>Sun, 01 Nov 2026 09:00:00 GMT</pubDate><description>&lt;b&gt;x</description>"
        "</item></channel></rss>"
    )
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(text))
        text = (
            text[:at] + rng.choice(("", text[at] * 2, "<", "&", "\x00", "]]>", "\U0001f600")) + text[at + 1 :]
        )
    return text


async def _appstore(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    entries = [review(number, now - 60, "fine"), review(f"{number}x", now - 90_000, "bad", 1)]

    def answer(url: str) -> bytes:
        found = {"entry": entries} if "page=1/" in url else {}
        return json.dumps(_spoiled(rng, {"feed": {"title": {"label": "Reviews"}, **found}})).encode()

    module = module_of("appstore")
    options = module.Options(apps={BRAND: (1,)}, allow_private=True)
    (collector,) = module.build(options, _Answers(answer), TestEar(sought=(Sought(BRAND),)))
    async for page in _polled(collector, now):
        yield page


async def _gdelt(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    answers = {
        "artlist": {"articles": [gdelt_article(number, now - 60, BRAND), gdelt_article(7, now - 90, BRAND)]},
        "timelinevolraw": {
            "timeline": [{"series": "n", "data": [{"date": stamped(now - 86_400), "value": 1, "norm": 9}]}]
        },
    }

    def answer(url: str) -> bytes:
        mode = "artlist" if "mode=artlist" in url else "timelinevolraw"
        return json.dumps(_spoiled(rng, answers[mode])).encode()

    module = module_of("gdelt")
    ear = TestEar(searches=(BRAND,), sought=(Sought(BRAND, (BRAND,)),))
    (collector,) = module.build(module.Options(allow_private=True), _Answers(answer), ear)
    async for page in _polled(collector, now):
        yield page


async def _googlenews(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    (item,) = read_document(feed([article(number, now - 60, BRAND)]).encode(), sources=True).items
    events, aside = read_items([_spoiled(rng, item) for _ in range(2)], module_of("googlenews").to_event)
    yield Page(events, {}, None, False, aside)


async def _hackernews(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    hit = {
        "objectID": str(number),
        "created_at_i": now - 60,
        "author": "ann",
        "title": BRAND,
        "story_text": None,
        "comment_text": None,
        "points": 3,
        "num_comments": 4,
        "story_id": number,
        "parent_id": None,
    }
    item = {"id": number, "by": "ann", "time": now - 60, "title": BRAND, "text": "y", "score": 3, "kids": [1]}

    def answer(url: str) -> bytes:
        if "/item/" in url:
            made = _spoiled(rng, item)
            return json.dumps({**made, "id": number} if rng.random() < 0.8 else made).encode()
        if "/updates" in url:
            return json.dumps(_spoiled(rng, {"items": [number, 1], "profiles": []})).encode()
        found = {"hits": [hit, {**hit, "objectID": f"{number}0"}], "nbHits": 2, "hitsPerPage": 1_000}
        return json.dumps(_spoiled(rng, found)).encode()

    module = module_of("hackernews")
    options = module.Options(history="1h", backfill=None)
    (collector,) = module.build(options, _Answers(answer), TestEar(ids={str(number), f"{number}0"}))
    async for page in _polled(collector, now):
        yield page


class _Instance:
    """A server of Mastodon that answers questions about a thread with something spoiled."""

    name = home = "social.example"
    url = "https://social.example"

    def __init__(self, rng: random.Random, status: dict[str, Any]) -> None:
        self._rng = rng
        self._status = status

    async def ask(self, path: str, query: Any = None) -> Any:
        return _spoiled(self._rng, {"ancestors": [self._status], "descendants": []})

    async def is_gone(self, uri: str) -> bool:
        return False


async def _mastodon(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    more: dict[str, Any] = {
        "mentions": [{"url": "https://b.example/@bob", "acct": "bob", "username": "bob"}],
        "in_reply_to_id": "77",
    }
    status = Stub().make(f"{BRAND} #acme", now - 60, **more)
    shared = {**status, "uri": f"{status['uri']}/shared", "reblog": copy.deepcopy(status)}
    ear = TestEar(ids={status["uri"]} if rng.random() < 0.3 else set())
    teller, server = Teller(ear), _Instance(rng, status)
    spoiled = [_spoiled(rng, rng.choice((status, shared))) for _ in range(2)]
    told = await teller.tell(spoiled, server, now)  # type: ignore[arg-type]
    teller.remember(told)
    yield Page(told.events, {}, None, False, told.aside)
    name = rng.choice(("update", "status.update", "delete"))
    payload = rng.choice((spoiled[0], json.dumps(spoiled[1]), json.dumps(status), "5"))
    message = _spoiled(rng, {"stream": ["public"], "event": name, "payload": payload})
    told = await teller.hear([opened(json.dumps(message))], server, now)  # type: ignore[arg-type]
    teller.remember(told)
    yield Page(told.events, {}, None, False, told.aside)


async def _bluesky(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    uri = f"at://{did(4)}/app.bsky.feed.post/k"
    record = {"reply": {"parent": {"uri": uri}, "root": {"uri": uri}}}
    made = commit(did(3), f"k{number}", now * _MICRO, text=BRAND, **record)
    messages = (
        made,
        commit(did(3), f"k{number}", now * _MICRO, "update", text=f"{BRAND} again", **record),
        commit(did(3), f"k{number}", now * _MICRO, "delete"),
        account(did(3), now * _MICRO, status="deleted"),
    )
    batch = read_batch([json.dumps(_spoiled(rng, rng.choice(messages))) for _ in range(3)], TestEar())
    yield Page(batch.events, {}, None, False, batch.aside)
    shown = {
        "uri": uri,
        "author": {"did": did(4), "handle": "ann.example"},
        "record": made["commit"]["record"],
        "indexedAt": "2026-11-01T09:00:00Z",
        "likeCount": 3,
    }
    events, aside = read_items([_spoiled(rng, shown)], module_of("bluesky").to_event, "uri")
    yield Page(events, {}, None, False, aside)


async def _ingest(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    item = {
        "id": f"i{number}",
        "text": BRAND,
        "created_at": now - 60,
        "author": "ann",
        "url": "https://a.example/1",
        "title": "t",
        "thread": "i0",
        "counters": {"likes": 3},
    }
    told = [_spoiled(rng, {**item, "type": kind}) for kind in ("post", "edit", "delete", "reading")]
    events, aside = read_items(told, module_of("ingest").to_event)
    yield Page(events, {}, None, False, aside)


async def _podcastindex(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    world = PodcastIndexWorld()
    world.episodes = {}
    world.add(number, now - 60, title=BRAND, description="an hour")
    world.add(number + 1, now - 50, title="another", description=BRAND)
    answers = _Answers(
        lambda url: json.dumps(_spoiled(rng, {"items": list(world.episodes.values())})).encode()
    )
    module = module_of("podcastindex")
    (collector,) = module.build(module.Options(key="k", secret="s"), answers, TestEar())
    async for page in _polled(collector, now):
        yield page


async def _producthunt(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    world = ProductHuntWorld()
    world.products = {}
    world.add(number, now - 60, name=BRAND, tagline="a kettle")
    world.say(number, number + 1, now - 50, BRAND)
    told = {"pageInfo": {"hasNextPage": False}, **connection(list(world.products.values()))}
    looked = {"newest": told, "i0": world.products[number], "i1": told["edges"][0]["node"]["comments"]}
    answers = _Answers(lambda url: json.dumps(_spoiled(rng, {"data": {"posts": told, **looked}})).encode())
    module = module_of("producthunt")
    (collector,) = module.build(module.Options(token="t"), answers, TestEar())
    async for page in _polled(collector, now):
        yield page
    visited = await collector.visit([f"product:{number}", f"comment:{number + 1}"], now)
    yield Page(visited.events, {}, None, False, visited.aside)


async def _telegram(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    message = Message(number, now - 60, BRAND).html("morvane")
    page = f'<section class="tgme_channel_history">{message}</section>'
    for item in read_preview(page.encode()).items:
        events, aside = read_items([_spoiled(rng, item)], module_of("telegram").to_event)
        yield Page(events, {}, None, False, aside)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(page))
        page = page[:at] + rng.choice(("", page[at] * 2, "<", '"', "\x00", ">")) + page[at + 1 :]
    module = module_of("telegram")
    answers = _Answers(lambda url: page.encode())
    (collector,) = module.build(module.Options(channels=("morvane",), allow_private=True), answers, TestEar())
    async for one in _polled(collector, now):
        yield one


async def _threads(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    item = {"id": str(number), "text": BRAND, "timestamp": "2026-11-21T08:00:00+0000", "username": "ann"}
    answers = _Answers(lambda url: json.dumps(_spoiled(rng, {"data": [item]})).encode())
    module = module_of("threads")
    options = module.Options(token="t", approved=True)
    (collector,) = module.build(options, answers, TestEar(searches=(BRAND,)))
    async for page in _polled(collector, now):
        yield page


async def _wikipedia(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    day = time.strftime("%Y%m%d00", time.gmtime(now - 86_400))
    items = [{"project": "en.wikipedia", "article": BRAND, "timestamp": day, "views": 3}]

    def answer(url: str) -> bytes:
        return json.dumps(_spoiled(rng, {"items": items})).encode()

    module = module_of("wikipedia")
    options = module.Options(articles={BRAND: (f"en:{BRAND}",)})
    (collector,) = module.build(options, _Answers(answer), TestEar(sought=(Sought(BRAND),)))
    async for page in _polled(collector, now):
        yield page


def _sampled(
    kind: str, sample: Callable[[str, int, int], Any], options: dict[str, Any]
) -> Callable[[random.Random, int, int], AsyncIterator[Page]]:
    """Feed a service that is asked: `sample(url, now, number)` is what it answers, which is spoiled."""

    async def feed(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
        def answer(url: str) -> bytes:
            made = sample(url, now, number)
            return made if isinstance(made, bytes) else json.dumps(_spoiled(rng, made)).encode()

        answers = _Answers(answer)
        module, ear = module_of(kind), TestEar(searches=(BRAND,))
        (collector,) = module.build(module.Options(**options, allow_private=True), answers, ear)
        async for page in _polled(collector, now):
            yield page
            ear.ids.update(post.native_id for post in page.posts)
        found = await collector.visit(sorted(ear.ids), now)
        yield Page(found.events, {}, None, False, found.aside)

    return feed


async def _reddit(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    module = module_of("reddit")
    post = {
        "kind": "t3",
        "data": {
            "name": f"t3_{number}",
            "author": "ann",
            "author_fullname": "t2_a",
            "created_utc": now - 60.0,
            "title": BRAND,
            "selftext": "y",
            "selftext_html": "<p>y</p>",
            "permalink": f"/r/a/comments/{number}/t/",
            "score": 3,
            "num_comments": 1,
            "crosspost_parent": "t3_1",
        },
    }
    comment = {
        "kind": "t1",
        "data": {**post["data"], "name": f"t1_{number}", "body": BRAND, "link_id": "t3_1"},
    }

    def answer(url: str) -> bytes:
        listing = {"kind": "Listing", "data": {"children": [post, comment], "after": None}}
        return json.dumps(_spoiled(rng, listing)).encode()

    token = b'{"access_token": "x", "expires_in": 3600}'
    options = module.Options(client_id="a", client_secret="b", username="ann", subreddits=["acme"])
    ear = TestEar(ids={f"t3_{number}"}, searches=(BRAND,))
    (collector,) = module.build(options, _Answers(answer, token), ear)
    async for page in _polled(collector, now):
        yield page
    visited = await collector.visit([f"t3_{number}", f"t1_{number}"], now)
    yield Page(visited.events, {}, None, False, visited.aside)


async def _x(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    async for page in spoiled_pages(rng, now, number, _spoiled):
        yield page


async def _youtube(rng: random.Random, now: int, number: int) -> AsyncIterator[Page]:
    module = module_of("youtube")
    when = datetime.fromtimestamp(now - 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    channel, video, comment = "UC" + "a" * 22, f"v{number:010d}", f"Ug{number:020d}"
    common = {
        "publishedAt": when,
        "channelId": channel,
        "title": BRAND,
        "description": "y",
        "channelTitle": "ann",
    }
    said = {
        "textDisplay": BRAND,
        "authorDisplayName": "@ann",
        "authorChannelId": {"value": channel},
        "likeCount": 2,
    }
    first = {
        "kind": "youtube#comment",
        "id": comment,
        "snippet": {**said, "publishedAt": when, "videoId": video},
    }
    reply = {**first, "id": f"{comment}.1", "snippet": {**first["snippet"], "parentId": comment}}
    statistics = {"viewCount": "3", "subscriberCount": "5", "hiddenSubscriberCount": False}
    items: dict[str, Any] = {
        "search": {"id": {"videoId": video}, "snippet": common},
        "videos": {"kind": "youtube#video", "id": video, "snippet": common, "statistics": statistics},
        "channels": {
            "id": channel,
            "statistics": statistics,
            "contentDetails": {"relatedPlaylists": {"uploads": "UU"}},
        },
        "playlistItems": {"contentDetails": {"videoId": video, "videoPublishedAt": when}},
        "comments": reply,
        "commentThreads": {
            "kind": "youtube#commentThread",
            "id": comment,
            "snippet": {"videoId": video, "topLevelComment": first, "totalReplyCount": 2},
            "replies": {"comments": [reply]},
        },
    }

    def answer(url: str) -> bytes:
        method = url.partition("?")[0].rpartition("/")[2]
        return json.dumps(_spoiled(rng, {"kind": "youtube#list", "items": [items[method]]})).encode()

    ear = TestEar(ids={video}, searches=(BRAND,), handles=("acme",))
    (collector,) = module.build(module.Options(key="x"), _Answers(answer), ear)
    async for page in _polled(collector, now):
        yield page
    visited = await collector.visit([video, comment, f"{comment}.1"], now)
    yield Page(visited.events, {}, None, False, visited.aside)


FED: dict[str, Callable[[random.Random, int, int], AsyncIterator[Page]]] = {
    "appstore": _appstore,
    "bluesky": _bluesky,
    "devto": _sampled("devto", devto_sample, {"tags": ["kettles"]}),
    "discourse": _sampled("discourse", discourse_sample, {"forums": ["forum.example"]}),
    "feeds": _feeds,
    "gdelt": _gdelt,
    "github": _sampled("github", github_sample, {"repositories": ["acme/kettle"], "token": "t"}),
    "googlenews": _googlenews,
    "hackernews": _hackernews,
    "ingest": _ingest,
    "lemmy": _sampled("lemmy", lemmy_sample, {}),
    "lobsters": _sampled("lobsters", lobsters_sample, {}),
    "mastodon": _mastodon,
    "podcastindex": _podcastindex,
    "producthunt": _producthunt,
    "reddit": _reddit,
    "stackexchange": _sampled("stackexchange", stackexchange_sample, {"comments": True}),
    "telegram": _telegram,
    "threads": _threads,
    "wikipedia": _wikipedia,
    "x": _x,
    "youtube": _youtube,
}


async def _goes_through(station: Station, kind: str, seed: int, now: int) -> None:
    (collector,) = station.collectors
    try:
        async for page in FED[kind](random.Random(seed), now, seed + 1_000):
            assert page.next_cursor == json.loads(json.dumps(page.next_cursor))
            await listening.keep(station, collector, page)
    except (Retriable, Permanent):
        pass


def test_every_collector_is_fed() -> None:
    assert set(FED) == set(COLLECTORS), "write down what a new collector is fed with"


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(COLLECTORS))
async def test_nothing_fails_over_spoiled_items(kind: str, tmp_path: Path) -> None:
    async with WORLDS[kind]() as world:
        bench = Bench(world, tmp_path / "bench")
        async with bench.open() as station:
            ends = time.monotonic() + SECONDS
            seed = 0
            while seed < MOST_SEEDS and (time.monotonic() < ends or seed < FEWEST_SEEDS):
                try:
                    await _goes_through(station, kind, seed, bench.now)
                except Exception as failure:
                    raise AssertionError(f"seed {seed} of {kind}") from failure
                seed += 1
        if "figures" not in world.can:
            assert bench.rows("SELECT count(*) FROM mentions")[0][0] > 0, "nothing went through"
