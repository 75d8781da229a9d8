"""How posts become rows: themselves, what they are to each brand, and who spoke in a conversation with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from storage import authors, conversations, post_hashtags, rollups, visits
from storage.base import Transaction
from storage.desk import tags
from storage.mention import LABEL_NUMBERS, KeptPost, Mention
from storage.rollups import waits
from storage.rollups.counted import Counted
from storage.stories import keeping as stories

MOST_COUNTED = 10**11
"""More than ten times all people: a source that claims more is not believed, for a column could not hold its sums."""

_INSERT_POST = """INSERT INTO posts (id, source_id, native_id, published_at, fetched_at, dated, live, title, text,
    author, url, language, in_reply_to, thread, conversation, author_id, followers, imported)
    VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""
_INSERT_MENTION = """INSERT INTO mentions (brand_id, post_id, published_at, source_id, live, language, label,
    p_negative, p_neutral, p_positive, engine_id, reason, query_id, author_id) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""
_INSERT_TURN = "INSERT INTO turns (brand_id, post_id, role, at) VALUES (?,?,?,?)"
# The newest version with the definition that the posts were matched by: another program may have written a newer one.
_BRANDS = """SELECT b.name, b.id, (SELECT coalesce(
        max(CASE WHEN q.definition = json_extract(named.value, '$[1]') THEN q.id END), max(q.id))
        FROM query_versions q WHERE q.brand_id = b.id)
    FROM json_each(?) named CROSS JOIN brands b WHERE b.name = json_extract(named.value, '$[0]')"""


class Numbered(NamedTuple):
    """A post with its number in the store, and whether it was heard live."""

    id: int
    post: KeptPost
    live: bool


@dataclass(slots=True)
class Added:
    """What was written: new posts by native id, how many mentions, and the (brand, hour) that this changed."""

    numbers: dict[str, int] = field(default_factory=dict)
    mentions: int = 0
    touched: set[tuple[str, int]] = field(default_factory=set)


def counts(mention: Mention) -> bool:
    """Whether it is a mention: what a brand writes itself is none."""
    return mention.matched and not mention.own


def role(mention: Mention) -> int:
    """Who speaks: 0 addresses the brand, 1 is the brand, 2 the brand's robot."""
    if not mention.own:
        return 0
    return 2 if mention.automatic else 1


def known(db: Transaction, source: int, native_ids: Iterable[str]) -> dict[str, int]:
    """Numbers of those of these posts that are kept, erased ones among them."""
    return dict(
        db.rows(
            """SELECT native_id, id FROM posts
            WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?))""",
            (source, json.dumps(list(native_ids))),
        )
    )


def add(
    db: Transaction,
    source: int,
    posts: Iterable[KeptPost],
    definitions: Mapping[str, str],
    *,
    live: bool,
    imported: bool = False,
) -> Added:
    """Write posts that are not kept yet; of doubles the first one.

    A post that names no brand is kept only where it answers a brand's own post. `definitions` are those that the
    posts were matched by, by brand; `imported`: they are rows of a file.
    """
    by_id: dict[str, KeptPost] = {}
    for post in posts:
        by_id.setdefault(post.native_id, post)
    fresh = conversations.with_addressees(db, source, list(by_id.values())) if by_id else []
    if not fresh:
        return Added()
    said_in, joined = conversations.assign(db, source, fresh)
    first_id = db.rows("SELECT coalesce(max(id), 0) + 1 FROM posts")[0][0]
    numbered = [Numbered(number, post, live) for number, post in enumerate(fresh, first_id)]
    rows = [(*_post_row(source, one, said_in.get(one.post.native_id)), imported) for one in numbered]
    db.run_many(_INSERT_POST, rows)
    counted, touched = _write_mentions(db, source, numbered, definitions)
    rollups.add(db, counted)
    speaking = [one.id for one in numbered if any(m.own or m.addressed for m in one.post.mentions)]
    waits.add(db, source, speaking, joined)
    if not imported:
        visits.plan(db, source, [(one.id, one.post.published_at, one.post.fetched_at) for one in numbered])
    stories.assign(
        db, source, [(one.id, one.post) for one in numbered if any(map(counts, one.post.mentions))]
    )
    mentions = sum(counts(mention) for post in fresh for mention in post.mentions)
    return Added({one.post.native_id: one.id for one in numbered}, mentions, touched)


def add_mentions(
    db: Transaction,
    source: int,
    posts: Sequence[Numbered],
    definitions: Mapping[str, str],
    history: Collection[tuple[int, str]] = (),
) -> set[tuple[str, int]]:
    """Write what kept posts are to each brand, who spoke, and who is addressed by the replies that are kept already.

    `history` are mentions, as number of the post and brand, that make no rule fire though their post was heard live.
    The caller sees to it that roll-ups follow.
    """
    return _write_mentions(db, source, posts, definitions, history)[1]


