"""The made-up year is what it claims to be, and what it measures stays within three times its targets."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from benchmarks import loading, millions
from benchmarks.synthetic import BRANDS, NETWORKS, PAGE, YEAR, ZONE, Year
from storage.base import Row
from storage.mention import Kept
from storage.sqlite import SqliteStore

MENTIONS = 5_000

# The targets: a fifth of bare inserts and 20,000 a second, a board within 50 ms, any other window within 2 s.
LEEWAY = 3


@pytest.fixture(scope="module")
def pages() -> list[Kept]:
    return list(Year(MENTIONS).pages())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    made = loading.prepare(tmp_path / "kept.db")
    yield made
    made.close()


def test_the_same_seed_makes_the_same_year(pages: Sequence[Kept]) -> None:
    assert pages == list(Year(MENTIONS).pages())
    assert pages != list(Year(MENTIONS, seed=6).pages())


def test_a_year_has_the_mentions_that_it_should(pages: Sequence[Kept]) -> None:
    posts = [(page.source.name, post) for page in pages for post in page.posts]
    mentions = [(source, post, m) for source, post in posts for m in post.mentions if m.matched]
    assert sum(map(millions.mentions_of, pages)) == len(mentions) == MENTIONS
    assert all(len(page.posts) <= PAGE for page in pages)
    assert {m.brand for _, _, m in mentions} == {brand.name for brand in BRANDS}
    assert {source for source, _ in posts} == {network.name for network in NETWORKS}
    assert len({brand.market for brand in BRANDS}) == 1
    assert sum(len(post.mentions) == 2 for _, post in posts) / MENTIONS == pytest.approx(0.02, rel=0.3)
    authors = Counter((source, post.author) for source, post, _ in mentions)
    assert len(authors) / MENTIONS == pytest.approx(0.2, abs=0.08)
    assert max(authors.values()) > 5 * MENTIONS / len(authors)
    spoken = Counter((source, m.tone.lang) for source, _, m in mentions if m.tone)
    assert spoken["hackernews", "en"] > 0 == spoken["hackernews", "es"]
    assert spoken["prensa", "es"] > 4 * spoken["prensa", "ca"] > 0


def test_a_year_is_a_calendar_year_by_time(pages: Sequence[Kept]) -> None:
    assert datetime.fromtimestamp(YEAR.since, ZONE).isoformat() == "2025-01-01T00:00:00+01:00"
    assert datetime.fromtimestamp(YEAR.until, ZONE).isoformat() == "2026-01-01T00:00:00+01:00"
    for network in NETWORKS:
        of_network = [page for page in pages if page.source.name == network.name]
        times = [post.published_at for page in of_network for post in page.posts]
        assert times == sorted(times)
        assert YEAR.since <= times[0] < times[-1] < YEAR.until
        heard = [page.heard for page in of_network if page.heard]
        assert [one.since for one in heard] == [YEAR.since, *(one.until for one in heard[:-1])]
        assert heard[-1].until == YEAR.until


def test_some_ask_and_most_of_them_are_answered(pages: Sequence[Kept]) -> None:
    posts = [post for page in pages for post in page.posts]
    asked = {post.native_id for post in posts if any(m.addressed for m in post.mentions)}
    answers = [post for post in posts if any(m.own for m in post.mentions)]
    assert len(asked) / MENTIONS == pytest.approx(0.0085, rel=0.4)
    assert {post.in_reply_to for post in answers} <= asked
    assert 0.6 < len(answers) / len(asked) < 0.9
    written = {post.native_id: post.published_at for post in posts}
    assert all(post.published_at > written[str(post.in_reply_to)] for post in answers)


def test_a_longer_year_takes_no_more_memory() -> None:
    peaks = []
    for mentions in (10_000, 40_000):
        tracemalloc.start()
        for _ in Year(mentions).pages():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def _facts(store: SqliteStore) -> list[list[Row]]:
    post = (
        "SELECT s.name || ' ' || p.native_id FROM posts p JOIN sources s ON s.id = p.source_id WHERE p.id = "
    )
    author = "SELECT a.source_id || ' ' || a.key FROM authors a WHERE a.id = "
    return [
        store.rows(f"SELECT ({post} p.id), {_columns(store, 'posts')} FROM posts p ORDER BY 1"),
        store.rows(
            f"""SELECT ({post} m.post_id), ({author} m.author_id), {_columns(store, "mentions")}
            FROM mentions m ORDER BY 1, brand_id"""
        ),
        store.rows(f"SELECT ({post} t.post_id), brand_id, role, at FROM turns t ORDER BY 1, 2"),
        store.rows("SELECT source_id, key, name, followers FROM authors ORDER BY 1, 2"),
    ]


def _columns(store: SqliteStore, table: str) -> str:
    """All but the numbers that the order of writing gives, and but who wrote it."""
    names = [row[1] for row in store.rows(f"PRAGMA table_info({table})")]
    return ", ".join(
        name for name in names if name not in {"id", "post_id", "author_id"} or table == "posts" != name
    )


def test_the_log_is_not_written_into_the_file_after_every_page(
    store: SqliteStore, pages: Sequence[Kept]
) -> None:
    store.checkpoint()
    before = store.path.stat().st_size
    for page in pages:
        store.commit(page)
    log = store.path.with_name(store.path.name + "-wal").stat().st_size
    assert log > 1_100 * 4_096
    assert store.path.stat().st_size == before
