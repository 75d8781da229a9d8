"""Views for whoever reads the store with SQL: words, ISO times and ratios, the numbers of `listener kpi`, no secret."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from storage.base import Rows, Transaction
from storage.desk.corrections import STANDING
from storage.mention import Brand

# The fact that holds the market of each configured brand, as JSON: views know no configuration.
_MARKETS = "markets"
_KEEP_MARKETS = """INSERT INTO facts (name, value) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value"""

_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
_STEP = timedelta(days=14)


def _iso(column: str) -> str:
    return f"strftime('%Y-%m-%dT%H:%M:%SZ', {column}, 'unixepoch')"


def _label(column: str) -> str:
    return f"CASE {column} WHEN -1 THEN 'negative' WHEN 0 THEN 'neutral' WHEN 1 THEN 'positive' END"


def _ratio(part: str, whole: str) -> str:
    return f"CAST({part} AS REAL) / nullif({whole}, 0)"


_STANDING = f"""SELECT c.brand_id, c.post_id, c.label FROM corrections c JOIN posts p ON p.id = c.post_id
    WHERE {STANDING}"""

_BRANDS = f"""SELECT b.id AS id, m.key AS brand, m.value AS market
    FROM json_each(coalesce((SELECT value FROM facts WHERE name = '{_MARKETS}'), '{{}}')) m
    LEFT JOIN brands b ON b.name = m.key"""

# Local midnights. Where clocks are set then, a day begins as `storage.calendar` begins it: by the offset from before.
_DAYS = """WITH RECURSIVE zone (at, local, shift) AS (VALUES {zone}),
    ends (low, high) AS (SELECT min(since), max(until) FROM (
        SELECT since, until FROM coverage
        UNION ALL SELECT start, start + 1 FROM rollups WHERE unit = 1)),
    numbers (number) AS (SELECT low / 86400 - 2 FROM ends WHERE low IS NOT NULL
        UNION ALL SELECT number + 1 FROM numbers, ends WHERE number < high / 86400 + 2),
    starts (number, since) AS (SELECT number, number * 86400 - (SELECT z.shift FROM zone z
        WHERE z.local <= number * 86400 ORDER BY z.local DESC LIMIT 1) FROM numbers)
    SELECT date(a.number * 86400, 'unixepoch') AS day, a.since AS since, b.since AS until
    FROM starts a JOIN starts b ON b.number = a.number + 1 CROSS JOIN ends
    WHERE b.since > ends.low AND a.since < ends.high"""

_MENTIONS = f"""WITH zone (at, local, shift) AS (VALUES {{zone}}), standing AS ({_STANDING})
    SELECT b.name AS brand, s.name AS source, s.kind AS source_kind, m.post_id AS post,
    {_iso("m.published_at")} AS published_at,
    date(m.published_at + (SELECT z.shift FROM zone z WHERE z.at <= m.published_at ORDER BY z.at DESC LIMIT 1),
        'unixepoch') AS day,
    {_label("coalesce(c.label, m.label)")} AS tone, c.label IS NOT NULL AS corrected,
    {_label("m.label")} AS engine_tone, m.p_negative, m.p_neutral, m.p_positive, e.name AS engine,
    m.language AS language, p.author AS author, m.author_id AS author_number, p.followers AS followers,
    p.title AS title, CASE WHEN p.erased_at IS NULL THEN p.text END AS text, p.url AS url, p.native_id AS native_id,
    p.erased_at IS NOT NULL AS erased, p.dated AS dated, m.live > 0 AS live, m.query_id AS query_version
    FROM mentions m JOIN posts p ON p.id = m.post_id JOIN brands b ON b.id = m.brand_id
    JOIN sources s ON s.id = m.source_id LEFT JOIN engines e ON e.id = m.engine_id
    LEFT JOIN standing c ON c.brand_id = m.brand_id AND c.post_id = m.post_id"""

_SOURCES = f"""SELECT s.name AS source, s.kind AS kind, s.active AS active, s.lateness AS lateness_seconds,
    (SELECT {_iso("min(c.since)")} FROM coverage c WHERE c.source_id = s.id) AS heard_since,
    (SELECT {_iso("max(c.until)")} FROM coverage c WHERE c.source_id = s.id) AS heard_through,
    {_iso("s.last_poll_at")} AS last_poll_at, {_iso("s.last_answer_at")} AS last_answer_at,
    {_iso("s.next_poll_at")} AS next_poll_at, {_iso("s.down_since")} AS down_since, s.failures AS failures,
    s.items AS items FROM sources s"""

_COVERAGE = f"""SELECT s.name AS source, c.kind AS kind, {_iso("c.since")} AS since, {_iso("c.until")} AS until,
    (c.until - c.since) / 3600.0 AS hours FROM coverage c JOIN sources s ON s.id = c.source_id"""

_GAPS = f"""SELECT s.name AS source, {_iso("g.since")} AS since, {_iso("g.until")} AS until,
    (g.until - g.since) / 3600.0 AS hours, g.reason AS reason FROM gaps g JOIN sources s ON s.id = g.source_id"""

_QUERIES = f"""SELECT b.name AS brand, q.id AS version, {_iso("q.at")} AS since, q.definition AS definition,
    {_iso("q.rematched_since")} AS rematched_since FROM query_versions q JOIN brands b ON b.id = q.brand_id"""

# What may still arrive is not asked for, and an import speaks for the whole of a day that it touches.
_HEARD = """WITH days AS (SELECT * FROM v_days),
    asked AS (SELECT d.day, d.since, d.until, s.id AS source_id, s.name AS source,
        max(d.since + 1, min(d.until, CAST(strftime('%s', 'now') AS INTEGER) - s.lateness)) AS until_asked
        FROM days d CROSS JOIN sources s),
    heard AS (SELECT a.day, a.since, a.until, a.source_id, a.source, a.until_asked - a.since AS asked,
        EXISTS (SELECT 1 FROM coverage c WHERE c.source_id = a.source_id AND c.kind = 'import'
            AND c.since < a.until AND c.until >= a.since) AS imported,
        (SELECT coalesce(sum(max(0, min(a.until_asked, c.until) - max(a.since, c.since))), 0) FROM coverage c
            WHERE c.source_id = a.source_id AND c.kind = 'live' AND c.since < a.until AND c.until > a.since) AS live
        FROM asked a)
    SELECT day, since, until, source_id, source, imported,
        CASE WHEN imported THEN asked ELSE live END / 3600.0 AS hours_heard, asked / 3600.0 AS hours_asked
    FROM heard WHERE imported OR live > 0"""

# Roll-ups hold what engines said; a person's label moves one mention from theirs to another.
_BY_SOURCE = f"""WITH heard AS (SELECT * FROM v_heard_daily),
    moved AS (SELECT c.brand_id, m.source_id, h.since AS start, coalesce(m.label, 2) AS engine_label, c.label
        FROM ({_STANDING}) c JOIN mentions m ON m.brand_id = c.brand_id AND m.post_id = c.post_id
        JOIN heard h ON h.source_id = m.source_id AND m.published_at >= h.since AND m.published_at < h.until),
    counted AS (SELECT brand_id, source_id, start, label, mentions FROM rollups WHERE unit = 1
        UNION ALL SELECT brand_id, source_id, start, engine_label, -1 FROM moved
        UNION ALL SELECT brand_id, source_id, start, label, 1 FROM moved),
    summed AS (SELECT brand_id, source_id, start, sum(mentions) AS mentions,
        sum(CASE WHEN label = 1 THEN mentions ELSE 0 END) AS positive,
        sum(CASE WHEN label = 0 THEN mentions ELSE 0 END) AS neutral,
        sum(CASE WHEN label = -1 THEN mentions ELSE 0 END) AS negative,
        sum(CASE WHEN label = 2 THEN mentions ELSE 0 END) AS unjudged
        FROM counted GROUP BY brand_id, source_id, start)
    SELECT h.day AS day, b.brand AS brand, b.market AS market, h.source AS source, h.hours_heard, h.hours_asked,
        coalesce(c.mentions, 0) AS mentions, coalesce(c.positive, 0) AS positive, coalesce(c.neutral, 0) AS neutral,
        coalesce(c.negative, 0) AS negative, coalesce(c.unjudged, 0) AS unjudged
    FROM heard h CROSS JOIN v_brands b
    LEFT JOIN summed c ON c.brand_id = b.id AND c.source_id = h.source_id AND c.start = h.since"""

_SHARES = f"""positive + neutral + negative AS judged,
    {_ratio("positive", "positive + neutral + negative")} AS positive_share_counted,
    {_ratio("negative", "positive + neutral + negative")} AS negative_share_counted,
    {_ratio("positive - negative", "positive + neutral + negative")} AS net_sentiment_counted"""
_VOICE = f"""CASE WHEN count(*) OVER market > 1 THEN {_ratio("mentions", "sum(mentions) OVER market")} END
    AS share_of_voice"""
_COUNTS = "mentions, positive, neutral, negative, unjudged"

_DAILY_BY_SOURCE = f"""SELECT day, brand, market, source, hours_heard, hours_asked, {_COUNTS}, {_SHARES}, {_VOICE}
    FROM ({_BY_SOURCE}) AS counts WINDOW market AS (PARTITION BY day, market, source)"""

_DAILY = f"""WITH counts AS (SELECT d.day AS day, b.brand AS brand, b.market AS market,
        count(c.source) AS sources_heard, sum(c.mentions) AS mentions, sum(c.positive) AS positive,
        sum(c.neutral) AS neutral, sum(c.negative) AS negative, sum(c.unjudged) AS unjudged
        FROM v_days d CROSS JOIN v_brands b
        LEFT JOIN v_kpi_daily_by_source c ON c.day = d.day AND c.brand = b.brand
        GROUP BY d.day, b.brand, b.market)
    SELECT day, brand, market, sources_heard, {_COUNTS}, {_SHARES}, {_VOICE},
        CASE WHEN sources_heard = 0 THEN 'no source heard' END AS reason
    FROM counts WINDOW market AS (PARTITION BY day, market)"""

_TEMPLATES: Mapping[str, str] = {
    "v_brands": _BRANDS,
    "v_days": _DAYS,
    "v_mentions": _MENTIONS,
    "v_sources": _SOURCES,
    "v_coverage": _COVERAGE,
    "v_gaps": _GAPS,
    "v_queries": _QUERIES,
    "v_heard_daily": _HEARD,
    "v_kpi_daily_by_source": _DAILY_BY_SOURCE,
    "v_kpi_daily": _DAILY,
}


def keep_markets(db: Transaction, brands: Sequence[Brand]) -> None:
    """Write which brands are configured, and with whom each is compared."""
    db.run(_KEEP_MARKETS, (_MARKETS, _markets(brands)))


def markets_differ(store: Rows, brands: Sequence[Brand]) -> bool:
    """Whether other brands or markets are configured than those that the views show."""
    return store.rows("SELECT value FROM facts WHERE name = ?", (_MARKETS,)) != [(_markets(brands),)]


def _markets(brands: Sequence[Brand]) -> str:
    return json.dumps({brand.name: brand.market for brand in brands}, ensure_ascii=False)


@lru_cache(maxsize=4)
def views(zone: ZoneInfo) -> dict[str, str]:
    """The definitions of all views, for days that are cut in `zone`, each one after those that it reads."""
    shifts = ", ".join(f"({at}, {local}, {shift})" for at, local, shift in _shifts(zone))
    return {
        name: f"CREATE VIEW {name} AS {sql.format(zone=shifts) if '{zone}' in sql else sql}"
        for name, sql in _TEMPLATES.items()
    }


def stale(connection: sqlite3.Connection, zone: ZoneInfo) -> bool:
    """Whether the views of a store are not there, or are those of another version or zone."""
    return _there(connection) != views(zone)


def make(connection: sqlite3.Connection, zone: ZoneInfo) -> None:
    """Make the views anew, inside the transaction that the caller has open."""
    drop(connection)
    for definition in views(zone).values():
        connection.execute(definition)


def drop(connection: sqlite3.Connection) -> None:
    """Drop the views: a migration changes tables more freely while nothing reads them."""
    for name in _there(connection):
        connection.execute(f"DROP VIEW {name}")


def internals(store: Rows) -> list[str]:
    """The tables and views of a store that are no part of what is meant to be read: tokens are among them."""
    rows = store.rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name")
    return [name for (name,) in rows if name not in _TEMPLATES]


def _there(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(
        connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'view' AND substr(name, 1, 2) = 'v_'"
        )
    )


def _shifts(zone: ZoneInfo) -> list[tuple[int, int, int]]:
    """When the clocks of a zone change: (UTC, local time from which the day's midnight is cut by it, offset)."""
    first = _offset(zone, _EARLIEST)
    found = [(-(2**40), -(2**40), first)]
    at, shift = _EARLIEST, first
    while at < _LATEST:
        after = _offset(zone, at + _STEP)
        if after != shift:
            change = _change(zone, at, at + _STEP)
            found.append((change, change + max(shift, after), after))
            shift = after
        at += _STEP
    return found


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> int:
    """The second from which the clocks show the offset of `high`."""
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low).total_seconds() // 2)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return int(high.timestamp())


def _offset(zone: ZoneInfo, at: datetime) -> int:
    shift = at.astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift else 0
