"""A new configuration is made ready beside the old one: what does not change is kept, what cannot be had is refused."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from listener.config import Config, ConfigError, load
from listener.dashboard.sockets import Sockets
from listener.engine import Bench
from listener.reloading import Reloaded, Reloading, Standing, prepare
from listener.station import Station, open_with

NOW = 1_800_000_000
CONFIG = """brands: [{name: Acme, own: true}]
sentiment: {engine: vader}
dashboard: {port: 0}
"""


def configured(folder: Path, text: str = CONFIG) -> Config:
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file, {})


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[tuple[Station, Standing]]:
    config = configured(tmp_path)
    with closing(Bench(config)) as bench:
        async with open_with(config, lambda: float(NOW), bench) as station:
            sockets = await Sockets.bind(config.dashboard, station.reader)
            standing = Standing(config, bench, sockets)
            yield station, standing
            sockets.close()


async def test_engine_and_sockets_stay_where_nothing_asks_for_others(
    tmp_path: Path, opened: tuple[Station, Standing]
) -> None:
    station, standing = opened
    new = configured(tmp_path, CONFIG.replace("Acme", "Bolt") + "timezone: Europe/Madrid\n")
    following = await prepare(new, station, standing, 2)
    assert following.bench is standing.bench
    assert following.sockets is standing.sockets
    assert (following.config, following.changes) == (new, 2)


async def test_another_engine_and_another_port_are_had_before_the_old_ones_go(
    tmp_path: Path, opened: tuple[Station, Standing]
) -> None:
    station, standing = opened
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    text = CONFIG.replace("vader", "builtin").replace("port: 0", f"port: {port}")
    following = await prepare(configured(tmp_path, text), station, standing, 2)
    assert (await following.bench.engine()).name != (await standing.bench.engine()).name
    assert standing.sockets is not None
    assert following.sockets is not None
    for sockets in (standing.sockets, following.sockets):
        address = sockets.url.rstrip("/").rpartition("//")[2].split(":")
        socket.create_connection((address[0], int(address[1])), 1).close()
    standing.close(following)
    with pytest.raises(RuntimeError, match="shutdown"):
        standing.bench.thread.submit(int)
    following.close()


async def test_what_was_taken_in_vain_is_given_back(tmp_path: Path, opened: tuple[Station, Standing]) -> None:
    station, standing = opened
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    text = CONFIG.replace("port: 0", f"port: {port}") + 'storage: {url: "sqlite:///elsewhere.db"}\n'
    with pytest.raises(ConfigError, match=r"storage\.url: cannot change while the daemon runs"):
        await prepare(configured(tmp_path, text), station, standing, 2)
    socket.create_server(("127.0.0.1", port)).close()
    standing.bench.thread.submit(int).result(5)


async def test_a_host_that_overlaps_on_the_same_port_is_refused_with_the_remedy(
    tmp_path: Path, opened: tuple[Station, Standing]
) -> None:
    station, standing = opened
    assert standing.sockets is not None
    port = standing.sockets.url.rstrip("/").rpartition(":")[2]
    old = configured(tmp_path, CONFIG.replace("port: 0", f"port: {port}"))
    new = configured(tmp_path, CONFIG.replace("port: 0", f"port: {port}, host: localhost"))
    with pytest.raises(ConfigError, match=r"overlaps with 127\.0\.0\.1 on the same port needs a restart"):
        await prepare(new, station, Standing(old, standing.bench, standing.sockets), 1)


async def test_a_fallback_that_stands_in_is_not_kept(tmp_path: Path) -> None:
    text = CONFIG.replace("{engine: vader}", "{engine: transformers, model: nobody/nothing, fallback: vader}")
    config = configured(tmp_path, text)
    with closing(Bench(config)) as bench:
        assert bench.does_for(config)
        assert (await bench.engine()).name.startswith("vader")
        assert not bench.does_for(config)


async def test_signals_that_come_together_are_one_and_one_that_comes_late_is_another(
    tmp_path: Path, opened: tuple[Station, Standing]
) -> None:
    station, standing = opened
    read: list[str] = []

    def reading(file: Path) -> Config:
        read.append(file.read_text(encoding="utf-8"))
        return load(file, {})

    reloading = Reloading(reading)
    watching = asyncio.create_task(reloading.watch(station, standing))
    reloading.asked.set()
    reloading.asked.set()
    while len(read) < 1:
        await asyncio.sleep(0.01)
    reloading.asked.set()
    while len(read) < 2:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(read) == 2
    assert not watching.done()
    configured(tmp_path, CONFIG.replace("Acme", "Bolt"))
    reloading.asked.set()
    with pytest.raises(Reloaded) as told:
        await asyncio.wait_for(watching, 10)
    assert told.value.standing.config.brands[0].name == "Bolt"
    assert len(read) == 3
