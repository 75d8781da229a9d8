"""Facts into a store's tables as fast as SQLite takes them: for millions, and as the measure of what keeping costs."""

from __future__ import annotations

import sqlite3
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks.synthetic import BRANDS, ENGINE, NETWORKS, YEAR, ZONE
from storage import queries, rollups
from storage.base import Row
from storage.mention import LABEL_NUMBERS, Kept, KeptPost
from storage.posting import counts, role
from storage.sqlite import SqliteStore

FACTS = ("posts", "mentions", "turns")
BESIDE = ("authors",)
"""What the facts refer to."""

_KEYS = {"posts": "id", "mentions": "post_id", "turns": "post_id", "authors": "id"}
_AT_ONCE = 100_000
_POSTS = """INSERT INTO posts (id, source_id, native_id, published_at, fetched_at, dated, live, text, author, url,
    language, in_reply_to, conversation, author_id, followers) VALUES (?,?,?,?,?,1,1,?,?,?,?,?,?,?,?)"""
_MENTIONS = """INSERT INTO mentions (brand_id, post_id, published_at, source_id, live, language, label, p_negative,
    p_neutral, p_positive, engine_id, reason, query_id, author_id) VALUES (?,?,?,?,1,?,?,?,?,?,1,?,?,?)"""
_TURNS = "INSERT INTO turns (brand_id, post_id, role, at) VALUES (?,?,?,?)"
_AUTHORS = "INSERT INTO authors (id, source_id, key, name, followers) VALUES (?,?,?,?,?)"


def prepare(file: Path) -> SqliteStore:
    """A new store with the brands, their queries and the sources, and an engine that judges."""
    store = SqliteStore(file, zone=ZONE)
    store.register(BRANDS, [network.source for network in NETWORKS])
    with store.writing() as db:
        queries.keep_versions(db, BRANDS, YEAR.since)
        db.run("INSERT INTO engines (name) VALUES (?)", (ENGINE,))
    return store


def load(file: Path, pages: Iterable[Kept]) -> int:
    """Write the facts of these pages into a prepared store that is closed; return how many mentions there are.

    Indexes are made afterwards, in order, and nothing is written twice: a power cut would leave nothing of use. What
    only a store writes of a page (cursor, coverage, counters) is left to `settle`, roll-ups to the store.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for pragma in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "cache_size = -1000000",
            "secure_delete = OFF",
        ):
            db.execute(f"PRAGMA {pragma}")
        marks = ",".join("?" * len(FACTS))
        indexes = db.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> '' AND tbl_name IN ({marks})",
            FACTS,
        ).fetchall()
        for name, _ in indexes:
            db.execute(f"DROP INDEX {name}")
        db.execute("BEGIN")
        rows = _Facts(db)
        for page in pages:
            rows.take(page)
        rows.write_authors()
        for _, sql in indexes:
            db.execute(sql)
        db.execute("COMMIT")
    return rows.mentions


class _Facts:
    """Turns pages into rows as the store would, and writes them many at a time."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._sources = dict(db.execute("SELECT name, id FROM sources"))
        self._brands = dict(db.execute("SELECT name, id FROM brands"))
        self._queries = dict(db.execute("SELECT brand_id, max(id) FROM query_versions GROUP BY brand_id"))
        self._authors: dict[int, dict[str, int]] = defaultdict(dict)
        self._followers = array("q", [-1])
        self._last = 0
        self.mentions = 0

    def take(self, page: Kept) -> None:
        source = self._sources[page.source.name]
        numbered = list(enumerate(page.posts, self._last + 1))
        self._last += len(page.posts)
        self._db.executemany(_POSTS, (self._post(number, source, post) for number, post in numbered))
        mentions = [row for number, post in numbered for row in self._mentions(number, source, post)]
        self._db.executemany(_MENTIONS, mentions)
        self.mentions += len(mentions)
        turns = (
            (self._brands[mention.brand], number, role(mention), post.published_at)
            for number, post in numbered
            for mention in post.mentions
            if mention.own or mention.addressed
        )
        self._db.executemany(_TURNS, turns)

    def _post(self, number: int, source: int, post: KeptPost) -> Row:
        return (
            number,
            source,
            post.native_id,
            post.published_at,
            post.fetched_at,
            post.text,
            post.author,
            post.url,
            post.language,
            post.in_reply_to,
            post.in_reply_to,
            post.author_id,
            post.followers,
        )

    def _mentions(self, number: int, source: int, post: KeptPost) -> Iterator[Row]:
        if not any(map(counts, post.mentions)):
            return
        author = self._author(source, post)
        for mention in post.mentions:
            if counts(mention) and mention.tone is not None:
                tone, brand = mention.tone, self._brands[mention.brand]
                label = None if tone.label is None else LABEL_NUMBERS[tone.label]
                language = tone.lang or post.language
                head = (brand, number, post.published_at, source, language, label)
                yield (
                    *head,
                    tone.p_negative,
                    tone.p_neutral,
                    tone.p_positive,
                    tone.reason,
                    self._queries[brand],
                    author,
                )

    def _author(self, source: int, post: KeptPost) -> int | None:
        key = post.author_id or post.author
        if key is None:
            return None
        known = self._authors[source]
        author = known.setdefault(key, len(self._followers))
        followers = -1 if post.followers is None else post.followers
        if author == len(self._followers):
            self._followers.append(followers)
        elif followers > self._followers[author]:
            self._followers[author] = followers
        return author

    def write_authors(self) -> None:
        for source, known in self._authors.items():
            self._db.executemany(
                _AUTHORS,
                (
                    (author, source, key, f"name of {key[1:]}" if key[0] == "u" else key, followers)
                    for key, author in known.items()
                    for followers in [None if self._followers[author] < 0 else self._followers[author]]
                ),
            )


def roll_up(store: SqliteStore) -> None:
    """Make the roll-ups of what was loaded."""
    with store.writing() as db:
        rollups.rebuild(db, ZONE)


def settle(store: SqliteStore, pages: Sequence[Kept]) -> None:
    """Commit all but the posts of the last page of each source: that it was heard from the beginning of the year on."""
    for page in pages:
        if page.heard is not None:
            store.commit(replace(page, posts=(), heard=replace(page.heard, since=YEAR.since)))


def newest(store: SqliteStore) -> dict[str, int]:
    """The numbers of the newest post and of the newest author."""
    return {
        table: store.rows(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0] for table in ("posts", "authors")
    }


def written(store: SqliteStore, after: Mapping[str, int]) -> dict[str, list[Row]]:
    """The rows that a store has written since `newest` said so."""
    return {
        table: store.rows(
            f"SELECT * FROM {table} WHERE {key} > ?", (after["authors" if table in BESIDE else "posts"],)
        )
        for table, key in _KEYS.items()
    }


def insert(store: SqliteStore, rows: Mapping[str, Sequence[Row]], tables: Iterable[str]) -> None:
    """Put rows into these tables in one transaction, and nothing else."""
    with store.writing() as db:
        for table in tables:
            if rows[table]:
                db.run_many(
                    f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[table][0]))})", rows[table]
                )


def sizes(file: Path) -> dict[str, int]:
    """Bytes by table, those of its indexes among them; empty where this SQLite cannot tell."""
    with closing(sqlite3.connect(file)) as db:
        try:
            return dict(
                db.execute(
                    """SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_master m ON m.name = d.name
                    WHERE d.aggregate = TRUE GROUP BY m.tbl_name"""
                )
            )
        except sqlite3.OperationalError:
            return {}


def is_rollup(table: str) -> bool:
    """Whether a table holds what is summed of facts."""
    return table.startswith(("rollup", "author_"))
