"""Letters by the calendar: each once, whatever the clock does, on the right period, with the right next date."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.digest.facts import DigestFacts
from alerts.digest.period import periods
from listener.config.options import DigestOptions
from listener.letters import count, last_bell, next_bell, write_if_due
from storage.calendar import Unit
from storage.mention import Brand, Heard, Kept, Source
from storage.sqlite import Reader, SqliteStore

DAY = 86_400
PLANS: tuple[tuple[str, Unit, int], ...] = (
    ("30 2 * * *", "day", 366 + 365),  # half past two is skipped in spring and shown twice in autumn
    ("0 8 * * MON", "week", 104),
    ("59 23 29 2 *", "month", 1),  # on a leap day only
    ("0 7 1 * *", "month", 24),
)


@pytest.mark.parametrize("zone", ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Asia/Tehran"])
@pytest.mark.parametrize(("cron", "unit", "letters"), PLANS)
def test_in_two_years_each_period_has_its_letter_once(zone: str, cron: str, unit: Unit, letters: int) -> None:
    """From 1 January 2028, a leap year, over four changes of the clock."""
    place = ZoneInfo(zone)
    at = int(datetime(2028, 1, 1, 12, tzinfo=place).timestamp())
    end = int(datetime(2030, 1, 1, 12, tzinfo=place).timestamp())
    keys, until = [], None
    while (at := next_bell(cron, place, at)) < end:
        assert last_bell(cron, place, at) == last_bell(cron, place, at + 59) == at
        whole = periods(at, place, unit)[0]
        assert whole.window.until <= at
        assert until in (None, whole.window.since), "no period is skipped, none told twice"
        until = whole.window.until
        keys.append(whole.key)
    assert len(keys) == len(set(keys))
    assert abs(len(keys) - letters) <= 1


def test_a_change_of_zone_is_the_same_week() -> None:
    at = int(datetime(2026, 11, 16, 12, tzinfo=UTC).timestamp())
    keys = {periods(at, ZoneInfo(zone))[0].key for zone in ("Europe/Madrid", "Asia/Tokyo", "America/Lima")}
    assert keys == {"digest-2026-W46"}


@pytest.mark.parametrize(
    ("unit", "name", "key"),
    [
        ("week", "", "digest-2026-W53"),
        ("week", "board", "digest-board-2026-W53"),
        ("day", "", "digest-2027-01-03"),
        ("month", "sales", "digest-sales-2026-12"),
    ],
)
def test_keys(unit: Unit, name: str, key: str) -> None:
    assert (
        periods(int(datetime(2027, 1, 4, 8, tzinfo=UTC).timestamp()), ZoneInfo("UTC"), unit, name)[0].key
        == key
    )


class Town:
    """A store with two weeks heard, and what a letter asks of a station; the clock is set by hand."""

    def __init__(self, folder: Path, *letters: DigestOptions) -> None:
        self.store = SqliteStore(folder / "town.db")
        self.clock = self.born = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp())
        brands = (Brand("Nordlicht", own=True), Brand("Brisa"), Brand("Umber", own=True, market="lamps"))
        feed = Source("feed:a", "feeds", 0)
        self.store.register(brands, [feed])
        self.store.commit(Kept(feed, [], heard=Heard(self.born - 7 * DAY, self.born + 90 * DAY)))
        self.reader = Reader(folder / "town.db")
        self.config = SimpleNamespace(
            zone=ZoneInfo("Europe/Madrid"),
            language="en",
            brands=brands,
            goals=(),
            dashboard=SimpleNamespace(public_url=None),
            letters=letters,
        )
        self.dispatcher = SimpleNamespace(wake_all=lambda: None)
        self.gate: asyncio.Barrier | None = None

    def now(self) -> int:
        return self.clock

    async def writer(self, work: Any) -> Any:
        if self.gate:
            await asyncio.wait_for(self.gate.wait(), 10)
        with self.store.writing() as db:
            return work(db)

    async def look(self, at: datetime) -> None:
        """Set the clock, and let every letter be looked for, as each start and each minute does."""
        self.clock = int(at.timestamp())
        for options in self.config.letters:
            await write_if_due(self, options)  # type: ignore[arg-type]

    def sent(self) -> list[tuple[str, str, str]]:
        return self.store.rows(
            "SELECT key, letter, (SELECT count(*) FROM outbox o WHERE o.key = d.key) FROM digests d"
        )

    def close(self) -> None:
        self.reader.close()
        self.store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path


async def test_a_clock_that_jumps_sends_no_letter_twice_and_forgets_none(folder: Path) -> None:
    town = Town(folder, DigestOptions())
    monday = datetime(
        2026, 3, 30, 9, tzinfo=ZoneInfo("Europe/Madrid")
    )  # the day after the clock was put forward
    for hour, minute in ((7, 59), (8, 0), (8, 0), (9, 0), (7, 30), (8, 0), (23, 0)):
        await town.look(monday.replace(hour=hour, minute=minute))
    assert [row[0] for row in town.sent()] == ["digest-2026-W12", "digest-2026-W13"]
    town.config.zone = ZoneInfo("Asia/Tokyo")
    await town.look(monday.replace(hour=12))
    assert len(town.sent()) == 2
    await town.look(
        datetime(2026, 4, 13, 6, tzinfo=UTC)
    )  # two weeks later at once: late, and on the last week
    assert [row[0] for row in town.sent()] == ["digest-2026-W12", "digest-2026-W13", "digest-2026-W15"]
    town.close()


async def test_of_two_that_counted_at_once_one_letter_is_written(folder: Path) -> None:
    """Both have asked whether it is made, and nobody had made it; the second knows another channel by now."""
    town = Town(folder)
    town.clock += 14 * DAY
    town.gate = asyncio.Barrier(2)
    both = (DigestOptions(), DigestOptions(channels=["email"]))
    written = await asyncio.gather(*(write_if_due(town, one) for one in both))  # type: ignore[arg-type]
    assert sorted(written) == [False, True]
    assert [row[2] for row in town.sent()] == [1], "one row of the outbox"
    town.close()


async def test_what_is_laid_out_is_not_counted_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger alone would refuse it too, but a month of counts each minute is dear."""
    counted: list[str] = []

    def noting(store: Reader, config: Any, options: DigestOptions, *rest: Any) -> DigestFacts:
        counted.append(options.name)
        return count(store, config, options, *rest)

    monkeypatch.setattr("listener.letters.count", noting)
    town = Town(folder, DigestOptions(), DigestOptions(name="board"))
    for minute in range(3):
        await town.look(datetime(2026, 3, 16, 9, minute, tzinfo=UTC))
    assert counted == ["", "board"]
    assert len(town.sent()) == 2
    town.close()


