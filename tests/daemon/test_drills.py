"""The nine drills A-I that other tools fail, each with the real daemon and a local server that misbehaves."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from house import House, MakeHouse, feeds, rule, until
from servers import FaultServer, Reply
from town import Board, Item, Mailbox, keys_of, opening, posts, rss

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]

HOOK = {"webhook": {"url": "${HOOK}"}}
HOUR = 3600


def ok(server: FaultServer, *paths: str) -> None:
    for path in paths or ("/hook",):
        server.script(path, Reply(body="ok"))


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_a_one_source_asks_to_wait_an_hour_and_the_other_is_read(
    server: FaultServer, new_house: MakeHouse, form: str
) -> None:
    asked_until = time.time() + HOUR
    wait = str(HOUR) if form == "seconds" else formatdate(asked_until, usegmt=True)
    server.script("/one", Reply(429, headers={"Retry-After": wait}))
    two = Board(server, "/two", posts(3))
    house = new_house(sources=feeds({"one": server.url("/one"), "two": two.url}))
    await house.start()
    await server.got("/one")
    await two.read(3)
    await until(lambda: house.rows("SELECT 1 FROM sources WHERE failures = 1"), "the refusal is written")
    await house.stop()
    await house.start()
    await two.read(3)

    assert len(server.seen("/one")) == 1
    assert house.count("posts") == 3
    ((next_at, why),) = house.rows("SELECT next_poll_at, next_reason FROM sources WHERE name = 'one'")
    assert abs(next_at - asked_until) < 20
    assert "Retry-After" in why
    sources = await house.sources()
    assert (sources["one"]["state"], sources["two"]["state"]) == ("down", "answers")
    assert "429" in sources["one"]["error"]


async def test_b_an_older_item_that_appears_late_is_stored_once(
    server: FaultServer, new_house: MakeHouse
) -> None:
    now = time.time()
    board = Board(
        server, "/feed", [Item("Morvane one", "a", now - 7200), Item("Morvane two", "b", now - 600)]
    )
    house = new_house(sources=feeds({"town": board.url}))
    await house.start()
    await house.until_kept(2)
    board.items.insert(1, Item("Morvane between", "c", now - 3600))
    board.items.append(Item("Morvane long before", "d", now - 40 * 86400))
    await house.until_kept(4)
    board.items.append(Item("Morvane three", "e", now))
    await house.until_kept(5)

    kept = dict(house.rows("SELECT native_id, published_at FROM posts"))
    assert kept == {item.id: int(item.at or 0) for item in board.items}


async def test_c_items_without_ids_or_dates_are_stored_once_and_told_once(
    server: FaultServer, new_house: MakeHouse
) -> None:
    ok(server)
    board = Board(server, "/feed")
    house = new_house(
        sources=feeds({"town": board.url}),
        channels=HOOK,
        alerts={"rules": [rule("many", "mentions >= 20"), rule("more", "mentions >= 21")]},
    )
    await house.start()
    await until(lambda: house.rows("SELECT 1 FROM sources WHERE last_answer_at > 0"), "the feed was read")
    await house.stop()
    house.heard_since("town", time.time() - 2 * HOUR)
    await house.start()
    twenty = [Item(f"Morvane, word {n}") for n in range(20)]
    board.items = [*twenty]
    await house.until_delivered(1)
    # Read twice more: turned round, so that the document differs and none of its items does; then with one more.
    board.items = [*reversed(twenty)]
    await board.read(2)
    assert house.count("posts") == 20
    board.items = [*twenty, Item("Morvane, the last word")]
    await house.until_delivered(2)

    assert house.count("posts") == 21
    told = [seen.json() for seen in server.seen("/hook")]
    assert [(message["rule"], message["data"]["value"]) for message in told] == [("many", 20), ("more", 21)]


async def test_d_an_unchanged_feed_is_asked_for_with_its_validators(
    server: FaultServer, new_house: MakeHouse
) -> None:
    changed = formatdate(time.time() - HOUR, usegmt=True)
    validators = {"ETag": '"seven"', "Last-Modified": changed}
    server.script("/feed", Reply(body=rss(posts(3)), headers=validators), Reply(304))
    house = new_house(sources=feeds({"town": server.url("/feed")}))
    await house.start()
    await house.until_kept(3)
    ((before,),) = house.rows("SELECT max(until) FROM coverage")
    seen = await server.got("/feed", 3)
    await until(
        lambda: house.rows("SELECT 1 FROM coverage WHERE until > ?", before + 1), "silence counts as heard"
    )

    assert "If-None-Match" not in seen[0].headers
    assert {request.headers["If-None-Match"] for request in seen[1:]} == {'"seven"'}
    assert {request.headers["If-Modified-Since"] for request in seen[1:]} == {changed}
    assert house.count("coverage") == 1
    assert (await house.health())["status"] == "ok"


@pytest.mark.slow
async def test_e_each_message_gets_exactly_one_200(server: FaultServer, new_house: MakeHouse) -> None:
    answers = [*[200] * 10, 500, 500, 200]
    server.script("/hook", *[Reply(status) for status in answers])
    house = new_house(channels=HOOK)
    await house.start()
    await house.stop()
    house.lay_out(["webhook"], [f"message-{n}" for n in range(20)])
    await house.start()
    await house.until_delivered(20)

    statuses = [*answers[:12], *[200] * 10]
    taken = [key for key, status in zip(keys_of(server, "/hook"), statuses, strict=True) if status == 200]
    assert sorted(taken) == sorted(f"message-{n}" for n in range(20))
    assert sorted(d.attempts for d in house.deliveries()) == [*[1] * 18, 2, 2]
    assert {d.unknown for d in house.deliveries()} == {0}
    assert len(house.said("channel fails")) == len(house.said("channel works again")) == 1


async def test_f_killed_in_the_middle_of_ten_thousand(server: FaultServer, new_house: MakeHouse) -> None:
    ok(server)
    board = Board(server, "/feed", [opening()])
    house = new_house(
        sources=feeds({"town": board.url}), channels=HOOK, alerts={"rules": [rule("many", "mentions > 100")]}
    )
    await house.start()
    await house.until_kept(1)
    board.items += posts(9_999)
    await house.until_kept(2_000)
    await house.kill()
    assert 2_000 <= house.count("posts") < 10_000, "the kill came too late to show anything"
    await house.start()
    await house.until_kept(10_000)
    await board.read(2)
    await house.until_delivered(1)
    await house.stop()

    assert house.count("posts") == house.count("mentions") == 10_000
    assert len(house.rows("SELECT DISTINCT native_id FROM posts")) == 10_000
    (message,) = house.deliveries()
    assert len(keys_of(server, "/hook")) <= 1 + message.unknown
    assert set(keys_of(server, "/hook")) == {message.key}


async def test_g_malformed_xml_beside_a_good_feed(server: FaultServer, new_house: MakeHouse) -> None:
    good = Board(server, "/good", posts(5, first=100))
    server.script("/bad", Reply(body=b"<rss><channel><item><title>Morv"))
    house = new_house(sources=feeds({"bad": server.url("/bad"), "good": good.url}))
    await house.start()
    await house.until_kept(5)
    await until(lambda: house.said("source is down"), "the log tells that the source is down")
    health = await house.health()
    assert health["status"] == "degraded"
    assert ["bad" in problem for problem in health["problems"]] == [True]
    await house.stop()
    house.due_now()
    await house.start()
    await server.got("/bad", 2)
    await until(
        lambda: house.rows("SELECT 1 FROM sources WHERE failures = 2"), "the second failure is written"
    )
    assert house.said("source is down") == [], "the same outage is not told twice"
    await house.stop()

    server.script("/bad", Reply(body=rss(posts(3))))
    house.due_now()
    await house.start()
    await house.until_kept(8)
    await until(lambda: house.said("source answers again"), "the log tells that it is back")
    await good.read(3)
    assert (await house.health())["status"] == "ok"
    assert len(house.said("source answers again")) == 1


@pytest.mark.slow
async def test_g_a_broken_feed_heals_while_the_daemon_runs(server: FaultServer, new_house: MakeHouse) -> None:
    server.script("/bad", Reply(body=b"<rss><channel><item><title>Morv"), Reply(body=rss(posts(3))))
    good = Board(server, "/good", posts(5, first=100))
    house = new_house(sources=feeds({"bad": server.url("/bad"), "good": good.url}))
    await house.start()
    await house.until_kept(8, within=60)
    await until(lambda: house.said("source answers again"), "the log tells that it is back")
    assert (await house.health())["status"] == "ok"
    assert len(house.said("source is down")) == len(house.said("source answers again")) == 1


@pytest.mark.slow
async def test_h_two_channels_and_one_fails_three_times(
    server: FaultServer, new_house: MakeHouse, mailbox: Mailbox
) -> None:
    server.script("/hook", Reply(500), Reply(503), Reply(429), Reply(200))
    house = new_house(channels={**HOOK, "email": mailbox.options})
    await house.start()
    await house.stop()
    house.lay_out(["webhook", "email"], ["the-message"])
    await house.start()
    await until(lambda: mailbox.mails, "the mail is there")
    assert len(server.seen("/hook")) <= 2, "the mail did not wait for the webhook"
    await house.until_delivered(2, within=80)

    assert keys_of(server, "/hook") == ["the-message"] * 4
    assert len(mailbox.mails) == 1
    assert b"X-Listener-Key: the-message" in mailbox.mails[0]
    assert {d.channel: d.attempts for d in house.deliveries()} == {"webhook": 4, "email": 1}


ANGRY = [f"Morvane is terrible, awful and broken, I hate it ({n})" for n in range(60)]
HAPPY = [f"Morvane is great, lovely and quick, I love it ({n})" for n in range(60)]


def said(texts: list[str], kind: str) -> list[Item]:
    return [Item(text, f"{kind}{n}", time.time()) for n, text in enumerate(texts)]


def watched(new_house: MakeHouse, board: Board) -> House:
    rules = [
        rule("angry", "negative_share > 50%"),
        rule("sixty", "mentions >= 60"),
        rule("hundred", "mentions >= 100"),
    ]
    return new_house(sources=feeds({"town": board.url}), channels=HOOK, alerts={"rules": rules})


@pytest.mark.slow
async def test_i_restarted_between_firing_and_delivery(server: FaultServer, new_house: MakeHouse) -> None:
    server.script("/hook", Reply(503), Reply(hang=True), Reply(200))
    board = Board(server, "/feed", [opening()])
    house = watched(new_house, board)
    await house.start()
    await house.until_kept(1)
    board.items += said(ANGRY[:20], "angry")
    await until(lambda: house.said("channel fails"), "the first attempt failed")
    await house.stop()  # it waits to be sent again
    await house.start()
    await server.got("/hook", 2)
    await house.kill()  # its answer never came
    await house.start()
    await house.until_delivered(1)

    assert len(set(keys_of(server, "/hook"))) == 1
    assert len(server.seen("/hook")) == 3
    (message,) = house.deliveries()
    assert (message.state, message.attempts, message.unknown) == ("delivered", 3, 1)


async def test_i_restarted_inside_the_cooldown(server: FaultServer, new_house: MakeHouse) -> None:
    ok(server)
    board = Board(server, "/feed", [opening()])
    house = watched(new_house, board)
    await house.start()
    await house.until_kept(1)
    board.items += said(ANGRY[:20], "angry")
    await house.until_delivered(1)
    board.items += said(HAPPY[:30], "happy")
    await house.until_delivered(2)  # resolved
    await house.stop()
    await house.start()
    board.items += said(ANGRY[20:], "more")
    await house.until_delivered(3)  # sixty: judged together with angry, whose condition holds again
    await house.kill()
    await house.start()
    board.items += said(HAPPY[30:], "late")
    await house.until_delivered(4)

    told = [(seen.json()["rule"], seen.json()["type"]) for seen in server.seen("/hook")]
    assert told == [
        ("angry", "alert.fired"),
        ("angry", "alert.resolved"),
        ("sixty", "alert.fired"),
        ("hundred", "alert.fired"),
    ]
