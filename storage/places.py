"""Every column of the store, by what may stand in it: a stranger's words, what was made of them, ids, or our own.

A test compares this list with the store: a new column is a mistake until somebody has decided what it holds, and words
that a stranger may have written until `storage.erasing` empties their place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from storage.base import Rows

WORDS: Mapping[str, tuple[str, ...]] = {
    "posts": ("title", "text", "author", "author_id", "url"),
    "unmatched": ("title", "text", "author", "author_id", "url", "native_id", "in_reply_to", "thread"),
    "quarantine": ("item", "native_id"),
    "authors": ("key", "name"),
    "hashtags": ("tag",),
}
"""What strangers wrote, and who they are: nothing of it stays when it is taken back."""

IDS: Mapping[str, tuple[str, ...]] = {
    "posts": ("native_id", "in_reply_to", "thread", "conversation"),
    "waits": ("conversation",),
}
"""Ids of posts. They stay, so that a post is known; keyed hashes stand for them once they name somebody, or are old."""

DERIVED: Mapping[str, tuple[str, ...]] = {
    # Hashes of words, by which copies are known: they go with the words that they were made of.
    "fingerprints": ("sketch",),
}
"""What was made of a stranger's words: it goes when they go."""

OURS: Mapping[str, tuple[str, ...]] = {
    "_sqlite_migrations": ("migration_set", "name", "applied_at"),
    "acknowledgements": ("episode", "by", "why"),
    # A subject names a stranger by our number alone.
    "alert_events": ("key", "rule", "brand", "kind", "numbers", "post_ids", "subject", "severity", "episode"),
    "alert_states": ("rule", "brand", "phase", "subject", "episode"),
    # What people of the house write, about numbers and about their own work.
    "annotations": ("day", "text", "by"),
    # Counts, and what was learned from them.
    "baselines": ("series", "setting", "state", "calibration"),
    "brands": ("name",),
    "campaigns": ("name", "query", "utm", "by"),
    "case_events": ("kind", "assignee", "by", "why"),
    "channel_holds": ("channel",),
    "config_versions": ("sha256", "text"),
    "corrections": ("by",),
    "coverage": ("kind",),
    "digests": ("key", "letter"),
    "engines": ("name",),
    "erasures": ("how",),
    "facts": ("name", "value"),
    "gaps": ("reason",),
    # Weights learned from all corrections together.
    "heads": ("engine", "evidence", "state", "weights"),
    "imports": ("kind", "name", "sha256"),
    "judgements": ("by",),
    # Whoever may buy, by the number that the house's own CRM knows them by.
    "leads": ("lead_id", "network", "campaign", "stage", "currency"),
    "measures": ("kind", "metric", "day", "network", "account", "campaign", "item", "unit"),
    "mentions": ("language", "reason"),
    "objections": ("author",),
    "outbox": (
        "key",
        "channel",
        "kind",
        "numbers",
        "post_ids",
        "state",
        "error",
        "together",
        "batch",
        "thread",
        "withheld",
        # Hashes of the house's own recipients.
        "taken",
    ),
    "posts": ("language",),
    # A traceback without the item.
    "quarantine": ("cause",),
    "query_versions": ("definition",),
    "readings": ("counter",),
    # The number that a receiver gave to our own message.
    "receipts": ("channel", "thread", "place"),
    "rejudgings": ("engine", "brand", "pairs"),
    "rollup_counters": ("counter",),
    "rollup_quarters": ("language",),
    "rollups": ("language",),
    "silences": ("matchers", "by", "why", "ended_by"),
    # A cursor holds ids and times.
    "sources": ("name", "kind", "cursor", "next_reason", "error", "visits"),
    "spending": ("source",),
    "survey_answers": ("kind", "day", "network"),
    "tags": ("tag", "by"),
    "tokens": ("name", "hash"),
    "unmatched": ("language",),
    "waits": ("language",),
}
"""What no stranger wrote: numbers and their names, the house's own words, states."""

_PAGE = 5_000


def all_words(store: Rows) -> Iterator[str]:
    """Everything that strangers wrote and that is kept, column by column."""
    for table, columns in WORDS.items():
        after = 0
        listed = ", ".join(columns)
        while rows := store.rows(
            f"SELECT id, {listed} FROM {table} WHERE id > ? ORDER BY id LIMIT ?", (after, _PAGE)
        ):
            for row in rows:
                yield from (value for value in row[1:] if value)
            after = rows[-1][0]
    for table, columns in IDS.items():
        for column in columns:
            for (value,) in store.rows(f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"):
                yield value
