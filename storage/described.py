"""What the views for SQL tools hold, in words and units, and questions to ask them that are ready to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Described:
    """One view. `columns` says what stands in each, with its unit."""

    title: str
    says: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Question:
    """One ready query; what stands after a colon in it is asked for, and may be left empty."""

    title: str
    says: str
    sql: str


_DAY = "calendar day in the configured time zone, 2026-11-21"
_BRAND = "name of the brand"
_SOURCE = "name of the source"
_TIME = "ISO 8601, UTC"

_COUNTED: Mapping[str, str] = {
    "mentions": "number of mentions; empty where no source was heard",
    "positive": "mentions judged positive, by a person where one corrected the engine",
    "neutral": "mentions judged neutral, in the same way",
    "negative": "mentions judged negative, in the same way",
    "unjudged": "mentions for which the engine abstained and nobody said more",
    "judged": "mentions that have a tone: positive + neutral + negative",
    "positive_share_counted": "ratio: positive / judged, counted; listener kpi shows the estimate",
    "negative_share_counted": "ratio: negative / judged, counted",
    "net_sentiment_counted": "ratio from -1 to 1: (positive - negative) / judged, counted",
    "share_of_voice": "ratio: mentions of the brand / mentions of all brands of its market; empty in a market of one",
}
_HOURS: Mapping[str, str] = {
    "hours_heard": "hours of the day in which the source was heard",
    "hours_asked": "hours of the day that it was asked for: what may still arrive is not",
}

VIEWS: Mapping[str, Described] = {
    "v_kpi_daily": Described(
        "Numbers by day",
        "Each configured brand on each day, over all sources that were heard in any part of it.",
        {
            "day": _DAY,
            "brand": _BRAND,
            "market": "brands of one market are compared with one another",
            "sources_heard": "number of sources that were heard in any part of the day",
            **_COUNTED,
            "reason": "why there is no number",
        },
    ),
    "v_kpi_daily_by_source": Described(
        "Numbers by day and source",
        "Each configured brand on each day in each source that was heard in any part of it.",
        {
            "day": _DAY,
            "brand": _BRAND,
            "market": "brands of one market are compared with one another",
            "source": _SOURCE,
            **_HOURS,
            **_COUNTED,
        },
    ),
    "v_mentions": Described(
        "Mentions",
        "One row for each post and brand that it names. Texts are what strangers wrote.",
        {
            "brand": _BRAND,
            "source": _SOURCE,
            "source_kind": "the part of Listener that reads it, or import",
            "post": "number of the post in this store; two brands in one post share it",
            "published_at": f"when it was published: {_TIME}",
            "day": _DAY,
            "tone": "negative, neutral or positive, by a person where one spoke; empty where nobody judged",
            "corrected": "1 where a person labelled it",
            "engine_tone": "what the engine said, empty where it abstained",
            "p_negative": "probability by the engine, 0 to 1",
            "p_neutral": "probability by the engine, 0 to 1",
            "p_positive": "probability by the engine, 0 to 1",
            "engine": "name and version of the engine that judged",
            "language": "language code, empty where unknown",
            "author": "name of the author, as the source gives it",
            "author_number": "number of the author in this store",
            "followers": "people who followed the author when it was heard",
            "title": "title of the post",
            "text": "text of the post; empty where it was erased",
            "url": "address of the post",
            "native_id": "the source's own id",
            "erased": "1 where its text was taken back, or let go; it still counts",
            "dated": "0 where the source gave no plausible time, and this is when it was fetched",
            "live": "1 where it was heard as it came, 0 where it is history; only the first makes alerts fire",
            "query_version": "version of the query that found it, see v_queries",
        },
    ),
    "v_sources": Described(
        "Sources",
        "What is listened to, and how it is.",
        {
            "source": _SOURCE,
            "kind": "the part of Listener that reads it, or import",
            "active": "1 where it is configured now",
            "lateness_seconds": "seconds after its publication in which a post may still arrive",
            "heard_since": f"the first moment heard: {_TIME}",
            "heard_through": f"the last moment heard: {_TIME}",
            "last_poll_at": _TIME,
            "last_answer_at": _TIME,
            "next_poll_at": _TIME,
            "down_since": f"since when it has failed, empty where it works: {_TIME}",
            "failures": "failures in a row",
            "items": "items that it has given in all",
        },
    ),
    "v_heard_daily": Described(
        "Hours heard by day",
        "Each day and each source that was heard in any part of it.",
        {
            "day": _DAY,
            "since": "first second of the day, in seconds since 1970",
            "until": "first second of the next day, in seconds since 1970",
            "source_id": "number of the source in this store",
            "source": _SOURCE,
            "imported": "1 where a file speaks for it: it counts as heard for the whole of a day that it touches",
            **_HOURS,
        },
    ),
    "v_coverage": Described(
        "Coverage",
        "The unbroken stretches in which a source was heard, [since, until).",
        {
            "source": _SOURCE,
            "kind": "live, or import where it is the span of a file",
            "since": _TIME,
            "until": _TIME,
            "hours": "length in hours",
        },
    ),
    "v_gaps": Described(
        "Gaps",
        "Stretches that are known to be lost, [since, until).",
        {
            "source": _SOURCE,
            "since": _TIME,
            "until": _TIME,
            "hours": "length in hours",
            "reason": "why it is lost",
        },
    ),
    "v_queries": Described(
        "Queries",
        "Every version of what is looked for of each brand.",
        {
            "brand": _BRAND,
            "version": "number of the version; v_mentions.query_version names it",
            "since": f"from when on it was in force: {_TIME}",
            "definition": "the query, with handles and exclusions, as JSON",
            "rematched_since": f"history from then on was matched again by it: {_TIME}",
        },
    ),
    "v_brands": Described(
        "Brands",
        "The brands that are configured.",
        {"id": "number of the brand in this store", "brand": _BRAND, "market": "whom it is compared with"},
    ),
    "v_days": Described(
        "Days",
        "The calendar days that anything is known of, as numbers are cut by them.",
        {
            "day": _DAY,
            "since": "its first second, in seconds since 1970",
            "until": "the first second of the next, in seconds since 1970",
        },
    ),
}

_TIMES = "day >= :since AND (:until = '' OR day < :until)"
_BETWEEN = f"{_TIMES} AND (:brand = '' OR brand = :brand)"

QUESTIONS: Mapping[str, Question] = {
    "share_of_voice": Question(
        "Share of voice",
        "Of each brand over a time: mentions of the brand / mentions of its market. Days are 2026-11-21.",
        f"""SELECT market, brand, sum(mentions) AS mentions,
            CASE WHEN count(*) OVER market > 1
                THEN CAST(sum(mentions) AS REAL) / nullif(sum(sum(mentions)) OVER market, 0) END AS share_of_voice
            FROM v_kpi_daily WHERE {_TIMES} GROUP BY market, brand
            WINDOW market AS (PARTITION BY market) ORDER BY market, mentions DESC""",
    ),
    "tone_by_source": Question(
        "Tone by source",
        "How each brand is spoken of in each source, counted.",
        f"""SELECT brand, source, sum(mentions) AS mentions, sum(positive) AS positive, sum(neutral) AS neutral,
            sum(negative) AS negative, CAST(sum(negative) AS REAL) / nullif(sum(judged), 0) AS negative_share_counted,
            sum(hours_heard) AS hours_heard, sum(hours_asked) AS hours_asked
            FROM v_kpi_daily_by_source WHERE {_BETWEEN} GROUP BY brand, source ORDER BY brand, mentions DESC""",
    ),
    "busiest_days": Question(
        "Busiest days",
        "The days on which most was said.",
        f"""SELECT day, brand, mentions, positive, negative, negative_share_counted, share_of_voice, sources_heard
            FROM v_kpi_daily WHERE {_BETWEEN} AND mentions > 0 ORDER BY mentions DESC, day DESC LIMIT 50""",
    ),
    "newest_negative": Question(
        "Newest negative mentions",
        "What is said against a brand, what was heard last first.",
        """SELECT published_at, brand, source, author, text, url, p_negative, corrected FROM v_mentions
            WHERE tone = 'negative' AND (:brand = '' OR brand = :brand) ORDER BY post DESC LIMIT 100""",
    ),
    "deaf_hours": Question(
        "What was not heard",
        "Days on which a source was heard for less than nine tenths: a dip there is no news.",
        """SELECT day, source, hours_heard, hours_asked, hours_asked - hours_heard AS hours_deaf FROM v_heard_daily
            WHERE hours_heard < 0.9 * hours_asked ORDER BY day DESC, source""",
    ),
}
