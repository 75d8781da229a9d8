"""Everything bad that a feed can be, beside a good one: each has its reason, and none stops the daemon."""

from __future__ import annotations

import gzip
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from house import House, MakeHouse, feeds, until
from servers import FaultServer, Reply
from town import Board, Item, posts, rss

DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[3] / "shared" / "data"))
RECORDINGS = DATA / "recordings" / "feeds"
LONG = "Morvane " + "word " * 20_000
XML = b"<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel>%s</channel></rss>"
ITEM = b"<item><guid>%s</guid><description>%s</description></item>"

pytestmark = [pytest.mark.server]


@dataclass(frozen=True)
class Case:
    """A feed, the posts that are kept of it, and what its source says is wrong (None: nothing)."""

    reply: Reply
    kept: int
    error: str | None = None


def xml(*texts: bytes) -> bytes:
    return XML % b"".join(ITEM % (b"g%d" % n, text) for n, text in enumerate(texts))


CASES = {
    "malformed": Case(Reply(body=b"<rss><channel><<&&&< Morvane"), 0, "its XML is broken"),
    # The last of three is cut in the middle of its text: half a text is not kept.
    "broken-off": Case(
        Reply(body=rss(posts(3))[:-50]), 2, "its XML breaks off; the 2 items before that were read"
    ),
    "no-feed": Case(Reply(body=b"Morvane, as plain text"), 0, "it is no feed"),
    "page": Case(Reply(body=b"<!doctype html><html><body>Morvane</body></html>"), 0, "HTML page, not a feed"),
    "empty": Case(Reply(body=b""), 0, "the answer is empty"),
    "broken-json": Case(Reply(body=b'{"items": [{"id": "1", "content_te'), 0, "JSON is broken"),
    "wrong-encoding": Case(Reply(body=xml("Morvane naïve café".encode("cp1252"))), 1),
    "unknown-encoding": Case(Reply(body=xml(b"Morvane").replace(b"UTF-8", b"x-klingon")), 1),
    "invalid-utf8": Case(Reply(body=xml(b"Morvane \xff\xfe " + "naïve, schön, être".encode() * 5)), 1),
    "controls": Case(Reply(body=xml(b"Morvane \x00\x01\x0b", b"Morvane two")), 2),
    "surrogates": Case(
        Reply(
            body=b'{"version": "https://jsonfeed.org/version/1.1", '
            b'"items": [{"id": "s", "content_text": "Morvane \\ud800"}]}'
        ),
        1,
    ),
    "e500": Case(Reply(500), 0, "answered 500"),
    "e429": Case(Reply(429, headers={"Retry-After": "600"}), 0, "answered 429"),
    "e404": Case(Reply(404), 0, "answered 404: there is nothing at this address"),
    "dropped": Case(Reply(reset=True), 0, "the connection"),
    "cut": Case(Reply(body=rss(posts(3)), cut=200), 0, "broke off"),
    "loop": Case(Reply(302, headers={"Location": "/loop"}), 0, "redirects too often"),
    "endless": Case(Reply(endless=b"<item>" + b"x" * 65_536), 0, "is larger than"),
    "bomb": Case(
        Reply(body=gzip.compress(b" " * 100_000_000), headers={"Content-Encoding": "gzip"}),
        0,
        "is larger than",
    ),
    "undated": Case(Reply(body=rss([Item("Morvane without a date"), Item("Morvane without an id")])), 2),
    "years": Case(
        Reply(body=rss([Item("Morvane early", "a", 0), Item("Morvane late", "b", 3_170_000_000)])), 2
    ),
    "no-text": Case(Reply(body=rss([Item("", "a", 1e9), Item("   ", "b", 1e9)])), 0),
    "long": Case(Reply(body=rss([Item(LONG, "long", time.time())])), 1),
}


