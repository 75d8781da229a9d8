"""What the doctor finds against real servers: what is well, what needs a hand, and what to do about it."""

from __future__ import annotations

import json
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine
from servers import FaultServer, Reply

from listener.config import Config, load
from listener.examining import examine
from listener.finding import Finding

FEED = b"<rss version='2.0'><channel><title>t</title><item><guid>1</guid><title>hello</title></item></channel></rss>"
PLENTY = 10**12


def configured(folder: Path, **sections: Any) -> Config:
    file = folder / "config.yaml"
    brands = [{"name": "Acme", "own": True}]
    file.write_text(json.dumps({"brands": brands, "storage": {"url": "sqlite:///l.db"}, **sections}))
    return load(file, {"HOOK": "https://hooks.example.com/T0PSECRET"})


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


async def test_each_part_is_looked_at_and_nothing_is_sent_or_stored(
    server: FaultServer, tmp_path: Path
) -> None:
    server.script("/good", Reply(body=FEED))
    server.script("/gone", Reply(404))
    with closing(socket.create_server(("127.0.0.1", 0))) as nobody:
        closed = nobody.getsockname()[1]
    urls = [{"url": server.url(f"/{name}"), "name": name} for name in ("good", "gone")]
    mail = {"host": "127.0.0.1", "from": "l@example.com", "to": ["t@example.com"]}
    sources = {"feeds": {"urls": urls, "allow_private": True}}
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        port = listening.getsockname()[1]
        config = configured(
            tmp_path,
            sources=sources,
            channels={"console": {}, "slack": {"webhook": "${HOOK}"}, "email": {**mail, "port": port}},
        )
        found = by_name(await examine(config, time.time, PLENTY))
        unreachable = configured(tmp_path, sources=sources, channels={"email": {**mail, "port": closed}})
        deaf = by_name(await examine(unreachable, time.time, 1_000_000))
    good = {name for name, finding in found.items() if finding.good}
    machine = {"store", "disk", "fonts", "clock"}
    assert good == machine | {"sentiment", "good", "channel console", "channel slack", "channel email"}
    assert "1 post" in found["good"].says
    assert "404" in found["gone"].says
    assert not deaf["channel email"].good and deaf["channel email"].remedy
    assert not deaf["disk"].good and deaf["disk"].remedy
    assert "T0PSECRET" not in str(found)
    assert all(seen.method == "GET" for path in ("/good", "/gone") for seen in server.seen(path))


async def test_channels_that_can_tell_are_asked_whether_they_are_there(
    server: FaultServer, tmp_path: Path
) -> None:
    server.script("/am/-/ready", Reply(200), Reply(503))
    config = configured(
        tmp_path,
        channels={"alertmanager": {"url": [server.url("/am")]}, "apprise": {"urls": ["${HOOK}"]}},
    )
    found = by_name(await examine(config, time.time, PLENTY))
    ready, unknown = found["channel alertmanager"], found["channel apprise"]
    assert ready.good and ready.says == "ready; `listener alerts test alertmanager` sends a sample"
    assert (unknown.good, unknown.says) == (False, "number 1 of `urls` is no address that Apprise knows")
    later = by_name(await examine(config, time.time, PLENTY))["channel alertmanager"]
    assert (later.good, later.says) == (False, "Alertmanager answered 503")
    assert "channels.alertmanager" in later.remedy
    assert [seen.method for seen in server.requests] == ["GET", "GET"]
    assert "T0PSECRET" not in str(found)


async def test_a_clock_that_is_far_off_is_told_from_the_answers_of_the_sources_alone(
    server: FaultServer, tmp_path: Path
) -> None:
    server.script("/feed", Reply(body=FEED))
    urls = [{"url": server.url("/feed"), "name": "feed"}]
    config = configured(tmp_path, sources={"feeds": {"urls": urls, "allow_private": True}})
    late = by_name(await examine(config, lambda: time.time() - 600, PLENTY))["clock"]
    assert not late.good and late.remedy
    assert late.says.startswith("600 s behind of 1 answer") or late.says.startswith(("599 s", "601 s"))
    assert [seen.path for seen in server.requests] == ["/feed"]


def test_the_command_says_what_to_do_and_ends_with_1(line: CommandLine) -> None:
    line.configure("brands: [{name: Acme, own: true}]\nstorage: {url: 'sqlite:///l.db'}\n")
    ran = line("doctor")
    assert ran.code == 1
    assert "FAIL sources: none is configured" in ran.out
    assert "add one under sources" in ran.out
    assert "needs a hand: sources" in ran.err


def test_programs_get_the_same_as_json(line: CommandLine) -> None:
    line.configure("brands: [{name: Acme, own: true}]\nstorage: {url: 'sqlite:///l.db'}\n")
    ran = line("doctor", "--json")
    found = {one["what"]: one for one in ran.json()}
    assert ran.code == 1
    assert found["sources"] == {
        "what": "sources",
        "good": False,
        "says": "none is configured",
        "remedy": "add one under sources, or import a file",
    }
    assert found["keys"]["good"] and "schema" in found["store"]["says"]


def test_missing_keys_are_named_and_those_that_are_set_are_not_shown(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.configure(
        "brands: [{name: Acme, own: true}]\n"
        'channels: {slack: {webhook: "${HOOK}"}, webhook: {url: "${WHERE}", secret: "${SIGN}"}}  # ${NOT_READ}\n'
    )
    monkeypatch.setenv("HOOK", "https://hooks.example.com/T0PSECRET")
    monkeypatch.delenv("WHERE", raising=False)
    monkeypatch.setenv("SIGN", "")
    ran = line("doctor")
    assert ran.code == 2
    assert "FAIL keys: not set: WHERE, SIGN" in ran.out
    assert "export WHERE=...; export SIGN=..." in ran.out
    assert "T0PSECRET" not in ran.out + ran.err and "NOT_READ" not in ran.out
    assert not (line.folder / "data").exists()
