"""Where a message leads: to the dashboard where the operator has said where people reach it, else to the posts only."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from pages import HACKERNEWS, page, post
from servers import FaultServer, Reply

from listener import letters, watching
from listener.config import load
from listener.station import Station, open_station
from storage import ledger

NOW = 1_790_000_000
DAY = 86_400
POST = "https://elsewhere.example/1"
PAGE = "https://listener.example/desk"
_ADDRESS = re.compile(r"https?://[^\s\"'<>|)\\]+")


async def sent(station: Station, server: FaultServer, channel: str) -> list[str]:
    """What has left on a channel."""
    await station.dispatcher.deliver_due(channel)
    return [json.dumps(one.json(), ensure_ascii=False) for one in server.seen(f"/{channel}")]


@pytest.mark.parametrize("channel", ["webhook", "slack"])
@pytest.mark.parametrize("public", [None, PAGE])
async def test_a_message_leads_to_the_dashboard_only_where_people_reach_it(
    tmp_path: Path, server: FaultServer, channel: str, public: str | None
) -> None:
    server.script("*", Reply(body="ok"))
    key = {"webhook": "url", "slack": "webhook"}[channel]
    file = tmp_path / "config.yaml"
    file.write_text(
        f"""brands: [{{name: Acme, own: true}}]
storage: {{url: 'sqlite:///listener.db'}}
channels: {{{channel}: {{{key}: "${{HOOK}}"}}}}
alerts: {{rules: [{{name: busy, when: mentions >= 1, channels: [{channel}]}}]}}
digest: {{cron: '0 8 * * *', period: day, channels: [{channel}]}}
dashboard: {{public_url: {json.dumps(public)}}}
"""
    )
    began = time.monotonic()

    def ticking() -> float:
        # Slack takes one message a second.
        return NOW + (time.monotonic() - began) * 100

    async with open_station(load(file, {"HOOK": server.url(f"/{channel}")}), ticking) as station:
        await station.writer(
            lambda db: db.run("UPDATE facts SET value = ? WHERE name = 'born'", (str(NOW - 9 * DAY),))
        )
        station.born = await station.writer(lambda db: ledger.born(db, NOW))
        posts = [
            post(f"{age}", NOW - age, "negative", text="Acme broke the xylophone", author="ann", url=POST)
            for age in (9, DAY)
        ]
        await station.writer.store(lambda store: store.register(station.config.brands, [HACKERNEWS]))
        await station.writer.store(lambda store: store.commit(page(posts, (NOW - 9 * DAY, NOW))))
        assert len(await watching.judge(station, station.config.rules)) == 1
        await letters.write_all_due(station)
        alert, letter = await sent(station, server, channel)
    for said in (alert, letter):
        assert "xylophone" in said
        found = {url.rstrip(".") for url in _ADDRESS.findall(said)}
        assert found == {POST, *([PAGE] if public else [])}, found
