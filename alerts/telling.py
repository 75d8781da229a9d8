"""From an outbox row to what a channel sends: the numbers in words, the posts' texts put in at the last moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from alerts import format as reading
from alerts.message import Chart, Fact, Letter, Message, Quote
from alerts.quoting import quotes_by_id
from storage.base import Rows
from storage.calendar import iso
from storage.coverage import SourceHeard
from storage.outbox import OutboxRow

_NAMES = {
    "mentions": "mentions",
    "share_of_voice": "share of voice",
    "positive_mentions": "positive mentions",
    "positive_growth": "growth of positive mentions",
    "positive_share": "positive share",
    "negative_share": "negative share",
    "net_sentiment": "net sentiment",
    "first_response_time": "first response time",
}
_ACRONYMS = frozenset(("ctr", "roi", "cpc", "cpm", "cac", "clv", "arpu", "csat", "nps", "crm", "ga4", "ua"))
_WRITTEN: Mapping[str, Callable[[float], str]] = {
    "net_sentiment": reading.balance,
    "nps": reading.net_score,
    **dict.fromkeys(("positive_growth", "audience_growth", "leads_growth", "roi"), reading.percent_change),
    **dict.fromkeys(
        ("negative_growth", "hashtag_growth", "interaction_growth", "solutions_growth"),
        reading.percent_change,
    ),
}
"""KPIs that are written otherwise than others of their unit, with all their variants."""
_PLAINLY = {"the curve does not reach 0.5": "mostly unanswered"}
_NAMED = 3
_OPS = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below"}


def name_of(kpi: str) -> str:
    """A KPI's name in words, its variant in brackets: "cost_per_lead.crm" -> "cost per lead (CRM)"."""
    if kpi in _NAMES:
        return _NAMES[kpi]
    stem, _, variant = kpi.removeprefix("custom.").partition(".")
    name, of = (
        " ".join(word.upper() if word in _ACRONYMS else word for word in part.split("_"))
        for part in (stem, variant)
    )
    return f"{name} ({of})" if of else name


def amount(value: float | None, unit: str, kpi: str) -> str:
    """Write a KPI's value for reading: 0.4 -> "40.0 %", 7200 s -> "2h"."""
    if value is None:
        return "no value"
    if unit == "seconds":
        return reading.duration(value)
    if written := _WRITTEN.get(kpi.partition(".")[0]):
        return written(value)
    if _is_money(unit):
        return reading.money(value, unit if unit != "currency" else None)
    return reading.percent(value) if unit == "ratio" else reading.number(value)


def _is_money(unit: str) -> bool:
    """An amount is told in the unit "currency" until it is known in which: then in its ISO 4217 code."""
    return unit == "currency" or (len(unit) == 3 and unit.isupper())


def _be(unit: str, name: str) -> str:
    """The verb for a value: counts of what is many are many, "the followers are", all else is one."""
    counted = unit not in ("ratio", "seconds") and not _is_money(unit)
    return "are" if counted and any(word.endswith("s") for word in name.split()) else "is"


def span(interval: Sequence[float] | None, unit: str, kpi: str) -> str:
    """Write the ends of a KPI's interval: "35 to 47 %", "\u22120.43 to +0.52"; nothing where it has none."""
    if not interval:
        return ""
    low, high = interval
    if kpi == "net_sentiment":
        return f"{reading.balance(low)} to {reading.balance(high)}"
    if _WRITTEN.get(kpi) is reading.percent_change:
        return f"{reading.percent_change(low, 0).removesuffix(' %')} to {reading.percent_change(high, 0)}"
    if unit == "ratio" and kpi != "nps":
        return reading.between(low, high)
    return f"{amount(low, unit, kpi)} to {amount(high, unit, kpi)}"


def why(reason: str | None) -> str:
    """Say why there is no value to somebody who does not know how it is counted."""
    return _PLAINLY.get(reason or "", reason or "")


def alert_message(row: OutboxRow, store: Rows, zone: ZoneInfo, link: str | None) -> Message:
    """Say what fired, resolved or expired: the numbers, what they rest on, what will end it."""
    numbers: Mapping[str, Any] = row.numbers
    kind, brand, rule = numbers["kind"], numbers["brand"], numbers["rule"]
    name = name_of(numbers["kpi"])
    value = amount(numbers["value"], numbers["unit"], numbers["kpi"])
    limit = f"{_OPS[numbers['op']]} {amount(numbers['threshold'], numbers['unit'], numbers['kpi'])}"
    over = reading.duration(numbers["over"])
    expire = reading.duration(numbers["expire"])
    be = _be(numbers["unit"], name)
    told = _with_span(numbers, value)
    subject = f"The {name} of {brand} over the last {over} {be} {told}"
    title, summary = {
        "fired": (f"{brand}: {name} {value}", f"{subject}, {limit}."),
        "resolved": (
            f"Resolved: {brand}: {name} back at {value}",
            f"{subject} and no longer {limit}.",
        ),
        "expired": (
            f"Expired: {brand}: too little data on {name}",
            f"Expired: too little data. There has not been enough about {brand} for {expire} to say whether its "
            f"{name} {be} still {limit}; the alert is closed, not solved.",
        ),
    }[kind]
    return Message(
        key=row.key,
        kind=kind,
        title=title,
        summary=summary,
        brand=brand,
        rule=rule,
        at=iso(numbers["at"], zone),
        facts=tuple(_facts(numbers, zone)),
        quotes=tuple(quotes_by_id(store, brand, row.post_ids, zone).values()),
        footer=_footer(numbers, kind, limit),
        link=link,
        data=_data(numbers),
        thread=row.thread,
        severity=numbers.get("severity", "warning"),
    )