def _write_mentions(
    db: Transaction,
    source: int,
    posts: Sequence[Numbered],
    definitions: Mapping[str, str],
    history: Collection[tuple[int, str]] = (),
) -> tuple[list[Counted], set[tuple[str, int]]]:
    names = _Names(db, {mention.brand for one in posts for mention in one.post.mentions}, definitions)
    written = authors.number(db, source, [one.post for one in posts if any(map(counts, one.post.mentions))])
    touched: set[tuple[str, int]] = set()
    rows: list[Sequence[Any]] = []
    turns: list[Sequence[object]] = []
    tagged: list[tuple[int, int, Sequence[str], int]] = []
    counted: list[Counted] = []
    for one in posts:
        at = one.post.published_at
        author = written.get(authors.key_of(one.post) or "")
        for mention in one.post.mentions:
            touched.add((mention.brand, at // 3600))
            if counts(mention):
                live = one.live and (not history or (one.id, mention.brand) not in history)
                row = _mention_row(names, source, one, live, mention)
                rows.append((*row, author))
                tagged.append((names.brand(mention.brand), one.id, one.post.tags, one.post.fetched_at))
                counted.append(_counted(row, author, one.post.followers))
            if mention.own or mention.addressed:
                turns.append((names.brand(mention.brand), one.id, role(mention), at))
    db.run_many(_INSERT_MENTION, rows)
    db.run_many(_INSERT_TURN, turns)
    tags.give(db, tagged)
    post_hashtags.write(db, [(one.id, one.post.text) for one in posts if any(map(counts, one.post.mentions))])
    touched |= conversations.address_earlier_replies(db, source, [(one.id, one.post) for one in posts])
    return counted, touched


def _counted(row: Sequence[Any], author: int | None, followers: int | None) -> Counted:
    brand, post, at, source, live, language, label, negative, _, positive, engine, *_ = row
    told = None if followers is None else believable(followers)
    return Counted(
        brand, at, source, int(live), language, label, negative, positive, engine, author, told, post
    )


def _post_row(source: int, one: Numbered, conversation: str | None) -> Sequence[object]:
    post, followers = one.post, one.post.followers
    return (
        one.id,
        source,
        post.native_id,
        post.published_at,
        post.fetched_at,
        post.dated,
        one.live,
        post.title,
        post.text,
        post.author,
        post.url,
        post.language,
        post.in_reply_to,
        post.thread,
        conversation if conversation != post.native_id else None,
        post.author_id,
        followers if followers is None else believable(followers),
    )


def believable(number: int | None) -> int | None:
    """A number that a source claims, None where no column could hold it."""
    return number if number is not None and abs(number) <= MOST_COUNTED else None


def _mention_row(names: _Names, source: int, one: Numbered, live: bool, mention: Mention) -> Sequence[Any]:
    post, tone = one.post, mention.tone
    brand = names.brand(mention.brand)
    query = names.queries.get(mention.brand) if mention.by_query else None
    # The language that the engine heard, where it could tell; otherwise the one that the source declares.
    language = (tone and tone.lang) or post.language
    head = (brand, one.id, post.published_at, source, live, language)
    if tone is None:
        return (*head, None, None, None, None, None, None, query)
    label = None if tone.label is None else LABEL_NUMBERS[tone.label]
    engine = names.engine(tone.engine)
    return (*head, label, tone.p_negative, tone.p_neutral, tone.p_positive, engine, tone.reason, query)


def engine_number(db: Transaction, name: str) -> int:
    """The number of an engine, made when it is new."""
    db.run("INSERT INTO engines (name) VALUES (?) ON CONFLICT (name) DO NOTHING", (name,))
    return int(db.rows("SELECT id FROM engines WHERE name = ?", (name,))[0][0])


class _Names:
    """Numbers of brands, of the version of each one's query, and of engines, read once for all posts."""

    def __init__(self, db: Transaction, brands: Iterable[str], definitions: Mapping[str, str]) -> None:
        self._db = db
        self._brands: dict[str, int] = {}
        self.queries: dict[str, int | None] = {}
        wanted = json.dumps([(brand, definitions.get(brand)) for brand in brands])
        for name, number, query in db.rows(_BRANDS, (wanted,)):
            self._brands[name], self.queries[name] = number, query
        self._engines: dict[str, int] = dict(db.rows("SELECT name, id FROM engines"))

    def brand(self, name: str) -> int:
        if name not in self._brands:
            self._brands[name] = self._new("brands", name)
        return self._brands[name]

    def engine(self, name: str) -> int:
        if name not in self._engines:
            self._engines[name] = self._new("engines", name)
        return self._engines[name]

    def _new(self, table: str, name: str) -> int:
        self._db.run(f"INSERT INTO {table} (name) VALUES (?)", (name,))
        return int(self._db.rows(f"SELECT id FROM {table} WHERE name = ?", (name,))[0][0])
