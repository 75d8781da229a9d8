"""The real Apprise, in its process, against local servers: what they get, what each outcome means, what leaks."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError
from sample_messages import hostile, plain
from servers import FaultServer, Reply

from alerts.apprise_child import judged
from alerts.channels import apprise
from alerts.channels.apprise import Apprise, Options, words
from alerts.channels.base import Past, Undelivered
from alerts.message import Letter

SECRET = "s3cr3tT0k3n"


def channel(server: FaultServer, *addresses: str) -> Apprise:
    """Apprise with `scheme:path` of the local server."""
    made = (f"{scheme}://127.0.0.1:{server.port}{path}" for scheme, path in (a.split(":") for a in addresses))
    return Apprise(Options(urls=tuple(SecretStr(one) for one in made)).urls)


async def refused(tried: Apprise, past: Past | None = None) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await tried.send(plain(), past or Past())
    assert SECRET not in repr(caught.value) + str(caught.value)
    return caught.value


@pytest.mark.server
async def test_services_get_it_each_in_its_own_form(server: FaultServer) -> None:
    server.script("*", Reply(200))
    await channel(server, f"json:/{SECRET}", "xml:/two", "ntfy:/lamps").send(plain())
    as_json, as_xml, as_ntfy = server.requests
    assert as_json.path == f"/{SECRET}"
    assert as_json.json()["title"] == "Alert: Nordlicht: negative share 46.3 %"
    assert as_json.json()["type"] == "warning"
    assert "“Still no answer about my lamp.”" in as_json.json()["message"]
    # Escaped for its own format by Apprise: an address with an ampersand stands whole in XML.
    assert b"https://news.example/item?id=1&amp;x=2" in as_xml.body
    assert as_ntfy.json()["topic"] == "lamps"


@pytest.mark.server
async def test_some_have_it_and_are_not_sent_it_again(server: FaultServer) -> None:
    server.script("/good", Reply(200))
    server.script("/busy", Reply(503), Reply(200))
    server.script(f"/{SECRET}", Reply(404))
    tried = channel(server, "json:/good", "json:/busy", f"json:/{SECRET}")
    first = await refused(tried)
    assert str(first) == "number 2 of `urls` answered 503; number 3 of `urls` answered 404"
    assert (first.permanent, first.unknown, len(first.taken)) == (False, False, 1)
    second = await refused(tried, Past(first.taken))
    assert str(second) == "number 3 of `urls` answered 404"
    assert second.permanent
    assert [len(server.seen(path)) for path in ("/good", "/busy", f"/{SECRET}")] == [1, 2, 2]


@pytest.mark.server
async def test_what_apprise_does_not_know_is_said_by_its_place(server: FaultServer) -> None:
    tried = Apprise((SecretStr(f"nosuchservice://{SECRET}"),))
    assert str(await refused(tried)) == "number 1 of `urls` is no address that Apprise knows"
    with pytest.raises(Undelivered):
        await tried.reachable()
    says = await channel(server, "json:/x").reachable()
    assert "guard does not check" in says
    assert not server.requests


@pytest.mark.server
async def test_a_process_that_waits_too_long_is_ended_and_its_addresses_unknown(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise, "_START", 3.0)
    monkeypatch.setattr(apprise, "TIMEOUT", 0.5)
    server.script("/good", Reply(200))
    server.script("/hangs", Reply(hang=True))
    sending = asyncio.create_task(refused(channel(server, "json:/good", "json:/hangs")))
    await server.got("/hangs")
    (pid,) = _children()
    shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    assert b"127.0.0.1" not in shown and b"/hangs" not in shown
    failure = await sending
    assert (failure.unknown, failure.permanent, len(failure.taken)) == (True, False, 1)
    assert "may have the message" in str(failure)
    assert not _children()


@pytest.mark.server
async def test_a_stop_ends_the_process(server: FaultServer) -> None:
    server.script("*", Reply(hang=True))
    sending = asyncio.create_task(channel(server, "json:/x").send(plain()))
    await server.got("/x")
    sending.cancel()
    # Else it would be waited for until Apprise gives up by itself, after four seconds.
    async with asyncio.timeout(2):
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert not _children()


def _children() -> list[int]:
    """Processes of Apprise that this one has started."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            mine = entry.name.isdigit() and f"PPid:\t{os.getpid()}\n" in (entry / "status").read_text()
            if mine and b"alerts.apprise_child" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it has just ended
    return found


async def test_the_process_gets_no_secret_of_another_channel(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", SECRET)
    told = tmp_path / "told"
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\nenv >{told}\necho $@ >>{told}\ncat >/dev/null\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    failure = await refused(channel(server, f"json:/{SECRET}"))
    assert failure.unknown
    assert SECRET not in told.read_text()
    assert "PATH=" in told.read_text()


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> ModuleSpec | None:
        return None

    monkeypatch.setattr(apprise, "find_spec", nothing)
    with pytest.raises(ValidationError, match=r"pip install 'listener\[apprise\]'") as caught:
        Options(urls=(SecretStr(f"ntfy://{SECRET}"),))
    assert SECRET not in str(caught.value)


def test_nobody_is_pinged_and_nothing_is_endless() -> None:
    title, body = words(hostile())
    assert len(title) <= 250 and len(body) <= 30_000
    for text in (title, "\n".join(line for line in body.split("\n") if "://x.example" not in line)):
        assert "@\u2060channel" in text
        assert "<!" not in text and "@channel" not in text and "<@" not in text
    assert words(Letter("k", "Week 46", "<p>", "@all: hello\n\nhttps://x.example/@ada\n", (), {})) == (
        "Week 46",
        "@\u2060all: hello\n\nhttps://x.example/@ada\n",
    )


def test_addresses_are_kept_where_they_lead() -> None:
    _, body = words(plain())
    assert "https://news.example/item?id=1&x=2" in body
    assert "http://127.0.0.1:8765/alerts/1" in body


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (["Failed to send JSON POST notification: Not Found, error=404."], ("refused", 404)),
        (["Failed to send: x, error=429."], ("passing", 429)),
        (["Failed: error=500.", "Failed: Unauthorized error=401."], ("refused", 401)),
        (["A Connection error occurred sending JSON notification to 127.0.0.1."], ("unknown", None)),
        ([], ("unknown", None)),
    ],
)
def test_what_apprise_tells_only_in_its_log(lines: Iterable[str], outcome: tuple[str, int | None]) -> None:
    assert judged(lines) == outcome


async def test_lines_that_are_no_outcome_change_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = ["a library's words", json.dumps({"mark": 1}), "[]", "null"]
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\ncat >/dev/null\n" + "".join(f"echo '{line}'\n" for line in lines[1:]))
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    assert (await refused(Apprise((SecretStr("json://127.0.0.1/x"),)))).unknown
