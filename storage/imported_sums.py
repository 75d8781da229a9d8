"""Imported numbers added up: over a campaign, for a report, and day by day to look for an outcome in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from storage.base import Rows
from storage.calendar import Window

LEVELS = (
    "audience",
    "churn",
    "customers_active",
    "customers_start",
    "followers",
    "follows",
    "gross_margin",
    "lifetime_months",
    "posts_total",
    "reach",
)
"""Metrics that say how much there is, of people or of a share: no sum of theirs means anything."""

# Where a file tells the whole, what it tells of single posts or channels beside it would be counted twice.
_WHOLE = """(me.item = '' OR NOT EXISTS (SELECT 1 FROM measures o WHERE o.brand_id = me.brand_id AND o.kind = me.kind
    AND o.metric = me.metric AND o.day = me.day AND o.network = me.network AND o.account = me.account
    AND o.campaign = me.campaign AND o.item = ''))"""
_OF_CAMPAIGN = "AND me.campaign = ?"
_OF_ACCOUNTS = "AND me.account IN (SELECT value FROM json_each(?))"
_SUMS = """SELECT b.name, me.kind, me.metric, me.network, me.account, coalesce(me.unit, ''), sum(me.value),
    count(DISTINCT me.day) FROM measures me JOIN brands b ON b.id = me.brand_id
    WHERE me.day >= ? AND me.day < ? AND me.kind <> 'custom' AND coalesce(me.unit, '') <> 'ratio'
    AND me.metric NOT IN (SELECT value FROM json_each(?)) AND {which}
    GROUP BY b.name, me.kind, me.metric, me.network, me.account, coalesce(me.unit, '')
    ORDER BY b.name, me.kind, me.metric, me.network, me.account, coalesce(me.unit, '')"""
_LAST = """SELECT name, kind, metric, network, account, unit, value, 1 FROM (
    SELECT b.name AS name, me.kind AS kind, me.metric AS metric, me.network AS network, me.account AS account,
        coalesce(me.unit, '') AS unit, me.value AS value,
        row_number() OVER (PARTITION BY me.brand_id, me.kind, me.metric, me.network, me.account, me.unit
            ORDER BY me.day DESC, me.item) AS place
    FROM measures me JOIN brands b ON b.id = me.brand_id
    WHERE me.day >= ? AND me.day < ? AND me.kind <> 'custom'
    AND me.metric IN (SELECT value FROM json_each(?)) AND {which}) AS ranked
    WHERE place = 1 ORDER BY name, kind, metric, network, account, unit"""
_DAILY = f"""SELECT me.day, sum(me.value) FROM measures me JOIN brands b ON b.id = me.brand_id
    WHERE b.name = ? AND me.metric = ? AND me.day >= ? AND me.day < ? AND {_WHOLE} {{networks}}
    AND me.kind = (SELECT min(o.kind) FROM measures o WHERE o.brand_id = me.brand_id AND o.metric = me.metric)
    GROUP BY me.day ORDER BY me.day"""
_LEADS = """SELECT l.created_at FROM leads l JOIN brands b ON b.id = l.brand_id
    WHERE b.name = ? AND l.created_at >= ? AND l.created_at < ? {networks} ORDER BY l.created_at"""


@dataclass(frozen=True, slots=True)
class Imported:
    """An imported measure by network and account, over the days of a window. `unit` is a currency, or "" for counts.

    `value` is a sum over `days` days, or for a level what the last day of the window said that told it.
    """

    brand: str
    kind: str
    metric: str
    network: str
    account: str
    unit: str
    value: float
    days: int
    level: bool = False


def sums(
    store: Rows, first: date, end: date, *, campaign: str | None = None, accounts: Sequence[str] = ()
) -> list[Imported]:
    """What was counted on the days from `first` to before `end`; of one campaign, or of these accounts."""
    which, more = _narrowed(campaign, accounts)
    rows = store.rows(
        _SUMS.format(which=f"{_WHOLE} {which}"),
        (first.isoformat(), end.isoformat(), json.dumps(LEVELS), *more),
    )
    return [Imported(*row) for row in rows]


def levels(store: Rows, first: date, end: date, *, accounts: Sequence[str] = ()) -> list[Imported]:
    """What the last of these days said of each level: followers, customers; networks and accounts each alone."""
    which, more = _narrowed(None, accounts)
    rows = store.rows(
        _LAST.format(which=f"{_WHOLE} {which}"),
        (first.isoformat(), end.isoformat(), json.dumps(LEVELS), *more),
    )
    return [replace(Imported(*row), level=True) for row in rows]


def _narrowed(campaign: str | None, accounts: Sequence[str]) -> tuple[str, list[object]]:
    clauses: list[str] = []
    more: list[object] = []
    if campaign is not None:
        clauses.append(_OF_CAMPAIGN)
        more.append(campaign)
    if accounts:
        clauses.append(_OF_ACCOUNTS)
        more.append(json.dumps(list(accounts)))
    return " ".join(clauses), more


def accounts(store: Rows) -> list[str]:
    """The accounts that imported numbers are of."""
    return [
        row[0] for row in store.rows("SELECT DISTINCT account FROM measures WHERE account <> '' ORDER BY 1")
    ]


def daily(
    store: Rows, brand: str, metric: str, first: date, end: date, networks: Sequence[str] = ()
) -> dict[date, float]:
    """A measure by day, for the days that an import tells of; where two kinds of import tell it, by one of them."""
    which = "AND me.network IN (SELECT value FROM json_each(?))" if networks else ""
    more = [json.dumps(list(networks))] if networks else []
    rows = store.rows(
        _DAILY.format(networks=which), (brand, metric, first.isoformat(), end.isoformat(), *more)
    )
    return {date.fromisoformat(day): value for day, value in rows}


def leads_at(store: Rows, brand: str, window: Window, networks: Sequence[str] = ()) -> list[int]:
    """When each lead of a brand came, in a window."""
    which = "AND l.network IN (SELECT value FROM json_each(?))" if networks else ""
    more = [json.dumps(list(networks))] if networks else []
    rows = store.rows(_LEADS.format(networks=which), (brand, window.since, window.until, *more))
    return [row[0] for row in rows]