@pytest.mark.timeout(120)
async def test_bad_feeds_beside_a_good_one(server: FaultServer, new_house: MakeHouse) -> None:
    for name, case in CASES.items():
        server.script(f"/{name}", case.reply)
    good = Board(server, "/good", posts(5))
    urls = {name: server.url(f"/{name}") for name in CASES}
    house = new_house(sources=feeds({**urls, "good": good.url}))
    await house.start()
    await until(lambda: all(server.seen(f"/{name}") for name in CASES), "every feed was asked for")
    await until(lambda: house.count("sources", "last_poll_at IS NULL") == 0, "every poll came to an end", 60)
    good.items += posts(5, first=100)
    await until(lambda: kept_of(house).get("good") == 10, "the good feed is still read")

    found, kept = await house.sources(), kept_of(house)
    for name, case in CASES.items():
        assert kept.get(name, 0) == case.kept, name
        assert found[name]["state"] == ("down" if case.error else "answers"), name
        assert case.error is None or case.error in found[name]["error"], name
    health = await house.health()
    assert health["status"] == "degraded"
    down = [name for name, case in CASES.items() if case.error]
    assert len(health["problems"]) == len(down), "nothing is wrong but these sources"
    assert all(any(f" {name} " in problem for problem in health["problems"]) for name in down)
    _texts_and_dates(house)
    assert {line["level"] for line in house.log()} <= {"info", "warning"}
    await house.stop()


def kept_of(house: House) -> dict[str, int]:
    return dict(
        house.rows(
            "SELECT s.name, count(*) FROM posts p JOIN sources s ON s.id = p.source_id GROUP BY s.name"
        )
    )


def _texts_and_dates(house: House) -> None:
    def texts(source: str) -> list[str]:
        sql = "SELECT text FROM posts p JOIN sources s ON s.id = p.source_id WHERE s.name = ? ORDER BY native_id"
        return [text for (text,) in house.rows(sql, source)]

    assert texts("wrong-encoding") == ["Morvane naïve café"]
    assert texts("invalid-utf8")[0].startswith("Morvane \ufffd")
    assert texts("long") == [LONG.strip()]
    dated = "SELECT p.dated, p.published_at = p.fetched_at FROM posts p JOIN sources s ON s.id = p.source_id "
    for source in ("years", "undated"):
        assert house.rows(dated + "WHERE s.name = ?", source) == [(0, 1), (0, 1)]


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(
    not RECORDINGS.exists(), reason="recorded feeds are not here; name their folder in LISTENER_DATA"
)
async def test_every_recorded_feed_is_read_or_refused_with_a_reason(
    server: FaultServer, new_house: MakeHouse
) -> None:
    files = sorted({*RECORDINGS.rglob("*.xml"), *RECORDINGS.glob("gofeed/testdata/parser/json/*.json")})
    assert len(files) > 500
    urls = {}
    for number, file in enumerate(files):
        kind = "application/json" if file.suffix == ".json" else "application/xml"
        server.script(f"/{number}", Reply(body=file.read_bytes(), headers={"Content-Type": kind}))
        urls[str(file.relative_to(RECORDINGS))] = server.url(f"/{number}")
    house = new_house(
        brands=[{"name": "Everything", "own": True, "query": "the OR a OR example OR title OR entry"}]
    )
    house.settings["sources"] = feeds(urls, poll="1h")
    await house.start(within=60)
    await until(
        lambda: house.count("sources", "last_poll_at IS NOT NULL") == len(files), "all were polled", 240
    )

    found = await house.sources()
    assert set(found) == set(urls)
    for source in found.values():
        if source["state"] == "answers":
            assert source["error"] is None
        else:
            assert source["state"] == "down"
            # The row names the feed; its reason ends with what to do about it.
            why, _, remedy = source["error"].partition("; ")
            assert why and remedy, source["error"]
    read = [source for source in found.values() if source["state"] == "answers"]
    print(json.dumps({"files": len(files), "read": len(read), "posts": house.count("posts")}))
    assert len(read) > 0.9 * len(files)
    assert house.count("posts") > 100
    health = await house.health()
    assert len(health["problems"]) == len(files) - len(read)
    await house.stop()
