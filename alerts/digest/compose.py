"""From numbers to a letter's content: what is said, in which order, and how long each bar is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts import format as reading
from alerts.charts import bars
from alerts.digest import tables, wording
from alerts.digest.content import Chart, Day, Digest, Driver, Drivers, GoalLine, Hearing, Waits
from alerts.digest.facts import (
    BrandFacts,
    CoverageFacts,
    DigestFacts,
    DriverFacts,
    GoalFact,
    WaitFact,
    to_json,
)
from alerts.digest.findings import findings
from alerts.digest.wording import FULL, Known, Speaker
from alerts.kpi_names import name_of
from alerts.language import N_, Language
from alerts.render import clean, safe_url, shorten
from alerts.telling import amount

_OWN_IN_SUMMARY = 3
_LONGEST_NAME = 48
_LONGEST_CHART = 10
_NOTHING_KNOWN = Known()
_PACES = {
    "reached": N_("reached"),
    "on pace": N_("on pace"),
    "behind": N_("behind"),
    "missed": N_("missed"),
    "no value": N_("no value"),
    "too early": N_("too early to say"),
}


def compose(facts: DigestFacts, known: Known = _NOTHING_KNOWN) -> Digest:
    """Return the letter's content. The same facts, and posts that can be read, always give the same letter."""
    zone, plain = ZoneInfo(facts.timezone), to_json(facts)
    facts, language = _presentable(facts), Language.of(facts.language)
    found = findings(facts)
    speaker = Speaker(facts, found, known, language)
    title = _title(facts, language)
    ours = [brand for brand in facts.brands if brand.own] or tables.leaders(facts)
    own = ours[:_OWN_IN_SUMMARY]
    told = _any_number(facts)
    sentences = wording.paragraph(speaker, own) if told else []
    return Digest(
        language=language,
        title=language.gettext("{period}: {brands}", period=_capital(title), brands=_named(ours, language)),
        subject=_subject(title, ours, speaker),
        period=language.period(facts.since, facts.until, zone),
        notice=_notice(facts, language),
        summary=tuple(sentences),
        warning=wording.about_hearing(facts, language),
        tables=tuple(tables.kpi_table(brand, speaker) for brand in own if brand.own) if told else (),
        goals=tuple(_goal(goal, zone, language) for goal in facts.goals),
        charts=tuple(
            chart for place, brand in enumerate(own) if (chart := _chart(place, brand, facts, language))
        ),
        markets=tuple(tables.markets(speaker)),
        drivers=tuple(box for one in facts.drivers if (box := _drivers(one, speaker)).lines),
        quotes=facts.quotes,
        waits=tuple(asked for wait in facts.waits if (asked := _waits(wait, speaker)).lines),
        marks=tuple(_marks(facts, zone, language)),
        hearing=tuple(_hearing(source, facts.comparable, language) for source in facts.coverage),
        left_out=tuple(name for name in facts.left_out if name not in {one.source for one in facts.coverage}),
        remarks=tuple(_remarks(facts, zone, language)),
        next_letter=language.moment(facts.next_letter_at, zone) if facts.next_letter_at else "",
        engine=facts.engine or "",
        command=f"listener kpi {wording.window_options(facts)}",
        dashboard=facts.dashboard,
        to=facts.to,
        data={
            "at": datetime.fromtimestamp(facts.written_at, zone).isoformat(),
            **plain,
            "sentences": [asdict(sentence) for sentence in sentences],
            "findings": [asdict(one) for one in found.tested],
        },
    )


def _any_number(facts: DigestFacts) -> bool:
    return any(brand.kpi("mentions").value is not None for brand in facts.brands)


def _presentable(facts: DigestFacts) -> DigestFacts:
    """Cut names that would burst a table: an import may have brought any brand, a feed any source."""
    return replace(
        facts,
        brands=tuple(replace(brand, name=_name(brand.name)) for brand in facts.brands),
        coverage=tuple(replace(source, source=_name(source.source)) for source in facts.coverage),
        left_out=tuple(_name(source) for source in facts.left_out),
        quotes=tuple(replace(quote, brand=_name(quote.brand)) for quote in facts.quotes),
        query_changes=tuple(replace(change, brand=_name(change.brand)) for change in facts.query_changes),
        drivers=tuple(replace(one, brand=_name(one.brand)) for one in facts.drivers),
    )


