"""One page's way into the tables: new posts, their mentions and turns, cursor and coverage, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from storage import conversations, coverage
from storage.base import Transaction
from storage.mention import LABEL_NUMBERS, Committed, Kept, KeptPost, Mention, Source

MOST_SET_ASIDE = 1_000
"""Items of one source kept in quarantine: a source that changed its form must not fill the disk."""

_INSERT_POST = """INSERT INTO posts (id, source_id, native_id, published_at, fetched_at, dated, live, title, text,
    author, url, language, in_reply_to, thread, conversation) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"""
_INSERT_MENTION = """INSERT INTO mentions (brand_id, post_id, published_at, source_id, live, language, label,
    p_negative, p_neutral, p_positive, engine_id, reason) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"""
_INSERT_TURN = "INSERT INTO turns (brand_id, post_id, role, at) VALUES (?,?,?,?)"


def source_id(db: Transaction, source: Source) -> int:
    """Return the number of a source, made when it is new."""
    db.run(
        "INSERT INTO sources (name, kind, lateness) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING",
        (source.name, source.kind, source.lateness),
    )
    return int(db.rows("SELECT id FROM sources WHERE name = ?", (source.name,))[0][0])


def keep(db: Transaction, page: Kept) -> Committed:
    """Write a page into the open transaction.

    Posts that are kept already are left as they are. A post that names no brand is kept only where it answers
    a brand's own post.
    """
    source = source_id(db, page.source)
    fresh = conversations.with_addressees(db, source, _new_posts(db, source, page.posts))
    first_id = db.rows("SELECT coalesce(max(id), 0) + 1 FROM posts")[0][0]
    numbered = list(enumerate(fresh, first_id))
    said_in = conversations.assign(db, source, fresh)
    db.run_many(
        _INSERT_POST, [_post_row(n, source, p, page.live, said_in.get(p.native_id)) for n, p in numbered]
    )
    names = _Names(db)
    pairs = [(number, post, mention) for number, post in numbered for mention in post.mentions]
    counted = [(n, p, m) for n, p, m in pairs if m.matched and not m.own]
    db.run_many(_INSERT_MENTION, [_mention_row(names, source, page.live, n, p, m) for n, p, m in counted])
    turns = [(names.brand(m.brand), n, _role(m), p.published_at) for n, p, m in pairs if m.own or m.addressed]
    db.run_many(_INSERT_TURN, turns)
    touched = conversations.address_earlier_replies(db, source, numbered)
    touched.update((m.brand, p.published_at // 3600) for _, p, m in pairs)
    _write_progress(db, source, page, len(fresh))
    return Committed(len(fresh), len(counted), frozenset(touched))


def _new_posts(db: Transaction, source: int, posts: Iterable[KeptPost]) -> list[KeptPost]:
    by_id: dict[str, KeptPost] = {}
    for post in posts:
        by_id.setdefault(post.native_id, post)
    known = db.rows(
        "SELECT native_id FROM posts WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?))",
        (source, json.dumps(list(by_id))),
    )
    for (native_id,) in known:
        del by_id[native_id]
    return list(by_id.values())


def _post_row(
    number: int, source: int, post: KeptPost, live: bool, conversation: str | None
) -> Sequence[object]:
    return (
        number,
        source,
        post.native_id,
        post.published_at,
        post.fetched_at,
        post.dated,
        live,
        post.title,
        post.text,
        post.author,
        post.url,
        post.language,
        post.in_reply_to,
        post.thread,
        conversation if conversation != post.native_id else None,
    )


def _mention_row(
    names: _Names, source: int, live: bool, number: int, post: KeptPost, mention: Mention
) -> Sequence[object]:
    tone = mention.tone
    brand = names.brand(mention.brand)
    head = (brand, number, post.published_at, source, live, post.language)
    if tone is None:
        return (*head, None, None, None, None, None, None)
    label = None if tone.label is None else LABEL_NUMBERS[tone.label]
    engine = names.engine(tone.engine)
    return (*head, label, tone.p_negative, tone.p_neutral, tone.p_positive, engine, tone.reason)


def _role(mention: Mention) -> int:
    if not mention.own:
        return 0
    return 2 if mention.automatic else 1


def _write_progress(db: Transaction, source: int, page: Kept, new: int) -> None:
    if page.cursor is not None:
        db.run("UPDATE sources SET cursor = ? WHERE id = ?", (json.dumps(page.cursor), source))
    db.run("UPDATE sources SET items = items + ? WHERE id = ?", (new, source))
    if page.heard is not None:
        coverage.add(db, source, "live" if page.source.kind != "import" else "import", page.heard)
    for item in page.set_aside:
        db.run(
            """INSERT INTO quarantine (source_id, at, native_id, cause, item) SELECT ?, ?, ?, ?, ?
            WHERE (SELECT count(*) FROM quarantine WHERE source_id = ?) < ? ON CONFLICT DO NOTHING""",
            (source, page.at, item.native_id, item.cause, item.item, source, MOST_SET_ASIDE),
        )


class _Names:
    """Numbers of brands and engines, read once a page."""

    def __init__(self, db: Transaction) -> None:
        self._db = db
        self._brands: dict[str, int] = dict(db.rows("SELECT name, id FROM brands"))
        self._engines: dict[str, int] = dict(db.rows("SELECT name, id FROM engines"))

    def brand(self, name: str) -> int:
        if name not in self._brands:
            self._brands[name] = self._new("brands", name)
        return int(self._brands[name])

    def engine(self, name: str) -> int:
        if name not in self._engines:
            self._engines[name] = self._new("engines", name)
        return int(self._engines[name])

    def _new(self, table: str, name: str) -> int:
        self._db.run(f"INSERT INTO {table} (name) VALUES (?)", (name,))
        return int(self._db.rows(f"SELECT id FROM {table} WHERE name = ?", (name,))[0][0])
