"""The sixth shape: alerts of many kinds, routed, held back and silenced; what anomalies learned; letters by name."""

from __future__ import annotations

from sqlite_utils import Database

_ALERTS = (
    # `subject`: what it is about where a rule may fire for several things of a brand at once: an author by number, a
    # language, a story, a conversation, a source, a goal, a rival; '' where it is the brand itself. `episode`: the key
    # of the event with which it last fired. `met_at`: when, about, its condition was last met while it fired.
    "ALTER TABLE alert_states RENAME TO alert_states_old",
    """CREATE TABLE alert_states (
        rule TEXT NOT NULL, brand TEXT NOT NULL, subject TEXT NOT NULL DEFAULT '',
        phase TEXT NOT NULL CHECK (phase IN ('pending', 'firing', 'quiet')),
        since INTEGER NOT NULL, enough_at INTEGER NOT NULL, told_until INTEGER NOT NULL, fired_at INTEGER NOT NULL,
        episode TEXT NOT NULL DEFAULT '', met_at INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (rule, brand, subject)) WITHOUT ROWID""",
    """INSERT INTO alert_states (rule, brand, phase, since, enough_at, told_until, fired_at)
        SELECT rule, brand, phase, since, enough_at, told_until, fired_at FROM alert_states_old""",
    "DROP TABLE alert_states_old",
    "ALTER TABLE alert_events ADD COLUMN subject TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE alert_events ADD COLUMN severity TEXT NOT NULL DEFAULT 'warning'",
    # The key of the event that began it: its own where it fired.
    "ALTER TABLE alert_events ADD COLUMN episode TEXT NOT NULL DEFAULT ''",
    # What was told before belongs to the last event before it that began to fire, or is one.
    """UPDATE alert_events SET episode = coalesce((SELECT f.key FROM alert_events f WHERE f.rule = alert_events.rule
        AND f.brand = alert_events.brand AND f.kind = 'fired' AND f.id <= alert_events.id
        ORDER BY f.id DESC LIMIT 1), key)""",
    """UPDATE alert_states SET episode = coalesce((SELECT f.key FROM alert_events f WHERE f.rule = alert_states.rule
        AND f.brand = alert_states.brand AND f.kind = 'fired' ORDER BY f.id DESC LIMIT 1), '')""",
)

_OUTBOX = (
    # Rows that wait under the same `together` are sent as one message; `batch` is the key under which that was tried,
    # kept so that the next attempt is the same message. `thread`: the episode that a message belongs to.
    "ALTER TABLE outbox ADD COLUMN together TEXT",
    "ALTER TABLE outbox ADD COLUMN batch TEXT",
    "ALTER TABLE outbox ADD COLUMN thread TEXT",
    """UPDATE outbox SET thread = (SELECT e.episode FROM alert_events e WHERE e.key = outbox.key)
        WHERE kind = 'alert'""",
    # Why a message is not sent although it was laid out: a silence, a crisis that covers it, or that it is over.
    "ALTER TABLE outbox ADD COLUMN withheld TEXT",
    # Where a receiver put the first message of an episode, so that what follows is put under it.
    """CREATE TABLE receipts (
        channel TEXT NOT NULL, thread TEXT NOT NULL, place TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (channel, thread)) WITHOUT ROWID""",
    # Hashes of the recipients that have a message while others do not, as a list in JSON.
    "ALTER TABLE outbox ADD COLUMN taken TEXT",
    # When somebody asked for it to be sent again.
    "ALTER TABLE outbox ADD COLUMN resent_at INTEGER",
    "CREATE INDEX outbox_threads ON outbox (thread, channel)",
    # Delivered rows are by far the most: what waits, failed, or has grown old is found without a look at them.
    "CREATE INDEX outbox_states ON outbox (state, done_at)",
    "DROP INDEX outbox_open",
    "CREATE INDEX outbox_open ON outbox (channel, next_at) WHERE state = 'waiting' AND withheld IS NULL",
    # Until when nothing is sent on a channel, in seconds with fractions: its pace, or its receiver, asks for that.
    "CREATE TABLE channel_holds (channel TEXT PRIMARY KEY, until REAL NOT NULL) WITHOUT ROWID",
)

_SILENCES = (
    # Whose messages are not sent: `matchers` is JSON, as in a route. Ended by hand: `ended_at`, `ended_by`.
    """CREATE TABLE silences (
        id INTEGER PRIMARY KEY, matchers TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
        by TEXT NOT NULL, why TEXT NOT NULL, at INTEGER NOT NULL, ended_at INTEGER, ended_by TEXT)""",
    # Who has taken an episode on (`until` NULL), or wants to hear of it again later (snoozed until then).
    """CREATE TABLE acknowledgements (
        id INTEGER PRIMARY KEY, episode TEXT NOT NULL, by TEXT NOT NULL, why TEXT, at INTEGER NOT NULL,
        until INTEGER)""",
    "CREATE INDEX acknowledgements_episode ON acknowledgements (episode)",
    # The moment before which it is not sent at all: for a group, or for quiet hours. Tried for so long from then on.
    "ALTER TABLE outbox ADD COLUMN due_at INTEGER",
    # With these the last message of a group is one look, however many it had.
    "CREATE INDEX outbox_together ON outbox (channel, together, state, done_at) WHERE together IS NOT NULL",
    "CREATE INDEX outbox_batch ON outbox (batch) WHERE batch IS NOT NULL",
    "CREATE INDEX alert_events_of ON alert_events (rule, brand, id)",
)

_ANOMALY = (
    # What a detector knows of one series of a brand: `through` is the end of the last stretch that it was fed, `state`
    # and `calibration` are JSON. `setting`: what it was made for; made anew when that changes.
    """CREATE TABLE baselines (
        brand_id INTEGER NOT NULL REFERENCES brands(id), series TEXT NOT NULL, through INTEGER NOT NULL,
        setting TEXT NOT NULL, state TEXT NOT NULL, calibration TEXT, calibrated_at INTEGER,
        PRIMARY KEY (brand_id, series)) WITHOUT ROWID""",
)

_LETTERS: tuple[str, ...] = (
    # Which letter of several: '' is the one under the key `digest`.
    "ALTER TABLE digests ADD COLUMN letter TEXT NOT NULL DEFAULT ''",
)


def tell(db: Database) -> None:
    """Add what telling well, and not too often, needs."""
    for statement in (*_ALERTS, *_OUTBOX, *_SILENCES, *_ANOMALY, *_LETTERS):
        db.execute(statement)
