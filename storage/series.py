"""Series of a brand by quarter hours: what was counted, and how much of the time its sources were heard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from storage.base import Rows
from storage.counting import KIND_OF
from storage.coverage import ENOUGH, Ledger, ledgers
from storage.rollups.periods import QUARTER

_DAY = 86_400
_WEIGHED = 28 * _DAY
"""Seconds over which it is counted how much each source brings."""
_GAINING = 3 * _DAY
"""Seconds for which the interactions that a post gains are counted."""
_COUNTERS = ", ".join(f"'{name}'" for name in KIND_OF)

_MENTIONS = """SELECT quarter, sum(mentions), sum(negative + neutral + positive), sum(negative), sum(positive),
    sum(CASE WHEN live = 0 THEN mentions ELSE 0 END), sum(CASE WHEN live = 1 THEN 0 ELSE mentions END)
    FROM rollup_quarters WHERE brand_id = ? AND quarter >= ? AND quarter < ?
    AND source_id IN (SELECT value FROM json_each(?)) GROUP BY quarter"""
# A reading is written when a counter has changed: what it shows beyond the one before was gained until then.
_GAINED = f"""SELECT at / {QUARTER}, sum(CASE WHEN gained > 0 THEN gained ELSE 0 END) FROM (
    SELECT r.at AS at, r.value - coalesce(lag(r.value) OVER (PARTITION BY r.post_id, r.counter ORDER BY r.at), 0)
        AS gained
    FROM mentions m JOIN readings r ON r.post_id = m.post_id
    WHERE m.brand_id = ? AND m.published_at >= ? AND m.published_at < ? AND m.live <> 0
    AND m.source_id IN (SELECT value FROM json_each(?)) AND r.counter IN ({_COUNTERS})) AS each
    WHERE at >= ? AND at < ? GROUP BY at / {QUARTER}"""
_COUNTED = """SELECT quarter, sum(mentions) FROM rollup_quarters WHERE brand_id = ? AND quarter >= ? AND quarter < ?
    AND source_id IN (SELECT value FROM json_each(?)) GROUP BY quarter"""
_SHARES = """SELECT source_id, sum(mentions) FROM rollup_quarters
    WHERE brand_id = ? AND quarter >= ? AND quarter < ? GROUP BY source_id"""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter hour of one brand, from second `start` on.

    `judged` mentions have a label. `not_live` came by an import, a backfill or a first poll; `not_judged_live` is the
    same with those that were judged again since. `interactions`: gained in it by posts that were heard live.
    """

    start: int
    mentions: int = 0
    judged: int = 0
    negative: int = 0
    positive: int = 0
    not_live: int = 0
    not_judged_live: int = 0
    interactions: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """The sources whose posts make up a brand's series: those that were heard for long enough to be compared with.

    A source that is new would be taken for a rise. `weights`: what share of the brand's mentions each active one
    brings. `began`: the first second heard. `trained`: seconds heard of the source that was heard
    longest, in the panel or not.
    """

    ledgers: tuple[Ledger, ...]
    weights: tuple[float, ...]
    began: int
    trained: int

    @property
    def ids(self) -> list[int]:
        """The numbers of its sources."""
        return [ledger.source_id for ledger in self.ledgers]

    @property
    def lateness(self) -> int:
        """Seconds for which posts may still arrive."""
        return max((ledger.lateness for ledger in self.ledgers if ledger.active), default=0)

    def heard(self, since: int, until: int) -> list[float]:
        """The share of each quarter hour of [since, until) that was heard: each source counts as much as it brings.

        A span of an import counts as the whole of what it touches.
        """
        number = (until - since) // QUARTER
        found = [0.0] * number
        for ledger, weight in zip(self.ledgers, self.weights, strict=True):
            for span in ledger.live:
                for place in _places(span.since, span.until, since, number):
                    start = since + place * QUARTER
                    seconds = min(span.until, start + QUARTER) - max(span.since, start)
                    found[place] += weight * seconds / QUARTER
        for ledger in self.ledgers:
            for span in ledger.imports:
                for place in _places(span.since, span.until + 1, since, number):
                    found[place] = 1.0
        return [min(1.0, round(share, 6)) for share in found]


def _places(low: int, high: int, since: int, number: int) -> range:
    """Which of `number` quarter hours from `since` on [low, high) touches."""
    return range(max(0, (low - since) // QUARTER), min(number, (high - since - 1) // QUARTER + 1))


def panel(store: Rows, brand_id: int, now: int, least: int, known: Sequence[Ledger] | None = None) -> Panel:
    """The sources that were heard for at least so many seconds, imports included; of those `known`, or of all."""
    every = [(ledger, _seconds(ledger)) for ledger in (ledgers(store) if known is None else known)]
    chosen = [ledger for ledger, seconds in every if seconds >= least]
    brought: dict[int, int] = dict(
        store.rows(_SHARES, (brand_id, (now - _WEIGHED) // QUARTER, now // QUARTER + 1))
    )
    # One more each, so that a brand of which little is said has sources too.
    raw = [brought.get(ledger.source_id, 0) + 1 if ledger.active else 0 for ledger in chosen]
    spans = [span.since for ledger in chosen for span in (*ledger.live, *ledger.imports)]
    return Panel(
        tuple(chosen),
        tuple(one / max(1, sum(raw)) for one in raw),
        min(spans, default=now) // QUARTER * QUARTER,
        max((seconds for _, seconds in every), default=0),
    )


def _seconds(ledger: Ledger) -> int:
    return sum(span.until - span.since for span in (*ledger.live, *ledger.imports))


def quarters(store: Rows, brand_id: int, sources: Sequence[int], since: int, until: int) -> list[Quarter]:
    """Every quarter hour of [since, until), both at the border of one; those in which nothing was said too."""
    ids = json.dumps(list(sources))
    first, end = since // QUARTER, until // QUARTER
    rows = store.rows(_MENTIONS, (brand_id, first, end, ids))
    mentions: dict[int, tuple[int, int, int, int, int, int]] = {row[0]: row[1:7] for row in rows}
    gained: dict[int, int] = dict(store.rows(_GAINED, (brand_id, since - _GAINING, until, ids, since, until)))
    nothing = (0, 0, 0, 0, 0, 0)
    return [
        Quarter(quarter * QUARTER, *mentions.get(quarter, nothing), interactions=gained.get(quarter, 0))
        for quarter in range(first, end)
    ]


def counted(store: Rows, brand_id: int, sources: Sequence[int], since: int, until: int) -> list[int]:
    """The mentions of every quarter hour of [since, until), both at the border of one."""
    first, end = since // QUARTER, until // QUARTER
    found: dict[int, int] = dict(store.rows(_COUNTED, (brand_id, first, end, json.dumps(list(sources)))))
    return [found.get(quarter, 0) for quarter in range(first, end)]


def all_heard(known: Sequence[Ledger], since: int, until: int) -> list[bool]:
    """Whether each quarter hour of [since, until) was heard by all of these sources, for nine tenths of it."""
    number = (until - since) // QUARTER
    whole = [True] * number
    for ledger in known:
        seconds = [0] * number
        for span in ledger.live:
            for place in _places(span.since, span.until, since, number):
                start = since + place * QUARTER
                seconds[place] += min(span.until, start + QUARTER) - max(span.since, start)
        for span in ledger.imports:
            for place in _places(span.since, span.until + 1, since, number):
                seconds[place] = QUARTER
        whole = [one and heard >= ENOUGH * QUARTER for one, heard in zip(whole, seconds, strict=True)]
    return whole
