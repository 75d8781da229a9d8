"""Posts that read otherwise now: their new words and what those say of brands stand instead of the old ones."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from storage import conversations, posting
from storage.base import Row, Transaction
from storage.mention import KeptPost
from storage.posting import Numbered

_OLD = """SELECT native_id, id, live, published_at, in_reply_to, thread, title, text, language, author, url
    FROM posts WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?)) AND erased_at IS NULL"""
_UPDATE = """UPDATE posts SET title = ?, text = ?, language = ?, author = ?, url = ?,
    author_id = coalesce(?, author_id), followers = coalesce(?, followers), edited_at = ? WHERE id = ?"""


@dataclass(slots=True)
class Edited:
    """How many mentions are new, and the (brand, hour) that the edits change."""

    mentions: int = 0
    touched: set[tuple[str, int]] = field(default_factory=set)


def edit(db: Transaction, source: int, posts: Sequence[KeptPost], at: int) -> Edited:
    """Let kept posts (each one once) read as they do now. Erased ones, and those that read the same, are left alone.

    When it was published, what it answers and whether it was heard live do not change with its words.
    """
    found = {row[0]: row for row in db.rows(_OLD, (source, json.dumps([post.native_id for post in posts])))}
    changed: list[Numbered] = []
    for post in posts:
        row = found.get(post.native_id)
        if row is not None and (merged := _merged(row, post)) is not None:
            changed.append(Numbered(row[1], merged, bool(row[2])))
    if not changed:
        return Edited()
    db.run_many(_UPDATE, [_values(one, at) for one in changed])
    marked = conversations.mark_addressed(db, source, [one.post for one in changed])
    posts_now = [one._replace(post=post) for one, post in zip(changed, marked, strict=True)]
    return put_mentions(db, source, posts_now)


def put_mentions(db: Transaction, source: int, posts: Sequence[Numbered]) -> Edited:
    """Let the mentions and turns of kept posts be those that they bear now; their judgements stay."""
    ids = json.dumps([one.id for one in posts])
    hours = {one.id: one.post.published_at // 3600 for one in posts}
    before = _brands_of(db, "mentions", ids)
    gone = [*before, *_brands_of(db, "turns", ids)]
    for table in ("mentions", "turns"):
        db.run(f"DELETE FROM {table} WHERE post_id IN (SELECT value FROM json_each(?))", (ids,))
    touched = posting.add_mentions(db, source, posts)
    touched.update((brand, hours[number]) for number, brand in gone)
    now = Counter((one.id, m.brand) for one in posts for m in one.post.mentions if posting.counts(m))
    return Edited((now - Counter(before)).total(), touched)


def _brands_of(db: Transaction, table: str, ids: str) -> list[tuple[int, str]]:
    return [
        (row[0], row[1])
        for row in db.rows(
            f"""SELECT t.post_id, b.name FROM {table} t JOIN brands b ON b.id = t.brand_id
            WHERE t.post_id IN (SELECT value FROM json_each(?))""",
            (ids,),
        )
    ]


def _merged(row: Row, post: KeptPost) -> KeptPost | None:
    """The edit with what does not change, None where it reads as it did. What it does not tell stays as it was."""
    published_at, in_reply_to, thread, *old = row[3:]
    new = [post.title, post.text, post.language, post.author or old[3], post.url or old[4]]
    if new == old:
        return None
    return replace(
        post, published_at=published_at, in_reply_to=in_reply_to, thread=thread, author=new[3], url=new[4]
    )


def _values(one: Numbered, at: int) -> Sequence[object]:
    post = one.post
    followers = posting.believable(post.followers)
    said = (post.title, post.text, post.language, post.author, post.url)
    return (*said, post.author_id, followers, at, one.id)
