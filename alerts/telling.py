"""From an outbox row to what a channel sends: the numbers in words, the posts' texts put in at the last moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from alerts.charts.alarm import small_chart
from alerts.gathering import gathered
from alerts.kpi_names import name_of
from alerts.language import ENGLISH, N_, Language
from alerts.message import Fact, Letter, Message
from alerts.quoting import quotes_by_id
from alerts.routing.routes import QUIET
from alerts.sayings import Said, Speaker, say
from storage.alerting import AlertEvent
from storage.base import Rows
from storage.calendar import iso
from storage.coverage import SourceHeard
from storage.outbox import OutboxRow

_WRITTEN: Mapping[str, Callable[[Language, float], str]] = {
    "net_sentiment": Language.balance,
    "nps": Language.net_score,
    **dict.fromkeys(("positive_growth", "audience_growth", "leads_growth", "roi"), Language.percent_change),
    **dict.fromkeys(
        ("negative_growth", "hashtag_growth", "interaction_growth", "solutions_growth"),
        Language.percent_change,
    ),
}
"""KPIs that are written otherwise than others of their unit, with all their variants."""
_PLAINLY = {"the curve does not reach 0.5": N_("mostly unanswered")}
_NAMED = 3
_LIMITS = {
    ">": N_("above {threshold}"),
    ">=": N_("at or above {threshold}"),
    "<": N_("below {threshold}"),
    "<=": N_("at or below {threshold}"),
}


def amount(value: float | None, unit: str, kpi: str, language: Language = ENGLISH) -> str:
    """Write a KPI's value for reading: 0.4 -> "40.0 %", 7200 s -> "2h"."""
    if value is None:
        return language.gettext("no value")
    if unit == "seconds":
        return language.duration(value)
    if written := _WRITTEN.get(kpi.partition(".")[0]):
        return written(language, value)
    if _is_money(unit):
        return language.money(value, unit if unit != "currency" else None)
    return language.percent(value) if unit == "ratio" else language.number(value)


def _is_money(unit: str) -> bool:
    """An amount is told in the unit "currency" until it is known in which: then in its ISO 4217 code."""
    return unit == "currency" or (len(unit) == 3 and unit.isupper())


def _many(numbers: Mapping[str, Any]) -> bool:
    """Tell whether English has "are" for a value: counts of what is many are many, "the followers are"."""
    counted = numbers["unit"] not in ("ratio", "seconds") and not _is_money(numbers["unit"])
    return counted and any(word.endswith("s") for word in name_of(numbers["kpi"]).split())


def span(interval: Sequence[float] | None, unit: str, kpi: str, language: Language = ENGLISH) -> str:
    """Write the ends of a KPI's interval: "35 to 47 %", "\u22120.43 to +0.52"; nothing where it has none."""
    if not interval:
        return ""
    low, high = interval
    if kpi == "net_sentiment":
        return language.range(language.balance(low), language.balance(high))
    if _WRITTEN.get(kpi) is Language.percent_change:
        return language.percent_changes(low, high)
    if unit == "ratio" and kpi != "nps":
        return language.between(low, high)
    return language.range(amount(low, unit, kpi, language), amount(high, unit, kpi, language))


def why(reason: str | None, language: Language = ENGLISH) -> str:
    """Say why there is no value to somebody who does not know how it is counted."""
    plain = _PLAINLY.get(reason or "")
    return language.gettext(plain) if plain else reason or ""


def alert_message(
    row: OutboxRow, store: Rows, zone: ZoneInfo, link: str | None, language: Language = ENGLISH
) -> Message:
    """Say what fired, resolved or expired: the numbers, what they rest on, what will end it."""
    numbers: Mapping[str, Any] = row.numbers
    kind, brand = numbers["kind"], numbers["brand"]
    said = _said(numbers, zone, language)
    title, summary = said.title, said.summary
    if numbers.get("again"):
        title, summary = _still(numbers, title, summary, language)
    return Message(
        key=row.key,
        kind=kind,
        title=title,
        summary=summary,
        brand=brand or None,
        rule=numbers["rule"],
        at=iso(numbers["at"], zone),
        facts=tuple(_facts(numbers, zone, language)),
        quotes=tuple(quotes_by_id(store, brand or None, row.post_ids, zone).values()),
        footer=_footer(numbers, kind, said.ends, language),
        link=link,
        data=_data(numbers),
        language=language.code,
        thread=row.thread,
        severity=numbers.get("severity", "warning"),
        chart=small_chart(row.key, numbers, zone, language),
    )


