"""What `listener rematch` works with: kept posts and the sample in pages, and the way back of what queries now say."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sentiment.tone import LABELS, Label, Tone
from storage import conversations, posting, sample
from storage.base import Row, Rows, Transaction
from storage.desk import tags
from storage.mention import LABEL_NUMBERS, KeptPost, Mention, Source
from storage.posting import Numbered, counts, role
from storage.rollups import recounted, waits
from storage.stories import keeping as stories

PAGE = 500
Found = TypeVar("Found")

# The order of the tables is given: otherwise all posts would be sorted for each page.
_KEPT = """SELECT p.id, s.name, s.kind, s.lateness, p.live, p.imported, p.native_id, p.text, p.published_at,
    p.fetched_at, p.dated, p.title, p.author, p.url, p.language, p.in_reply_to, p.thread, p.author_id, p.followers
    FROM posts p CROSS JOIN sources s WHERE s.id = p.source_id AND p.erased_at IS NULL AND {which}
    ORDER BY p.id LIMIT ?"""
_SAMPLE = """SELECT p.id, s.name, s.kind, s.lateness, 0, 0, p.native_id, p.text, p.published_at, p.at, p.dated,
    p.title, p.author, p.url, p.language, p.in_reply_to, p.thread, p.author_id, p.followers
    FROM unmatched p CROSS JOIN sources s WHERE s.id = p.source_id AND {which} ORDER BY p.id LIMIT ?"""
_FROM_THERE = "p.id > ? AND p.published_at >= ?"
_BY_A_BRAND = _FROM_THERE + " AND EXISTS (SELECT 1 FROM turns t WHERE t.post_id = p.id AND t.role > 0)"
_THESE = "p.id IN (SELECT value FROM json_each(?))"
# What was kept before there were versions bears none; only an import may also have had its word instead of a query.
_MENTIONS = """SELECT m.post_id, b.name, m.label, m.p_negative, m.p_neutral, m.p_positive, e.name, m.reason,
    m.query_id IS NOT NULL OR (NOT p.imported AND m.post_id <= coalesce(
        (SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'last_without_version'), 0))
    FROM mentions m JOIN brands b ON b.id = m.brand_id JOIN posts p ON p.id = m.post_id
    LEFT JOIN engines e ON e.id = m.engine_id WHERE m.post_id IN (SELECT value FROM json_each(?))"""
_TURNS = """SELECT t.post_id, b.name, t.role FROM turns t JOIN brands b ON b.id = t.brand_id
    WHERE t.post_id IN (SELECT value FROM json_each(?))"""
_UNMENTION = "DELETE FROM mentions WHERE post_id = ? AND brand_id = (SELECT id FROM brands WHERE name = ?)"
_REVERSION = """UPDATE mentions SET query_id =
    (SELECT coalesce(max(CASE WHEN q.definition = ? THEN q.id END), max(q.id))
        FROM query_versions q WHERE q.brand_id = mentions.brand_id)
    WHERE post_id = ? AND brand_id = (SELECT id FROM brands WHERE name = ?)"""
_LABELS: dict[int, Label] = {LABEL_NUMBERS[label]: label for label in LABELS}


@dataclass(frozen=True, slots=True)
class Standing:
    """A post as it stands in the store, to be matched again.

    `post.mentions` are what it is to each brand now, with its tone; `by_query` is False in those that an imported
    row's word made, which no query takes away. `id` is the number of the post, or of its row in the sample.
    """

    id: int
    source: Source
    post: KeptPost
    live: bool


@dataclass(frozen=True, slots=True)
class Rematched:
    """What the queries of today say of a post: all its mentions. Those that are new bear their tone."""

    standing: Standing
    mentions: tuple[Mention, ...]


@dataclass
class Changes:
    """Mentions added and removed by brand, and how many posts came out of the sample."""

    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    posts: int = 0


@dataclass(frozen=True, slots=True)
class SampleShare:
    """Of one source: how many posts that matched nobody are in the sample, and how many have no place in it any more.

    `uncounted`: it was listened to before such posts were counted at all.
    """

    source: str
    sampled: int
    unsampled: int
    uncounted: bool = False

    @property
    def share(self) -> float:
        """The share that the sample holds, at least: a post heard twice may be counted twice. 0 where uncounted."""
        total = self.sampled + self.unsampled
        return 0.0 if self.uncounted else self.sampled / total if total else 1.0


def pages(
    store: Rows, read: Callable[[Rows, int, int, int], list[Standing]], since: int, size: int = PAGE
) -> Iterator[list[Standing]]:
    """Everything that `kept_posts`, `own_posts` or `unmatched_posts` has to give, page by page."""
    after = 0
    while page := read(store, since, after, size):
        yield page
        after = page[-1].id


def kept_posts(store: Rows, since: int, after: int = 0, limit: int = PAGE) -> list[Standing]:
    """At most `limit` posts published at or after `since`, not erased, whose numbers are greater than `after`."""
    return _with_mentions(store, store.rows(_KEPT.format(which=_FROM_THERE), (after, since, limit)))


def own_posts(store: Rows, since: int, after: int = 0, limit: int = PAGE) -> list[Standing]:
    """Those of them that a brand wrote: whom the replies to them address is settled by these."""
    return _with_mentions(store, store.rows(_KEPT.format(which=_BY_A_BRAND), (after, since, limit)))


def unmatched_posts(store: Rows, since: int, after: int = 0, limit: int = PAGE) -> list[Standing]:
    """The same of the sample: posts that were no mention of anybody when they were heard."""
    rows = store.rows(_SAMPLE.format(which=_FROM_THERE), (after, since, limit))
    return [_standing(row, ()) for row in rows]


def posts_numbered(store: Rows, ids: Sequence[int]) -> list[Standing]:
    """Those of these posts that are kept and not erased."""
    rows = store.rows(_KEPT.format(which=_THESE), (json.dumps(list(ids)), len(ids)))
    return _with_mentions(store, rows)


def apply(
    db: Transaction,
    definitions: Mapping[str, str],
    kept: Sequence[Rematched],
    sampled: Sequence[Rematched] = (),
) -> Changes:
    """Write what the queries of today say of these posts; `sampled` are those out of the sample.

    `definitions` are those of the brands that were looked for: what a post is to another brand is left alone. A
    mention that stays keeps its tone and bears the version that found it now. What is new is history: no rule fires
    by it. A post that was edited or erased since it was read is left alone: its edit was matched by itself.
    """
    changes = Changes()
    for source, group in _by_source(db, kept, _source_of):
        with recounted(db, [one.standing.id for one in group]):
            _apply_kept(db, source, group, definitions, changes)
    tell_stories(db, [one.standing for one in kept])
    for source, group in _by_source(db, sampled, _source_of):
        _apply_sampled(db, source, group, definitions, changes)
    return changes


def tell_stories(db: Transaction, standings: Sequence[Standing]) -> None:
    """Let posts that were kept before there were stories, or are mentions only now, be in theirs."""
    for source, group in _by_source(db, standings, lambda one: one.source):
        now = posts_numbered(db, [one.id for one in group])
        mentioned = [(one.id, one.post) for one in now if any(map(counts, one.post.mentions))]
        stories.assign_unknown(db, source, mentioned)


def tag(db: Transaction, standings: Sequence[Standing]) -> None:
    """Let the tags that rules give to kept posts be those that they bear here; one edited since is left alone."""
    now = {one.id: one for one in posts_numbered(db, [one.id for one in standings])}
    same = [one for one in standings if one.id in now and _text(one) == _text(now[one.id])]
    tags.give_again(db, [(one.id, one.post.tags, one.post.fetched_at) for one in same])


def sample_shares(store: Rows, since: int) -> list[SampleShare]:
    """Of each source that posts which matched nobody were heard of since then: how many of them the sample holds."""
    hour = since // 3600
    first_version = "(SELECT min(at) FROM query_versions)"
    rows = store.rows(
        f"""SELECT name, sampled, unsampled, uncounted FROM (SELECT s.name AS name,
            (SELECT count(*) FROM unmatched u WHERE u.source_id = s.id AND u.at >= ?) AS sampled,
            (SELECT coalesce(sum(h.unsampled), 0) FROM source_hours h WHERE h.source_id = s.id AND h.hour >= ?)
                AS unsampled,
            EXISTS (SELECT 1 FROM facts WHERE name = 'last_without_version') AND EXISTS (
                SELECT 1 FROM coverage c WHERE c.source_id = s.id AND c.kind = 'live' AND c.until > ?
                AND c.since < {first_version} AND ? < {first_version}) AS uncounted
            FROM sources s) AS counted
        WHERE sampled + unsampled > 0 OR uncounted ORDER BY name""",
        (hour * 3600, hour, since, since),
    )
    return [SampleShare(name, held, missed, bool(uncounted)) for name, held, missed, uncounted in rows]


def _apply_kept(
    db: Transaction,
    source: int,
    group: Sequence[Rematched],
    definitions: Mapping[str, str],
    changes: Changes,
) -> None:
    now = {one.id: one for one in posts_numbered(db, [one.standing.id for one in group])}
    same = [
        one for one in group if one.standing.id in now and _text(one.standing) == _text(now[one.standing.id])
    ]
    posts = [
        replace(now[one.standing.id].post, mentions=_settled(now[one.standing.id], one, definitions))
        for one in same
    ]
    removed: list[tuple[int, str]] = []
    kept: list[tuple[str, int, str]] = []
    written: list[Numbered] = []
    for one, post in zip(same, conversations.mark_addressed(db, source, posts), strict=True):
        number = one.standing.id
        before = {m.brand: m for m in now[number].post.mentions}
        had = {brand for brand, mention in before.items() if counts(mention)}
        has = {m.brand for m in post.mentions if counts(m)}
        changes.added.update(has - had)
        changes.removed.update(had - has)
        removed += [(number, brand) for brand in had - has]
        stays = [brand for brand in has & had if before[brand].by_query and brand in definitions]
        kept += [(definitions[brand], number, brand) for brand in stays]
        if has != had or _turns(post.mentions) != _turns(before.values()):
            # What stays is not written anew; without `matched` only the turn of such a mention is.
            mentions = (replace(m, matched=False) if m.brand in has & had else m for m in post.mentions)
            written.append(Numbered(number, replace(post, mentions=tuple(mentions)), live=False))
    db.run_many(_UNMENTION, removed)
    db.run_many(_REVERSION, kept)
    if written:
        numbers = json.dumps([one.id for one in written])
        db.run("DELETE FROM turns WHERE post_id IN (SELECT value FROM json_each(?))", (numbers,))
        posting.add_mentions(db, source, written, definitions)
        waits.follow(db, [one.id for one in written])


def _apply_sampled(
    db: Transaction,
    source: int,
    group: Sequence[Rematched],
    definitions: Mapping[str, str],
    changes: Changes,
) -> None:
    ids = json.dumps([one.standing.id for one in group])
    rows = db.rows(_SAMPLE.format(which=_THESE), (ids, len(group)))
    there = {row[0]: _standing(row, ()) for row in rows}
    found = [
        replace(there[one.standing.id].post, mentions=one.mentions, tags=one.standing.post.tags)
        for one in group
        if one.standing.id in there and _text(one.standing) == _text(there[one.standing.id])
    ]
    # None of them is kept already: each commit takes what it keeps out of the sample.
    added = posting.add(db, source, found, definitions, live=False)
    sample.forget(db, source, "native_id", added.numbers)
    db.run("UPDATE sources SET items = items + ? WHERE id = ?", (len(added.numbers), source))
    changes.posts += len(added.numbers)
    changes.added.update(
        m.brand for post in found if post.native_id in added.numbers for m in post.mentions if counts(m)
    )


def _settled(now: Standing, one: Rematched, brands: Collection[str]) -> tuple[Mention, ...]:
    """What the queries of these brands say of a post, and what stands whatever they say.

    That is what an imported row said, and what the post is to brands that were not looked for.
    """
    before = {mention.brand: mention for mention in now.post.mentions}
    settled = {b: mention for b, mention in before.items() if not mention.by_query or b not in brands}
    for mention in one.mentions:
        old = before.get(mention.brand)
        automatic = mention.automatic or (old is not None and old.automatic and mention.own)
        settled.setdefault(mention.brand, replace(mention, automatic=automatic))
    return tuple(settled.values())


def _turns(mentions: Iterable[Mention]) -> set[tuple[str, int]]:
    return {(mention.brand, role(mention)) for mention in mentions if mention.own or mention.addressed}


def _text(standing: Standing) -> tuple[str | None, ...]:
    post = standing.post
    return post.title, post.text, post.language, post.author, post.url


def _source_of(found: Rematched) -> Source:
    return found.standing.source


def _by_source(
    db: Transaction, found: Sequence[Found], source: Callable[[Found], Source]
) -> list[tuple[int, list[Found]]]:
    groups: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        groups[source(one).name].append(one)
    numbers: dict[str, int] = dict(
        db.rows(
            "SELECT name, id FROM sources WHERE name IN (SELECT value FROM json_each(?))",
            (json.dumps(list(groups)),),
        )
    )
    return [(numbers[name], group) for name, group in groups.items() if name in numbers]


def _with_mentions(store: Rows, rows: Sequence[Row]) -> list[Standing]:
    """These posts with what they are to each brand, as far as rows tell it."""
    ids = json.dumps([row[0] for row in rows])
    imported = {row[0] for row in rows if row[5]}
    mentions: dict[int, dict[str, Mention]] = defaultdict(dict)
    for number, brand, label, negative, neutral, positive, engine, reason, by_query in store.rows(
        _MENTIONS, (ids,)
    ):
        ps = (negative, neutral, positive)
        tone = None if engine is None else Tone(_LABELS.get(label), *ps, engine, reason=reason)
        mentions[number][brand] = Mention(brand, tone=tone, by_query=bool(by_query))
    for number, brand, said in store.rows(_TURNS, (ids,)):
        # Who wrote an imported row, and to whom, is the row's word as well.
        bare = Mention(brand, matched=False, by_query=number not in imported)
        mention = mentions[number].get(brand, bare)
        by_query = mention.by_query and number not in imported
        mentions[number][brand] = replace(
            mention, own=said > 0, automatic=said == 2, addressed=said == 0, by_query=by_query
        )
    return [_standing(row, tuple(mentions[row[0]].values())) for row in rows]


def _standing(row: Row, mentions: tuple[Mention, ...]) -> Standing:
    number, name, kind, lateness, live, _, native_id, text, published_at, fetched_at, dated, *more = row
    title, author, url, language, in_reply_to, thread, author_id, followers = more
    post = KeptPost(
        native_id,
        text,
        published_at,
        fetched_at,
        bool(dated),
        title,
        author,
        url,
        language,
        in_reply_to,
        thread,
        mentions,
        author_id,
        followers,
    )
    return Standing(number, Source(name, kind, lateness), post, bool(live))
