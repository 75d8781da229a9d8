"""Posts that read otherwise now: their new words and what those say of brands stand instead of the old ones."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from storage import authors, conversations, post_hashtags, posting
from storage.base import Row, Transaction
from storage.desk import tags
from storage.mention import KeptPost, Mention
from storage.posting import Numbered
from storage.rollups import recounted, waits
from storage.stories import keeping as stories

_OLD = """SELECT native_id, id, live, published_at, in_reply_to, thread, author_id, title, text, language, author,
    url FROM posts WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?)) AND erased_at IS NULL"""
_UPDATE = """UPDATE posts SET title = ?, text = ?, language = ?, author = ?, url = ?,
    author_id = coalesce(?, author_id), followers = coalesce(?, followers), edited_at = ? WHERE id = ?"""

_BEFORE = """SELECT m.post_id, b.name, b.id, m.live,
    (SELECT q.definition LIKE '%lang:%' FROM query_versions q WHERE q.id = m.query_id)
    FROM mentions m JOIN brands b ON b.id = m.brand_id WHERE m.post_id IN (SELECT value FROM json_each(?))"""
_TURNS = """SELECT t.post_id, b.name FROM turns t JOIN brands b ON b.id = t.brand_id
    WHERE t.post_id IN (SELECT value FROM json_each(?))"""
_UNMENTION = """DELETE FROM mentions WHERE post_id IN (SELECT value FROM json_each(?))
    AND brand_id || ' ' || post_id NOT IN (SELECT value FROM json_each(?))"""
_MENTIONING = "SELECT DISTINCT post_id FROM mentions WHERE post_id IN (SELECT value FROM json_each(?))"
_UNTURN = _UNMENTION.replace("mentions", "turns")


class _Mentioned(NamedTuple):
    """A mention as it is kept; `by_language`: its query asks for a language."""

    post: int
    brand: str
    brand_id: int
    live: int
    by_language: int | None


@dataclass(slots=True)
class Edited:
    """How many mentions are new, and the (brand, hour) that the edits change."""

    mentions: int = 0
    touched: set[tuple[str, int]] = field(default_factory=set)


def edit(
    db: Transaction, source: int, posts: Sequence[KeptPost], at: int, definitions: Mapping[str, str]
) -> Edited:
    """Let kept posts (each one once) read as they do now. Erased ones, and those that read the same, are left alone.

    When it was published, what it answers and whether it was heard live do not change with its words. Title, language,
    author and address that an edit does not tell stay as they were. It was matched without them all the same: so a
    mention that may hang on the title or the language that was not told stays, with its tone, until history is
    matched again. One that hangs on the author or the address alone goes until then.
    """
    found = {row[0]: row for row in db.rows(_OLD, (source, json.dumps([post.native_id for post in posts])))}
    changed: list[Numbered] = []
    for post in posts:
        row = found.get(post.native_id)
        if row is not None and (merged := _merged(row, post)) is not None:
            changed.append(Numbered(row[1], merged, bool(row[2])))
    if not changed:
        return Edited()
    untold_now = _untold(found.values(), posts)
    numbers = [one.id for one in changed]
    stories.leave(db, numbers)
    with recounted(db, numbers):
        edited = _rewrite(db, source, changed, posts, definitions, untold_now, at)
    mentioning = {row[0] for row in db.rows(_MENTIONING, (json.dumps(numbers),))}
    stories.assign(db, source, [(one.id, one.post) for one in changed if one.id in mentioning])
    return edited


def _rewrite(
    db: Transaction,
    source: int,
    changed: Sequence[Numbered],
    posts: Sequence[KeptPost],
    definitions: Mapping[str, str],
    untold_now: Mapping[int, tuple[bool, bool]],
    at: int,
) -> Edited:
    db.run_many(_UPDATE, [_values(one, at) for one in changed])
    post_hashtags.forget(db, [one.id for one in changed])
    # An edit may leave out who wrote it: a brand's own post must not become a mention of it.
    untold = {post.native_id for post in posts if post.author is None}
    owners = conversations.owners(db, source, untold) if untold else {}
    now = [_as_own(one.post, owners.get(one.post.native_id, set())) for one in changed]
    marked = conversations.mark_addressed(db, source, now)
    posts_now = [one._replace(post=post) for one, post in zip(changed, marked, strict=True)]
    edited = _put_mentions(db, source, posts_now, definitions, untold_now)
    _put_authors_and_hashtags(db, source, changed)
    waits.follow(db, [one.id for one in changed])
    return edited


def _put_authors_and_hashtags(db: Transaction, source: int, changed: Sequence[Numbered]) -> None:
    """Let mentions that stay be by whoever the edit says, which may be told only now, and bear its hashtags."""
    ids = json.dumps([one.id for one in changed])
    of_mentions = (
        "SELECT DISTINCT post_id, author_id FROM mentions WHERE post_id IN (SELECT value FROM json_each(?))"
    )
    written = set(db.rows(of_mentions, (ids,)))
    mentioning = {post for post, _ in written}
    posts = [one for one in changed if one.id in mentioning]
    post_hashtags.write(db, [(one.id, one.post.text) for one in posts])
    numbers = authors.number(db, source, [one.post for one in posts])
    now = {(one.id, numbers.get(authors.key_of(one.post) or "")) for one in posts}
    db.run_many(
        "UPDATE mentions SET author_id = ? WHERE post_id = ?",
        [(author, post) for post, author in now - written],
    )


def _put_mentions(
    db: Transaction,
    source: int,
    posts: Sequence[Numbered],
    definitions: Mapping[str, str],
    untold: Mapping[int, tuple[bool, bool]],
) -> Edited:
    """Let the mentions and turns of kept posts be those that they bear now; their judgements stay.

    A mention that was history stays so: what was found by matching again makes no rule fire after an edit either.
    """
    ids = json.dumps([one.id for one in posts])
    now = {one.id: {mention.brand: mention for mention in one.post.mentions} for one in posts}
    before = [_Mentioned(*row) for row in db.rows(_BEFORE, (ids,))]
    staying = [one for one in before if _stays(one, now[one.post], *untold[one.post])]
    gone = {(one.post, one.brand) for one in before} | set(db.rows(_TURNS, (ids,)))
    # Who is addressed now is written anew; a turn of which the edit says nothing stays with its mention.
    quiet = [one for one in staying if one.brand not in now[one.post]]
    db.run(_UNMENTION, (ids, _keys(staying)))
    db.run(_UNTURN, (ids, _keys(quiet)))
    tags.forget(db, [one.id for one in posts], [f"{one.brand_id} {one.post}" for one in staying])
    history = {(one.post, one.brand) for one in before if not one.live}
    touched = posting.add_mentions(db, source, posts, definitions, history)
    hours = {one.id: one.post.published_at // 3600 for one in posts}
    touched.update((brand, hours[number]) for number, brand in gone)
    had = {(one.post, one.brand) for one in before}
    has = {(number, m.brand) for number, found in now.items() for m in found.values() if posting.counts(m)}
    return Edited(len(has - had), touched)


def _stays(old: _Mentioned, now: Mapping[str, Mention], no_title: bool, no_language: bool) -> bool:
    """Whether a mention that the edit does not bear may only lack what the edit does not tell."""
    found = now.get(old.brand)
    if found is not None and (found.matched or found.own):
        return False
    return no_title or (no_language and bool(old.by_language))


def _keys(mentions: Sequence[_Mentioned]) -> str:
    return json.dumps([f"{one.brand_id} {one.post}" for one in mentions])


def _untold(rows: Iterable[Row], posts: Sequence[KeptPost]) -> dict[int, tuple[bool, bool]]:
    """Of which kept posts the edit does not tell the title, and the language, that they have: by their numbers."""
    edits = {post.native_id: post for post in posts}
    return {
        row[1]: (bool(row[7]) and not edits[row[0]].title, bool(row[9]) and not edits[row[0]].language)
        for row in rows
    }


def _merged(row: Row, post: KeptPost) -> KeptPost | None:
    """The edit with what does not change, None where it reads as it did. What it does not tell stays as it was."""
    published_at, in_reply_to, thread, author_id, *old = row[3:]
    title, _, language, author, url = old
    merged = replace(
        post,
        published_at=published_at,
        in_reply_to=in_reply_to,
        thread=thread,
        title=post.title or title,
        language=post.language or language,
        author=post.author or author,
        author_id=post.author_id or author_id,
        url=post.url or url,
    )
    new = [merged.title, merged.text, merged.language, merged.author, merged.url]
    return None if new == old else merged


def _values(one: Numbered, at: int) -> Sequence[object]:
    post = one.post
    followers = posting.believable(post.followers)
    said = (post.title, post.text, post.language, post.author, post.url)
    return (*said, post.author_id, followers, at, one.id)


def _as_own(post: KeptPost, brands: set[str]) -> KeptPost:
    untold = brands - {mention.brand for mention in post.mentions if mention.own}
    others = tuple(mention for mention in post.mentions if mention.brand not in untold)
    return replace(post, mentions=others + tuple(Mention(b, matched=False, own=True) for b in sorted(untold)))
