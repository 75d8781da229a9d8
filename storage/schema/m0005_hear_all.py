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

_SPENDING: tuple[str, ...] = ()


def hear_all(db: Database) -> None:
    """Add what hearing everything, once, and forgetting it again needs."""
    for statement in (*_VISITS, *_STORIES, *_ERASURES, *_SPENDING):
        db.execute(statement)