def _name(text: str) -> str:
    return shorten(clean(text), _LONGEST_NAME) or "(no name)"


def _title(facts: DigestFacts, language: Language) -> str:
    """Name an ISO week as such, and everything else by its days."""
    zone = ZoneInfo(facts.timezone)
    first, last = (datetime.fromtimestamp(at, zone) for at in (facts.since, facts.until))
    monday = first.weekday() == 0 and (first.hour, first.minute) == (0, 0)
    if monday and last.date() == first.date() + timedelta(days=7) and (last.hour, last.minute) == (0, 0):
        return language.gettext("week {number}", number=language.count(first.isocalendar().week))
    if facts.span == "month":
        return language.date_label(facts.since, "month", zone, year=True)
    return language.period(facts.since, facts.until, zone)


def _subject(title: str, brands: list[BrandFacts], speaker: Speaker) -> str:
    """Put the first brand's one number into the subject: many letters are read no further."""
    language = speaker.language
    if not brands:
        return language.gettext("{period}: no brand is configured", period=_capital(title))
    mentions = brands[0].kpi("mentions")
    moved = speaker.found.of(brands[0].name, "mentions")
    if mentions.value is None:
        told = language.gettext("nothing was heard")
    elif not mentions.value:
        told = language.gettext("no mentions")
    else:
        told = language.ngettext("{n} mention", "{n} mentions", mentions.value)
    if moved is not None:
        told += f" ({wording.in_short(language, moved)})"
    return language.gettext(
        "{brands}, {period}: {told}", brands=_named(brands, language), period=title, told=told
    )


