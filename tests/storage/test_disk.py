"""How much room the store takes, and that `storage.retention` bounds what texts take of it."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import pytest
from keeping import DAY, NEWS, T0, names, post

from storage import backup, disk, rollups
from storage.mention import Kept
from storage.sqlite import SqliteStore

A_DAY, TEXT = 100, 3_000


def simulated(path: Path, days: int, keep: int | None) -> tuple[list[int], disk.Growth | None]:
    """Bytes of the file at the end of each day; what the growth is said to be in the end."""
    rng, sizes, number = random.Random(1), [], 0
    with closing(SqliteStore(path)) as store:
        for day in range(days):
            now = T0 + day * DAY
            for hour in (0, 12):
                said = []
                for _ in range(A_DAY // 2):
                    number += 1
                    text = rng.randbytes(TEXT // 2).hex()
                    said.append(
                        post(
                            str(number), now + hour * 3600, names("Acme"), text=text, author=f"a{number % 50}"
                        )
                    )
                store.commit(Kept(NEWS, said, {"at": number}, at=now))
                wiped = 1
                while keep and wiped:
                    wiped = store.expire({1: keep * DAY}, now + hour * 3600)
            store.checkpoint()
            sizes.append(path.stat().st_size)
        assert list(rollups.differences(store)) == []
        assert store.rows("PRAGMA foreign_key_check") == []
        # Whoever deletes by mistake is still stopped.
        assert store.rows("PRAGMA foreign_keys") == [(1,)]
        return sizes, disk.growth(store, {1: keep * DAY} if keep else {}, T0 + days * DAY)


@pytest.mark.slow
def test_texts_are_bounded_by_their_retention(tmp_path: Path) -> None:
    sizes, growth = simulated(tmp_path / "a.db", days=28, keep=4)
    assert growth is not None and growth.posts == pytest.approx(A_DAY, rel=0.5)
    first, last = sizes[3] - sizes[0], sizes[-1] - sizes[-15]
    # Three days before the first text went; two weeks after: what grows still are counts.
    assert first > 3 * A_DAY * TEXT * 0.9
    assert last < 14 * A_DAY * TEXT * 0.25, "space of texts that went is used again"
    assert sizes[-1] < sizes[4] * 2
    kept, _ = simulated(tmp_path / "b.db", days=12, keep=None)
    assert kept[-1] > kept[4] * 2, "without a retention it would have grown on"


def test_what_is_taken_is_told_by_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "listener.db"
    with closing(SqliteStore(path)) as store:
        store.commit(Kept(NEWS, [post("1", T0, names("Acme"))], at=T0))
        (tmp_path / "backups").mkdir()
        backup.make(path, tmp_path / "backups" / backup.name_at(T0), "", "1", T0)
        (tmp_path / "listener.db.before-0002_hear").write_bytes(b"x" * 1_000)
        found = disk.taken(store, path)
        assert disk.growth(store, {}, T0) is None, "one post says nothing"
    assert found.copies == 1_000 and found.log > 0 and found.free > 0
    assert found.backups == (tmp_path / "backups" / backup.name_at(T0)).stat().st_size
    assert 0 < found.used <= found.file + found.log


def test_a_year_is_the_counts_of_all_and_the_texts_of_the_retention(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "a.db")) as store:
        posts = [post(str(n), T0 - n * 3600, names("Acme"), text="x" * 10_000) for n in range(7 * 24)]
        store.commit(Kept(NEWS, posts, at=T0))
        short, long = (disk.growth(store, limit, T0) for limit in ({1: 10 * DAY}, {}))
    assert short is not None and long is not None
    assert short.posts == pytest.approx(24, rel=0.01) and short.texts == pytest.approx(240_000, rel=0.01)
    assert long.in_a_year - short.in_a_year == pytest.approx(355 * 240_000, rel=0.01)
    assert short.bytes > short.texts


@pytest.mark.parametrize(
    ("said", "size"), [("500MB", 500_000_000), ("2GB", 2 * 10**9), ("1.5 TB", 15 * 10**11)]
)
def test_sizes_are_read(said: str, size: int) -> None:
    assert disk.parse_size(said) == size
    assert disk.parse_size(disk.format_size(size)) == size


@pytest.mark.parametrize("said", ["2", 2_000, "2gb", "2 GiB", "-1GB", ""])
def test_a_size_without_a_unit_is_refused(said: object) -> None:
    with pytest.raises(ValueError, match="as in 500MB or 2GB"):
        disk.parse_size(said)
