"""The third shape: what people say of the tone, heads learned from it, judging again, sums of probabilities."""

from __future__ import annotations

from sqlite_utils import Database

_STATEMENTS = (
    # A person's word on the tone of a mention. It outlives judging again; the engine's own word stays in `mentions`.
    # `sampled`: the mention was drawn by chance and then looked at, not picked because it looked wrong.
    """CREATE TABLE corrections (
        brand_id INTEGER NOT NULL REFERENCES brands(id), post_id INTEGER NOT NULL REFERENCES posts(id),
        label INTEGER NOT NULL CHECK (label IN (-1, 0, 1)),
        sampled INTEGER NOT NULL DEFAULT 0 CHECK (sampled IN (0, 1)),
        at INTEGER NOT NULL, by TEXT, PRIMARY KEY (brand_id, post_id)) WITHOUT ROWID""",
    "CREATE INDEX corrections_post ON corrections (post_id)",
    # Small heads learned from corrections. `evidence` is JSON: what it did on corrections that it had not seen.
    """CREATE TABLE heads (
        id INTEGER PRIMARY KEY, engine TEXT NOT NULL, made_at INTEGER NOT NULL, weights BLOB NOT NULL,
        evidence TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('serving', 'refused', 'retired')))""",
    # How far judging again (of one brand, or of all) has come: it may be ended at any time, and goes on from
    # `position`, a post's number. `pairs` is JSON: [label before, label after, mentions].
    """CREATE TABLE rejudgings (
        id INTEGER PRIMARY KEY, engine TEXT NOT NULL, brand TEXT, since INTEGER NOT NULL, begun_at INTEGER NOT NULL,
        position INTEGER NOT NULL DEFAULT 0, judged INTEGER NOT NULL DEFAULT 0, pairs TEXT NOT NULL DEFAULT '[]',
        done_at INTEGER)""",
    # A share is estimated from sums of probabilities by engine and language: they are read from the index alone.
    "DROP INDEX mentions_count",
    """CREATE INDEX mentions_count ON mentions (brand_id, published_at, source_id, label, live, engine_id, language,
        p_negative, p_positive)""",
)


def tone(db: Database) -> None:
    """Add what tone with its error needs."""
    for statement in _STATEMENTS:
        db.execute(statement)
