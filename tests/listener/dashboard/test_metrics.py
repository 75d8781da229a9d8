"""What Prometheus is told, by its own parsers and by promtool: every family, true values, names of any script."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from pages import page, post
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics_parser

from listener.config import load
from listener.dashboard.app import make_app
from listener.metrics import FAMILIES
from listener.station import Station, open_station
from storage import alerting, ledger, outbox, polling
from storage.alerting import AlertEvent, AlertState
from storage.base import Transaction
from storage.mention import Gap, SetAside

NOW = 1_790_000_000
WEEK = 7 * 86_400
PROMTOOL = shutil.which("promtool")
HOSTILE = 'Ac"me\\ \n# TYPE آکمه 日本 {x="1"} 7'
CONFIG = f"""brands:
  - {{name: {json.dumps(HOSTILE)}, own: true, query: acme}}
  - {{name: Bolt}}
sources: {{hackernews: {{}}}}
channels: {{console: {{}}, webhook: {{url: "http://127.0.0.1:9/x", secret: "${{SECRET}}"}}}}
alerts: {{rules: [{{name: busy, when: mentions >= 1, over: 1d, channels: [webhook]}}]}}
digest: {{cron: "0 8 * * MON", channels: [console]}}
"""
Client = TestClient[Any, Any]
Values = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    file = tmp_path / "config.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    async with open_station(load(file, {"SECRET": "s3cr3t" * 6}), lambda: NOW) as opened:
        yield opened


@pytest.fixture
async def client(station: Station) -> AsyncIterator[Client]:
    async with TestClient(TestServer(make_app(station), host="127.0.0.1")) as asking:
        yield asking


async def scraped(client: Client) -> Values:
    """The values by (name, label values in the order of their names), as the parser of Prometheus' library reads."""
    answer = await client.get("/metrics")
    text = await answer.text()
    assert answer.status == 200, text
    return {
        (sample.name, tuple(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }


async def busy(station: Station) -> None:
    """A station of which everything is known."""
    posts = [post(str(n), NOW - 60 - n, brands=[HOSTILE, "Bolt"] if n else ["Bolt"]) for n in range(3)]
    kept = replace(
        page(posts, (NOW - WEEK, NOW - 30)),
        set_aside=[SetAside("9", "KeyError", "{}")],
        gap=Gap(NOW - 500, NOW - 440, "the server lost it"),
        at=NOW,
    )
    await station.writer.store(lambda store: store.commit(kept))
    fired = AlertEvent(
        "e", "busy", HOSTILE, "fired", NOW - 9, NOW - 90, NOW, {"value": 1}, (), "", "critical", "e"
    )

    def write(db: Transaction) -> None:
        polling.answered(db, "hackernews", NOW - 20, NOW + 300)
        alerting.add_event(db, fired)
        alerting.step(db, None, AlertState("busy", HOSTILE, "firing", NOW - 9, NOW, NOW, NOW - 9, "", "e"))
        ledger.add_digest(db, "digest-2026-W38", NOW - WEEK, NOW, NOW - 77)
        for key in ("a", "b"):
            outbox.put(db, ["webhook"], key, "test", {}, [], NOW - 40)
        claimed = outbox.claim(db, "webhook", NOW)
        assert claimed is not None
        outbox.give_up(db, claimed.id, NOW, "no")

    await station.writer(write)


async def test_every_family_is_told_with_its_value(client: Client, station: Station) -> None:
    await busy(station)
    found = await scraped(client)
    names = {name for name, _ in found}
    told = {name + "_bucket" if family.kind == "histogram" else name for name, family in FAMILIES.items()}
    assert told <= names, told - names
    hn = ("hackernews",)
    expected = {
        ("listener_source_up", hn): 1,
        ("listener_source_posts_total", hn): 3,
        ("listener_source_mentions", hn): 5,
        ("listener_source_heard_through_timestamp_seconds", hn): NOW - 30,
        ("listener_source_last_answer_timestamp_seconds", hn): NOW - 20,
        ("listener_source_lateness_seconds", hn): 2 * 300,
        ("listener_source_next_poll_timestamp_seconds", hn): NOW + 300,
        ("listener_source_quarantined_items", hn): 1,
        ("listener_source_gaps_total", hn): 1,
        ("listener_source_gap_seconds_total", hn): 60,
        ("listener_brand_mentions", (HOSTILE,)): 2,
        ("listener_brand_mentions", ("Bolt",)): 3,
        ("listener_channel_up", ("webhook",)): 1,
        ("listener_outbox_messages", ("webhook", "waiting")): 1,
        ("listener_outbox_messages", ("webhook", "failed")): 1,
        ("listener_outbox_oldest_due_timestamp_seconds", ("webhook",)): NOW - 40,
        ("listener_alerts_firing", (HOSTILE, "busy", "critical")): 1,
        ("listener_alerts_firing", (HOSTILE, "busy", "warning")): 0,
        ("listener_letter_written_timestamp_seconds", ("",)): NOW - 77,
        ("listener_store_writable", ()): 1,
        ("listener_problems", ()): 1,
        ("listener_config_last_reload_successful", ()): 1,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert found["listener_store_size_bytes", ()] == station.config.database.stat().st_size
    assert found["process_resident_memory_bytes", ()] > 10_000_000
    assert ("listener_outbox_oldest_due_timestamp_seconds", ("console",)) not in found


async def test_what_is_unknown_is_absent_and_not_zero(client: Client) -> None:
    found = await scraped(client)
    names = {name for name, _ in found}
    assert found["listener_source_up", ("hackernews",)] == 0
    assert found["listener_source_posts_total", ("hackernews",)] == 0
    for moment in ("heard_through", "last_answer", "next_poll"):
        assert f"listener_source_{moment}_timestamp_seconds" not in names
    assert "listener_letter_written_timestamp_seconds" not in names


async def test_openmetrics_is_given_to_who_asks_for_it(client: Client, station: Station) -> None:
    await busy(station)
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    answer = await client.get("/metrics", headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    text = await answer.text()
    assert text.endswith("# EOF\n")
    families = [*openmetrics_parser.text_string_to_metric_families(text)]
    brands = {s.labels["brand"] for f in families if f.name == "listener_brand_mentions" for s in f.samples}
    assert brands == {HOSTILE, "Bolt"}
    plain = await client.get("/metrics")
    assert plain.headers["Content-Type"].startswith("text/plain; version=")


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool on this machine (apt install prometheus)")
async def test_promtool_finds_nothing_to_mend(client: Client, station: Station) -> None:
    await busy(station)
    body = await (await client.get("/metrics")).read()
    assert PROMTOOL is not None
    checked = subprocess.run([PROMTOOL, "check", "metrics"], input=body, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


async def test_no_secret_and_no_word_of_a_post_is_told(client: Client, station: Station) -> None:
    await busy(station)
    text = await (await client.get("/metrics")).text()
    for hidden in ("s3cr3t", "127.0.0.1:9", "words of", "KeyError", "the server lost it"):
        assert hidden not in text


def test_who_is_not_scraped_does_without_the_library() -> None:
    asked = "import sys, listener.daemon; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
