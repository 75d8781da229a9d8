"""What people said when asked whether a post is about a brand: the measure of its query."""

from __future__ import annotations

from dataclasses import dataclass

from storage.base import Rows, Transaction


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer. `matched` says whether the post is a mention of the brand now, `by` who answered, if known."""

    post_id: int
    relevant: bool
    at: int
    by: str | None
    matched: bool


def record(db: Transaction, brand: str, post_id: int, relevant: bool, by: str | None, now: int) -> bool:
    """Write an answer; a later one on the same post stands. False where there is no such brand or post."""
    return (
        db.run(
            """INSERT INTO judgements (brand_id, post_id, relevant, at, by)
            SELECT b.id, p.id, ?, ?, ? FROM brands b, posts p WHERE b.name = ? AND p.id = ?
            ON CONFLICT (brand_id, post_id) DO UPDATE SET relevant = excluded.relevant, at = excluded.at,
            by = excluded.by""",
            (int(relevant), now, by, brand, post_id),
        )
        == 1
    )


def of_brand(store: Rows, brand: str) -> list[Judgement]:
    """All answers on a brand, oldest first."""
    return [
        Judgement(post_id, bool(relevant), at, by, bool(matched))
        for post_id, relevant, at, by, matched in store.rows(
            """SELECT j.post_id, j.relevant, j.at, j.by, EXISTS (
                SELECT 1 FROM mentions m WHERE m.brand_id = j.brand_id AND m.post_id = j.post_id)
            FROM judgements j JOIN brands b ON b.id = j.brand_id WHERE b.name = ? ORDER BY j.at, j.post_id""",
            (brand,),
        )
    ]
