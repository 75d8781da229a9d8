"""The views of an evidence file: SQL that makes the number of its facts again, and the lines that its hash is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from storage.kpi.working import to_sql
from storage.rollups.counted import SCALE

# Whole numbers and text only: how a fraction is printed differs from one sqlite3 to the next, and with it the hash.
TABLES: Mapping[str, tuple[str, ...]] = {
    "manifest": ("key TEXT PRIMARY KEY", "value TEXT"),
    "facts": (
        "period TEXT NOT NULL",
        "brand TEXT NOT NULL",
        "post INTEGER NOT NULL",
        "source TEXT NOT NULL",
        "native_id TEXT NOT NULL",
        "url TEXT",
        "published_at TEXT NOT NULL",
        "language TEXT",
        "engine TEXT",
        "label TEXT",
        "p_negative TEXT",
        "p_neutral TEXT",
        "p_positive TEXT",
        # Whole ten-thousandths: in them probabilities are summed.
        "summed_negative INTEGER",
        "summed_positive INTEGER",
        "author INTEGER",
        "corrected TEXT",
        "corrected_at TEXT",
        "sampled INTEGER",
        "erased INTEGER NOT NULL",
        "comparable INTEGER NOT NULL",
    ),
    "coverage": (
        "period TEXT NOT NULL",
        "source TEXT NOT NULL",
        "kind TEXT NOT NULL",
        "counted INTEGER NOT NULL",
        "imported INTEGER NOT NULL",
        "seconds_heard INTEGER NOT NULL",
        "seconds_asked INTEGER NOT NULL",
    ),
    "gaps": (
        "period TEXT NOT NULL",
        "source TEXT NOT NULL",
        "since TEXT NOT NULL",
        "until TEXT NOT NULL",
        "reason TEXT NOT NULL",
    ),
    "queries": (
        "brand TEXT NOT NULL",
        "version INTEGER",
        "since TEXT",
        "definition TEXT",
        "mentions INTEGER",
    ),
    "engines": (
        "engine TEXT NOT NULL",
        "language TEXT NOT NULL",
        "measured_on TEXT",
        "topics INTEGER",
        "texts INTEGER",
        "spread_net TEXT",
        *(
            f"{label}_{figure} TEXT"
            for label in ("positive", "negative")
            for figure in ("intercept", "slope", "text_slope", "spread", "mean", "between", "within")
        ),
    ),
    "waits": (
        "source TEXT NOT NULL",
        "started TEXT NOT NULL",
        "seconds INTEGER NOT NULL",
        "answered INTEGER NOT NULL",
    ),
    "numbers": ("name TEXT PRIMARY KEY", "value TEXT"),
}

WAITS: Mapping[str, bool] = {"first_response_time": True, "response_rate": True, "next_response_time": False}
"""The KPIs that are made of waits for an answer: of those that conversations began with, or of the later ones."""

_OURS = "brand = (SELECT value FROM manifest WHERE key = 'brand')"
_NOW, _BEFORE = f"period = 'now' AND {_OURS}", f"period = 'before' AND {_OURS}"
_ALIKE = "AND comparable = 1"

_MENTIONS, _OF_MARKET = f"count(*) FROM facts WHERE {_NOW}", "count(*) FROM facts WHERE period = 'now'"
_OF_BRANDS = "FROM (SELECT count(DISTINCT author) AS authors FROM facts WHERE period = 'now' GROUP BY brand)"


def _toned(label: str) -> str:
    return f"{_MENTIONS} AND {{tone}} = '{label}'"


def _growth(label: str) -> Mapping[str, str]:
    return {
        label: f"{_toned(label)} {_ALIKE}",
        f"{label}_before": f"count(*) FROM facts WHERE {_BEFORE} {_ALIKE} AND {{tone}} = '{label}'",
    }


_HALF = {"half_from": "half_from FROM half", "half_to": "half_to FROM half"}
_SHARE = {
    "positive": _toned("positive"),
    "negative": _toned("negative"),
    "judged": f"count({{tone}}) FROM facts WHERE {_NOW}",
}

FROM_FACTS: Mapping[str, Mapping[str, str]] = {
    "mentions": {"mentions": _MENTIONS},
    "mentions.indirect": {"mentions": _MENTIONS},
    "share_of_voice": {"own": _MENTIONS, "market": _OF_MARKET},
    "share_of_voice.authors": {
        "own": f"count(DISTINCT author) FROM facts WHERE {_NOW}",
        "market": f"sum(authors) {_OF_BRANDS}",
    },
    "share_of_voice.positive": {
        "own": _toned("positive"),
        "market": f"{_OF_MARKET} AND {{tone}} = 'positive'",
    },
    "authors": {"authors": f"count(DISTINCT author) FROM facts WHERE {_NOW}"},
    "positive_mentions": {"positive": _toned("positive")},
    "negative_mentions": {"negative": _toned("negative")},
    "positive_growth": _growth("positive"),
    "negative_growth": _growth("negative"),
    "first_response_time": _HALF,
    "next_response_time": _HALF,
    "response_rate": {"answered": "total(answered) FROM waits", "needing_reply": "count(*) FROM waits"},
    **dict.fromkeys(("positive_share", "negative_share", "net_sentiment"), _SHARE),
}
"""By KPI how the names in its arithmetic are counted of the facts; `tone` is the label that counts. The same name means
another thing in another KPI, so that what is not written here is not guessed."""

ESTIMATES: Mapping[str, str] = {
    "positive_share": "positive",
    "negative_share": "negative",
    "net_sentiment": "net",
}
"""The KPIs that may be estimated, with the column of `estimate` that is theirs."""

_SAID, _HELD = "label", "coalesce(corrected, label)"

# The estimate of `storage.stats.shares` where chance drew no correction: each stratum read off the line that was
# measured, a person's label in place of what the line let expect, and nothing beyond what the known ones allow.
_ESTIMATE = """WITH own AS (SELECT engine, coalesce(language, '') AS language, label, corrected,
        {good} AS good, {bad} AS bad, summed_positive AS summed_good, summed_negative AS summed_bad
        FROM facts WHERE {now}),
    means AS (SELECT o.engine, o.language, count(*) AS n, sum(o.summed_good) / {scale} / count(*) AS good,
        sum(o.summed_bad) / {scale} / count(*) AS bad
        FROM own o WHERE o.label IS NOT NULL GROUP BY o.engine, o.language),
    topics AS (SELECT m.*, e.positive_mean + (m.good - e.positive_mean) * e.positive_between * e.positive_between
            / (e.positive_between * e.positive_between + e.positive_within * e.positive_within / m.n) AS good_topic,
        e.negative_mean + (m.bad - e.negative_mean) * e.negative_between * e.negative_between
            / (e.negative_between * e.negative_between + e.negative_within * e.negative_within / m.n) AS bad_topic,
        e.* FROM means m JOIN (SELECT engine AS of_engine, language AS of_language, {figures} FROM engines) e
        ON e.of_engine = m.engine AND e.of_language = m.language),
    levels AS (SELECT engine, language, n, good, bad, positive_text_slope AS good_slope,
        negative_text_slope AS bad_slope,
        min(1.0, max(0.0, positive_intercept + positive_slope * good_topic + positive_text_slope * (good - good_topic)))
            AS good_level,
        min(1.0, max(0.0, negative_intercept + negative_slope * bad_topic + negative_text_slope * (bad - bad_topic)))
            AS bad_level FROM topics),
    people AS (SELECT total(o.corrected = 'positive') AS good, total(o.corrected = 'negative') AS bad,
        total(o.label IS NULL) AS left_open, total(o.label IS NOT NULL) AS replaced,
        total(CASE WHEN o.label IS NOT NULL THEN l.good_level + l.good_slope * (o.good - l.good) END) AS good_expected,
        total(CASE WHEN o.label IS NOT NULL THEN l.bad_level + l.bad_slope * (o.bad - l.bad) END) AS bad_expected
        FROM own o LEFT JOIN levels l ON l.engine = o.engine AND l.language = o.language
        WHERE o.corrected IS NOT NULL),
    sums AS (SELECT total(n) AS n, total(n * good_level) AS good, total(n * bad_level) AS bad FROM levels),
    shares AS (SELECT
        min((p.good + s.n - p.replaced) / (s.n + p.left_open), max(p.good / (s.n + p.left_open),
            (s.good + p.good - p.good_expected) / (s.n + p.left_open))) AS good,
        min((p.bad + s.n - p.replaced) / (s.n + p.left_open), max(p.bad / (s.n + p.left_open),
            (s.bad + p.bad - p.bad_expected) / (s.n + p.left_open))) AS bad FROM sums s CROSS JOIN people p)
    SELECT good / max(1.0, good + bad) AS positive, bad / max(1.0, good + bad) AS negative,
        (good - bad) / max(1.0, good + bad) AS net FROM shares"""


# Kaplan and Meier (1958): who still waits is at risk until nobody knows any more. From one answer time to the next, by
# the index: everybody who left in between is not at risk any more.
_GONE = "(SELECT count(*) FROM waits w WHERE w.seconds >= at AND w.seconds < later)"
_HERE = "(SELECT count(*) FROM waits w WHERE w.answered = 1 AND w.seconds = later)"
_CURVE = f"""WITH RECURSIVE steps (at, at_risk, survival, later) AS (
        SELECT -1, count(*), 1.0, min(CASE WHEN answered = 1 THEN seconds END) FROM waits
        UNION ALL SELECT later, at_risk - {_GONE}, survival * (at_risk - {_GONE} - {_HERE}) / (at_risk - {_GONE}),
            (SELECT min(w.seconds) FROM waits w WHERE w.answered = 1 AND w.seconds > later)
            FROM steps WHERE later IS NOT NULL)
    SELECT at, at_risk, survival FROM steps WHERE at >= 0"""
# The median lies between the first time by which half were answered, and the next one where it was exactly half.
_HALF_VIEW = """SELECT at AS half_from, CASE WHEN survival > 0.499999999 AND later IS NOT NULL THEN later ELSE at END
    AS half_to FROM (SELECT at, survival, lead(at) OVER (ORDER BY at) AS later FROM curve)
    WHERE survival < 0.500000001 ORDER BY at LIMIT 1"""
_INDEXES = {
    "waits_seconds": "CREATE INDEX waits_seconds ON waits (seconds)",
    "waits_answered": "CREATE INDEX waits_answered ON waits (answered, seconds)",
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How the number of a KPI is made again.

    `worked` is the KPI's arithmetic, '' where it has none; `counted` says of each of its names whether it is counted of
    the facts by `FROM_FACTS`, or only known as a number. `estimated`: the value is what the view `estimate` says.
    `value`: whether `answer` has a value at all.
    """

    kpi: str
    worked: str
    counted: Mapping[str, bool]
    estimated: bool
    value: bool


