"""The first shape: posts and mentions, coverage and cursors, alerts and their outbox, what the desk decides."""

from __future__ import annotations

from sqlite_utils import Database

# Hand-written, because sqlite-utils has no way to say WITHOUT ROWID, partial indexes or CHECK. One statement
# each and no executescript: that would commit in the middle of the migration's transaction.
_STATEMENTS = (
    "CREATE TABLE brands (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "CREATE TABLE engines (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE sources (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,
        lateness INTEGER NOT NULL DEFAULT 0, active INTEGER NOT NULL DEFAULT 0, cursor TEXT,
        last_poll_at INTEGER, last_answer_at INTEGER, next_poll_at INTEGER, next_reason TEXT,
        failures INTEGER NOT NULL DEFAULT 0, down_since INTEGER, error TEXT,
        items INTEGER NOT NULL DEFAULT 0)""",
    """CREATE TABLE coverage (
        source_id INTEGER NOT NULL REFERENCES sources(id), kind TEXT NOT NULL CHECK (kind IN ('live', 'import')),
        since INTEGER NOT NULL, until INTEGER NOT NULL CHECK (until >= since),
        PRIMARY KEY (source_id, kind, since)) WITHOUT ROWID""",
    """CREATE TABLE posts (
        id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES sources(id), native_id TEXT NOT NULL,
        published_at INTEGER NOT NULL, fetched_at INTEGER NOT NULL, dated INTEGER NOT NULL, live INTEGER NOT NULL,
        title TEXT, text TEXT NOT NULL, author TEXT, url TEXT, language TEXT,
        in_reply_to TEXT, thread TEXT, conversation TEXT,
        UNIQUE (source_id, native_id))""",
    # A conversation of one post is NULL, so that the posts of plain feeds cost no index entry.
    "CREATE INDEX posts_conversation ON posts (source_id, conversation) WHERE conversation IS NOT NULL",
    "CREATE INDEX posts_reply ON posts (source_id, in_reply_to) WHERE in_reply_to IS NOT NULL",
    # Threads whose conversation bears another name, because a post without a thread tied them to one: few.
    """CREATE INDEX posts_joined_thread ON posts (source_id, thread)
        WHERE coalesce(conversation, native_id) <> thread""",
    """CREATE TABLE mentions (
        brand_id INTEGER NOT NULL REFERENCES brands(id), post_id INTEGER NOT NULL REFERENCES posts(id),
        published_at INTEGER NOT NULL, source_id INTEGER NOT NULL, live INTEGER NOT NULL, language TEXT,
        label INTEGER CHECK (label IN (-1, 0, 1)), p_negative REAL, p_neutral REAL, p_positive REAL,
        engine_id INTEGER REFERENCES engines(id), reason TEXT,
        PRIMARY KEY (brand_id, post_id)) WITHOUT ROWID""",
    "CREATE INDEX mentions_count ON mentions (brand_id, published_at, source_id, label, live, engine_id)",
    # Who spoke in a conversation with a brand. role: 0 addressed the brand, 1 the brand, 2 the brand's robot.
    """CREATE TABLE turns (
        brand_id INTEGER NOT NULL REFERENCES brands(id), post_id INTEGER NOT NULL REFERENCES posts(id),
        role INTEGER NOT NULL CHECK (role IN (0, 1, 2)), at INTEGER NOT NULL,
        PRIMARY KEY (brand_id, post_id)) WITHOUT ROWID""",
    "CREATE INDEX turns_at ON turns (brand_id, role, at)",
    # Which posts are a brand's own, asked for the parents of each page's replies.
    "CREATE INDEX turns_own ON turns (post_id) WHERE role > 0",
    """CREATE TABLE quarantine (
        id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES sources(id), at INTEGER NOT NULL,
        native_id TEXT, cause TEXT NOT NULL, item TEXT NOT NULL, UNIQUE (source_id, item))""",
    """CREATE TABLE alert_states (
        rule TEXT NOT NULL, brand TEXT NOT NULL, phase TEXT NOT NULL CHECK (phase IN ('pending', 'firing', 'quiet')),
        since INTEGER NOT NULL, enough_at INTEGER NOT NULL, told_until INTEGER NOT NULL, fired_at INTEGER NOT NULL,
        PRIMARY KEY (rule, brand)) WITHOUT ROWID""",
    """CREATE TABLE alert_events (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, rule TEXT NOT NULL, brand TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('fired', 'resolved', 'expired')), at INTEGER NOT NULL,
        since INTEGER NOT NULL, until INTEGER NOT NULL, numbers TEXT NOT NULL, post_ids TEXT NOT NULL)""",
    "CREATE INDEX alert_events_at ON alert_events (at)",
    """CREATE TABLE outbox (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, channel TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('alert', 'digest', 'test')),
        numbers TEXT NOT NULL, post_ids TEXT NOT NULL, created_at INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'sending', 'delivered', 'failed')),
        attempts INTEGER NOT NULL DEFAULT 0, unknown INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER NOT NULL, done_at INTEGER, error TEXT,
        UNIQUE (key, channel))""",
    "CREATE INDEX outbox_open ON outbox (channel, next_at) WHERE state = 'waiting'",
    """CREATE TABLE digests (
        key TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID""",
    """CREATE TABLE tokens (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL)""",
    """CREATE TABLE config_versions (
        id INTEGER PRIMARY KEY, at INTEGER NOT NULL, sha256 TEXT NOT NULL, text TEXT NOT NULL)""",
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)


def main_job(db: Database) -> None:
    """Create everything that the main job needs."""
    for statement in _STATEMENTS:
        db.execute(statement)
