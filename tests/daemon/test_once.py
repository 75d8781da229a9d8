"""`listener once` as a cron job runs it: what one run heard is judged and told by that same run."""

from __future__ import annotations

import time
from pathlib import Path

from house import House, feeds, rule, settings
from servers import FaultServer, Reply
from town import Board, Item, opening

from listener.config import Config, load
from listener.errands import run_once
from storage.sqlite import SqliteStore


async def test_posts_without_a_date_are_told_by_the_run_that_heard_them(
    server: FaultServer, tmp_path: Path
) -> None:
    server.script("/hook", Reply())
    board = Board(server, "/feed", [opening()])
    house = House(
        tmp_path,
        settings(
            sources=feeds({"town": board.url}),
            channels={"webhook": {"url": "${HOOK}"}},
            alerts={"rules": [rule("many", "mentions >= 2")]},
        ),
    )
    house.write()
    config = load(house.config, {"HOOK": server.url("/hook")})
    started = int(time.time())
    assert (await run_once(config, lambda: started)).failed == ()
    board.items += [Item("Morvane one"), Item("Morvane two")]
    # A clock that stands still: fetched and judged in the same second.
    assert (await run_once(config, lambda: started + 5)).failed == ()
    (seen,) = server.seen("/hook")
    assert seen.json()["data"]["value"] == 2


def with_letters(server: FaultServer, folder: Path, cron: str) -> Config:
    server.script("/hook", Reply())
    # Without dates, so that nothing is heard before the first run, on whatever day the tests run.
    board = Board(server, "/feed", [Item("Morvane one")])
    house = House(
        folder,
        settings(
            sources=feeds({"town": board.url}),
            channels={"webhook": {"url": "${HOOK}"}},
            digest={"cron": cron, "channels": ["webhook"]},
        ),
    )
    house.write()
    return load(house.config, {"HOOK": server.url("/hook")})


async def test_a_letter_that_is_due_is_sent_by_the_run_that_finds_it_due(
    server: FaultServer, tmp_path: Path
) -> None:
    config = with_letters(server, tmp_path, "0 8 * * MON")
    friday = 1_795_780_800  # 2026-11-27 12:00 UTC
    # The first run is what the store is born with: nothing was due before it.
    assert (await run_once(config, lambda: friday)).failed == ()
    assert server.seen("/hook") == []
    # The Monday after next, two runs after eight o'clock: one letter, on the whole week that was heard till then.
    monday = friday + 10 * 86_400
    for later in (0, 3600):
        assert (await run_once(config, lambda now=monday + later: now)).failed == ()
    (seen,) = server.seen("/hook")
    assert (seen.json()["type"], seen.headers["webhook-id"]) == ("digest", "digest-2026-W49")


async def test_who_begins_in_the_middle_of_a_week_gets_a_first_letter_on_the_days_since(
    server: FaultServer, tmp_path: Path
) -> None:
    config = with_letters(server, tmp_path, "0 8 * * *")
    wednesday = 1_795_608_000  # 2026-11-25 12:00 UTC
    day = 86_400
    for days in range(8):
        assert (await run_once(config, lambda now=wednesday + days * day: now)).failed == ()
    letters = [seen.json()["key"] for seen in server.seen("/hook")]
    # One on the days since, however often the bell rings that week; then the whole week, on Monday.
    assert letters == ["digest-2026-W48-so-far", "digest-2026-W48"]
    first = server.seen("/hook")[0].json()["data"]
    assert (first["comparable"], first["since"]) == (False, 1_795_392_000)


async def test_what_failed_is_named_in_full(server: FaultServer, tmp_path: Path) -> None:
    server.script("/gone", Reply(status=404))
    house = House(
        tmp_path, settings(sources={"feeds": {"urls": [server.url("/gone")], "allow_private": True}})
    )
    house.write()
    (failed,) = (await run_once(load(house.config, {}), time.time)).failed
    assert failed.startswith("feed:127.0.0.1:")
    assert failed.endswith("/gone")


async def test_texts_that_have_grown_old_are_dropped_and_the_file_holds_them_no_more(
    server: FaultServer, tmp_path: Path
) -> None:
    board = Board(server, "/feed", [Item("Morvane one")])
    storage = {"url": "sqlite:///data/listener.db", "retention": {"default": "1d"}}
    house = House(tmp_path, settings(sources=feeds({"town": board.url}), storage=storage))
    house.write()
    config = load(house.config, {})
    started = int(time.time())
    await run_once(config, lambda: started)
    assert b"Morvane one" in config.database.read_bytes()
    board.items = []
    await run_once(config, lambda: started + 2 * 86_400)
    store = SqliteStore(config.database)
    assert store.rows("SELECT text, expired FROM posts") == [("", 1)]
    store.checkpoint()
    store.close()
    files = config.database.parent.glob("listener.db*")
    assert not any(b"Morvane one" in file.read_bytes() for file in files)
