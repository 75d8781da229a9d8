"""After something was wiped: the log is emptied and the file cleaned, however long somebody reads meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from listener import settling
from listener.settling import Settling
from listener.station import Station
from listener.writer import Writer
from storage.mention import Kept, KeptPost, Mention, Source
from storage.sqlite import Reader

NOW = 1_790_000_000
NET = Source("net", "mastodon")


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    """As much of a station as settling asks for, with a real store that has just wiped a post."""
    path = tmp_path / "listener.db"
    writer = Writer(path)
    await writer.open()
    post = KeptPost("1", "xylophone zeppelin", NOW, NOW, mentions=(Mention("Acme"),))
    await writer.store(lambda store: store.commit(Kept(NET, [post], at=NOW)))
    config = SimpleNamespace(database=path)
    yield SimpleNamespace(writer=writer, config=config, now=lambda: NOW + 7, wiped=True)  # type: ignore[misc]
    writer.close()


async def wipe(station: Station) -> None:
    await station.writer.store(lambda store: store.commit(Kept(NET, [], deleted=["1"], at=NOW)))


def holding(station: Station) -> list[str]:
    folder = station.config.database.parent
    return [path.name for path in folder.iterdir() if b"xylophone" in path.read_bytes()]


async def test_nothing_holds_it_afterwards_and_when_that_was_is_written(station: Station) -> None:
    await wipe(station)
    assert await Settling().settle(station)
    assert holding(station) == []
    assert not station.wiped
    with closing(Reader(station.config.database)) as reader:
        assert reader.rows("SELECT at, settled_at FROM erasures") == [(NOW, NOW + 7)]


async def test_who_reads_for_long_puts_it_off_and_not_away(station: Station) -> None:
    once = Settling()
    with closing(Reader(station.config.database)) as reader:
        with reader.snapshot() as seen:
            assert seen.rows("SELECT text FROM posts") == [("xylophone zeppelin",)]
            await wipe(station)
            assert not await once.settle(station)
            assert station.wiped
            assert reader.rows("SELECT settled_at FROM erasures") == [(None,)]
        assert await once.settle(station)
    assert holding(station) == []


async def test_a_file_that_takes_long_is_looked_through_less_often(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Settling()
    assert await once.settle(station)
    monkeypatch.setattr(settling, "REST", 10**6)
    station.wiped = True
    assert await Settling().settle(station), "another one knows nothing of the rest"
    later = Settling()
    assert await later.settle(station)
    station.wiped = True
    later._not_before += 1e6
    assert not await later.settle(station)
    assert station.wiped


async def test_a_stop_in_the_moment_in_which_the_cleaning_ends_is_only_a_stop(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    class JustEnded:
        """What asyncio hands out for a child that is gone, and whose end was not yet told to whoever reads it."""

        async def communicate(self) -> tuple[None, bytes]:
            raise asyncio.CancelledError

        def kill(self) -> None:
            raise ProcessLookupError

        async def wait(self) -> int:
            return 0

    async def start(*_: object, **__: object) -> JustEnded:
        return JustEnded()

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    with pytest.raises(asyncio.CancelledError):
        await settling.cleaned(station.config.database)
