"""Own accounts against a real PDS with the real AppView behind it: counts, public feeds, notifications."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from bluesky_listening import events_of, listening
from bluesky_network import installed, real_network
from bluesky_stores import stores, stores_installed
from ears import TestEar
from jetstream_stub import JetstreamStub

from listener.collectors.bluesky.place import Place
from listener.collectors.post import Figure, Page, Post

pytestmark = [pytest.mark.server, pytest.mark.slow, installed(), stores_installed()]


async def test_counts_feeds_and_notifications_of_a_real_network(tmp_path: Path) -> None:
    async with stores() as environment, real_network(tmp_path, environment) as network:
        brand, ann = await network.pds.join("acmeco.test"), await network.pds.join("ann.test")
        launch = await brand.post("we launched")
        question = await ann.post("mine does not start", {"root": launch, "parent": launch})
        await brand.post("hold the button", {"root": launch, "parent": question})
        await ann.post("unheard", {"root": launch, "parent": launch})
        await network.indexed()
        ear = TestEar(words=("nothing",), handles=("acmeco.test",))
        login = {"handle": "acmeco.test", "password": "pass-acmeco.test", "service": network.pds.url}
        api = network.appview.replace("localhost", "127.0.0.1")
        now = int(time.time()) + 1
        pages: list[Page] = []
        async with JetstreamStub() as stub, listening(stub, ear, api=api, login=login) as collector:
            place = Place.of(None, now, (), 86_400)
            await collector._accounts.learn_own()
            while found := await collector._own.news(place, now):
                pages += found
    counts = {one.metric: one.value for one in events_of(pages) if isinstance(one, Figure)}
    assert counts == {"followers": 0, "follows": 0, "posts_total": 2}
    by_page = [{post.text for post in page.events if isinstance(post, Post)} for page in pages]
    feed, inbox = by_page[1:]
    # The question stands beside its answer; what nobody answered is known from the notifications alone.
    assert feed == {"we launched", "mine does not start", "hold the button"}
    assert "unheard" in inbox
    assert place.owed is None and not any(page.set_aside for page in pages)