def views(plan: Plan) -> dict[str, str]:
    """The definitions of the views, each on one line, in the order in which they are made."""
    found = {"canonical": _canonical(), "inputs": _inputs(plan)}
    if plan.estimated:
        figures = ", ".join(
            f"CAST({column.split()[0]} AS REAL) AS {column.split()[0]}"
            for column in TABLES["engines"]
            if column.startswith(("positive_", "negative_"))
        )
        good, bad = "CAST(p_positive AS REAL)", "CAST(p_negative AS REAL)"
        found["estimate"] = _ESTIMATE.format(
            good=good, bad=bad, now=_NOW, figures=figures, scale=float(SCALE)
        )
    if plan.kpi in WAITS:
        found |= {"curve": _CURVE, "half": _HALF_VIEW}
    found["answer"] = _answer(plan)
    return {name: f"CREATE VIEW {name} AS {' '.join(sql.split())}" for name, sql in found.items()}


def tables() -> dict[str, str]:
    """The definitions of the tables, and of what finds waits in them."""
    made = {name: f"CREATE TABLE {name} ({', '.join(columns)})" for name, columns in TABLES.items()}
    return made | _INDEXES


def _canonical() -> str:
    """Every row of every table as one line, and the definitions of all tables and views: what the hash is over."""
    parts = ["SELECT 'schema' AS part, sql AS line FROM sqlite_master WHERE sql IS NOT NULL"]
    for name, columns in TABLES.items():
        cells = " || ',' || ".join(f"quote({column.split()[0]})" for column in columns)
        where = " WHERE key <> 'sha256'" if name == "manifest" else ""
        parts.append(f"SELECT '{name}', {cells} FROM {name}{where}")
    return f"SELECT part || ': ' || line AS line FROM ({' UNION ALL '.join(parts)}) ORDER BY 1"


def _inputs(plan: Plan) -> str:
    parts = ["SELECT '' AS name, NULL AS value, NULL AS raw_value WHERE 0"]
    for name, counted in sorted(plan.counted.items()):
        if counted:
            how = FROM_FACTS[plan.kpi][name]
            value, raw = (f"(SELECT {how.format(tone=tone)})" for tone in (_HELD, _SAID))
        else:
            value = raw = f"(SELECT CAST(value AS REAL) FROM numbers WHERE name = '{name}')"
        parts.append(f"SELECT '{name}', {value}, {raw}")
    return " UNION ALL ".join(parts)


def _answer(plan: Plan) -> str:
    def arithmetic(column: str) -> str:
        if not plan.worked:
            return "NULL"
        return to_sql(plan.worked, lambda name: f"(SELECT {column} FROM inputs WHERE name = '{name}')")

    value = f"(SELECT {ESTIMATES[plan.kpi]} FROM estimate)" if plan.estimated else arithmetic("value")
    return f"SELECT {value if plan.value else 'NULL'} AS value, {arithmetic('raw_value')} AS raw_value"
