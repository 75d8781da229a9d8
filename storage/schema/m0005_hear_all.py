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