def headline(event: AlertEvent, zone: ZoneInfo, language: Language = ENGLISH) -> str:
    """Name what happened on one line, as the title of its message does: "Acme: negative share 60.6 %"."""
    known = {"rule": event.rule, "brand": event.brand, "kind": event.kind, "at": event.at}
    return _said({**event.numbers, **known}, zone, language).title


def _is_threshold(numbers: Mapping[str, Any]) -> bool:
    """Rows of the version before know thresholds only."""
    return bool(numbers.get("form", "threshold") == "threshold")


def _said(numbers: Mapping[str, Any], zone: ZoneInfo, language: Language) -> Said:
    if not _is_threshold(numbers):
        return say(numbers, Speaker(language, zone, amount, name_of))
    title, summary = _told(numbers, language)
    limit, least = _limit(numbers, language), language.count(numbers["min_n"])
    if numbers["min_n"]:
        ends = language.gettext(
            "Resolves when the value is no longer {limit} with at least {n} to judge by.",
            n=least,
            limit=limit,
        )
    else:
        ends = language.gettext("Resolves when the value is no longer {limit}.", limit=limit)
    return Said(title, summary, ends)


def _told(numbers: Mapping[str, Any], language: Language) -> tuple[str, str]:
    """The title and the one sentence of a threshold."""
    _, many = language.gettext, _many(numbers)
    value = amount(numbers["value"], numbers["unit"], numbers["kpi"], language)
    parts = {
        "name": name_of(numbers["kpi"], language),
        "brand": numbers["brand"],
        "over": language.duration(numbers["over"]),
        "value": _with_span(numbers, value, language),
        "limit": _limit(numbers, language),
    }
    if numbers["kind"] == "fired":
        is_now = N_("The {name} of {brand} over the last {over} is {value}, {limit}.")
        are_now = N_("The {name} of {brand} over the last {over} are {value}, {limit}.")
        title = _("{brand}: {name} {value}", brand=parts["brand"], name=parts["name"], value=value)
        return title, _(are_now if many else is_now, **parts)
    if numbers["kind"] == "resolved":
        was = N_("The {name} of {brand} over the last {over} is {value} and no longer {limit}.")
        were = N_("The {name} of {brand} over the last {over} are {value} and no longer {limit}.")
        title = _(
            "Resolved: {brand}: {name} back at {value}", brand=parts["brand"], name=parts["name"], value=value
        )
        return title, _(were if many else was, **parts)
    unknown = N_(
        "Expired: too little data. There has not been enough about {brand} for {expire} to say whether its {name} is "
        "still {limit}; the alert is closed, not solved."
    )
    unknown_many = N_(
        "Expired: too little data. There has not been enough about {brand} for {expire} to say whether its {name} are "
        "still {limit}; the alert is closed, not solved."
    )
    del parts["over"], parts["value"]
    title = _("Expired: {brand}: too little data on {name}", brand=parts["brand"], name=parts["name"])
    expire = language.duration(numbers["expire"])
    return title, _(unknown_many if many else unknown, expire=expire, **parts)


def _still(numbers: Mapping[str, Any], title: str, summary: str, language: Language) -> tuple[str, str]:
    """The title and the sentences of an alert that is told again while it fires."""
    lasts = language.duration(numbers["again"] - numbers["fired_at"])
    return language.gettext("Still firing: {alert}", alert=title), language.gettext(
        "This has been firing for {duration}. It began like this: {sentence}",
        duration=lasts,
        sentence=summary,
    )