def _named(brands: Sequence[BrandFacts], language: Language) -> str:
    if not brands:
        return language.gettext("no brand")
    if len(brands) == 1:
        return brands[0].name
    return language.ngettext(
        "{brand} and {n} more", "{brand} and {n} more", len(brands) - 1, brand=brands[0].name
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _notice(facts: DigestFacts, language: Language) -> str:
    if facts.comparable:
        return ""
    why = facts.why_not or N_("there is no full period before it")
    return language.gettext(
        "This letter shows no changes: {why}. It says what was heard, and compares nothing.",
        why=language.gettext(why).rstrip("."),
    )


def _chart(place: int, brand: BrandFacts, facts: DigestFacts, language: Language) -> Chart | None:
    """Return mentions per day, or None where there is nothing to draw."""
    highest = max((number for number in brand.per_day if number is not None), default=0)
    names = language.weekdays(facts.since, facts.until, ZoneInfo(facts.timezone))
    if not highest or len(names) != len(brand.per_day) or not 1 < len(names) <= _LONGEST_CHART:
        return None
    days = []
    for name, number in zip(names, brand.per_day, strict=True):
        height = None if number is None else max(round(100 * number / highest), 1)
        count = language.gettext("not heard") if number is None else language.count(number)
        days.append(Day(name, count, height))
    title = language.gettext("Mentions of {brand}, day by day", brand=brand.name)
    rows = [(day.name, day.count, day.height) for day in days]
    picture = bars.days(f"days{place}", title, rows, language, width=tables.PAPER)
    return Chart(title, tuple(days), picture)


def _goal(goal: GoalFact, zone: ZoneInfo, language: Language) -> GoalLine:
    _, until = language.gettext, language.day(goal.until - 1, zone)
    now, target, baseline = (
        amount(value, goal.unit, goal.kpi, language) for value in (goal.now, goal.target, goal.baseline)
    )
    return GoalLine(
        name=clean(goal.name),
        what=_(
            "{kpi} of {brand}: {target} by {day}",
            kpi=_capital(name_of(goal.kpi, language)),
            brand=clean(goal.brand),
            target=target,
            day=until,
        ),
        stands=_(
            "Now {now}, at the beginning {baseline}; {owner} answers for it.",
            now=now,
            baseline=baseline,
            owner=clean(goal.owner),
        ),
        pace=_(_PACES[goal.pace]),
        judged="good"
        if goal.pace in ("reached", "on pace")
        else "bad"
        if goal.pace in ("behind", "missed")
        else "",
        width=None if goal.way is None else round(100 * min(1.0, max(0.0, goal.way))),
    )


def _drivers(one: DriverFacts, speaker: Speaker) -> Drivers:
    """Stories, words, voices and sources of one brand; what was taken back since is gone from it."""
    language, known, behind = speaker.language, speaker.known, one.drivers
    _, ngettext = language.gettext, language.ngettext
    lines = []
    for story in behind.stories:
        if headline := known.headline(story.post):
            said = ngettext(
                "“{headline}” ({n} post)", "“{headline}” ({n} posts)", story.now, headline=headline
            )
            lines.append(Driver(_("Story"), said, safe_url(known.posts[str(story.post)].url)))
    if behind.terms:
        words = [
            ngettext(
                "{word} ({n} person, {before} before)",
                "{word} ({n} people, {before} before)",
                term.now,
                word=language.quoted(clean(term.word)),
                before=language.count(term.then),
            )
            for term in behind.terms
        ]
        lines.append(Driver(_("Words"), language.listed(words)))
    voices = []
    for voice in behind.voices:
        if voice.author not in known.authors:
            continue
        name, source = (shorten(clean(part), _LONGEST_NAME) for part in known.authors[voice.author])
        mentions = ngettext("{n} mention", "{n} mentions", voice.mentions)
        voices.append(f"{language.isolated(name)} ({language.enumerated((source, mentions))})")
    if voices:
        lines.append(Driver(_("Voices"), language.listed(voices)))
    if len(behind.sources) > 1:
        counts = [
            f"{language.isolated(clean(source.source))} {language.count(source.now)} "
            f"({language.count_change(source.now - source.then)})"
            for source in behind.sources
        ]
        lines.append(Driver(_("Sources"), language.listed(counts)))
    return Drivers(_("What was behind it: {brand}", brand=one.brand), tuple(lines))


def _waits(wait: WaitFact, speaker: Speaker) -> Waits:
    language, posts = speaker.language, speaker.known.posts
    lines = [
        (language.duration(speaker.facts.written_at - one.since), posts[str(one.post)])
        for one in wait.waiting
        if str(one.post) in posts
    ]
    left = wait.total - len(wait.waiting)
    more = language.ngettext("{n} other waits too.", "{n} others wait too.", left) if left > 0 else ""
    title = language.gettext("Waiting for an answer from {brand}", brand=_name(wait.brand))
    return Waits(title, tuple(lines), more)


def _marks(facts: DigestFacts, zone: ZoneInfo, language: Language) -> list[str]:
    said = []
    for mark in facts.marks:
        text = shorten(clean(mark.text), 200)
        if mark.until is None:
            said.append(language.gettext("{day}: {text}", day=language.day(mark.since, zone), text=text))
        else:
            days = language.period(mark.since, mark.until, zone)
            said.append(language.gettext("Campaign “{name}”: {days}", name=text, days=days))
    return said


def _hearing(source: CoverageFacts, comparable: bool, language: Language) -> Hearing:
    def of(heard: float, asked: float) -> str:
        return language.gettext(
            "{heard} of {asked}", heard=language.hours(heard), asked=language.hours(asked)
        )

    before = ""
    if comparable and source.heard_before is not None and source.asked_before is not None:
        full = source.heard_before >= FULL * source.asked_before
        before = "" if full else of(source.heard_before, source.asked_before)
    return Hearing(
        source=source.source,
        hours=of(source.heard, source.asked),
        before=before,
        meaning=wording.about_source(source.heard, source.asked, language),
        full=bool(source.heard) and source.heard >= FULL * source.asked,
    )


def _remarks(facts: DigestFacts, zone: ZoneInfo, language: Language) -> list[str]:
    """What else the numbers rest on: queries, sources that do not answer, corrections."""
    said = reading.query_changes(facts.query_changes, zone, language)
    said += [
        language.gettext(
            "{source} has not answered since {when}.",
            source=_name(one.source),
            when=language.moment(one.since, zone),
        )
        for one in facts.down
    ]
    if facts.corrected:
        said.append(
            language.ngettext(
                "People corrected the tone of {n} mention.",
                "People corrected the tone of {n} mentions.",
                facts.corrected,
            )
        )
    return said
