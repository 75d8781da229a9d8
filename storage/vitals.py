"""What a monitor asks of the store: counts that need no look through what was heard, however much that is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from storage.base import Rows
from storage.rollups.periods import Unit

Waiting = Literal["waiting", "withheld", "failed"]


@dataclass(frozen=True, slots=True)
class Outbox:
    """What is not delivered on one channel, by state; `oldest`: since when the first that may go has been due."""

    messages: Mapping[Waiting, int]
    oldest: int | None


@dataclass(frozen=True, slots=True)
class Lost:
    """How many stretches of one source are lost, and how many seconds they come to."""

    gaps: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Firing:
    """How many alerts of a rule fire now for a brand, with the severity that they fired with."""

    rule: str
    brand: str
    severity: str
    alerts: int


def outbox(store: Rows, given_up_after: int) -> dict[str, Outbox]:
    """By channel what is not delivered; of what was given up that which was since then, and not sent again."""
    found: dict[str, Counter[Waiting]] = {}
    oldest: dict[str, int] = {}
    # Both halves by the index on state and time: what is delivered, which is nearly everything, is not looked at.
    for channel, state, messages, since in store.rows(
        """SELECT channel, CASE WHEN withheld IS NULL THEN 'waiting' ELSE 'withheld' END, count(*),
        min(max(created_at, coalesce(due_at, 0), coalesce(resent_at, 0)))
        FROM outbox WHERE state IN ('waiting', 'sending') AND done_at IS NULL GROUP BY 1, 2
        UNION ALL SELECT channel, 'failed', count(*), NULL FROM outbox WHERE state = 'failed' AND done_at > ?
        GROUP BY channel""",
        (given_up_after,),
    ):
        found.setdefault(channel, Counter())[state] += messages
        if state == "waiting":
            oldest[channel] = since
    return {channel: Outbox(messages, oldest.get(channel)) for channel, messages in found.items()}


def mentions(store: Rows) -> tuple[dict[str, int], dict[str, int]]:
    """How many mentions are kept by source, and how many by brand: the sums of the months."""
    by_source: Counter[str] = Counter()
    by_brand: Counter[str] = Counter()
    for source, brand, count in store.rows(
        """SELECT s.name, b.name, r.mentions FROM (SELECT source_id, brand_id, sum(mentions) AS mentions FROM rollups
        WHERE unit = ? GROUP BY source_id, brand_id) r
        JOIN sources s ON s.id = r.source_id JOIN brands b ON b.id = r.brand_id""",
        (Unit.MONTH.value,),
    ):
        by_source[source] += count
        by_brand[brand] += count
    return dict(by_source), dict(by_brand)


def lost(store: Rows) -> dict[str, Lost]:
    """What is lost of each source of which anything is."""
    return {
        name: Lost(gaps, seconds)
        for name, gaps, seconds in store.rows(
            """SELECT s.name, count(*), sum(g.until - g.since) FROM gaps g JOIN sources s ON s.id = g.source_id
            GROUP BY s.name"""
        )
    }


def firing(store: Rows) -> list[Firing]:
    """What fires now, by rule, brand and severity."""
    return [
        Firing(*row)
        for row in store.rows(
            """SELECT a.rule, a.brand, coalesce(e.severity, 'warning'), count(*) FROM alert_states a
            LEFT JOIN alert_events e ON e.key = a.episode WHERE a.phase = 'firing' GROUP BY 1, 2, 3"""
        )
    ]


def letters(store: Rows) -> dict[str, int]:
    """When each letter was written last, by its name."""
    return dict(store.rows("SELECT letter, max(at) FROM digests GROUP BY letter"))
