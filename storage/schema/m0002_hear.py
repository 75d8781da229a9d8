"""The second shape: edits and deletions, counters, a ledger by the hour, versions of queries, what matched nobody."""

from __future__ import annotations

from sqlite_utils import Database

_STATEMENTS = (
    "ALTER TABLE posts ADD COLUMN author_id TEXT",
    "ALTER TABLE posts ADD COLUMN followers INTEGER",
    "ALTER TABLE posts ADD COLUMN edited_at INTEGER",
    # Set when its author took it back: the row stays as an id with its counts, without any text.
    "ALTER TABLE posts ADD COLUMN erased_at INTEGER",
    # Whose row said what it is to whom: a file may also tell of a source that is listened to.
    "ALTER TABLE posts ADD COLUMN imported INTEGER NOT NULL DEFAULT 0",
    "UPDATE posts SET imported = 1 WHERE source_id IN (SELECT id FROM sources WHERE kind = 'import')",
    "CREATE INDEX posts_author_id ON posts (source_id, author_id) WHERE author_id IS NOT NULL",
    # The newest posts of a source, whose edits and deletions matter: within it they stand in the order of their ids.
    "CREATE INDEX posts_newest ON posts (source_id)",
    # `rematched_since`: history from then on was matched again by this version.
    """CREATE TABLE query_versions (
        id INTEGER PRIMARY KEY, brand_id INTEGER NOT NULL REFERENCES brands(id), at INTEGER NOT NULL,
        definition TEXT NOT NULL, rematched_since INTEGER)""",
    "CREATE INDEX query_versions_brand ON query_versions (brand_id, id)",
    # NULL where an imported row said what it is about, and for what was kept before there were versions.
    "ALTER TABLE mentions ADD COLUMN query_id INTEGER REFERENCES query_versions(id)",
    # The last post from before there were versions: up to it, mentions without one were made by a query as well.
    """INSERT INTO facts (name, value)
        SELECT 'last_without_version', CAST(id AS TEXT) FROM posts ORDER BY id DESC LIMIT 1""",
    # What an edit replaces is found by its post.
    "CREATE INDEX mentions_post ON mentions (post_id)",
    "DROP INDEX turns_own",
    "CREATE INDEX turns_post ON turns (post_id, role)",
    """CREATE TABLE readings (
        post_id INTEGER NOT NULL REFERENCES posts(id), counter TEXT NOT NULL, at INTEGER NOT NULL,
        value INTEGER NOT NULL, PRIMARY KEY (post_id, counter, at)) WITHOUT ROWID""",
    # `unsampled`: posts that matched nobody, heard in this hour, for which the sample has no place, or none any more.
    """CREATE TABLE source_hours (
        source_id INTEGER NOT NULL REFERENCES sources(id), hour INTEGER NOT NULL,
        requests INTEGER NOT NULL DEFAULT 0, answers INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0,
        items INTEGER NOT NULL DEFAULT 0, cut INTEGER NOT NULL DEFAULT 0, unsampled INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (source_id, hour)) WITHOUT ROWID""",
    """CREATE TABLE gaps (
        source_id INTEGER NOT NULL REFERENCES sources(id), since INTEGER NOT NULL, until INTEGER NOT NULL,
        reason TEXT NOT NULL, PRIMARY KEY (source_id, since, until)) WITHOUT ROWID""",
    # `rank` is a hash of the id: the smallest ranks are a sample that is even over time, and the same whoever takes it.
    """CREATE TABLE unmatched (
        id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES sources(id), native_id TEXT NOT NULL,
        near INTEGER NOT NULL, rank INTEGER NOT NULL, at INTEGER NOT NULL, published_at INTEGER NOT NULL,
        dated INTEGER NOT NULL, title TEXT, text TEXT NOT NULL, author TEXT, author_id TEXT, followers INTEGER,
        url TEXT, language TEXT, in_reply_to TEXT, thread TEXT, UNIQUE (source_id, native_id))""",
    # In the order in which they go when there are too many.
    "CREATE INDEX unmatched_order ON unmatched (source_id, near, rank DESC)",
    "CREATE INDEX unmatched_at ON unmatched (at)",
    "CREATE INDEX unmatched_author_id ON unmatched (source_id, author_id) WHERE author_id IS NOT NULL",
    # How many posts of this source are in the sample: counting them anew for each page would cost more than the page.
    "ALTER TABLE sources ADD COLUMN sampled INTEGER NOT NULL DEFAULT 0",
    # What people said when asked whether a post is about the brand.
    """CREATE TABLE judgements (
        brand_id INTEGER NOT NULL REFERENCES brands(id), post_id INTEGER NOT NULL REFERENCES posts(id),
        relevant INTEGER NOT NULL CHECK (relevant IN (0, 1)), at INTEGER NOT NULL, by TEXT,
        PRIMARY KEY (brand_id, post_id)) WITHOUT ROWID""",
)


def hear(db: Database) -> None:
    """Add what hearing well needs."""
    for statement in _STATEMENTS:
        db.execute(statement)
