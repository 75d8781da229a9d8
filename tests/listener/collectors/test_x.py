"""What X's collector hears: posts as they come, queries within their limits, own accounts, deletions and edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from x_listening import DAY, HOUR, NOON, URL, Died, chatter, house
from x_stub import XStub, iso

from listener.collectors.base import Retriable, Sought
from listener.collectors.post import Delete, Edit, Figure, Post
from listener.collectors.x.collector import Options, handle_mistake
from listener.collectors.x.posts import reading, to_event
from listener.collectors.x.queries import LONGEST, query_of
from storage.mention import Counted, Reading, Sampled

# ---- items


def item(**more: Any) -> dict[str, Any]:
    return {**XStub().say("1800000000000000001", NOON, "Acme is fine"), **more}


def test_a_post_as_it_comes() -> None:
    post = to_event(item(conversation_id="17", referenced_tweets=[{"type": "replied_to", "id": "16"}]))
    assert post == Post(
        native_id="1800000000000000001",
        text="Acme is fine",
        published_at=NOON,
        url="https://x.com/i/web/status/1800000000000000001",
        language="en",
        author_id="5000",
        in_reply_to="16",
        thread="17",
    )


@pytest.mark.parametrize(
    ("more", "field", "value"),
    [
        ({"text": "AT&amp;T &lt;3"}, "text", "AT&T <3"),
        ({"note_tweet": {"text": "long"}}, "text", "long"),
        ({"note_post": {"text": "long"}}, "text", "long"),
        ({"referenced_tweets": [{"type": "quoted", "id": "9"}]}, "copy_of", "9"),
        ({"referenced_posts": [{"type": "retweeted", "id": "9"}]}, "copy_of", "9"),
        ({"lang": "und"}, "language", None),
        ({"created_at": "2026-11-01T10:00:00.999Z"}, "published_at", 1_793_527_200),
        ({"username": "ann", "followers": 7}, "followers", 7),
    ],
)
def test_what_a_post_may_also_say(more: dict[str, Any], field: str, value: object) -> None:
    assert getattr(to_event(item(**more)), field) == value


@pytest.mark.parametrize(
    "more",
    [
        {"id": 5},
        {"id": "x"},
        {"id": "٣"},
        {"text": ["no"]},
        {"created_at": None},
        {"author_id": {}},
        {"lang": 3},
    ],
)
def test_a_post_that_cannot_be_read_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        to_event(item(**more))


def test_counters_are_read_by_both_of_their_names() -> None:
    metrics = {"retweet_count": 3, "like_count": 4, "impression_count": True, "quote_count": -1}
    assert reading(item(public_metrics=metrics), NOON) == Reading(
        "1800000000000000001", NOON, {"reposts": 3, "likes": 4}
    )
    newer = reading(item(public_metrics={"repost_count": 3}), NOON)
    assert newer is not None and newer.counters == {"reposts": 3}
    assert reading(item(public_metrics=[]), NOON) is None


# ---- queries


def test_a_query_quotes_what_is_no_handle_and_leaves_out_the_own_account() -> None:
    sought = Sought("Acme", ('ac"me', "@acme", "OR", "acme corp"), "acme")
    assert query_of(sought, reposts=False) == (
        '("ac me" OR @acme OR "OR" OR "acme corp") -is:retweet -from:acme',
        [],
    )
    assert query_of(sought, reposts=True) == ('("ac me" OR @acme OR "OR" OR "acme corp") -from:acme', [])


def test_words_without_room_are_told() -> None:
    made = query_of(Sought("Acme", tuple(f"word{n:04}" for n in range(100))), reposts=False)
    assert made is not None
    query, left_out = made
    assert len(query) <= LONGEST < len(query) + 14 and len(left_out) == 100 - query.count("word")


def test_a_brand_without_words_is_not_asked_for() -> None:
    assert query_of(Sought("Acme"), reposts=False) is None
    assert query_of(Sought("Acme", ('"',)), reposts=False) is None


# ---- options


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"daily_budget": 0}, "greater than 0"),
        ({"daily_budget": "0.0001"}, "decimal places"),
        ({"url": "http://api.x.com"}, "not sent over plain http"),
        ({"poll": "1m"}, "poll must be at least 5m"),
        ({"account": "no such handle"}, "1 to 15 letters"),
        ({"history": "7d"}, "less than or equal"),
        ({"url": "ftp://x"}, "begins with https"),
    ],
)
def test_mistakes_in_the_configuration_are_told(more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Options(**{"token": "t", "daily_budget": 1, **more})


def test_a_budget_is_held_in_millionths() -> None:
    assert Options(token="t", daily_budget="0.333").budget == 333_000  # type: ignore[arg-type]
    assert handle_mistake("@acme_1") is None and handle_mistake("acme@x") is not None


# ---- what is counted and read


async def test_counts_come_first_and_then_what_was_drawn(tmp_path: Path) -> None:
    async with house(tmp_path, options={"daily_budget": "9", "history": "2h"}) as home:
        posts = chatter(home.stub, NOON - 2 * HOUR, NOON - 40, 60)
        pages = await home.poll()
        events = [event for page in pages for event in page.events]
        counted = [event for event in events if isinstance(event, Counted) and event.brand == "Acme"]
        sampled = [event for event in events if isinstance(event, Sampled)]
        assert isinstance(events[0], Counted)
        assert sum(one.posts for one in counted) == posts == sum(one.posts for one in sampled)
        assert counted[0].since == NOON - 2 * HOUR and counted[-1].until == NOON - 30
        assert len({event.native_id for event in events if isinstance(event, Post)}) == posts
        assert [page.heard.until for page in pages if page.heard] == [NOON]
        assert all(page.first for page in pages)


async def test_the_next_poll_goes_on_where_counts_ended(tmp_path: Path) -> None:
    async with house(tmp_path, options={"daily_budget": "9", "history": "1h"}) as home:
        await home.poll()
        home.now += HOUR
        home.stub.say("5", NOON - 20, "acme just before")
        pages = await home.poll()
        assert [event.native_id for page in pages for event in page.events if isinstance(event, Post)] == [
            "5"
        ]
        assert not any(page.first for page in pages)


async def test_a_crash_in_the_sample_goes_on_with_the_same_slices(tmp_path: Path) -> None:
    async with house(tmp_path, options={"daily_budget": "3", "history": "3h"}) as home:
        chatter(home.stub, NOON - 3 * HOUR, NOON, 5)
        home.client.ends = [""] * 5 + ["after"]
        with pytest.raises(Died):
            await home.poll()
        drawn = home.cursor["slices"]
        assert len(drawn) > 3
        home.client.ends = ["", "", "", "lost"]
        with pytest.raises(Retriable):
            await home.poll()
        assert home.cursor["slices"] == drawn[2:]
        await home.poll()
        spans = {(one.since, one.until) for p in home.pages for one in p.events if isinstance(one, Sampled)}
        assert {(since, until) for _, since, until, _ in drawn} <= spans


async def test_what_is_older_than_a_week_is_a_gap(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.poll()
        home.now += 9 * DAY
        pages = await home.poll()
        gaps = [page.gap for page in pages if page.gap]
        assert [(gap.since, gap.until) for gap in gaps] == [(NOON - 30, home.now - 7 * DAY + 600)]


async def test_reposts_are_neither_counted_nor_read_unless_asked_for(tmp_path: Path) -> None:
    for reposts in (False, True):
        async with house(tmp_path, options={"reposts": reposts, "daily_budget": "2"}) as home:
            home.stub.say(
                "7", NOON - 600, "RT @bo: acme", referenced_tweets=[{"type": "retweeted", "id": "3"}]
            )
            pages = await home.poll()
            posts = [event for page in pages for event in page.events if isinstance(event, Post)]
            assert [post.copy_of for post in posts] == (["3"] if reposts else [])


async def test_authors_are_named_where_that_is_paid_for(tmp_path: Path) -> None:
    async with house(tmp_path, options={"authors": True, "daily_budget": "2"}) as home:
        home.stub.user("bo", followers=31)
        home.stub.say("7", NOON - 600, "acme", by="bo")
        pages = await home.poll()
        (post,) = [event for page in pages for event in page.events if isinstance(event, Post)]
        assert (post.author, post.followers) == ("bo", 31)
        assert home.dollars() == pytest.approx(0.005 * 2 + 0.005 + 0.010)


@pytest.mark.parametrize("answer", ['{"data": [{"start": 1}]}', '{"data": [5]}', "[]", "no"])
async def test_counts_that_make_no_sense_are_no_numbers(tmp_path: Path, answer: str) -> None:
    from servers import Reply

    async with house(tmp_path) as home:
        right = home.stub.answer
        home.stub.answer = (  # type: ignore[method-assign]
            lambda seen: Reply(200, answer, home.stub._headers) if "counts" in seen.path else right(seen)
        )
        with pytest.raises(Retriable):
            await home.poll()
        assert home.cursor is None


@pytest.mark.parametrize("off", [250, -250])
async def test_a_clock_that_is_a_little_wrong_asks_for_nothing_that_lies_ahead(
    tmp_path: Path, off: int
) -> None:
    async with house(tmp_path) as home:
        home.off = off
        await home.poll()
        home.now += HOUR
        home.off = -off
        pages = await home.poll()
        heard = [page.heard for page in pages if page.heard]
        assert heard and heard[0].until <= home.now + min(0, home.off)


# ---- own accounts


async def test_followers_of_every_account_once_a_day(tmp_path: Path) -> None:
    async with house(tmp_path, handles=("acme", "bolt", "gone"), options={"daily_budget": "2"}) as home:
        home.stub.user("acme", followers=300)
        home.stub.user("bolt", followers=100)
        for _ in range(3):
            await home.poll()
            home.now += HOUR
        figures = [event for page in home.pages for event in page.events if isinstance(event, Figure)]
        day = iso(NOON)[:10]
        assert figures == [
            Figure("followers", day, 300, account="acme"),
            Figure("followers", day, 100, account="bolt"),
        ]
        home.now = NOON + DAY
        assert sum(isinstance(event, Figure) for page in await home.poll() for event in page.events) == 2


async def test_the_own_account_is_read_whole_and_cheaply(tmp_path: Path) -> None:
    async with house(tmp_path, options={"account": "acme", "daily_budget": "5", "history": "1d"}) as home:
        home.stub.own = home.stub.user("acme")["id"]
        for n in range(150):
            home.stub.say(str(1_000 + n), NOON - 5_000 + n, "@acme help", by="ann")
        home.stub.say(
            "2000",
            NOON - 60,
            "we are here",
            by="acme",
            referenced_tweets=[{"type": "replied_to", "id": "1000"}],
        )
        pages = await home.poll()
        posts = {event.native_id: event for page in pages for event in page.events if isinstance(event, Post)}
        assert len(posts) == 151
        assert posts["2000"].author == "acme" and posts["2000"].in_reply_to == "1000"
        before = home.dollars()
        home.now += HOUR
        home.stub.say("3000", NOON + 100, "@acme thanks", by="ann")
        pages = await home.poll()
        new = {event.native_id for page in pages for event in page.events if isinstance(event, Post)}
        assert new == {"3000"}
        assert home.dollars() - before == pytest.approx(0.005 * 2 + 0.005 + 0.001)


async def test_the_counters_of_own_posts_are_read_again_once_a_day_for_a_week(tmp_path: Path) -> None:
    async with house(tmp_path, options={"account": "acme", "daily_budget": "5"}) as home:
        home.stub.own = home.stub.user("acme")["id"]
        await home.poll()
        home.stub.say("2000", NOON + 60, "we are here", by="acme", public_metrics={"like_count": 0})
        read = []
        for hours in range(1, 24 * 9, 6):
            home.now = NOON + hours * HOUR
            home.stub.posts["2000"]["public_metrics"] = {"like_count": hours}
            pages = await home.poll()
            found = [event for page in pages for event in page.events if isinstance(event, Reading)]
            read += [(hours, one.counters["likes"]) for one in found if one.native_id == "2000"]
        # An hour after it was written with its text; then at the first poll of each day.
        assert read == [(hours, hours) for hours in (1, *range(13, 24 * 7, 24))]


async def test_a_timeline_that_was_not_read_through_is_read_again(tmp_path: Path) -> None:
    async with house(tmp_path, options={"account": "acme", "daily_budget": "5"}) as home:
        home.stub.own = home.stub.user("acme")["id"]
        for n in range(150):
            home.stub.say(str(1_000 + n), NOON - 5_000 + n, "@acme help", by="ann")
        home.client.ends = [""] * 5 + ["after"]
        with pytest.raises(Died):
            await home.poll()
        assert "mentions" not in home.cursor["accounts"]["newest"]
        await home.poll()
        assert home.cursor["accounts"]["newest"]["mentions"] == "1149"


# ---- deletions and edits


async def test_what_was_deleted_or_edited_is_told_by_a_job(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        for n in range(5):
            home.stub.say(str(n), NOON - DAY, f"acme {n}")
        home.stub.gone["2"] = "delete"
        home.stub.gone["3"] = "scrub_geo"
        await home.open()
        seen = await home.collector.visit([str(n) for n in range(5)], NOON)
        assert (list(seen.events), seen.unseen) == ([Delete("2")], [])
        assert not home.stub.bill, "checking costs nothing"
        home.stub.gone = {"4": "rehydrate"}
        seen = await home.collector.visit(["4"], NOON)
        assert [event.post.text for event in seen.events if isinstance(event, Edit)] == ["acme 4"]
        assert home.dollars() == 0.005


async def test_an_edit_that_there_is_no_money_for_waits(tmp_path: Path) -> None:
    async with house(tmp_path, options={"daily_budget": "0.004"}) as home:
        home.stub.say("4", NOON - DAY, "acme")
        home.stub.gone = {"4": "rehydrate"}
        await home.open()
        seen = await home.collector.visit(["4"], NOON)
        assert (seen.events, seen.unseen) == ([], ["4"])


async def test_a_job_that_takes_long_is_fetched_by_a_later_visit(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.stub.say("1", NOON - DAY, "acme")
        home.stub.gone["1"] = "delete"
        home.stub.looks_until_done = 3
        await home.open()
        home.collector._compliance._pauses = (0.0,)
        first = await home.collector.visit(["1"], NOON)
        assert (first.events, list(first.unseen)) == ((), ["1"])
        second = await home.collector.visit(["1", "9"], NOON)
        assert (list(second.events), second.unseen) == ([Delete("1")], ["9"])


async def test_what_a_late_job_has_looked_at_is_not_asked_for_again(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.stub.looks_until_done = 2
        await home.open()
        home.collector._compliance._pauses = ()
        assert list((await home.collector.visit(["1", "2"], NOON)).unseen) == ["1", "2"]
        assert list((await home.collector.visit(["8", "9"], NOON)).unseen) == ["8", "9"]
        assert list((await home.collector.visit(["1", "2", "8"], NOON)).unseen) == ["8"]
        assert len(home.stub.jobs) == 1


async def test_silence_of_the_service_is_no_deletion(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.stub.say("1", NOON - DAY, "acme")
        await home.open()
        assert list((await home.collector.visit(["1", "unknown"], NOON)).events) == []


async def test_the_token_goes_to_the_service_alone_and_no_address_of_a_job_is_told(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.open()
        home.stub.base = "https://evil.example"
        with pytest.raises(Retriable, match="names no address of the service") as failure:
            await home.collector.visit(["1"], NOON)
        home.stub.base = URL
        home.stub.jobs.clear()
        home.client.ends = ["", "", "lost"]
        with pytest.raises(Retriable, match="could not be uploaded") as failure:
            await home.collector.visit(["1"], NOON)
        assert "s3cret" not in repr(failure.value) and failure.value.__cause__ is None


async def test_a_job_of_a_run_that_died_is_waited_for(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        await home.open()
        home.stub.jobs["1"] = {"id": "1", "type": "tweets", "status": "in_progress", "looks": 0}
        with pytest.raises(Retriable, match="another compliance job"):
            await home.collector.visit(["1"], NOON)
