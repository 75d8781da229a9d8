"""A store that has passed `storage.max_size` is told: by health, `check`, and once in the log; nothing is dropped."""

from __future__ import annotations

import json
from pathlib import Path

import structlog
from commandline import CommandLine

from listener.config import load
from listener.dashboard.health import examine
from listener.expiring import expire
from listener.station import open_station
from storage import copies, disk
from storage.mention import Kept, KeptPost, Mention, Source

T0 = 1_800_000_000


async def test_it_is_told_and_nothing_is_dropped(tmp_path: Path, monkeypatch: object) -> None:
    config = tmp_path / "config.yaml"
    settings = {
        "timezone": "UTC",
        "brands": [{"name": "Acme", "own": True}],
        "sentiment": {"engine": "vader"},
        "storage": {"url": "sqlite:///listener.db", "max_size": "1.5MB"},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    async with open_station(load(config, {}), lambda: float(T0)) as station:
        assert examine(station).problems == ()
        posts = [
            KeptPost(str(n), "Acme " + "x" * 60_000, T0, T0, mentions=(Mention("Acme"),)) for n in range(30)
        ]
        old = station.config.database.with_name("listener.db.before-0002_hear")
        old.touch()
        copies.touch(old, T0 - 31 * 86_400)
        with structlog.testing.capture_logs() as said:
            await expire(station)
            await station.writer.store(
                lambda store: store.commit(Kept(Source("news", "feeds"), posts, at=T0))
            )
            await expire(station)
            await expire(station)
        told = [line["event"] for line in said]
        assert told == ["an old copy of the store was removed", "the store is too large"]
        assert not old.exists()
        (problem,) = examine(station).problems
        assert "more than storage.max_size (1.5 MB)" in problem and "shorten storage.retention" in problem
        assert station.reader.rows("SELECT count(*) FROM posts WHERE text <> ''") == [(30,)]
        assert disk.used(station.reader) > 1_500_000


def test_check_tells_it(line: CommandLine) -> None:
    line.configure('brands: [{name: Acme}]\nstorage: {url: "sqlite:///l.db", max_size: 2}\n')
    assert "as in 500MB or 2GB" in line("check").err
    line.configure('brands: [{name: Acme}]\nstorage: {url: "sqlite:///l.db", max_size: 0.1MB}\n')
    line.good("check")
    ran = line.good("check")
    (told,) = (one for one in ran.out.splitlines() if one.startswith("disk: "))
    size = (line.folder / "l.db").stat().st_size
    assert told.startswith(f"disk: {size / 1e6:.1f} MB in the store") and told.endswith("free on the disk")
    assert "more than storage.max_size (0.1 MB)" in ran.err
