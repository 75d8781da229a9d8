"""The fifth shape: visits to kept posts, stories, erasures that outlive a backup, money spent on samples."""

from __future__ import annotations

from sqlite_utils import Database

_VISITS = (
    # When a kept post is looked at next.
    """CREATE TABLE visits (
        source_id INTEGER NOT NULL REFERENCES sources(id), due_at INTEGER NOT NULL,
        post_id INTEGER NOT NULL REFERENCES posts(id), PRIMARY KEY (source_id, due_at, post_id)) WITHOUT ROWID""",
)

_STORIES: tuple[str, ...] = ()

_ERASURES: tuple[str, ...] = ()

_SPENDING: tuple[str, ...] = ()


def hear_all(db: Database) -> None:
    """Add what hearing everything, once, and forgetting it again needs."""
    for statement in (*_VISITS, *_STORIES, *_ERASURES, *_SPENDING):
        db.execute(statement)
