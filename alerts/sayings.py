"""What each kind of alert says: its title, its sentence, and what ends it. Pure; every sentence is one phrase."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from alerts.language import Language
from storage.calendar import MONTH

Numbers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """A title, one sentence or two, and what will end it; empty where nothing will."""

    title: str
    summary: str
    ends: str = ""


Amount = Callable[[float | None, str, str, Language], str]
"""Writes a value of a KPI: (value, unit, KPI, language)."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """How to say it: the language, the zone of times, and how KPIs and their values are written."""

    language: Language
    zone: ZoneInfo
    amount: Amount
    name_of: Callable[[str, Language], str]


def say(numbers: Numbers, speaker: Speaker) -> Said:
    """Say what fired, was resolved or expired, for every kind of condition but the threshold."""
    if numbers["kind"] == "expired":
        return _expired(numbers, speaker)
    form: str = numbers["form"]
    return _FORMS[form](numbers, speaker)


def _expired(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    return Said(
        _("Expired: {rule}: too little data", rule=numbers["rule"]),
        _(
            "Expired: too little data. For {expire} there has not been enough to say whether it goes on; the alert is "
            "closed, not solved.",
            expire=language.duration(numbers["expire"]),
        ),
    )


def _change(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    kpi, brand = speaker.name_of(numbers["kpi"], speaker.language), numbers["brand"]
    now, before = (
        speaker.amount(numbers[key], numbers["unit"], numbers["kpi"], speaker.language)
        for key in ("value", "before")
    )
    over = language.duration(numbers["over"])
    if numbers["kind"] == "resolved":
        return Said(
            _("Resolved: {brand}: {kpi} {value}", brand=brand, kpi=kpi, value=now),
            _(
                "{kpi} of {brand}: {now} in {over}, after {before}.",
                kpi=kpi,
                brand=brand,
                now=now,
                over=over,
                before=before,
            ),
        )
    parts = {"brand": brand, "kpi": kpi, "now": now, "before": before, "over": over}
    if numbers["way"] == "rises":
        title = _("{brand}: {kpi} up from {before} to {now}", **_without(parts, "over"))
    else:
        title = _("{brand}: {kpi} down from {before} to {now}", **_without(parts, "over"))
    if numbers["last_week"]:
        summary = _(
            "{kpi} of {brand}: {now} in the last {over}, {before} in the same hours a week earlier. "
            "Chance alone seldom makes as much.",
            **parts,
        )
    else:
        summary = _(
            "{kpi} of {brand}: {now} in the last {over}, {before} in the {over} before. "
            "Chance alone seldom makes as much.",
            **parts,
        )
    return Said(title, summary, _("Resolves when the change is smaller, or can be chance."))


def _absence(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    brand, quiet = numbers["brand"], language.duration(numbers["quiet"])
    if numbers["kind"] == "resolved":
        return Said(
            _("Resolved: {brand} is mentioned again", brand=brand),
            language.ngettext(
                "{brand} was mentioned {n} time in the last {quiet}.",
                "{brand} was mentioned {n} times in the last {quiet}.",
                numbers["value"] or 0,
                brand=brand,
                quiet=quiet,
            ),
        )
    return Said(
        _("{brand}: no mentions for {quiet}", brand=brand, quiet=quiet),
        _(
            "Nobody has mentioned {brand} for {quiet}, although the sources were heard.",
            brand=brand,
            quiet=quiet,
        ),
        _("Resolves with the next mention."),
    )


def _new_author(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    brand = numbers["brand"]
    followers = language.ngettext("{n} follower", "{n} followers", numbers["value"])
    return Said(
        _("{brand}: somebody with {followers} speaks of you", brand=brand, followers=followers),
        _(
            "An author on {source} with {followers} has mentioned {brand} for the first time.",
            source=numbers["source"],
            followers=followers,
            brand=brand,
        ),
    )


def _new_language(numbers: Numbers, speaker: Speaker) -> Said:
    _, brand = speaker.language.gettext, numbers["brand"]
    return Said(
        _("{brand}: first mentions in the language {language}", brand=brand, language=numbers["language"]),
        speaker.language.ngettext(
            "{brand} was mentioned {n} time in the language {language}, for the first time.",
            "{brand} was mentioned {n} times in the language {language}, for the first time.",
            numbers["value"],
            brand=brand,
            language=numbers["language"],
        ),
    )


def _unanswered(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    brand, wait = numbers["brand"], language.duration(numbers["wait"])
    if numbers["kind"] == "resolved":
        return Said(
            _("Resolved: {brand}: nobody waits longer than {wait}", brand=brand, wait=wait),
            _(
                "Everybody who had waited longer than {wait} for {brand} has an answer.",
                brand=brand,
                wait=wait,
            ),
        )
    return Said(
        language.ngettext(
            "{brand}: {n} person waits longer than {wait}",
            "{brand}: {n} people wait longer than {wait}",
            numbers["value"],
            brand=brand,
            wait=wait,
        ),
        language.ngettext(
            "{n} person who addressed {brand} has waited longer than {wait} for an answer; "
            "the longest wait is {longest}.",
            "{n} people who addressed {brand} have waited longer than {wait} for an answer; "
            "the longest wait is {longest}.",
            numbers["value"],
            brand=brand,
            wait=wait,
            longest=language.duration(numbers["longest"] or 0),
        ),
        _("Resolves when all of them have an answer."),
    )


def _goal(numbers: Numbers, speaker: Speaker) -> Said:
    _ = speaker.language.gettext
    goal, kpi = numbers["goal"], speaker.name_of(numbers["kpi"], speaker.language)
    now, target, expected = (
        speaker.amount(numbers[key], numbers["unit"], numbers["kpi"], speaker.language)
        for key in ("value", "target", "expected")
    )
    if numbers["kind"] == "resolved":
        return Said(
            _("Resolved: the goal {goal} is on its way again", goal=goal),
            _("{kpi}: {now}, on the way to {target}.", kpi=kpi, now=now, target=target),
        )
    parts = {"kpi": kpi, "now": now, "target": target, "by": numbers["by"], "owner": numbers["owner"]}
    if numbers["pace"] == "missed":
        return Said(
            _("The goal {goal} was missed", goal=goal),
            _("{kpi}: {now}; {target} was to be reached by {by}. {owner} answers for it.", **parts),
        )
    return Said(
        _("The goal {goal} is at risk", goal=goal),
        _(
            "{kpi}: {now}; by now {expected} were needed to reach {target} by {by}. {owner} answers for it.",
            expected=expected,
            **parts,
        ),
        _("Resolves when the goal is back on its way."),
    )


def _overtaken(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    brand, rival = numbers["brand"], numbers["rival"]
    ours, theirs = language.share(numbers["value"] or 0), language.share(numbers["rival_value"] or 0)
    if numbers["kind"] == "resolved":
        return Said(
            _("Resolved: {rival} no longer leads {brand}", rival=rival, brand=brand),
            _(
                "Share of voice: {brand} {ours}, {rival} {theirs}.",
                brand=brand,
                ours=ours,
                rival=rival,
                theirs=theirs,
            ),
        )
    return Said(
        _("{rival} has overtaken {brand}", rival=rival, brand=brand),
        _(
            "Share of voice in the last {over}: {rival} {theirs}, {brand} {ours}. In the {over} before, {brand} led.",
            over=language.duration(numbers["over"]),
            rival=rival,
            theirs=theirs,
            brand=brand,
            ours=ours,
        ),
        _("Resolves when {rival} no longer leads beyond chance.", rival=rival),
    )


def _story(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    brand, over = numbers["brand"], language.duration(numbers["over"])
    if numbers["of"] == "publishers":
        title = language.ngettext(
            "{brand}: {n} publisher tells the same story",
            "{brand}: {n} publishers tell the same story",
            numbers["value"],
            brand=brand,
        )
    else:
        title = language.ngettext(
            "{brand}: a story of {n} post spreads",
            "{brand}: a story of {n} posts spreads",
            numbers["value"],
            brand=brand,
        )
    return Said(
        title,
        _(
            "In the last {over} the same story about {brand} stood in {posts} on {sources}; "
            "it was first heard on {when}.",
            over=over,
            brand=brand,
            posts=language.ngettext("{n} post", "{n} posts", numbers["posts"]),
            sources=language.ngettext("{n} source", "{n} sources", numbers["sources"]),
            when=language.moment(numbers["first_at"], speaker.zone),
        ),
    )


def _outage(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    source = numbers["source"]
    if numbers["kind"] == "resolved":
        return Said(
            _("Resolved: {source} is heard again", source=source),
            _(
                "{source} answers again. What was missed meanwhile is fetched as far as it can be.",
                source=source,
            ),
        )
    return Said(
        _("{source} is not heard", source=source),
        _(
            "{source} has not answered for {down}, since {when}. Numbers leave it out; nothing is taken for a silence.",
            source=source,
            down=language.duration(numbers["value"]),
            when=language.moment(numbers["down_since"], speaker.zone),
        ),
        _("Resolves when it answers again."),
    )


def _anomaly(numbers: Numbers, speaker: Speaker) -> Said:
    _, language = speaker.language.gettext, speaker.language
    kpi, brand = speaker.name_of(numbers["of"], language), numbers["brand"]
    if numbers["value"] is None or numbers["low"] is None or numbers["high"] is None:
        now = usual = _("no value")
    elif numbers["unit"] == "ratio":
        now = speaker.amount(numbers["value"], "ratio", numbers["of"], language)
        usual = language.between(numbers["low"], numbers["high"])
    else:
        now = language.count(round(numbers["value"]))
        usual = language.range(language.count(round(numbers["low"])), language.count(round(numbers["high"])))
    parts = {"kpi": kpi, "brand": brand, "now": now, "usual": usual}
    span = language.duration(numbers["span"])
    if numbers["kind"] == "resolved":
        return Said(
            _("Resolved: {brand}: {kpi} as usual", brand=brand, kpi=kpi),
            _("{kpi} of {brand}: {now} in the last {over}; usual are {usual}.", over=span, **parts),
        )
    if numbers["way"] == "up":
        title = _("{brand}: {kpi} unusually high, {now}", brand=brand, kpi=kpi, now=now)
    else:
        title = _("{brand}: {kpi} unusually low, {now}", brand=brand, kpi=kpi, now=now)
    summary = _("{kpi} of {brand}: {now} in the last {over}; usual are {usual}.", over=span, **parts)
    if numbers["alarm_rate"]:
        rarely = language.duration(MONTH / numbers["alarm_rate"])
        summary += " " + _("By chance alone this series would be told about once in {time}.", time=rarely)
    return Said(title, summary, _("Resolves when it is as usual again."))


def _without(parts: Mapping[str, str], name: str) -> dict[str, str]:
    return {key: value for key, value in parts.items() if key != name}


_FORMS: Mapping[str, Callable[[Numbers, Speaker], Said]] = {
    "change": _change,
    "absence": _absence,
    "new author": _new_author,
    "new language": _new_language,
    "unanswered": _unanswered,
    "goal": _goal,
    "overtaken": _overtaken,
    "story": _story,
    "outage": _outage,
    "anomaly": _anomaly,
}


def spoken(form: str) -> bool:
    """Whether a kind of condition is said here."""
    return form in _FORMS
