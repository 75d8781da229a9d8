"""A real Prometheus scrapes the real daemon, and the shipped rules tell a real Alertmanager what is wrong with it."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from house import MORVANE, House, MakeHouse, feeds, until
from real_alertmanager import AMTOOL, RealAlertmanager
from real_alertmanager import BINARY as ALERTMANAGER
from real_prometheus import BINARY, PROMTOOL, RealPrometheus
from servers import FaultServer, Reply
from town import Board, posts

RULES = Path(__file__).parents[2] / "packaging" / "prometheus" / "listener.rules.yml"
pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(120),
    pytest.mark.skipif(
        None in (BINARY, PROMTOOL, ALERTMANAGER, AMTOOL),
        reason="no Prometheus or no Alertmanager on this machine (apt install prometheus prometheus-alertmanager)",
    ),
]
TOKEN = re.compile(r"^\s*(\S{20,})\s*$", re.MULTILINE)


@pytest.fixture
def manager(tmp_path: Path, server: FaultServer) -> Iterator[RealAlertmanager]:
    folder = tmp_path / "alertmanager"
    folder.mkdir()
    running = RealAlertmanager(folder, server.url("/told"))
    running.start()
    yield running
    running.stop()


def soon(folder: Path) -> Path:
    """The shipped rules, with seconds in the place of their minutes: who waits half an hour for a test?"""
    text, changed = re.subn(r"for: \d+[mh]", "for: 1s", RULES.read_text(encoding="utf-8"))
    assert changed > 5
    file = folder / "soon.rules.yml"
    file.write_text(text, encoding="utf-8")
    return file


async def prometheus(house: House, folder: Path, manager: RealAlertmanager) -> RealPrometheus:
    """A Prometheus with a token of the house."""
    said = await house.command("token", "add", "prometheus")
    found = TOKEN.search(said)
    assert found is not None, said
    (folder / "token").write_text(found[1], encoding="utf-8")
    running = RealPrometheus(
        folder / "prometheus",
        house.address.removeprefix("http://"),
        soon(folder),
        f"127.0.0.1:{manager.port}",
        {"authorization": {"credentials_file": str(folder / "token")}},
    )
    await asyncio.to_thread(running.start)
    return running


async def test_a_source_that_is_down_reaches_alertmanager_and_so_does_a_daemon_that_is_gone(
    server: FaultServer, new_house: MakeHouse, manager: RealAlertmanager, tmp_path: Path
) -> None:
    server.script("/told", Reply(200))
    well, ill = Board(server, "/well", posts(3)), Board(server, "/ill", posts(2))
    hostile = {"name": 'Mor"vane\\ مورون {x="1"}', "query": "Morvane"}
    sources = feeds({"well": well.url, 'i"ll': ill.url})
    house = new_house(sources=sources, brands=[MORVANE, hostile], sentiment={"engine": "vader"})
    await house.start()
    await house.until_kept(3)
    running = await prometheus(house, tmp_path, manager)
    try:
        up = 'listener_source_up{source="i\\"ll"}'
        await until(lambda: running.ask(f"{up} == 1"), "it is scraped")
        ((_, kept),) = running.ask('listener_source_posts_total{source="well"}')
        assert kept == 3
        ((labels, mentions),) = running.ask('listener_brand_mentions{brand!="Morvane"}')
        assert (labels["brand"], mentions) == (hostile["name"], 5)
        ((_, memory),) = running.ask('process_resident_memory_bytes{job="listener"}')
        assert memory > 10_000_000
        await checked(house)

        server.script("/ill", Reply(503))
        await until(lambda: manager.alerts("alertname=ListenerSourceDown"), "it is told")
        (alert,) = manager.alerts("alertname=ListenerSourceDown")
        assert alert["labels"]["source"] == 'i"ll'
        assert (await house.health())["status"] == "degraded"
        assert 'does not hear i"ll' in alert["annotations"]["summary"]

        house.signal(signal.SIGKILL)
        await house.ended()
        await until(lambda: manager.alerts("alertname=ListenerGone"), "the daemon is missed")
        await until(
            lambda: {"ListenerSourceDown", "ListenerGone"} <= told(server), "whoever is on duty hears of it"
        )
    finally:
        running.stop()


def told(server: FaultServer) -> set[str]:
    """The names of what Alertmanager has told so far."""
    alerts = [one for seen in server.seen("/told") for one in seen.json()["alerts"]]
    return {one["labels"]["alertname"] for one in alerts}


async def checked(house: House) -> None:
    """What the running daemon tells has nothing that promtool would mend."""
    assert PROMTOOL is not None

    def check() -> subprocess.CompletedProcess[bytes]:
        with urllib.request.urlopen(f"{house.address}/metrics", timeout=5) as answer:
            return subprocess.run(
                [PROMTOOL, "check", "metrics"], input=answer.read(), capture_output=True, check=False
            )

    made = await asyncio.to_thread(check)
    assert (made.returncode, made.stdout, made.stderr) == (0, b"", b"")
