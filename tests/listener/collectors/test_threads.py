"""Threads: each word is searched for, full answers are read on, and nothing is asked before it can be answered."""

from __future__ import annotations

from typing import Any

import pytest
from ears import TestEar
from pydantic import ValidationError
from threads_world import World

from alerts.transport import Transport
from listener.collectors.post import Page
from listener.collectors.threads import Options, build, to_event
from listener.http import PoliteClient

NOW = 1_800_000_000


async def read(world: World, ear: TestEar, cursor: Any = None, now: int = NOW, **more: Any) -> list[Page]:
    options = Options.model_validate({**world.options, "token": "threadstoken", **more})
    async with Transport() as transport:
        (collector,) = build(options, PoliteClient(transport), ear)
        return [page async for page in collector.pages(cursor, now)]


async def test_every_word_is_searched_for() -> None:
    async with World() as world:
        await world.post(1, NOW - 60, "acme is fine")
        await world.post(2, NOW - 50, "bolt is not")
        pages = await read(world, TestEar(searches=("acme", "bolt inc")))
    found = [post for page in pages for post in page.posts]
    assert [(post.native_id, post.author, post.published_at) for post in found] == [("171", "ann", NOW - 60)]
    assert sorted(seen.query["q"] for seen in world.server.requests) == ["acme", "bolt inc"]
    assert "threadstoken" not in "".join(seen.target for seen in world.server.requests)


async def test_a_full_answer_is_read_on() -> None:
    async with World() as world:
        for number in range(250):
            await world.post(number, NOW - 1_000 + number, f"acme {number}")
        pages = await read(world, TestEar(searches=("acme",)))
    assert len({post.native_id for page in pages for post in page.posts}) == 250
    assert not any(page.gap for page in pages)


async def test_the_searches_of_a_day_are_not_spent_in_an_hour() -> None:
    words = tuple(f"word{number}" for number in range(200))
    async with World() as world:
        await read(world, TestEar(searches=words), poll="1h")
        assert len(world.server.requests) == 2_200 // 24


def test_before_approval_silence_would_be_a_lie() -> None:
    with pytest.raises(ValidationError, match="your own posts only"):
        Options.model_validate({"token": "t"})


def test_a_post_without_words_is_none() -> None:
    assert to_event({"id": "1", "timestamp": "2026-11-21T08:00:00+0000"}) is None