async def test_several_letters_each_to_its_circle(folder: Path) -> None:
    town = Town(
        folder,
        DigestOptions(),
        DigestOptions(name="daily", cron="0 7 * * *", period="day", zone="Asia/Tokyo", language="es"),
        DigestOptions(name="lamps", market="lamps", channels=["email"], to=["ada@example.com"]),
    )
    for _ in range(2):
        await town.look(datetime(2026, 3, 9, 9, tzinfo=UTC))
    assert sorted(row[:2] for row in town.sent()) == [
        ("digest-2026-W10", ""),
        ("digest-daily-2026-03-08", "daily"),
        ("digest-lamps-2026-W10", "lamps"),
    ]
    rows = town.store.rows("""SELECT key, channel, json_extract(numbers, '$.to[0]'),
        json_extract(numbers, '$.language'),
        json_array_length(numbers, '$.brands'), json_extract(numbers, '$.next_letter_at') FROM outbox ORDER BY key""")
    tuesday = int(datetime(2026, 3, 10, 7, tzinfo=ZoneInfo("Asia/Tokyo")).timestamp())
    monday = int(datetime(2026, 3, 16, 8, tzinfo=ZoneInfo("Europe/Madrid")).timestamp())
    assert rows == [
        ("digest-2026-W10", "console", None, "en", 3, monday),
        ("digest-daily-2026-03-08", "console", None, "es", 3, tuesday),
        ("digest-lamps-2026-W10", "email", "ada@example.com", "en", 1, monday),
    ]
    town.close()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": ["a@b.example"]}, "channels needs email"),
        ({"to": ["nobody"], "channels": ["email"]}, "not a mail address"),
        ({"language": "xx"}, "there is no language"),
        ({"zone": "Mars"}, "no time zone"),
        ({"name": "2026-W46"}, "pattern"),
    ],
)
def test_options_refuse(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DigestOptions(**changes)
