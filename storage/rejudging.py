"""What judging again works with: how far it has come, and the way back of what the engine says now."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sentiment.tone import LABELS, Label, Tone
from storage import posting, rematching
from storage.base import Row, Rows, Transaction
from storage.mention import LABEL_NUMBERS
from storage.rematching import Standing
from storage.rollups import recounted

ERASED = "erased"
"""The reason of a mention without a label whose author took the post back: no other engine can read it any more."""
DRIFT = 86_400
"""Seconds by which a time like "7d" may have moved on when the same judging again is begun once more."""
STALE = 3 * 86_400
"""Seconds after which what was left open is begun anew: who judged edits meanwhile is not known any more."""

_LABELS: dict[int | None, Label | None] = {None: None, **{LABEL_NUMBERS[label]: label for label in LABELS}}
_COLUMNS = "id, engine, brand, since, begun_at, position, judged, pairs, done_at"
# Only the newest: what another engine has judged again since lies behind the position of an older one.
_OPEN = f"""SELECT {_COLUMNS} FROM rejudgings
    WHERE id = (SELECT max(id) FROM rejudgings) AND engine = ? AND coalesce(brand, '') = coalesce(?, '')
    AND done_at IS NULL AND since <= ? AND since > ? AND begun_at > ?"""
_BEGIN = "INSERT INTO rejudgings (engine, brand, since, begun_at) VALUES (?, ?, ?, ?)"
_NEWEST = f"SELECT {_COLUMNS} FROM rejudgings ORDER BY id DESC LIMIT 1"
_OLD = """SELECT m.post_id, b.name, m.label FROM mentions m JOIN brands b ON b.id = m.brand_id
    WHERE m.post_id IN (SELECT value FROM json_each(?))"""
# What was heard live and is judged again makes no rule fire by its tone, see `storage.kpi.tally`.
_JUDGE = """UPDATE mentions SET label = ?, p_negative = ?, p_neutral = ?, p_positive = ?, engine_id = ?, reason = ?,
    language = ?, live = CASE WHEN live = 0 THEN 0 ELSE 2 END
    WHERE post_id = ? AND brand_id = (SELECT id FROM brands WHERE name = ?)"""
_UNJUDGED = """published_at >= ? AND brand_id IN (SELECT id FROM brands WHERE name = coalesce(?, name))
    AND label IS NOT NULL AND engine_id NOT IN (SELECT id FROM engines WHERE name = ?)
    AND EXISTS (SELECT 1 FROM posts p WHERE p.id = post_id AND p.erased_at IS NOT NULL AND p.expired = 0)"""
_UNJUDGE = f"""UPDATE mentions SET label = NULL, p_negative = NULL, p_neutral = NULL, p_positive = NULL,
    engine_id = NULL, reason = '{ERASED}', live = CASE WHEN live = 0 THEN 0 ELSE 2 END WHERE {_UNJUDGED}"""

_MOVE = "UPDATE rejudgings SET position = ?, judged = ?, pairs = ? WHERE id = ? AND position = ? AND done_at IS NULL"

Pair = tuple[Label | None, Label | None]
"""A label before and after; None where an engine abstained."""


class Overtaken(Exception):
    """Another program does the same judging again: its pages would be counted twice."""


@dataclass(frozen=True, slots=True)
class Rejudging:
    """One judging again of what was published since then, of one brand or (None) of all.

    `position` is the number of the last post that it has come to, `pairs` how many mentions went from which label to
    which; those that kept theirs are in it too.
    """

    id: int
    engine: str
    brand: str | None
    since: int
    begun_at: int
    position: int = 0
    judged: int = 0
    pairs: Mapping[Pair, int] = field(default_factory=dict)
    done_at: int | None = None

    @property
    def changed(self) -> int:
        """How many mentions have another label now."""
        return sum(number for (before, after), number in self.pairs.items() if before != after)


def begin(db: Transaction, engine: str, brand: str | None, since: int, now: int) -> Rejudging:
    """Go on with what was begun last, if that was with this engine, from about this time on, and lately; or begin."""
    found = db.rows(_OPEN, (engine, brand, since, since - DRIFT, now - STALE))
    if not found:
        db.run(_BEGIN, (engine, brand, since, now))
        found = db.rows(_NEWEST)
    return _rejudging(found[0])


def newest(store: Rows) -> Rejudging | None:
    """The one that was begun last."""
    found = store.rows(_NEWEST)
    return _rejudging(found[0]) if found else None


def page(store: Rows, rejudging: Rejudging, limit: int = rematching.PAGE) -> list[Standing]:
    """The posts that come next; none at the end."""
    return rematching.kept_posts(store, rejudging.since, rejudging.position, limit)


def left(store: Rows, rejudging: Rejudging) -> int:
    """How many posts it has still to come to."""
    return int(
        store.rows(
            "SELECT count(*) FROM posts WHERE id > ? AND published_at >= ? AND erased_at IS NULL",
            (rejudging.position, rejudging.since),
        )[0][0]
    )


def write(
    db: Transaction,
    rejudging: Rejudging,
    looked_at: Sequence[Standing],
    tones: Mapping[tuple[int, str], Tone],
) -> Rejudging:
    """Write what the engine says of a page, by post and brand, and how far that is.

    A post that was edited or erased since it was read, and a mention that is none any more, are left alone: whoever
    changed them judged them as well. Raises Overtaken.
    """
    ids = json.dumps([one.id for one in looked_at])
    now = {one.id: one for one in rematching.posts_numbered(db, [one.id for one in looked_at])}
    same = {one.id: one for one in looked_at if one.id in now and _words(one) == _words(now[one.id])}
    old = {(number, brand): _LABELS[label] for number, brand, label in db.rows(_OLD, (ids,))}
    engine = posting.engine_number(db, rejudging.engine)
    pairs = Counter(rejudging.pairs)
    rows = []
    for (number, brand), tone in tones.items():
        if number in same and (number, brand) in old:
            rows.append(_row(tone, engine, same[number], brand))
            pairs[old[number, brand], tone.label] += 1
    with recounted(db, [one.id for one in looked_at]):
        db.run_many(_JUDGE, rows)
    done = replace(rejudging, position=looked_at[-1].id, judged=rejudging.judged + len(rows), pairs=pairs)
    moved = (done.position, done.judged, _dump(pairs), done.id, rejudging.position)
    if not db.run(_MOVE, moved):
        raise Overtaken
    return done


def finish(db: Transaction, rejudging: Rejudging, now: int) -> int:
    """Write that everything was judged; return how many mentions of erased posts have no label any more.

    Their words are gone, so that only the old engine could have judged them: one label of it would keep the break in
    every window that they lie in, for ever. What merely grew old keeps its label: all of that history would lose its
    tone, and the break stands where it ends.
    """
    asked = (rejudging.since, rejudging.brand, rejudging.engine)
    posts = db.rows(f"SELECT DISTINCT post_id FROM mentions WHERE {_UNJUDGED}", asked)
    with recounted(db, [row[0] for row in posts]):
        gone = db.run(_UNJUDGE, asked)
    db.run("UPDATE rejudgings SET done_at = ? WHERE id = ?", (now, rejudging.id))
    return gone


def _row(tone: Tone, engine: int, standing: Standing, brand: str) -> Sequence[object]:
    label = None if tone.label is None else LABEL_NUMBERS[tone.label]
    ps = (tone.p_negative, tone.p_neutral, tone.p_positive)
    language = tone.lang or standing.post.language
    return (label, *ps, engine, tone.reason, language, standing.id, brand)


def _words(standing: Standing) -> tuple[str | None, ...]:
    post = standing.post
    return post.title, post.text, post.language


def _rejudging(row: Row) -> Rejudging:
    number, engine, brand, since, begun_at, position, judged, pairs, done_at = row
    return Rejudging(number, engine, brand, since, begun_at, position, judged, _load(pairs), done_at)


def _dump(pairs: Mapping[Pair, int]) -> str:
    return json.dumps([[*pair, number] for pair, number in pairs.items()])


def _load(text: str) -> dict[Pair, int]:
    return {(before, after): number for before, after, number in json.loads(text)}
