"""The fifth shape: visits to kept posts, stories, erasures that outlive a backup, money spent on samples."""

from __future__ import annotations

from sqlite_utils import Database

_VISITS = (
    # When a kept post is looked at next.
    """CREATE TABLE visits (
        source_id INTEGER NOT NULL REFERENCES sources(id), due_at INTEGER NOT NULL,
        post_id INTEGER NOT NULL REFERENCES posts(id), PRIMARY KEY (source_id, due_at, post_id)) WITHOUT ROWID""",
)

_STORIES = (
    # By what copies are known again: of the text of `post_id`, for the story that it is in, published at `at`. `exact`
    # is a hash of the folded words, `sketch` as in `storage.stories.fingerprint`. Numbers are never used twice, so that
    # whoever has read up to one of them has missed nothing.
    """CREATE TABLE fingerprints (
        id INTEGER PRIMARY KEY AUTOINCREMENT, story_id INTEGER NOT NULL UNIQUE,
        post_id INTEGER NOT NULL UNIQUE REFERENCES posts(id), at INTEGER NOT NULL, exact INTEGER NOT NULL,
        sketch BLOB NOT NULL)""",
    # Posts of stories of two or more; a post that is not here is a story by itself. A story bears the number of one of
    # its posts, the one that was kept first. `repeats`: the post that it says it repeats, NULL where its words tell.
    """CREATE TABLE story_members (
        post_id INTEGER PRIMARY KEY REFERENCES posts(id), story_id INTEGER NOT NULL,
        repeats INTEGER REFERENCES posts(id))""",
    "CREATE INDEX story_members_story ON story_members (story_id, post_id)",
    # Mentions by the stories of two or more that they are in; `unit` as in `rollups`.
    """CREATE TABLE rollup_stories (
        unit INTEGER NOT NULL, brand_id INTEGER NOT NULL, start INTEGER NOT NULL, source_id INTEGER NOT NULL,
        story_id INTEGER NOT NULL, mentions INTEGER NOT NULL,
        PRIMARY KEY (unit, brand_id, start, source_id, story_id)) WITHOUT ROWID""",
)

_ERASURES: tuple[str, ...] = ()

_SPENDING: tuple[str, ...] = ()


def hear_all(db: Database) -> None:
    """Add what hearing everything, once, and forgetting it again needs."""
    for statement in (*_VISITS, *_STORIES, *_ERASURES, *_SPENDING):
        db.execute(statement)
