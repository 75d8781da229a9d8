"""Reading back in time with a login, on a stub of the service: what is asked, how it goes on after dying."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from bluesky_listening import NOW, US, events_of, listening, native_ids, read
from ears import TestEar
from jetstream_stub import POST, JetstreamStub, commit, did
from structlog.testing import capture_logs

from listener.collectors.bluesky import search as bluesky_search
from listener.collectors.bluesky.collector import Options
from listener.collectors.bluesky.search import Login, Progress
from listener.collectors.post import Page, Post
from storage.mention import Heard

PASSWORD = "app-pass-word-1234"
HISTORY = 7 * 86_400
START = NOW - HISTORY
SEARCH = "app.bsky.feed.searchPosts"
FEED = "app.bsky.feed.getAuthorFeed"
LOG_IN = "com.atproto.server.createSession"


def uri(number: int, rkey: str) -> str:
    return f"at://{did(number)}/{POST}/{rkey}"


@pytest.fixture
async def stub(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[JetstreamStub]:
    monkeypatch.setattr(bluesky_search, "PAUSE", 0.001)
    async with JetstreamStub() as running:
        running.clock_us = lambda: (NOW + 60) * US
        running.world.passwords["acme.example"] = PASSWORD
        yield running


def login(stub: JetstreamStub, password: str = PASSWORD) -> dict[str, object]:
    return {"handle": "acme.example", "password": password, "service": stub.api}


def ear(*words: str, handles: tuple[str, ...] = ()) -> TestEar:
    return TestEar(words=words, searches=words, handles=handles)


def live(pages: list[Page]) -> bool:
    return not pages[-1].first


async def hear(stub: JetstreamStub, **options: object) -> list[Page]:
    """Read the past and the first page of the stream."""
    await stub.say(commit(did(9), "live", NOW * US, text="acme zeta now"))
    async with listening(stub, ear("acme", "zeta"), login=login(stub), **options) as collector:
        return await read(collector, enough=live)


async def test_the_past_comes_first_and_the_stream_begins_where_it_ends(stub: JetstreamStub) -> None:
    for n in range(250):
        stub.world.write(did(n % 5), f"a{n}", NOW - 60 * (n + 1), f"acme {n}")
    stub.world.write(
        did(7), "z", NOW - 5, "zeta", reply={"root": {"uri": uri(1, "a1")}, "parent": {"uri": uri(1, "a1")}}
    )
    stub.world.write(did(8), "old", NOW - HISTORY - 60, "acme before the history")
    stub.world.write(did(8), "new", NOW + 5, "acme after the stream began")
    pages = await hear(stub)
    past = [page for page in pages if page.first]
    assert sorted(native_ids(past)) == sorted([*(uri(n % 5, f"a{n}") for n in range(250)), uri(7, "z")])
    assert native_ids(pages[-1:]) == [uri(9, "live")]
    assert [page.heard for page in past] == [None] * (len(past) - 1) + [Heard(START, NOW)]
    assert all(page.next_cursor and page.next_cursor["time_us"] == NOW * US for page in past)
    assert past[-1].next_cursor == {"time_us": NOW * US, "through": NOW, "backfill": {"done": True}}
    for page in past:
        times = [post.published_at or 0 for post in page.posts]
        assert times == sorted(times)
    reply = next(post for post in past[-1].posts if post.native_id == uri(7, "z"))
    assert (reply.in_reply_to, reply.thread, reply.author_id) == (uri(1, "a1"), uri(1, "a1"), did(7))


async def test_each_search_is_a_phrase_of_the_stretch_asked_with_the_token(stub: JetstreamStub) -> None:
    await hear(stub)
    asked = stub.asked_for(SEARCH)
    assert [request.query["q"] for request in asked] == ['"acme"', '"zeta"']
    for request in asked:
        assert request.headers["Authorization"] == "Bearer access-1"
        assert (request.query["sort"], request.query["limit"]) == ("latest", "100")
        assert datetime.fromisoformat(request.query["since"]).timestamp() == START
        assert datetime.fromisoformat(request.query["until"]).timestamp() == NOW


async def test_what_the_search_finds_is_asked_about_like_the_stream(stub: JetstreamStub) -> None:
    stub.world.write(did(1), "a", NOW - 60, "the Acmeist poets")
    listener = TestEar(words=("acme corp",), searches=("acme",))
    await stub.say(commit(did(9), "live", NOW * US, text="acme corp"))
    async with listening(stub, listener, login=login(stub)) as collector:
        pages = await read(collector, enough=live)
    assert native_ids(pages) == [uri(9, "live")]


async def test_what_the_brands_wrote_themselves_is_read_too(stub: JetstreamStub) -> None:
    stub.world.handles["acme.example"] = did(3)
    stub.world.write(did(3), "own", NOW - 600, "we are sorry to hear that")
    stub.world.write(did(3), "older", NOW - HISTORY - 600, "too old")
    stub.world.write(did(4), "other", NOW - 600, "of no interest")
    listener = TestEar(words=("acme",), searches=("acme",), handles=("acme.example",))
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    async with listening(stub, listener, login=login(stub)) as collector:
        pages = await read(collector, enough=live)
    own = events_of([page for page in pages if page.first])
    assert [(post.native_id, post.author) for post in own if isinstance(post, Post)] == [
        (uri(3, "own"), "acme.example")
    ]


async def test_no_further_back_is_read_than_asked_and_reposts_are_others(stub: JetstreamStub) -> None:
    stub.world.handles["acme.example"] = did(3)
    for n in range(300):
        stub.world.write(did(3), f"old{n}", NOW - HISTORY - 60 - n, "too old")
    feed = "app.bsky.feed.getAuthorFeed"
    listener = TestEar(words=("acme",), searches=("acme",), handles=("acme.example",))
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    async with listening(stub, listener, login=login(stub)) as collector:
        assert native_ids(await read(collector, enough=live)) == [uri(9, "live")]
    assert len(stub.asked_for(feed)) == 1
    own, other = (stub.world.write(did(3), rkey, NOW - 60, "acme") for rkey in ("own", "other"))
    entries = [{"post": own}, {"post": other, "reason": {"$type": "app.bsky.feed.defs#reasonRepost"}}]
    stub.faults[feed] = [(200, {}, json.dumps({"feed": entries}))]
    stub.faults[SEARCH] = [(200, {}, json.dumps({"posts": []}))]
    async with listening(stub, listener, login=login(stub)) as collector:
        assert native_ids(await read(collector, enough=live)) == [uri(3, "own"), uri(9, "live")]


async def test_words_with_quotation_marks_are_one_phrase_all_the_same(stub: JetstreamStub) -> None:
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    listener = TestEar(words=("acme",), searches=('acme" OR "x',))
    async with listening(stub, listener, login=login(stub)) as collector:
        await read(collector, enough=live)
    assert [asked.query["q"] for asked in stub.asked_for(SEARCH)] == ['"acme  OR  x"']


async def test_a_search_is_not_followed_to_any_depth(
    stub: JetstreamStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky_search, "DEEPEST", 150)
    for n in range(450):
        stub.world.write(did(n % 5), f"a{n}", NOW - 10 - 2 * n, f"acme {n}")
    pages = await hear(stub)
    assert len(set(native_ids(pages))) == 451
    assert max(int(asked.query.get("cursor", 0)) for asked in stub.asked_for(SEARCH)) == 100


async def test_without_login_nothing_is_searched(stub: JetstreamStub) -> None:
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    async with listening(stub, ear("acme")) as collector:
        pages = await read(collector, enough=live)
    assert [page.first for page in pages] == [False]
    assert pages[-1].next_cursor == {"time_us": NOW * US, "through": NOW}
    assert stub.asked_for(SEARCH) == []


async def test_without_words_to_search_for_nothing_is_searched(stub: JetstreamStub) -> None:
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    stub.world.handles["acme.example"] = did(3)
    listener = TestEar(words=("acme",), handles=("acme.example",))
    async with listening(stub, listener, login=login(stub)) as collector:
        assert [page.first for page in await read(collector, enough=live)] == [False]


async def test_a_login_that_comes_later_still_reads_the_past(stub: JetstreamStub) -> None:
    stub.world.write(did(1), "a", NOW - 60, "acme")
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    async with listening(stub, ear("acme"), login=login(stub)) as collector:
        pages = await read(collector, {"time_us": (NOW - 30) * US, "through": NOW - 30}, enough=live)
    assert native_ids(pages) == [uri(1, "a"), uri(9, "live")]


async def test_the_past_is_read_once(stub: JetstreamStub) -> None:
    pages = await hear(stub)
    before = len(stub.asked_for(SEARCH))
    async with listening(stub, ear("acme", "zeta"), login=login(stub)) as collector:
        again = await read(collector, pages[-1].next_cursor, enough=live)
    assert again[-1].next_cursor is not None and again[-1].next_cursor["backfill"] == {"done": True}
    assert len(stub.asked_for(SEARCH)) == before


async def test_dying_after_any_page_of_the_past_loses_nothing(stub: JetstreamStub) -> None:
    for n in range(330):
        stub.world.write(did(n % 5), f"a{n}", NOW - 10 - n // 3, f"acme {n}")
    for n in range(120):
        stub.world.write(did(n % 5), f"z{n}", NOW - 10 - n, f"zeta {n}")
    whole = await hear(stub)
    past = len([page for page in whole if page.first])
    assert past == 6
    for dies_after in range(1, past + 1):
        async with listening(stub, ear("acme", "zeta"), login=login(stub)) as collector:
            kept = await read(collector, enough=lambda pages, n=dies_after: len(pages) == n)
        cursor = json.loads(json.dumps(kept[-1].next_cursor))
        async with listening(stub, ear("acme", "zeta"), login=login(stub)) as collector:
            rest = await read(collector, cursor, enough=live, now=NOW + 30)
        assert set(native_ids(kept + rest)) == set(native_ids(whole))
        assert len(native_ids(rest)) < len(native_ids(whole))
        assert [page.heard for page in kept + rest if page.first and page.heard] == [Heard(START, NOW)]


async def test_a_service_that_does_not_follow_a_search_to_its_end_is_asked_anew(stub: JetstreamStub) -> None:
    stub.most_hits = 200
    for n in range(730):
        stub.world.write(did(n % 5), f"a{n}", NOW - 10 - 2 * n, f"acme {n}")
    pages = await hear(stub)
    assert len(set(native_ids(pages)) - {uri(9, "live")}) == 730


async def test_a_service_that_takes_no_notice_of_time_is_not_asked_for_ever(stub: JetstreamStub) -> None:
    full = [stub.world.write(did(1), f"a{n}", NOW - 10, "acme") for n in range(100)]
    stub.faults[SEARCH] = [(200, {}, json.dumps({"posts": full}))] * 50
    pages = await hear(stub)
    assert not pages[-1].first
    assert len(stub.asked_for(SEARCH)) < 8


async def test_other_questions_are_asked_from_the_first_on(stub: JetstreamStub) -> None:
    stub.world.write(did(1), "a", NOW - 60, "acme")
    cursor = {"time_us": NOW * US, "through": NOW}
    cursor["backfill"] = {"since": START, "until": NOW, "key": "another", "step": 7}  # type: ignore[assignment]
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    async with listening(stub, ear("acme"), login=login(stub)) as collector:
        pages = await read(collector, cursor, enough=live)
    assert native_ids(pages) == [uri(1, "a"), uri(9, "live")]


# ---- what goes wrong ---------------------------------------------------------------------------------------------


async def test_a_service_that_asks_to_wait_is_waited_for(stub: JetstreamStub) -> None:
    stub.world.write(did(1), "a", NOW - 60, "acme")
    stub.faults[SEARCH] = [(429, {"Retry-After": "1"}, ""), (502, {}, ""), (200, {}, "no JSON")]
    began = asyncio.get_running_loop().time()
    pages = await hear(stub)
    assert native_ids(pages) == [uri(1, "a"), uri(9, "live")]
    assert asyncio.get_running_loop().time() - began >= 1.0


@pytest.mark.parametrize(
    "fault", [(429, {"Retry-After": "7200"}, ""), (500, {}, ""), (403, {}, ""), (200, {}, "[]")]
)
async def test_a_search_that_fails_leaves_the_stream_alone(
    stub: JetstreamStub, fault: tuple[int, dict[str, str], str]
) -> None:
    stub.faults[SEARCH] = [fault] * 50
    with capture_logs() as logs:
        await stub.say(
            commit(did(9), "live", NOW * US, text="acme"), commit(did(9), "more", (NOW + 9) * US, text="acme")
        )
        async with listening(stub, ear("acme"), login=login(stub)) as collector:
            pages = await read(collector, enough=live)
            tried = len(stub.asked_for(SEARCH))
            assert fault[0] != 403 or tried == 2
            pages += await read(collector, pages[-1].next_cursor, enough=live)
            assert len(stub.asked_for(SEARCH)) == tried
    assert [page.first for page in pages] == [False, False]
    told = [entry for entry in logs if "past" in entry["event"]]
    assert len(told) == 1 and told[0]["log_level"] == "warning"
    stub.faults[SEARCH] = []
    stub.world.write(did(1), "a", NOW - 60, "acme")
    async with listening(stub, ear("acme"), login=login(stub)) as collector:
        after = await read(collector, pages[-1].next_cursor, enough=live, now=NOW + 60)
    assert uri(1, "a") in native_ids(after)
    assert [page.heard for page in after if page.first and page.heard] == [Heard(START, NOW)]


@pytest.mark.parametrize("status", [400, 404])
async def test_a_question_that_is_refused_does_not_end_the_reading(stub: JetstreamStub, status: int) -> None:
    stub.faults[FEED] = [(status, {}, "")] * 9
    stub.world.handles["acme.example"] = did(3)
    stub.world.write(did(1), "a", NOW - 60, "acme")
    listener = TestEar(words=("acme",), searches=("acme",), handles=("acme.example",))
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    with capture_logs() as logs:
        async with listening(stub, listener, login=login(stub)) as collector:
            pages = await read(collector, enough=live)
    assert native_ids(pages) == [uri(1, "a"), uri(9, "live")]
    assert [page.heard for page in pages if page.first and page.heard] == [Heard(START, NOW)]
    assert pages[-1].next_cursor is not None and pages[-1].next_cursor["backfill"] == {"done": True}
    assert len(stub.asked_for(FEED)) == 2
    assert [entry["log_level"] for entry in logs if "left out" in entry["event"]] == ["warning"]


async def test_where_every_question_is_refused_nothing_was_heard(stub: JetstreamStub) -> None:
    stub.faults[SEARCH] = [(400, {}, "")] * 9
    pages = await hear(stub)
    assert native_ids(pages) == [uri(9, "live")]
    assert [page.heard for page in pages if page.first and page.heard] == []


async def test_a_token_that_is_refused_twice_still_ends_the_reading(stub: JetstreamStub) -> None:
    stub.faults[SEARCH] = [(401, {}, "")] * 9
    assert [page.first for page in await hear(stub)] == [False]
    assert len(stub.asked_for(SEARCH)) == 2


@pytest.mark.parametrize("pages_of_reposts", [1, 3])
async def test_a_page_of_reposts_alone_is_not_the_end(stub: JetstreamStub, pages_of_reposts: int) -> None:
    stub.world.handles["acme.example"] = did(3)
    stub.world.write(did(3), "own", NOW - 600, "we are sorry")
    theirs = {"post": stub.world.write(did(4), "theirs", NOW - 60, "x"), "reason": {"$type": "repost"}}
    stub.faults[FEED] = [(200, {}, json.dumps({"feed": [theirs], "cursor": "0"}))] * pages_of_reposts
    listener = TestEar(words=("acme",), searches=("acme",), handles=("acme.example",))
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    async with listening(stub, listener, login=login(stub)) as collector:
        assert native_ids(await read(collector, enough=live)) == [uri(3, "own"), uri(9, "live")]


async def test_empty_pages_are_not_turned_for_ever(
    stub: JetstreamStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bluesky_search, "DEEPEST", 500)
    stub.faults[FEED] = [(200, {}, json.dumps({"feed": [], "cursor": "0"}))] * 50
    stub.faults[SEARCH] = [(200, {}, json.dumps({"posts": [], "cursor": "0"}))] * 50
    stub.world.handles["acme.example"] = did(3)
    listener = TestEar(words=("acme",), searches=("acme",), handles=("acme.example",))
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    async with listening(stub, listener, login=login(stub)) as collector:
        assert native_ids(await read(collector, enough=live)) == [uri(9, "live")]
    assert (len(stub.asked_for(FEED)), len(stub.asked_for(SEARCH))) == (5, 5)


async def test_a_token_that_expires_is_renewed(stub: JetstreamStub) -> None:
    stub.world.open_for = 2
    for n in range(450):
        stub.world.write(did(1), f"a{n}", NOW - 10 - n, "acme")
    pages = await hear(stub)
    assert len(native_ids(pages)) == 451
    assert len(stub.asked_for(LOG_IN)) == 1
    assert len(stub.asked_for("com.atproto.server.refreshSession")) == 2


async def test_where_the_renewal_is_refused_the_password_still_opens(stub: JetstreamStub) -> None:
    stub.world.open_for = 2
    stub.faults["com.atproto.server.refreshSession"] = [(401, {}, "")]
    for n in range(250):
        stub.world.write(did(1), f"a{n}", NOW - 10 - n, "acme")
    assert len(native_ids(await hear(stub))) == 251
    assert len(stub.asked_for(LOG_IN)) == 2


@pytest.mark.parametrize("wrong", ["password", "search", "token"])
async def test_neither_password_nor_token_is_ever_said(stub: JetstreamStub, wrong: str) -> None:
    if wrong == "password":
        stub.world.passwords["acme.example"] = "another"
    elif wrong == "search":
        stub.faults[SEARCH] = [(400, {}, "")] * 9
    else:
        stub.faults[LOG_IN] = [(200, {}, json.dumps({"accessJwt": "access-\r\nX: y"}))] * 9
    await stub.say(commit(did(9), "live", NOW * US, text="acme"))
    with capture_logs() as logs:
        async with listening(stub, ear("acme"), login=login(stub)) as collector:
            pages = await read(collector, enough=live)
    said = repr([logs, [page.next_cursor for page in pages]])
    assert "past" in said
    assert PASSWORD not in said and "access-" not in said and "refresh-" not in said


def test_the_password_is_not_shown() -> None:
    options = Options.model_validate({"login": {"handle": "acme.example", "password": PASSWORD}})
    assert PASSWORD not in repr(options)
    assert isinstance(options.login, Login)


async def test_an_odd_post_of_the_past_is_set_aside(stub: JetstreamStub) -> None:
    stub.world.write(did(1), "a", NOW - 60, "acme")
    odd = stub.world.write(did(1), "b", NOW - 50, "acme odd")
    odd["record"]["langs"] = [1]
    pages = await hear(stub)
    assert native_ids(pages) == [uri(1, "a"), uri(9, "live")]
    (aside,) = [item for page in pages for item in page.set_aside]
    assert aside.native_id == uri(1, "b")


def test_progress_in_the_cursor_is_plain_json() -> None:
    progress = Progress(1, 2, "key", 3, 4, "page of the service", 5, 6)
    assert json.loads(json.dumps(progress.kept())) == {
        "since": 1,
        "until": 2,
        "key": "key",
        "step": 3,
        "before": 4,
    }
