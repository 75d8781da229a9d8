"""What the doctor says of clock, disk, database and fonts, from figures that are given and from a real store's file."""

from __future__ import annotations

from contextlib import closing
from email.utils import formatdate
from pathlib import Path

import pytest

from alerts.charts.pictures import FONTS, broken_fonts, font_files
from listener import machine
from storage import ledger
from storage.condition import Condition, condition
from storage.mention import Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

DAY = 86_400
NOW = 1_764_000_000
FILE = Path("listener.db")


def test_a_cached_answer_is_as_old_as_it_says() -> None:
    at = formatdate(NOW, usegmt=True)
    assert machine.told_time({"Date": at}) == NOW
    assert machine.told_time({"Date": at, "Age": "240"}) == NOW + 240
    assert machine.told_time({"Date": at, "Age": "²"}) == NOW


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT", "Fri, 01 Jan 99999 00:00:00 GMT"]
)
def test_what_is_no_date_is_no_time(date: str) -> None:
    assert machine.told_time({"Date": date}) is None
    assert machine.told_time({}) is None


@pytest.mark.parametrize(
    ("offsets", "good", "says"),
    [
        ([], True, "cannot be compared"),
        ([1.5, -2.0], True, "within 30 s of 2 answers"),
        ([-120.0], False, "120 s behind"),
        ([3_600.0, 3_601.0], False, "s ahead of 2 answers"),
        # One server's own clock is wrong.
        ([0.5, 9_000.0, -0.5], True, "within 30 s of 3 answers"),
    ],
)
def test_the_clock_is_compared_with_most_of_them(offsets: list[float], good: bool, says: str) -> None:
    found = machine.clock(offsets)
    assert (found.good, bool(found.remedy)) == (good, not good)
    assert says in found.says


@pytest.mark.parametrize(
    ("free", "a_day", "good", "says"),
    [
        (10**10, None, True, "10.0 GB free"),
        (10**10, 2e6, True, "10.0 GB free; 2.0 MB a day lately, so it is full in more than ten years"),
        (10**10, 1e8, True, "full in 100 days"),
        (10**10, 1e9, False, "full in 10 days"),
        (499_999_999, None, False, "500.0 MB free"),
    ],
)
def test_the_disk_is_measured_against_what_comes(
    free: int, a_day: float | None, good: bool, says: str
) -> None:
    found = machine.disk(free, a_day)
    assert (found.good, bool(found.remedy)) == (good, not good)
    assert says in found.says


@pytest.mark.parametrize(
    ("state", "good", "says"),
    [
        (Condition("wal", "0001", 10_000, 0, (), None), True, "10 kB, schema 0001, WAL, sound"),
        (
            Condition("wal", "0001", 10_000, 0, ("row 7 missing", "b", "c"), None),
            False,
            "row 7 missing (and 2 more)",
        ),
        (Condition("delete", "0001", 10_000, 0, (), None), False, "DELETE instead of WAL"),
        (Condition("wal", "0001", 10_000, 300_000_000, (), None), False, "its log has grown to 300.0 MB"),
    ],
)
def test_the_database_is_told_with_what_to_do(state: Condition, good: bool, says: str) -> None:
    (found,) = machine.database(FILE, state)
    assert (found.good, bool(found.remedy)) == (good, not good)
    assert says in found.says


def posts(first: int, count: int, at: int) -> list[KeptPost]:
    return [
        KeptPost(str(n), "Acme " * 50, at, at, mentions=(Mention("Acme"),))
        for n in range(first, first + count)
    ]


def test_growth_is_that_of_the_last_week_without_imports(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "s.db")) as store:
        with store.writing() as db:
            ledger.born(db, NOW - 30 * DAY)
        assert condition(store, NOW).a_day is None
        feed, file = Source("feed", "feeds"), Source("old", "import")
        store.commit(Kept(feed, posts(0, 100, NOW - 20 * DAY), at=NOW - 20 * DAY))
        store.commit(Kept(file, posts(0, 200, NOW - DAY), at=NOW - DAY))
        store.commit(Kept(feed, posts(100, 70, NOW - DAY), at=NOW - DAY))
        found = condition(store, NOW)
    # 70 of 370 posts came in seven days.
    assert found.a_day == pytest.approx(found.size / 370 * 10)
    assert (found.journal, found.damage) == ("wal", ())
    assert found.schema.startswith("00")


def test_a_store_of_an_hour_says_nothing_of_its_growth(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "s.db")) as store:
        with store.writing() as db:
            ledger.born(db, NOW - 3_600)
        store.commit(Kept(Source("feed", "feeds"), posts(0, 100, NOW - 60), at=NOW - 60))
        assert condition(store, NOW).a_day is None


def test_fonts_are_drawn_with_and_not_only_there(tmp_path: Path) -> None:
    assert broken_fonts() == []
    assert sorted(FONTS) == sorted(Path(file).stem for file in font_files())
    for file in map(Path, font_files()):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "NotoSansArabic-Bold.ttf").write_bytes(b"cut")
    (tmp_path / "NotoSans-Regular.ttf").unlink()
    assert broken_fonts(tmp_path) == ["NotoSans-Regular", "NotoSansArabic-Bold"]


def test_a_damaged_file_is_found_out(tmp_path: Path) -> None:
    file = tmp_path / "s.db"
    with closing(SqliteStore(file)) as store:
        store.commit(Kept(Source("feed", "feeds"), posts(0, 300, NOW), at=NOW))
        assert store.checkpoint()
    with file.open("r+b") as opened:
        opened.seek(-4_096, 2)
        opened.write(b"\xff" * 4_096)
    with closing(SqliteStore(file)) as store:
        (found,) = machine.database(file, condition(store, NOW))
    assert not found.good and "is damaged" in found.says
