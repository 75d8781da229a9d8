"""The fourth shape: authors, roll-ups, what people decide about numbers, and numbers that come in files."""

from __future__ import annotations

from sqlite_utils import Database

_STATEMENTS = (
    # An account within a source, or the name that a source gives where it knows no accounts. `key` and `name` are
    # NULL once nothing of it can be read any more: its number stays, so that distinct authors stay counted.
    """CREATE TABLE authors (
        id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL REFERENCES sources(id), key TEXT, name TEXT,
        followers INTEGER, UNIQUE (source_id, key))""",
    """INSERT INTO authors (source_id, key, name, followers)
        SELECT source_id, coalesce(author_id, author), max(author), max(followers) FROM posts
        WHERE coalesce(author_id, author) IS NOT NULL AND id IN (SELECT post_id FROM mentions)
        GROUP BY source_id, coalesce(author_id, author)""",
    # Beside the mention, so that authors are counted from an index alone.
    "ALTER TABLE mentions ADD COLUMN author_id INTEGER REFERENCES authors(id)",
    """UPDATE mentions SET author_id = (SELECT a.id FROM posts p JOIN authors a
        ON a.source_id = p.source_id AND a.key = coalesce(p.author_id, p.author) WHERE p.id = mentions.post_id)""",
    "DROP INDEX mentions_count",
    """CREATE INDEX mentions_count ON mentions (brand_id, published_at, source_id, label, live, engine_id, language,
        p_negative, p_positive, author_id)""",
    "CREATE INDEX mentions_author ON mentions (author_id, brand_id, published_at) WHERE author_id IS NOT NULL",
    # Set beside `erased_at` where the text went because it had grown old, not because its author took it back.
    "ALTER TABLE posts ADD COLUMN expired INTEGER NOT NULL DEFAULT 0",
    # What was taken back is little: it is looked for among itself, not among everything.
    "CREATE INDEX posts_taken_back ON posts (published_at) WHERE erased_at IS NOT NULL AND expired = 0",
    # What can still be read, by how long it has been held.
    "CREATE INDEX posts_readable ON posts (source_id, fetched_at) WHERE erased_at IS NULL",
    # Sums of mentions. `unit`: 1 a day, 2 a month, cut in the time zone of the configuration; `start` is its first
    # second. `label` is 2 and `engine_id` 0 where there is none, `language` '' where it is unknown. Probabilities are
    # summed in ten-thousandths: whole numbers come to the same sum in whatever order they are added and taken away.
    """CREATE TABLE rollups (
        unit INTEGER NOT NULL, brand_id INTEGER NOT NULL, start INTEGER NOT NULL, source_id INTEGER NOT NULL,
        language TEXT NOT NULL, engine_id INTEGER NOT NULL, label INTEGER NOT NULL, live INTEGER NOT NULL,
        mentions INTEGER NOT NULL, positive INTEGER NOT NULL, negative INTEGER NOT NULL, positive2 INTEGER NOT NULL,
        negative2 INTEGER NOT NULL, product INTEGER NOT NULL,
        PRIMARY KEY (unit, brand_id, start, source_id, language, engine_id, label, live)) WITHOUT ROWID""",
    # For series: `quarter` counts quarter hours since 1970, UTC.
    """CREATE TABLE rollup_quarters (
        brand_id INTEGER NOT NULL, quarter INTEGER NOT NULL, source_id INTEGER NOT NULL, language TEXT NOT NULL,
        live INTEGER NOT NULL, mentions INTEGER NOT NULL, negative INTEGER NOT NULL, neutral INTEGER NOT NULL,
        positive INTEGER NOT NULL,
        PRIMARY KEY (brand_id, quarter, source_id, language, live)) WITHOUT ROWID""",
    # What an author says of a brand in a period. `unit`: 3 an ISO week, 2 a month, 4 a year. `followers` is the
    # greatest number that a post of the period told.
    """CREATE TABLE author_periods (
        unit INTEGER NOT NULL, start INTEGER NOT NULL, source_id INTEGER NOT NULL, author_id INTEGER NOT NULL,
        brand_id INTEGER NOT NULL, mentions INTEGER NOT NULL, judged INTEGER NOT NULL, positive INTEGER NOT NULL,
        negative INTEGER NOT NULL, followers INTEGER,
        PRIMARY KEY (unit, start, source_id, author_id, brand_id)) WITHOUT ROWID""",
    # Sums over those: what is asked of a period is one row a source. Mentions of unknown authors are `anonymous`, and
    # each alone in the squares. `followed` are the authors whose followers are known.
    """CREATE TABLE author_totals (
        unit INTEGER NOT NULL, start INTEGER NOT NULL, source_id INTEGER NOT NULL, brand_id INTEGER NOT NULL,
        authors INTEGER NOT NULL, anonymous INTEGER NOT NULL, positive_authors INTEGER NOT NULL,
        followers INTEGER NOT NULL, followed INTEGER NOT NULL, mentions2 INTEGER NOT NULL, judged2 INTEGER NOT NULL,
        positive2 INTEGER NOT NULL, negative2 INTEGER NOT NULL, judged_positive INTEGER NOT NULL,
        judged_negative INTEGER NOT NULL, positive_negative INTEGER NOT NULL,
        PRIMARY KEY (unit, start, source_id, brand_id)) WITHOUT ROWID""",
    # Sums over authors of mentions of one brand times mentions of another, brand_id < other_id.
    """CREATE TABLE author_pairs (
        unit INTEGER NOT NULL, start INTEGER NOT NULL, source_id INTEGER NOT NULL, brand_id INTEGER NOT NULL,
        other_id INTEGER NOT NULL, product INTEGER NOT NULL,
        PRIMARY KEY (unit, start, source_id, brand_id, other_id)) WITHOUT ROWID""",
    # How many authors of a period are alike: of so many followers (see `storage.rollups.standings`; -1: unknown), with
    # two or more positive mentions, and with their first mention of the brand in it.
    """CREATE TABLE author_standings (
        unit INTEGER NOT NULL, start INTEGER NOT NULL, brand_id INTEGER NOT NULL, source_id INTEGER NOT NULL,
        followers INTEGER NOT NULL, repeats INTEGER NOT NULL, is_new INTEGER NOT NULL, authors INTEGER NOT NULL,
        PRIMARY KEY (unit, start, brand_id, source_id, followers, repeats, is_new)) WITHOUT ROWID""",
    """CREATE TABLE author_firsts (
        brand_id INTEGER NOT NULL, author_id INTEGER NOT NULL, first_at INTEGER NOT NULL,
        PRIMARY KEY (brand_id, author_id)) WITHOUT ROWID""",
    "CREATE INDEX author_firsts_at ON author_firsts (brand_id, first_at, author_id)",
    "CREATE TABLE hashtags (id INTEGER PRIMARY KEY, tag TEXT NOT NULL UNIQUE)",
    """CREATE TABLE post_hashtags (
        post_id INTEGER NOT NULL REFERENCES posts(id), hashtag_id INTEGER NOT NULL REFERENCES hashtags(id),
        PRIMARY KEY (post_id, hashtag_id)) WITHOUT ROWID""",
    # Whether anybody bears a hashtag still, asked when a post lets go of it.
    "CREATE INDEX post_hashtags_of ON post_hashtags (hashtag_id)",
    # Mentions that bear a hashtag; `unit` as in `rollups`.
    """CREATE TABLE rollup_hashtags (
        unit INTEGER NOT NULL, brand_id INTEGER NOT NULL, start INTEGER NOT NULL, source_id INTEGER NOT NULL,
        hashtag_id INTEGER NOT NULL, mentions INTEGER NOT NULL,
        PRIMARY KEY (unit, brand_id, start, source_id, hashtag_id)) WITHOUT ROWID""",
    # Who waited for an answer of a brand: the post that began to wait, and seconds until the answer, NULL without one.
    """CREATE TABLE waits (
        post_id INTEGER NOT NULL REFERENCES posts(id), brand_id INTEGER NOT NULL, started INTEGER NOT NULL,
        source_id INTEGER NOT NULL, conversation TEXT NOT NULL, language TEXT, live INTEGER NOT NULL,
        first INTEGER NOT NULL, seconds INTEGER, PRIMARY KEY (post_id, brand_id)) WITHOUT ROWID""",
    "CREATE INDEX waits_conversation ON waits (source_id, conversation, brand_id, started)",
    "CREATE INDEX waits_started ON waits (brand_id, started, source_id, language, live, first, seconds)",
    # What the counters of mentioned posts show now; `counter` is '' for all interactions of a post together.
    """CREATE TABLE rollup_counters (
        unit INTEGER NOT NULL, brand_id INTEGER NOT NULL, start INTEGER NOT NULL, source_id INTEGER NOT NULL,
        counter TEXT NOT NULL, posts INTEGER NOT NULL, value INTEGER NOT NULL,
        PRIMARY KEY (unit, brand_id, start, source_id, counter)) WITHOUT ROWID""",
    # What people decide. A case is a conversation that somebody takes care of; its state is what its events make of it.
    """CREATE TABLE cases (
        id INTEGER PRIMARY KEY, brand_id INTEGER NOT NULL REFERENCES brands(id),
        post_id INTEGER NOT NULL REFERENCES posts(id), UNIQUE (brand_id, post_id))""",
    """CREATE TABLE case_events (
        id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL REFERENCES cases(id),
        kind TEXT NOT NULL CHECK (kind IN ('open', 'assign', 'touch', 'solve', 'reopen')), at INTEGER NOT NULL,
        assignee TEXT, by TEXT, why TEXT)""",
    "CREATE INDEX case_events_case ON case_events (case_id, at)",
    "CREATE INDEX case_events_at ON case_events (kind, at)",
    # `by` is NULL where a rule of the configuration gave the tag.
    """CREATE TABLE tags (
        brand_id INTEGER NOT NULL REFERENCES brands(id), post_id INTEGER NOT NULL REFERENCES posts(id),
        tag TEXT NOT NULL, at INTEGER NOT NULL, by TEXT, PRIMARY KEY (tag, brand_id, post_id)) WITHOUT ROWID""",
    "CREATE INDEX tags_post ON tags (post_id)",
    """CREATE TABLE campaigns (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, since INTEGER NOT NULL, until INTEGER NOT NULL,
        query TEXT, utm TEXT, at INTEGER NOT NULL, by TEXT)""",
    """CREATE TABLE annotations (
        id INTEGER PRIMARY KEY, day TEXT NOT NULL, text TEXT NOT NULL, brand_id INTEGER REFERENCES brands(id),
        at INTEGER NOT NULL, by TEXT)""",
    "CREATE INDEX annotations_day ON annotations (day)",
    # What mentions cannot tell comes in files. `day` is a calendar day, 2026-11-21, in the zone of whoever counted.
    """CREATE TABLE imports (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, sha256 TEXT NOT NULL, at INTEGER NOT NULL,
        rows INTEGER NOT NULL)""",
    """CREATE TABLE measures (
        brand_id INTEGER NOT NULL REFERENCES brands(id), kind TEXT NOT NULL, metric TEXT NOT NULL, day TEXT NOT NULL,
        network TEXT NOT NULL, account TEXT NOT NULL, campaign TEXT NOT NULL, item TEXT NOT NULL,
        value REAL NOT NULL, unit TEXT, import_id INTEGER REFERENCES imports(id),
        PRIMARY KEY (brand_id, kind, metric, day, network, account, campaign, item)) WITHOUT ROWID""",
    """CREATE TABLE leads (
        brand_id INTEGER NOT NULL REFERENCES brands(id), lead_id TEXT NOT NULL, created_at INTEGER NOT NULL,
        network TEXT NOT NULL, campaign TEXT NOT NULL, stage TEXT NOT NULL, stage_at INTEGER NOT NULL, revenue REAL,
        currency TEXT, import_id INTEGER REFERENCES imports(id), PRIMARY KEY (brand_id, lead_id)) WITHOUT ROWID""",
    "CREATE INDEX leads_created ON leads (brand_id, created_at)",
    """CREATE TABLE survey_answers (
        brand_id INTEGER NOT NULL REFERENCES brands(id), kind TEXT NOT NULL CHECK (kind IN ('csat', 'nps')),
        day TEXT NOT NULL, network TEXT NOT NULL, score REAL NOT NULL, scale INTEGER NOT NULL, answers INTEGER NOT NULL,
        import_id INTEGER REFERENCES imports(id),
        PRIMARY KEY (brand_id, kind, day, network, scale, score)) WITHOUT ROWID""",
)


def numbers(db: Database) -> None:
    """Add what counting everything, at once, needs. Who opens the file next fills the roll-ups."""
    for statement in _STATEMENTS:
        db.execute(statement)