def _facts(numbers: Mapping[str, Any], zone: ZoneInfo, language: Language) -> list[Fact]:
    _ = language.gettext
    condition = numbers.get("when", "")
    if _is_threshold(numbers):
        name, threshold = name_of(numbers["kpi"], language), _threshold(numbers, language)
        condition = f"{name} {numbers['op']} {threshold}"
    facts = [Fact(_("Rule"), f"{numbers['rule']}: {condition}")]
    if numbers["value"] is not None and numbers["n"] is not None:
        value = _with_span(
            numbers, amount(numbers["value"], numbers["unit"], numbers["kpi"], language), language
        )
        facts.append(
            Fact(_("Now"), _("{value} (n = {number})", value=value, number=language.count(numbers["n"])))
        )
    if numbers.get("usual"):
        low, high = (language.count(end) for end in numbers["usual"])
        spread = low if low == high else language.range(low, high)
        facts.append(Fact(_("Usually"), _("{usual} at this time of day", usual=spread)))
    if numbers.get("tag"):
        facts.append(Fact(_("Only"), _("mentions tagged {tag}", tag=numbers["tag"])))
    facts.append(Fact(_("Window"), language.window(numbers["since"], numbers["until"], zone)))
    heard = [SourceHeard(*entry) for entry in numbers["heard"]]
    if heard:
        facts.append(Fact(_("Heard"), _heard(heard, language)))
    if numbers["left_out"]:
        facts.append(Fact(_("Not heard"), language.enumerated(numbers["left_out"])))
    if numbers["kind"] != "fired":
        lasted = language.duration(numbers["at"] - numbers["fired_at"])
        when = language.moment(numbers["fired_at"], zone)
        facts.append(Fact(_("Fired"), _("{when}, {lasted} ago", when=when, lasted=lasted)))
    return facts


def _with_span(numbers: Mapping[str, Any], value: str, language: Language) -> str:
    """The value with what it may be, where it is estimated; rows of the version before know no interval."""
    if numbers.get("method") != "adjusted" or numbers["value"] is None:
        return value
    if numbers["unit"] == "ratio" and numbers["kpi"] != "net_sentiment":
        return language.about(numbers["value"], numbers["interval"])
    may_be = span(numbers["interval"], numbers["unit"], numbers["kpi"], language)
    return language.gettext("about {value} ({range})", value=value, range=may_be)


def _heard(sources: Sequence[SourceHeard], language: Language = ENGLISH) -> str:
    """Name the sources, at most a few of those heard throughout: "news (92 %), and 5 others throughout"."""
    throughout = [one.source for one in sources if one.share >= 0.995]
    parts = [
        f"{one.source} ({language.percent(one.share, 0)})" for one in sources if one.source not in throughout
    ]
    number = len(throughout)
    if number > _NAMED and parts:
        parts.append(language.ngettext("{n} other throughout", "{n} others throughout", number))
    elif number > _NAMED:
        parts.append(language.ngettext("{n} source throughout", "{n} sources throughout", number))
    elif throughout:
        parts.append(language.gettext("{sources} throughout", sources=language.enumerated(throughout)))
    return language.enumerated(parts)


def _threshold(numbers: Mapping[str, Any], language: Language) -> str:
    return amount(numbers["threshold"], numbers["unit"], numbers["kpi"], language)


def _limit(numbers: Mapping[str, Any], language: Language) -> str:
    return language.gettext(_LIMITS[numbers["op"]], threshold=_threshold(numbers, language))


def _footer(numbers: Mapping[str, Any], kind: str, ends: str, language: Language) -> str:
    """What ends it, and why it may be silent; what is momentary ends by itself."""
    if kind != "fired":
        return ""
    if not ends:
        return language.gettext("It is told once. Posts of a first poll or an import never fire.")
    quiet = language.gettext(
        "The same rule stays silent for {cooldown} after it fired. Posts of a first poll or an import never fire.",
        cooldown=language.duration(numbers["cooldown"]),
    )
    return f"{ends} {quiet}"


def _data(numbers: Mapping[str, Any]) -> dict[str, object]:
    numbers = {name: value for name, value in numbers.items() if name != "points"}
    times = {name: iso(numbers[name]) for name in ("since", "until", "at", "fired_at")}
    heard = [{"source": s, "heard_seconds": h, "asked_seconds": a} for s, h, a in numbers["heard"]]
    return {**numbers, **times, "heard": heard}


def to_send(
    row: OutboxRow, store: Rows, zone: ZoneInfo, link: str | None, language: Language = ENGLISH
) -> Message | Letter:
    """Make what is to be sent for any outbox row."""
    if row.kind == "test":
        from alerts.sample import test_message  # draws: only when it is asked for

        return test_message(row, zone, link, language)
    if row.kind == "alert":
        messages = [alert_message(one, store, zone, link, language) for one in (row, *row.rest)]
        quiet = (row.together or "").startswith(QUIET)
        return gathered(row, messages, zone, link, language, quiet=quiet) if row.rest else messages[0]
    from alerts.digest.sending import letter_of  # the letter's templates load jinja2: only when one is sent

    return letter_of(row, store, zone)
