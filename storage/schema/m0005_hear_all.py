"""The fifth shape: visits to kept posts, stories, erasures that outlive a backup, money spent on samples."""

from __future__ import annotations

from sqlite_utils import Database

_VISITS = (
    # When a kept post is looked at next.
    """CREATE TABLE visits (
        source_id INTEGER NOT NULL REFERENCES sources(id), due_at INTEGER NOT NULL,
        post_id INTEGER NOT NULL REFERENCES posts(id), PRIMARY KEY (source_id, due_at, post_id)) WITHOUT ROWID""",
    # One row a post; also how it is found when the post was looked at, or lost its text.
    "CREATE UNIQUE INDEX visits_post ON visits (post_id)",
    # By which plan the rows of a source were made, as JSON: where another one is configured they are made anew.
    "ALTER TABLE sources ADD COLUMN visits TEXT",
)

_STORIES: tuple[str, ...] = ()

_ERASURES: tuple[str, ...] = ()

_SPENDING = (
    # What a paid request was allowed to cost and what it has cost, in millionths of a dollar (`spent` NULL: its answer
    # never came). Nobody knows to the second when it was billed: on one of the UTC days from `first_day` to `last_day`,
    # counted since 1970.
    """CREATE TABLE spending (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, first_day INTEGER NOT NULL, last_day INTEGER NOT NULL,
        reserved INTEGER NOT NULL, spent INTEGER)""",
    "CREATE INDEX spending_day ON spending (source, last_day)",
    # How many posts a service counted for a brand in [since, until).
    """CREATE TABLE counted_spans (
        source_id INTEGER NOT NULL REFERENCES sources(id), brand_id INTEGER NOT NULL REFERENCES brands(id),
        since INTEGER NOT NULL, until INTEGER NOT NULL, posts INTEGER NOT NULL,
        PRIMARY KEY (source_id, brand_id, since)) WITHOUT ROWID""",
    # The parts of them that were read to the end, drawn by chance, and how many posts were in each.
    """CREATE TABLE sampled_spans (
        source_id INTEGER NOT NULL REFERENCES sources(id), brand_id INTEGER NOT NULL REFERENCES brands(id),
        since INTEGER NOT NULL, until INTEGER NOT NULL, posts INTEGER NOT NULL,
        PRIMARY KEY (source_id, brand_id, since)) WITHOUT ROWID""",
)


def hear_all(db: Database) -> None:
    """Add what hearing everything, once, and forgetting it again needs."""
    for statement in (*_VISITS, *_STORIES, *_ERASURES, *_SPENDING):
        db.execute(statement)
