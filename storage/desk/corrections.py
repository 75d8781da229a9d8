"""What people say of the tone of a mention: it outlives judging again, and measures the engine that judged."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from sentiment.tone import LABELS, Label
from storage.base import Row, Rows, Transaction
from storage.mention import LABEL_NUMBERS

_LABELS: dict[int, Label] = {LABEL_NUMBERS[label]: label for label in LABELS}

# Whether a mention came into the sample by chance is settled by its first correction: somebody who changes their
# mind does not pick it, and what was picked because it looked wrong does not become a chance find later. After an
# edit the words are others, and the correction is another one.
_RECORD = """INSERT INTO corrections (brand_id, post_id, label, sampled, at, by)
    SELECT m.brand_id, m.post_id, ?, ?, ?, ? FROM mentions m JOIN brands b ON b.id = m.brand_id
    WHERE b.name = ? AND m.post_id = ?
    ON CONFLICT (brand_id, post_id) DO UPDATE SET label = excluded.label,
    sampled = CASE WHEN (SELECT p.edited_at FROM posts p WHERE p.id = corrections.post_id) > corrections.at
        THEN excluded.sampled ELSE corrections.sampled END, at = excluded.at, by = excluded.by"""
_WITHDRAW = """DELETE FROM corrections
    WHERE post_id = ? AND brand_id = (SELECT id FROM brands WHERE name = ?)"""

STANDING = "(p.edited_at IS NULL OR p.edited_at <= c.at)"
"""The condition on a correction `c` and its post `p`: it was said of the words that stand there now."""

# The corrections lead, because they are few.
_ALL = f"""SELECT b.name, c.post_id, c.label, m.label, m.p_negative, m.p_neutral, m.p_positive, e.name, m.language,
    s.name, p.text, c.sampled, c.at, c.by, {STANDING}
    FROM corrections c JOIN brands b ON b.id = c.brand_id
    JOIN mentions m ON m.brand_id = c.brand_id AND m.post_id = c.post_id
    JOIN posts p ON p.id = c.post_id JOIN sources s ON s.id = m.source_id
    LEFT JOIN engines e ON e.id = m.engine_id
    WHERE ({STANDING} OR ?) {{of_brand}} ORDER BY c.at, c.post_id, b.name"""
_OPEN = f"""SELECT m.post_id FROM mentions m JOIN brands b ON b.id = m.brand_id JOIN posts p ON p.id = m.post_id
    WHERE b.name = ? AND m.published_at >= ? AND m.published_at < ? AND m.label IS NOT NULL AND p.erased_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM corrections c
        WHERE c.brand_id = m.brand_id AND c.post_id = m.post_id AND {STANDING})
    ORDER BY m.post_id"""


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's `label` of a mention, beside what the engine said of it.

    `engine_label` is None where the engine abstained or none judged; `p` (negative, neutral, positive) and `engine`
    are None only where none judged. `language` is that of the mention. `text` is empty where its author took the post
    back. `sampled`: the mention was drawn by chance, not picked because it looked wrong. `by`: who said so, if known.
    `stands`: the post was not edited since; otherwise it counts nowhere.
    """

    brand: str
    post_id: int
    label: Label
    engine_label: Label | None
    p: tuple[float, float, float] | None
    engine: str | None
    language: str | None
    source: str
    text: str
    sampled: bool
    at: int
    by: str | None
    stands: bool = True


def record(
    db: Transaction, brand: str, post_id: int, label: Label, *, sampled: bool, by: str | None, now: int
) -> bool:
    """Write what a person says; a later word on the same mention stands. False where there is no such mention.

    `sampled`: the mention was drawn by `draw`. It stays what it was at the first word on these words of the post.
    """
    return db.run(_RECORD, (LABEL_NUMBERS[label], int(sampled), now, by, brand, post_id)) == 1


def withdraw(db: Transaction, brand: str, post_id: int) -> bool:
    """Take a correction back, so that the engine's label counts again; False where there is none."""
    return db.run(_WITHDRAW, (post_id, brand)) == 1


def all_corrections(store: Rows, brand: str | None = None, *, fallen: bool = False) -> list[Correction]:
    """All corrections that stand, oldest first; of one brand, or of all.

    Left out are those of what is no mention any more, and, unless `fallen` asks for them, of posts that were edited
    since.
    """
    asked = (fallen, brand) if brand else (fallen,)
    rows = store.rows(_ALL.format(of_brand="AND b.name = ?" if brand else ""), asked)
    return [_correction(row) for row in rows]


def _correction(row: Row) -> Correction:
    (
        name,
        post_id,
        label,
        said,
        negative,
        neutral,
        positive,
        engine,
        language,
        source,
        text,
        sampled,
        at,
        by,
        stands,
    ) = row
    p = None if engine is None else (negative, neutral, positive)
    judged = None if said is None else _LABELS[said]
    return Correction(
        name,
        post_id,
        _LABELS[label],
        judged,
        p,
        engine,
        language,
        source,
        text,
        bool(sampled),
        at,
        by,
        bool(stands),
    )


def draw(store: Rows, brand: str, since: int, until: int, count: int, seed: int) -> list[int]:
    """Draw at most `count` mentions published in [since, until), each as likely as any other, in an order of chance.

    Returns the numbers of their posts. Only those that the engine judged, that can still be read, and that nobody has
    corrected. The same seed draws the same from the same store.
    """
    open_ = [row[0] for row in store.rows(_OPEN, (brand, since, until))]
    return random.Random(seed).sample(open_, min(count, len(open_)))


def said_between(store: Rows, brands: Sequence[str], since: int, until: int) -> int:
    """How many corrections of mentions of these brands people made in [since, until)."""
    rows = store.rows(
        """SELECT count(*) FROM corrections c JOIN brands b ON b.id = c.brand_id
        WHERE b.name IN (SELECT value FROM json_each(?)) AND c.at >= ? AND c.at < ?""",
        (json.dumps(list(brands)), since, until),
    )
    return int(rows[0][0])
