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

_ERASURES: tuple[str, ...] = (
    # How many posts were emptied, and how many items of the sample and the quarantine went (`others`). `how`: the
    # network told of it, a person asked, or an older copy was put back. `settled_at`: since then no byte holds them.
    """CREATE TABLE erasures (
        source_id INTEGER NOT NULL REFERENCES sources(id), at INTEGER NOT NULL,
        how TEXT NOT NULL CHECK (how IN ('network', 'hand', 'copy')), posts INTEGER NOT NULL,
        others INTEGER NOT NULL, settled_at INTEGER, PRIMARY KEY (source_id, at, how)) WITHOUT ROWID""",
    # Whose posts are not kept any more, because they objected: the keyed hash of the author's id or name.
    """CREATE TABLE objections (
        source_id INTEGER NOT NULL REFERENCES sources(id), author TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (source_id, author)) WITHOUT ROWID""",
    # What has no words any more, and still its id: until that is old as well.
    """CREATE INDEX posts_id_still ON posts (source_id, fetched_at)
        WHERE erased_at IS NOT NULL AND substr(native_id, 1, 5) <> 'hmac:'""",
)

_SPENDING: tuple[str, ...] = ()


def hear_all(db: Database) -> None:
    """Add what hearing everything, once, and forgetting it again needs."""
    for statement in (*_VISITS, *_STORIES, *_ERASURES, *_SPENDING):
        db.execute(statement)