def _facts(numbers: Mapping[str, Any], zone: ZoneInfo) -> list[Fact]:
    facts = [Fact("Rule", f"{numbers['rule']}: {name_of(numbers['kpi'])} {_limit(numbers)}")]
    if numbers["value"] is not None:
        value = amount(numbers["value"], numbers["unit"], numbers["kpi"])
        facts.append(Fact("Now", f"{_with_span(numbers, value)} (n = {reading.count(numbers['n'])})"))
    if numbers.get("tag"):
        facts.append(Fact("Only", f"mentions tagged {numbers['tag']}"))
    since, until = reading.moment(numbers["since"], zone), reading.moment(numbers["until"], zone)
    facts.append(Fact("Window", f"{since} to {until}"))
    heard = [SourceHeard(*entry) for entry in numbers["heard"]]
    if heard:
        facts.append(Fact("Heard", _heard(heard)))
    if numbers["left_out"]:
        facts.append(Fact("Not heard", ", ".join(numbers["left_out"])))
    if numbers["kind"] != "fired":
        lasted = reading.duration(numbers["at"] - numbers["fired_at"])
        facts.append(Fact("Fired", f"{reading.moment(numbers['fired_at'], zone)}, {lasted} ago"))
    return facts


def _with_span(numbers: Mapping[str, Any], value: str) -> str:
    """The value with what it may be, where it is estimated; rows of the version before know no interval."""
    if numbers.get("method") != "adjusted" or numbers["value"] is None:
        return value
    if numbers["unit"] == "ratio" and numbers["kpi"] != "net_sentiment":
        return reading.about(numbers["value"], numbers["interval"])
    return f"about {value} ({span(numbers['interval'], numbers['unit'], numbers['kpi'])})"


def _heard(sources: Sequence[SourceHeard]) -> str:
    """Name the sources, at most a few of those heard throughout: "news (92 %), and 5 others throughout"."""
    throughout = [one.source for one in sources if one.share >= 0.995]
    parts = [
        f"{one.source} ({reading.percent(one.share, 0)})" for one in sources if one.source not in throughout
    ]
    if len(throughout) > _NAMED:
        parts.append(f"{len(throughout)} {'others' if parts else 'sources'} throughout")
    elif throughout:
        parts.append(f"{', '.join(throughout)} throughout")
    return ", ".join(parts)


def _limit(numbers: Mapping[str, Any]) -> str:
    return f"{numbers['op']} {amount(numbers['threshold'], numbers['unit'], numbers['kpi'])}"


def _footer(numbers: Mapping[str, Any], kind: str, limit: str) -> str:
    if kind != "fired":
        return ""
    thin = f" with at least {numbers['min_n']} to judge by" if numbers["min_n"] else ""
    return (
        f"Resolves when the value is no longer {limit}{thin}. The same rule stays silent for "
        f"{reading.duration(numbers['cooldown'])} after it fired. Posts of a first poll or an import never fire."
    )


def _data(numbers: Mapping[str, Any]) -> dict[str, object]:
    times = {name: iso(numbers[name]) for name in ("since", "until", "at", "fired_at")}
    heard = [{"source": s, "heard_seconds": h, "asked_seconds": a} for s, h, a in numbers["heard"]]
    return {**numbers, **times, "heard": heard}


_INVENTED_FACTS = (
    Fact("Now", "19 mentions in the last hour"),
    Fact("Usually", "3 to 6 at this hour of the week"),
    Fact("Negative", "12 of 19"),
    Fact("Heard", "example throughout"),
)
_INVENTED = (
    (
        "The new lamp flickers since the update. Is it only mine?",
        "ada",
        "https://example.com/posts/1",
        "negative",
    ),
    (
        "Same here, all three of them. Support does not answer.",
        "grace",
        "https://example.com/posts/2",
        "negative",
    ),
    ("Turn it off and on twice: that helped.", "linus", "https://example.com/posts/3", "positive"),
)
_COUNTS = (4.0, 3.0, 5.0, 4.0, 6.0, 3.0, None, 4.0, 5.0, 4.0, 6.0, 19.0)


def test_message(row: OutboxRow, zone: ZoneInfo, link: str | None = None) -> Message:
    """What `listener alerts test` sends: all that an alert has, invented and saying so."""
    at = iso(row.created_at, zone)
    return Message(
        key=row.key,
        kind="test",
        title="Listener: this is a test",
        summary="This channel works. An alert stands here with its numbers and the posts that explain it; all that "
        "follows is invented.",
        brand=None,
        rule=None,
        at=at,
        facts=_INVENTED_FACTS,
        quotes=tuple(
            Quote(text, author, "example", url, at, label) for text, author, url, label in _INVENTED
        ),
        chart=Chart(
            "Invented mentions of the last twelve hours: between 3 and 6 an hour, 19 in the last.", _COUNTS
        ),
        footer="An alert says here what will resolve it.",
        severity="info",
        link=link,
        data={"kind": "test", "at": iso(row.created_at)},
    )


def to_send(row: OutboxRow, store: Rows, zone: ZoneInfo, link: str | None) -> Message | Letter:
    """Make what is to be sent for any outbox row."""
    if row.kind == "test":
        return test_message(row, zone, link)
    if row.kind == "alert":
        return alert_message(row, store, zone, link)
    from alerts.digest.sending import letter_of  # the letter's templates load jinja2: only when one is sent

    return letter_of(row, store, zone)
