"""The daemon's own web server over a real store: health, the page with hostile texts, the API, and who is let in."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pages import HACKERNEWS, page, post

from alerts import judging
from alerts.rules import Look, Rule, RuleOptions
from listener.config import load
from listener.dashboard.app import make_app
from listener.dashboard.sockets import NotServed, Sockets, is_loopback
from listener.station import Station, open_station
from storage import deliveries, outbox, polling, queries
from storage.base import Transaction
from storage.calendar import Window
from storage.desk import tokens
from storage.kpi import KPIS, Ask, compute
from storage.mention import KeptPost

NOW = 1_790_000_000
CONFIG = """brands:
  - {name: Acme, own: true, aliases: [AC]}
  - {name: Bolt}
  - {name: "<b>Tags & Co</b>"}
sources: {hackernews: {}}
channels: {console: {}, webhook: {url: "http://127.0.0.1:9/x"}}
alerts: {rules: [{name: busy, when: mentions >= 1, over: 1d, channels: [webhook]}]}
"""
Client = TestClient[Any, Any]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {}), lambda: NOW) as opened:
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


async def keep(station: Station, *posts: KeptPost) -> None:
    kept = page(posts, (NOW - 7 * 86_400, NOW), source=HACKERNEWS)
    await station.writer.store(lambda store: store.commit(kept))


def beyond(station: Station, **changes: Any) -> Station:
    """The same station, configured to be reached from other machines."""
    dashboard = station.config.dashboard.model_copy(update={"host": "0.0.0.0", **changes})
    return replace(station, config=replace(station.config, dashboard=dashboard))


async def refused(client: Client, path: str, **asked: Any) -> str:
    answer = await client.get(path, **asked)
    body = await answer.json(content_type="application/problem+json")
    assert answer.status == 400, body
    assert (body["status"], body["title"]) == (400, "Bad Request")
    return str(body["detail"])


# Health


async def test_health_is_ok_and_says_the_version_and_the_time(client: Client) -> None:
    answer = await client.get("/healthz")
    body = await answer.json()
    assert (answer.status, body["status"], body["problems"]) == (200, "ok", [])
    assert body["time"] == "2026-09-21T14:13:20Z"
    assert re.fullmatch(r"\d+\.\d+\.\d+", body["version"])


async def test_health_is_degraded_while_a_source_is_down_and_good_when_it_returns(
    client: Client, station: Station
) -> None:
    await station.writer(
        lambda db: polling.failed(db, "hackernews", NOW - 60, NOW + 60, "backing off", "answered 500")
    )
    body = await (await client.get("/healthz")).json()
    assert body["status"] == "degraded"
    assert "source hackernews is down" in body["problems"][0] and "answered 500" in body["problems"][0]
    await station.writer(lambda db: polling.answered(db, "hackernews", NOW, NOW + 60))
    assert (await (await client.get("/healthz")).json())["status"] == "ok"


async def test_health_is_degraded_while_a_channel_fails_or_a_message_is_lost(
    client: Client, station: Station
) -> None:
    await station.writer(lambda db: outbox.put(db, ["webhook"], "k", "alert", _numbers(), [], NOW))
    await station.dispatcher.deliver_due("webhook")
    body = await (await client.get("/healthz")).json()
    assert body["status"] == "degraded"
    assert body["problems"][0].startswith("channel webhook fails: the webhook cannot be reached")
    (lost,) = await asyncio.to_thread(deliveries.newest, station.reader)
    assert lost.state == "waiting"


async def test_a_message_that_was_given_up_is_a_problem_for_a_week(client: Client, station: Station) -> None:
    def lost(at: int) -> Callable[[Transaction], None]:
        def work(db: Transaction) -> None:
            outbox.put(db, ["webhook"], f"k{at}", "alert", _numbers(), [], at)
            claimed = outbox.claim(db, "webhook", at)
            assert claimed is not None
            outbox.give_up(db, claimed.id, at, "no")

        return work

    await station.writer(lost(NOW - 8 * 86_400))
    assert (await (await client.get("/healthz")).json())["status"] == "ok"
    await station.writer(lost(NOW - 6 * 86_400))
    body = await (await client.get("/healthz")).json()
    assert body["problems"] == ["1 message could not be delivered; see `listener alerts`"]


def _numbers() -> dict[str, object]:
    rule = Rule.of(RuleOptions.model_validate({"name": "busy", "when": "mentions >= 1"}), "Acme")
    return {
        "kpi": "mentions",
        "op": ">=",
        "threshold": 1,
        "unit": "mentions",
        "over": rule.over,
        "min_n": 0,
        "value": 3,
        "n": 3,
        "since": NOW - 3600,
        "until": NOW,
        "fired_at": NOW,
        "cooldown": 60,
        "expire": 60,
        "heard": [],
        "left_out": [],
        "rule": "busy",
        "brand": "Acme",
        "kind": "fired",
        "at": NOW,
    }


# The page


async def test_the_page_escapes_whatever_strangers_wrote(client: Client, station: Station) -> None:
    script = "<script>alert(1)</script>"
    await keep(
        station,
        post("1", NOW - 9, text=script, author="<img src=x onerror=alert(2)>", url="javascript:alert(3)"),
        post("2", NOW - 8, text="x" * 100_000, author="a" * 100_000, url='https://x.example/"><script>'),
        post(
            "3",
            NOW - 7,
            text="\u202eoverride \u200f\u0645",
            author="\u202egnp.exe",
            brands=["<b>Tags & Co</b>"],
        ),
    )
    answer = await client.get("/")
    html = await answer.text()
    assert answer.status == 200
    assert "<script" not in html and "<img" not in html and "<b>Tags" not in html
    assert "&lt;script&gt;alert(1)" in html and "&lt;b&gt;Tags &amp; Co" in html
    assert "javascript:" not in html
    assert 'href="https://x.example/&#34;&gt;&lt;script&gt;"' in html
    assert len(html) < 40_000
    assert "<bdi>\u202egnp.exe</bdi>" in html and '<p dir="auto">\u202eoverride' in html


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/style.css", "/api/v1/mentions", "/nowhere"])
async def test_every_answer_allows_no_script_no_frame_and_no_cache(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


async def test_the_page_has_nothing_that_its_policy_would_block(client: Client, station: Station) -> None:
    await keep(station, post("1", NOW - 9))
    html = await (await client.get("/")).text()
    assert " style=" not in html and "<style" not in html and "<script" not in html
    assert (await client.get("/style.css")).content_type == "text/css"


async def test_the_page_of_an_empty_store_and_of_a_busy_one(client: Client, station: Station) -> None:
    assert "No alert so far." in await (await client.get("/")).text()
    await keep(station, *(post(str(n), NOW - 60 - n, "negative") for n in range(30)))
    seen = Look(station.reader, station.config.brands, station.config.zone, NOW)
    found = judging.look(seen, station.config.rules)
    await station.writer(lambda db: judging.write(db, found, NOW))
    html = await (await client.get("/")).text()
    assert "busy fires since" in html
    assert "busy fired at 30 (n = 30)" in html
    assert "alert on webhook: waiting" in html


async def test_the_page_says_where_a_query_was_changed_in_words(client: Client, station: Station) -> None:
    other = replace(station.config.brands[0], query="acme NOT street")

    def change(db: Transaction) -> None:
        db.run("UPDATE query_versions SET at = ?", (NOW - 86_400,))
        queries.keep_versions(db, [other], NOW - 3_600)

    await station.writer(change)
    html = await (await client.get("/")).text()
    assert f"Mentions of {other.name} are counted by another query from " in html
    assert "QueryChange" not in html


# The API


async def test_mentions_are_paged_newest_first_without_gap_or_double(
    client: Client, station: Station
) -> None:
    # Many at the same second, and some that name two brands: a page may end between them.
    posts = [post(f"p{n}", NOW - 1000 + n // 7, brands=["Acme", "Bolt"][: 1 + n % 2]) for n in range(50)]
    await keep(station, *posts)
    seen: list[tuple[str, str]] = []
    times: list[str] = []
    cursor = None
    for _ in range(30):
        query = {"limit": "7", **({"cursor": cursor} if cursor else {})}
        body = await (await client.get("/api/v1/mentions", params=query)).json()
        assert len(body["mentions"]) <= 7
        seen += [(one["native_id"], one["brand"]) for one in body["mentions"]]
        times += [one["published_at"] for one in body["mentions"]]
        cursor = body["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 75
    assert times == sorted(times, reverse=True)


async def test_mentions_are_filtered(client: Client, station: Station) -> None:
    await keep(
        station,
        post("1", NOW - 300, "negative"),
        post("2", NOW - 200, "positive"),
        post("3", NOW - 100, "negative", brands=["Bolt"]),
    )

    async def ids(**query: str) -> list[str]:
        body = await (await client.get("/api/v1/mentions", params=query)).json()
        return [one["native_id"] for one in body["mentions"]]

    assert await ids() == ["3", "2", "1"]
    assert await ids(brand="Acme") == ["2", "1"]
    assert await ids(brand="ac") == ["2", "1"], "an alias in any case, as on the command line"
    assert await ids(sentiment="negative") == ["3", "1"]
    assert await ids(source="hackernews") == ["3", "2", "1"]
    assert await ids(since=str(NOW - 200)) == ["3", "2"]
    assert await ids(until=str(NOW - 200)) == ["1"]
    assert await ids(since="2d", limit="1") == ["3"]
    assert await ids(limit="0") == ["3"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("brand=Acmee", "did you mean Acme?"),
        ("sentiment=angry", "negative, neutral or positive"),
        ("since=yesterday", "is no time"),
        ("since=99999999999999999999999", "no time between"),
        ("until=9999-12-31T23:59:59", "no time between"),
        ("limit=many", "a number from 1 to 500"),
        ("limit=-1", "a number from 1 to 500"),
        ("limit=99999999999999999999", "a number from 1 to 500"),
        ("cursor=nonsense", "not made by the API"),
        ("cursor=%F0%9F%98%80", "not made by the API"),
        ("cursor=WzFlOTk5LCAxLCAiYSJd", "not made by the API"),
        ("cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LCAxLCAiYSJd", "not made by the API"),
        ("cursor=" + "W1tb" * 1500, "not made by the API"),
        ("cursor=WzEsIDEsICJcdWQ4MDAiXQ==", "not made by the API"),
        ("source=elsewhere", "there is no source 'elsewhere'"),
        ("brnad=Acme", "there is no parameter 'brnad'; there are: brand"),
    ],
)
async def test_bad_parameters_of_mentions_are_problems_with_a_remedy(
    client: Client, query: str, says: str
) -> None:
    assert says in await refused(client, f"/api/v1/mentions?{query}")


async def test_kpis_are_those_of_the_command(client: Client, station: Station) -> None:
    await keep(station, post("1", NOW - 300, "negative"), post("2", NOW - 200, "positive", brands=["Bolt"]))
    answer = await client.get("/api/v1/kpis?kpi=mentions&kpi=share_of_voice&brand=ac&since=1d&by=source")
    body = await answer.json()
    assert [(value["kpi"], value["value"], value["source"]) for value in body["kpis"]] == [
        ("mentions", 1, "hackernews"),
        ("share_of_voice", 0.5, "hackernews"),
    ]
    assert {"since", "until", "unit", "n", "reason", "heard", "left_out"} <= set(body["kpis"][0])


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("kpi=mention", "did you mean mentions?"),
        ("brand=x", "there is no brand"),
        ("source=x", "there is no source"),
        ("by=year", "there is no dimension 'year'"),
        ("by=day&by=week", "at a time"),
        ("since=-99999999999999", "no time between"),
        ("since=1900-01-02&by=day", "ask for a shorter time"),
        ("timezone=../../etc/passwd", "no time zone"),
        ("timezone=%00", "no time zone"),
        ("kpis=mentions", "there is no parameter"),
    ],
)
async def test_bad_parameters_of_kpis_are_problems_with_a_remedy(
    client: Client, query: str, says: str
) -> None:
    assert says in await refused(client, f"/api/v1/kpis?{query}")


async def test_alerts_say_what_fires_was_told_and_waits(client: Client, station: Station) -> None:
    await keep(station, post("1", NOW - 60))
    config = station.config
    found = judging.look(Look(station.reader, config.brands, config.zone, NOW), config.rules)
    (event,) = await station.writer(lambda db: judging.write(db, found, NOW))
    body = await (await client.get("/api/v1/alerts")).json()
    fires = {"key": event.key, "rule": "busy", "brand": "Acme", "fired_at": "2026-09-21T14:13:20Z"}
    also = {"subject": None, "severity": "warning", "too_little_since": None, "answered": None}
    assert body["firing"] == [{**fires, **also}]
    assert body["silences"] == []
    (told,) = body["events"]
    assert (told["key"], told["kind"], told["value"], told["threshold"]) == (event.key, "fired", 1, 1)
    assert (told["until"], told["unit"]) == ("2026-09-21T14:13:20Z", "mentions")
    assert [(w["channel"], w["state"]) for w in body["undelivered"]] == [("webhook", "waiting")]


async def test_what_is_not_there_and_what_may_only_be_read(client: Client) -> None:
    gone = await client.get("/api/v2/mentions")
    assert (gone.status, gone.content_type) == (404, "application/problem+json")
    written = await client.post("/api/v1/mentions", data="x")
    assert (written.status, written.content_type) == (405, "application/problem+json")
    assert "GET" in written.headers["Allow"]


# Who is let in


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8765", 200),
        ("localhost", 200),
        ("[::1]:8765", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.evil.example:8765", 403),
        ("192.168.1.5", 403),
        ("[", 403),
        ("[::1", 403),
        ("@127.0.0.1.example", 403),
        ("user@evil.example", 403),
    ],
)
async def test_a_web_site_that_points_its_name_here_reads_nothing(
    client: Client, host: str, status: int
) -> None:
    for path in ("/", "/api/v1/mentions", "/healthz", "/metrics"):
        assert (await client.get(path, headers={"Host": host})).status == status


async def test_the_name_of_public_url_is_ours_too(station: Station) -> None:
    dashboard = station.config.dashboard.model_copy(update={"public_url": "https://listener.example/x"})
    ours = replace(station, config=replace(station.config, dashboard=dashboard))
    async with TestClient(TestServer(make_app(ours), host="127.0.0.1")) as client:
        assert (await client.get("/", headers={"Host": "listener.example"})).status == 200
        assert (await client.get("/", headers={"Host": "other.example"})).status == 403


async def test_beyond_loopback_only_the_bearer_of_a_token_reads(station: Station) -> None:
    token = await station.writer(lambda db: tokens.add(db, "grafana", NOW))
    async with TestClient(TestServer(make_app(beyond(station)), host="127.0.0.1")) as client:

        async def status(path: str, authorization: str | None) -> int:
            headers = {"Authorization": authorization} if authorization else {}
            answer = await client.get(path, headers=headers)
            if answer.status == 401:
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert answer.content_type == "application/problem+json"
            return answer.status

        for path in ("/", "/style.css", "/api/v1/mentions", "/api/v1/kpis", "/api/v1/alerts", "/metrics"):
            assert await status(path, None) == 401
            assert await status(path, f"Bearer {token}") == 200
            assert await status(path, f"bearer  {token} ") == 200
            for wrong in ("Bearer", "Bearer x", f"Basic {token}", token, f"Bearer {token}x", "Bearer \xff"):
                assert await status(path, wrong) == 401
        assert await status("/healthz", None) == 200
        await station.writer(lambda db: tokens.revoke(db, "grafana"))
        assert await status("/", f"Bearer {token}") == 401


async def test_bytes_that_are_no_text_are_no_token(client: Client) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
    assert (await reader.readline()).split()[1] == b"401"
    writer.close()
    await writer.wait_closed()


async def test_a_wrong_token_is_refused_on_loopback_too(client: Client) -> None:
    assert (await client.get("/", headers={"Authorization": "Bearer x"})).status == 401


async def test_nothing_is_served_beyond_loopback_without_a_token(station: Station) -> None:
    with pytest.raises(NotServed, match="listener token add NAME"):
        await Sockets.bind(beyond(station).config.dashboard, station.reader)


async def test_a_port_that_is_taken_is_told_with_the_remedy(station: Station, client: Client) -> None:
    dashboard = station.config.dashboard.model_copy(update={"port": client.port})
    with pytest.raises(NotServed, match=r"set another dashboard\.port"):
        await Sockets.bind(dashboard, station.reader)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.0.1", False),
        ("example.com", False),
    ],
)
def test_which_addresses_only_this_machine_reaches(host: str, local: bool) -> None:
    assert is_loopback(host) is local


async def test_the_page_says_what_a_share_may_be(client: Client, station: Station) -> None:
    said = [post(str(n), NOW - 60 - n, "negative", engine="vader-3.3.2") for n in range(30)]
    await keep(station, *said)
    ask = Ask(Window(NOW - 7 * 86_400, NOW), NOW, station.config.zone, station.config.brands)
    share = compute(station.reader, [KPIS["negative_share"]], ask)[0]
    low, high = (round(100 * end) for end in share.more["interval"])  # type: ignore[attr-defined]
    html = await (await client.get("/")).text()
    assert f"n = 30; {low} to {high} %" in html
