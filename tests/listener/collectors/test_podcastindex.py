"""Podcast Index: what becomes of an episode, and how far one poll walks back."""

from __future__ import annotations

from typing import Any

import pytest
from ears import TestEar
from podcastindex_world import World, is_signed
from pydantic import ValidationError

from alerts.transport import Transport
from listener.collectors.podcastindex import Options, build, to_event
from listener.collectors.post import Page, Post
from listener.http import PoliteClient

NOW = 1_800_000_000


async def read(world: World, ear: TestEar, cursor: Any = None, now: int = NOW) -> list[Page]:
    options = Options.model_validate(
        {**world.options, "key": "KEY4SHOW", "secret": "keysecret", "poll": "1s"}
    )
    async with Transport() as transport:
        (collector,) = build(options, PoliteClient(transport), ear)
        return [page async for page in collector.pages(cursor, now)]


def posts(pages: list[Page]) -> list[Post]:
    return [post for page in pages for post in page.posts]


async def test_an_episode_is_its_title_and_description_by_its_podcast() -> None:
    async with World() as world:
        world.add(7, NOW - 60, title="On acme", description="<p>All of &amp; it</p>")
        (post,) = posts(await read(world, TestEar()))
    assert post.text == "On acme\n\nAll of & it"
    assert (post.author, post.author_id, post.language) == ("The Example Hour", "75", "en")
    assert (post.url, post.published_at, post.native_id) == ("https://pods.example/7", NOW - 60, "7")


async def test_what_concerns_nobody_is_left_out_at_once() -> None:
    async with World() as world:
        world.add(7, NOW - 60, title="On acme")
        world.add(8, NOW - 50, title="On something else")
        found = posts(await read(world, TestEar(words=("acme",))))
    assert [post.native_id for post in found] == ["7"]


async def test_a_poll_walks_back_until_it_meets_what_it_knows() -> None:
    async with World() as world:
        for number in range(2_500):
            world.add(number, NOW - 20_000 + 8 * number, title=f"acme {number}")
        pages = await read(world, TestEar())
        assert len(posts(pages)) == 2_500
        assert [seen.query.get("before") for seen in world.server.requests] == [None, "1500", "500"]
        assert all(is_signed(seen) for seen in world.server.requests)
        for number in range(2_500, 8_000):
            world.add(number, NOW + 4_000, title=f"acme {number}")
        world.server.requests.clear()
        later = await read(world, TestEar(), pages[-1].next_cursor, NOW + 4_100)
    assert len(world.server.requests) == 6
    assert not any(page.gap for page in later)


async def test_an_old_episode_that_the_index_found_today_ends_no_walk() -> None:
    async with World() as world:
        world.room = 1_000
        for number in range(1_500):
            world.add(number, NOW - 60, title=f"acme {number}")
        world.episodes[700]["datePublished"] = NOW - 9_000_000
        assert len(posts(await read(world, TestEar()))) == 1_499


def test_an_episode_without_words_is_none() -> None:
    assert to_event({"id": 1, "datePublished": NOW, "title": "", "description": None}) is None


def test_a_key_must_be_one() -> None:
    with pytest.raises(ValidationError, match="no token"):
        Options.model_validate({"key": "", "secret": "x"})
