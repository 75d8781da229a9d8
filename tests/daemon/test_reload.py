"""kill -HUP: the daemon goes on by a changed config.yaml and loses nothing; by one with mistakes it changes nothing."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from house import LISTENER, MORVANE, TESSIQ, House, MakeHouse, feeds, rule, until
from servers import FaultServer, Reply, Seen
from town import Board, keys_of, opening, posts, rss

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(90)]

IN_FORCE = "the new configuration is in force"
NOTHING_NEW = "the configuration was read again: nothing has changed"
REFUSED = "the configuration was not taken; the one from before goes on"
HOOK = {"webhook": {"url": "${HOOK}"}}


def hang_up(house: House, **sections: Any) -> None:
    """Write these sections into config.yaml, and tell the daemon."""
    house.settings.update(sections)
    house.write()
    house.signal(signal.SIGHUP)


async def reload(house: House, **sections: Any) -> None:
    """The same, and wait until it is followed."""
    before = len(house.said(IN_FORCE))
    hang_up(house, **sections)
    await until(lambda: len(house.said(IN_FORCE)) > before, "the new configuration is in force")


def changes(house: House) -> dict[str, tuple[str | None, str | None]]:
    """What the log says of changed keys."""
    told = house.said("the configuration changes")
    return {line["path"]: (line.get("before"), line.get("after")) for line in told}


async def test_a_changed_file_is_followed_and_nothing_is_lost_or_told_twice(
    server: FaultServer, new_house: MakeHouse
) -> None:
    server.script("/hook", Reply())
    board, other = Board(server, "/feed", [opening()]), Board(server, "/other", posts(4, first=50))
    # It rang half an hour ago, and will not ring during the test.
    past = {"cron": f"{(int(time.time()) // 60 + 30) % 60} * * * *", "channels": ["webhook"]}
    house = new_house(
        environment={"SLACK_AGAIN": server.url("/slack/T0PSECRET")},
        sources=feeds({"town": board.url}),
        channels=HOOK,
        alerts={"rules": [rule("busy", "mentions >= 3"), rule("patient", "mentions >= 3", **{"for": "15m"})]},
        digest=past,
    )
    await house.start()
    await house.until_kept(1)
    await house.stop()
    house.born(time.time() - 30 * 86400)
    house.heard_since("town", time.time() - 30 * 86400)
    await house.start()
    board.items += posts(5)
    # The alert and the letter.
    await house.until_delivered(2)
    before = await house.health()
    states = "SELECT rule, phase, since FROM alert_states ORDER BY rule"
    told = await until(
        lambda: len(found := house.rows(states)) == 2 and found, "one fires and one is pending"
    )
    await until(lambda: time.time() >= told[1][2] + 1, "a second has passed")

    await reload(
        house,
        brands=[{**MORVANE, "query": "morvane OR harbour"}, TESSIQ],
        sources=feeds({"town": board.url, "other": other.url}),
        channels={**HOOK, "slack": {"webhook": "${SLACK_AGAIN}"}},
    )
    board.items += posts(5, first=20)
    await house.until_kept(1 + 5 + 5 + 4)
    await board.read()

    # At the address that it was served at before.
    after = await house.health()
    assert after["status"] == "ok", after["problems"]
    assert after["config_at"] >= before["config_at"]
    assert changes(house) == {
        "brands[Morvane].query": (None, "morvane OR harbour"),
        "brands[Tessiq]": (None, "{name: Tessiq}"),
        "sources.feeds.urls[other]": (None, f"{{url: {other.url}, name: other}}"),
        "channels.slack": (None, "{webhook: <secret>}"),
    }
    assert "T0PSECRET" not in house.errors()
    assert len(house.rows("SELECT at FROM config_versions")) == 2
    assert house.rows("SELECT native_id FROM posts GROUP BY source_id, native_id HAVING count(*) > 1") == []
    assert told[1][:2] == ("patient", "pending")
    assert house.rows(states) == told
    assert house.count("alert_events") == 1
    assert house.count("digests") == 1
    assert sorted(seen.json()["type"] for seen in server.seen("/hook")) == ["alert.fired", "digest"]
    assert await house.stop() < 1.0


async def test_mistakes_change_nothing_until_they_are_mended(
    server: FaultServer, new_house: MakeHouse
) -> None:
    board = Board(server, "/feed", posts(2))
    house = new_house(sources=feeds({"town": board.url}))
    await house.start()
    await house.until_kept(2)
    good = dict(house.settings)

    hang_up(house, brands=[{**MORVANE, "query": "(morvane"}], timezone="Mars", digest={"cron": "noon"})
    await until(lambda: house.said(REFUSED), "the mistakes are told")
    told = {line["path"]: line for line in house.said("a mistake in the configuration")}
    assert set(told) == {"brands[0].query", "timezone", "digest.cron"}
    assert all(line["line"] == 1 and line["says"] for line in told.values())
    health = await house.health()
    assert health["status"] == "degraded"
    assert health["problems"] == ["config.yaml changed and has mistakes; see the log"]
    board.items += posts(2, first=10)
    await house.until_kept(4)

    house.settings = good
    hang_up(house)
    await until(lambda: house.said(NOTHING_NEW), "it is mended")
    assert (await house.health())["status"] == "ok"
    assert house.said(IN_FORCE) == []
    assert len(house.rows("SELECT at FROM config_versions")) == 1


async def test_what_cannot_be_had_is_refused_before_anything_ends(
    server: FaultServer, new_house: MakeHouse
) -> None:
    board = Board(server, "/feed", posts(2))
    house = new_house(sources=feeds({"town": board.url}))
    await house.start()
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        hang_up(
            house,
            storage={"url": "sqlite:///elsewhere.db"},
            sentiment={"engine": "transformers", "model": str(house.folder / "nobody")},
            dashboard={"port": taken.getsockname()[1]},
        )
        await until(lambda: house.said(REFUSED), "it is refused")
    told = {line["path"]: line["says"] for line in house.said("a mistake in the configuration")}
    assert set(told) == {"storage.url", "sentiment", "dashboard"}
    assert "stop it, and start it again" in told["storage.url"]
    assert "cannot serve on" in told["dashboard"]
    assert (await house.health())["status"] == "degraded"
    # Mended, and the page moves to another port.
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    del house.settings["sentiment"]
    await reload(house, storage={"url": "sqlite:///listener.db"}, dashboard={"port": port})
    moved, house.address = house.address, f"http://127.0.0.1:{port}"
    assert (await house.health())["status"] == "ok"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(moved.rpartition(":")[2])), 1)
    assert await house.stop() < 1.0


async def test_a_signal_that_comes_while_it_starts_waits_and_two_are_one(
    new_house: MakeHouse, tmp_path: Path
) -> None:
    # The configuration has been read by then, and nobody listens for signals yet.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'listener.daemon':\n"
        '            print(\'{"event": "importing"}\', file=sys.stderr, flush=True)\n'
        "            time.sleep(0.5)\n"
        "sys.meta_path.insert(0, Slow())\n",
        encoding="utf-8",
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    house = new_house(environment={"PYTHONPATH": path})
    house.launch()
    await until(lambda: house.said("importing"), "it starts")
    hang_up(house, brands=[MORVANE, TESSIQ])
    house.signal(signal.SIGHUP)
    await until(lambda: house.said(IN_FORCE), "the new configuration is in force")
    for name in ("Ulvane", "Varn"):
        hang_up(house, brands=[MORVANE, {"name": name}])
    await until(lambda: "brands[Varn]" in changes(house), "the last word is heard")
    newest = "SELECT text FROM config_versions ORDER BY id DESC LIMIT 1"
    await until(lambda: "Varn" in house.rows(newest)[0][0], "it is followed")
    assert await house.stop() < 1.0


async def test_while_the_engine_judges_a_long_page(server: FaultServer, new_house: MakeHouse) -> None:
    words = "Morvane is " + "not very good, " * 300
    gate = asyncio.Event()
    server.script("/long", Reply(body=rss(posts(50, text=words)), gate=gate))
    town = Board(server, "/town", posts(3))
    house = new_house(sources=feeds({"long": server.url("/long"), "town": town.url}))
    await house.start()
    await house.until_kept(3)
    gate.set()
    await asyncio.sleep(0.2)  # nothing tells from outside that the engine works by now
    await reload(house, brands=[MORVANE, TESSIQ])
    assert house.count("posts") == 3, "it was not judging any more: this showed nothing"
    await house.until_kept(53)
    assert house.count("mentions") == 53


async def test_a_message_under_way_arrives_once_and_the_others_after_it(
    server: FaultServer, new_house: MakeHouse
) -> None:
    gate = asyncio.Event()

    async def slow(seen: Seen) -> Reply:
        await gate.wait()
        return Reply()

    server.script("/hook", slow)
    house = new_house(channels=HOOK)
    house.lay_out(["webhook"], ["one", "two"])
    await house.start()
    await server.got("/hook")
    hang_up(house, brands=[MORVANE, TESSIQ])
    await until(lambda: changes(house), "the change is told")
    await asyncio.sleep(0.3)
    assert house.said(IN_FORCE) == []
    gate.set()
    await house.until_delivered(2)
    assert sorted(keys_of(server, "/hook")) == ["one", "two"]
    assert len(house.said(IN_FORCE)) == 1


@contextmanager
def in_a_terminal(house: House, *before: str, log: Path | None = None) -> Iterator[int]:
    """Start the daemon as the foreground program of a new terminal; yield its window, which the test closes."""
    house.write()
    window, terminal = pty.openpty()
    output = terminal if log is None else os.open(log, os.O_WRONLY | os.O_CREAT)
    house.process = subprocess.Popen(
        ["setsid", "--ctty", *before, LISTENER, "run", "--config", house.config],
        stdin=terminal,
        stdout=output,
        stderr=output,
    )
    for end in {terminal, output}:
        os.close(end)
    try:
        yield window
    finally:
        with suppress(OSError):
            os.close(window)


async def test_in_a_terminal_a_signal_reloads_and_closing_the_window_stops(new_house: MakeHouse) -> None:
    house = new_house()
    with in_a_terminal(house) as window:
        os.set_blocking(window, False)
        shown: list[bytes] = []

        def says(words: bytes, times: int = 1) -> bool:
            with suppress(BlockingIOError):
                shown.append(os.read(window, 65536))
            return b"".join(shown).count(words) >= times

        await until(lambda: says(b"serving"), "it serves")
        hang_up(house, brands=[MORVANE, TESSIQ])
        await until(lambda: says(b"serving", 2), "it is reloaded")
        assert says(IN_FORCE.encode())
        os.close(window)
        assert await house.ended() == 0


async def test_by_nohup_it_outlives_the_window(new_house: MakeHouse, tmp_path: Path) -> None:
    house = new_house()
    house.runs = 1
    with in_a_terminal(house, "nohup", log=house.folder / "log-1") as window:
        await until(lambda: house.said("serving"), "it serves")
        os.close(window)
        await until(lambda: house.said(NOTHING_NEW), "the window's signal is a reload that finds nothing new")
        await reload(house, brands=[MORVANE, TESSIQ])
        assert await house.stop() < 1.0
