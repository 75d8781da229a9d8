"""Discourse: every new post of a forum, paged as old and new versions page, and looked at again."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from discourse_stub import Forum, post
from ears import TestEar
from pydantic import ValidationError
from servers import FaultServer, Reply

from alerts.transport import Transport
from listener.collectors import read_items
from listener.collectors.base import Permanent
from listener.collectors.discourse import FORUM, Discourse, Options, build, counters_of, to_event
from listener.collectors.post import Delete, Edit, Page, Post
from listener.http import PoliteClient
from storage.mention import Heard, Reading

NOW = 1_800_000_000
DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))
RECORDED = DATA / "recordings" / "discourse_stackexchange" / "discourse"


@pytest.fixture
def forum(server: FaultServer) -> Forum:
    made = Forum()
    server.script("*", made.reply)
    return made


@pytest.fixture
async def client() -> AsyncIterator[PoliteClient]:
    async with Transport() as transport:
        yield PoliteClient(transport)


def made(server: FaultServer, client: PoliteClient, **more: Any) -> Discourse:
    options = Options(forums=({"url": server.url(""), **more},), allow_private=True)
    (one,) = build(options, client, TestEar())
    assert isinstance(one, Discourse)
    return one


async def read(one: Discourse, cursor: Any = None, now: int = NOW) -> list[Page]:
    return [page async for page in one.pages(cursor, now)]


def posts(pages: list[Page]) -> list[Post]:
    return [event for page in pages for event in page.events if isinstance(event, Post)]


async def test_the_posts_of_a_forum(forum: Forum, server: FaultServer, client: PoliteClient) -> None:
    forum.write(5, NOW - 90, "<p>Is <b>Acme</b> &amp; tea good?</p>", post_number=1)
    forum.write(6, NOW - 60, "<p>Yes.</p>", reply_to_post_number=1)
    pages = await read(made(server, client))
    host = f"127.0.0.1:{server.port}"
    first, answer = posts(pages)
    assert first == Post(
        native_id=f"{host}/5",
        text="Kettles\n\nIs Acme & tea good?",
        published_at=NOW - 90,
        title="Kettles",
        author="ann",
        author_id=f"{host}/7",
        url=f"http://{host}/t/40/1",
        thread=f"{host}/t/40",
    )
    assert (answer.text, answer.title, answer.thread) == ("Yes.", None, first.thread)
    assert pages[-1].heard == Heard(NOW - 86_400, NOW)


@pytest.mark.parametrize("old", [False, True])
async def test_every_post_is_read_whichever_way_it_pages(
    forum: Forum, server: FaultServer, client: PoliteClient, old: bool
) -> None:
    forum.old = old
    # With holes of more than fifty numbers: private messages, and what was taken out.
    numbers = [*range(1, 70), *range(300, 360), 500]
    for number in numbers:
        forum.write(number, NOW - 1_000 + number, "acme")
    pages = await read(made(server, client))
    found = [int(one.native_id.rpartition("/")[2]) for one in posts(pages)]
    assert sorted(set(found)) == numbers and len(found) <= len(numbers) + 1
    assert pages[-1].heard == Heard(NOW - 86_400, NOW)


async def test_reading_stops_at_what_was_read_before(
    forum: Forum, server: FaultServer, client: PoliteClient
) -> None:
    for number in range(1, 200):
        forum.write(number, NOW - 20_000 + number * 100, "acme")
    one = made(server, client)
    pages = await read(one)
    before = len(server.requests)
    await read(one, pages[-1].next_cursor, NOW + 60)
    assert len(server.requests) == before + 1


async def test_a_private_forum_is_asked_with_its_key(
    forum: Forum, server: FaultServer, client: PoliteClient
) -> None:
    await read(made(server, client, key="swordfish", user="ann"))
    assert server.requests[0].headers["Api-Key"] == "swordfish"
    assert server.requests[0].headers["Api-Username"] == "ann"
    server.script("*", Reply(403))
    with pytest.raises(Permanent) as failure:
        await read(made(server, client, key="swordfish"))
    assert "swordfish" not in str(failure.value)


async def test_visits_bring_edits_counters_and_what_is_gone(
    forum: Forum, server: FaultServer, client: PoliteClient
) -> None:
    one = made(server, client)
    host = one.source.name.removeprefix("discourse:")
    forum.write(5, NOW - 90, "edited", post_number=1, actions_summary=[{"id": 2, "count": 6}])
    forum.write(6, NOW - 90, "x", user_deleted=True)
    server.script("/posts/8.json", Reply(403))
    found = await one.visit([f"{host}/{number}" for number in (5, 6, 7, 8)], NOW)
    (edit,) = (one.post for one in found.events if isinstance(one, Edit))
    assert edit.text == "Kettles\n\nedited"
    deleted = [one.native_id for one in found.events if isinstance(one, Delete)]
    assert deleted == [f"{host}/6", f"{host}/7"]
    assert Reading(f"{host}/5", NOW, {"replies": 0, "views": 11, "likes": 6}) in found.events
    assert not found.unseen and not found.aside


async def test_another_posts_answer_is_not_taken_for_this_one(
    forum: Forum, server: FaultServer, client: PoliteClient
) -> None:
    server.script("/posts/5.json", Reply(body=json.dumps(post(6, NOW, "x", user_deleted=True))))
    one = made(server, client)
    native_id = f"{one.source.name.removeprefix('discourse:')}/5"
    found = await one.visit([native_id], NOW)
    assert (found.events, found.unseen) == ([], [native_id])


def test_a_forum_may_be_written_as_its_host() -> None:
    one, two = build(
        Options(forums=("forum.example", "https://example.org/forum/")),
        None,  # type: ignore[arg-type]
        TestEar(),
    )
    assert [one.source.name, two.source.name] == ["discourse:forum.example", "discourse:example.org/forum"]
    with pytest.raises(ValueError, match="stands twice: name each forum once"):
        build(Options(forums=("a.example", "https://a.example/")), None, TestEar())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"forums": []},
        {"forums": ["ftp://x"]},
        {"forums": [{"url": "https://a.example", "key": "two words"}]},
    ],
)
def test_mistakes_in_the_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as failure:
        Options.model_validate(options)
    assert "two words" not in str(failure.value)


def _ours(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, FORUM: "forum.example", "address": "https://forum.example"}


@pytest.mark.data
def test_a_recorded_post_is_read() -> None:
    item = json.loads((RECORDED / "discourse_post.json").read_text(encoding="utf-8"))
    read_post = to_event(_ours(item))
    assert isinstance(read_post, Post)
    assert (read_post.author, read_post.published_at) == ("chr_c", 1_438_094_953)
    assert read_post.thread == "forum.example/t/840" and "<" not in read_post.text
    reading = counters_of(_ours(item), NOW)
    assert reading is not None and reading.counters == {"replies": 0, "views": 19, "likes": 0}


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "count"),
    [("posts", 4), ("topic_1148", 20), ("topic_1149", 2), ("topic_1150", 2)],
)
def test_recorded_topics_are_read(name: str, count: int) -> None:
    topic = json.loads((RECORDED / f"discourse_{name}.json").read_text(encoding="utf-8"))
    found, aside = read_items([_ours(item) for item in topic["post_stream"]["posts"]], to_event)
    assert (len(found), len(aside)) == (count, 0)
    times = [one.published_at for one in found if isinstance(one, Post)]
    assert len(times) == count and times == sorted(times, key=lambda at: at or 0)


@pytest.mark.data
def test_the_stand_in_writes_as_recorded_forums_do() -> None:
    topic = json.loads((RECORDED / "discourse_topic_1148.json").read_text(encoding="utf-8"))
    recorded = topic["post_stream"]["posts"]
    kinds: dict[str, set[type]] = {}
    for item in recorded:
        for key, value in item.items():
            kinds.setdefault(key, set()).add(type(value))
    # Only the list of all posts says of each the title of its topic.
    ours = {key: value for key, value in post(5, NOW, "<p>x</p>").items() if key != "topic_title"}
    assert [key for key, value in ours.items() if type(value) not in kinds.get(key, set())] == []
