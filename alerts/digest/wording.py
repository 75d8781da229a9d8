"""The sentences of a letter: each built from numbers, whole in its language, with the command that opens it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.digest.facts import BrandFacts, DigestFacts, DriverFacts, KpiFact
from alerts.digest.findings import MIN_N, Finding, Findings
from alerts.language import ENGLISH, N_, Language
from alerts.message import Quote
from alerts.render import clean, shorten
from storage.coverage import ENOUGH

FULL = ENOUGH
"""Share of its hours from which a source counts as heard: what comparisons ask for."""
_BEFORE = {
    "day": N_("the day before"),
    "week": N_("the week before"),
    "month": N_("the month before"),
    "period": N_("the period before"),
}
_HEADLINE = 90
_MOST_OF_IT = 0.4
_STORY = 3


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the letter, and the command that opens the number it rests on."""

    text: str
    explain: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """What is put in when the letter is sent: posts that can still be read, by number, and authors (name, source)."""

    posts: Mapping[str, Quote] = field(default_factory=dict)
    authors: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    def headline(self, post: int) -> str:
        """How a post begins; empty where it was taken back."""
        quote = self.posts.get(str(post))
        return shorten(clean(quote.text), _HEADLINE) if quote else ""


@dataclass(frozen=True, slots=True)
class Speaker:
    """What every sentence needs: the facts, what was found sure, what is known now, and the language."""

    facts: DigestFacts
    found: Findings
    known: Known
    language: Language

    @property
    def before(self) -> str:
        """What the period before is called: "the week before"."""
        return self.language.gettext(_BEFORE[self.facts.span])

    def say(self, kpi: str, brand: str, phrase: str) -> Sentence:
        """A finished sentence with the command that opens its number."""
        return Sentence(
            phrase, f"listener explain {kpi} --brand {quoted(brand)} {window_options(self.facts)}"
        )


def quoted(name: str) -> str:
    """A name as one word of a shell."""
    harmless = name.replace("'", "’")
    return harmless if harmless.isalnum() else f"'{harmless}'"


def window_options(facts: DigestFacts) -> str:
    """The period as options of a command."""
    zone = ZoneInfo(facts.timezone)
    since, until = (datetime.fromtimestamp(at, zone) for at in (facts.since, facts.until))
    midnight = (since.hour, since.minute, until.hour, until.minute) == (0, 0, 0, 0)
    form = "%Y-%m-%d" if midnight else "%Y-%m-%dT%H:%M"
    return f"--since {since:{form}} --until {until:{form}} --timezone {facts.timezone}"


def paragraph(speaker: Speaker, own: Sequence[BrandFacts]) -> list[Sentence]:
    """What changed and why: of each brand of ours, then of rivals; and that all else may be chance."""
    said = [sentence for brand in own for sentence in _about(speaker, brand)]
    named = {brand.name for brand in own}
    rivals = [one for one in speaker.found.sure if one.brand not in named and one.kpi == "mentions"]
    for one in sorted(rivals, key=lambda one: one.p)[:2]:
        brand = next(brand for brand in speaker.facts.brands if brand.name == one.brand)
        said.append(_mentions(speaker, brand, one))
    return [*said, *_rest(speaker)]


def _about(speaker: Speaker, brand: BrandFacts) -> Iterator[Sentence]:
    moved = speaker.found.of(brand.name, "mentions")
    yield _mentions(speaker, brand, moved)
    if moved is not None and moved.sure:
        yield from _why(speaker, brand, moved)
    for kpi in ("share_of_voice", "positive_share", "negative_share"):
        found = speaker.found.of(brand.name, kpi)
        if found is not None and found.sure:
            yield speaker.say(kpi, brand.name, _share_moved(speaker.language, found))
    found = speaker.found.of(brand.name, "first_response_time")
    if found is not None and found.sure:
        yield speaker.say(found.kpi, brand.name, _answers_moved(speaker.language, brand, found))


def _mentions(speaker: Speaker, brand: BrandFacts, moved: Finding | None) -> Sentence:
    return speaker.say("mentions", brand.name, _mentioned(speaker, brand, moved))


def _mentioned(speaker: Speaker, brand: BrandFacts, found: Finding | None) -> str:
    language, fact = speaker.language, brand.kpi("mentions")
    if fact.value is None:
        return language.gettext("Nothing can be said about {brand}: no source was heard.", brand=brand.name)
    if not fact.value:
        return _unmentioned(speaker, brand.name, found)
    if found is None or found.now != fact.value:
        return _counted(speaker, brand, found)
    if found.sure:
        return _more_or_less(speaker, brand.name, found)
    return language.ngettext(
        "{brand} was mentioned {n} time, about as often as {before} ({count}).",
        "{brand} was mentioned {n} times, about as often as {before} ({count}).",
        found.now,
        brand=brand.name,
        before=speaker.before,
        count=language.count(found.before),
    )


def _counted(speaker: Speaker, brand: BrandFacts, found: Finding | None) -> str:
    """How often, and beside it how often in the sources that both periods share, where they are others."""
    language = speaker.language
    said = language.ngettext(
        "{brand} was mentioned {n} time.",
        "{brand} was mentioned {n} times.",
        brand.kpi("mentions").value or 0,
        brand=brand.name,
    )
    if found is None:
        return said
    parts = {"now": language.count(found.now), "before": language.count(found.before)}
    if found.sure:
        both = language.gettext("In the sources heard in both periods it was {now}, after {before}.", **parts)
    else:
        both = language.gettext(
            "In the sources heard in both periods it was {now}, after {before}, which may be chance.", **parts
        )
    return f"{said} {both}"


def _unmentioned(speaker: Speaker, brand: str, found: Finding | None) -> str:
    if found is None or not found.before:
        return speaker.language.gettext(
            "Nobody mentioned {brand} in the sources that were heard.", brand=brand
        )
    return speaker.language.gettext(
        "Nobody mentioned {brand}; {before} there were {count}.",
        brand=brand,
        before=speaker.before,
        count=speaker.language.count(found.before),
    )


def _more_or_less(speaker: Speaker, brand: str, found: Finding) -> str:
    parts = {"brand": brand, "before": speaker.before, "change": _by(speaker.language, found)}
    if found.rise:
        return speaker.language.ngettext(
            "{brand} was mentioned {n} time, more than {before} ({change}).",
            "{brand} was mentioned {n} times, more than {before} ({change}).",
            found.now,
            **parts,
        )
    return speaker.language.ngettext(
        "{brand} was mentioned {n} time, less than {before} ({change}).",
        "{brand} was mentioned {n} times, less than {before} ({change}).",
        found.now,
        **parts,
    )


def _by(language: Language, moved: Finding) -> str:
    """How a count moved: "+125, +33.7 %"; the percentage only where it means something."""
    text = language.count_change(moved.now - moved.before)
    if min(moved.now, moved.before) < MIN_N:
        return text
    share = language.percent_change((moved.now - moved.before) / moved.before)
    return language.enumerated((text, share)).replace(" ", "\u00a0")  # a bracket is read at one glance


def in_short(language: Language, found: Finding) -> str:
    """How a count moved, in few words for a subject: "+125, +33.7 %", or that it hardly did."""
    return _by(language, found) if found.sure else language.gettext("about the same")


def _why(speaker: Speaker, brand: BrandFacts, moved: Finding) -> Iterator[Sentence]:
    """The source, the story and the words behind a change of mentions."""
    behind = next((one for one in speaker.facts.drivers if one.brand == brand.name), None)
    if behind is None:
        return
    for phrase in (
        _source(speaker, behind, moved),
        _story(speaker, behind, moved),
        _words(speaker, behind, moved),
    ):
        if phrase:
            yield speaker.say("mentions", brand.name, phrase)


def _source(speaker: Speaker, behind: DriverFacts, moved: Finding) -> str:
    """The source that made most of it, where there are several."""
    sources, change = behind.drivers.sources, moved.now - moved.before
    if len(sources) < 2 or (sources[0].now - sources[0].then) / change < _MOST_OF_IT:
        return ""
    first = sources[0]
    return speaker.language.gettext(
        "Most of the change is in {source}: {now}, after {then}.",
        source=clean(first.source),
        now=speaker.language.count(first.now),
        then=speaker.language.count(first.then),
    )


def _story(speaker: Speaker, behind: DriverFacts, moved: Finding) -> str:
    told = next((one for one in behind.drivers.stories if one.now >= _STORY and one.now > one.then), None)
    if told is None or not moved.rise or not (headline := speaker.known.headline(told.post)):
        return ""
    return speaker.language.ngettext(
        "{n} post told one story: “{headline}”.",
        "{n} posts told one story: “{headline}”.",
        told.now,
        headline=headline,
    )


def _words(speaker: Speaker, behind: DriverFacts, moved: Finding) -> str:
    if not moved.rise or not behind.drivers.terms:
        return ""
    words = speaker.language.listed(speaker.language.quoted(clean(one.word)) for one in behind.drivers.terms)
    return speaker.language.gettext("More people than before used the words {words}.", words=words)


def _share_moved(language: Language, found: Finding) -> str:
    _, parts = (
        language.gettext,
        {
            "brand": found.brand,
            "now": language.share(found.now),
            "before": language.share(found.before),
        },
    )
    if found.kpi == "share_of_voice":
        if found.rise:
            return _("The share of voice of {brand} rose from {before} to {now}.", **parts)
        return _("The share of voice of {brand} fell from {before} to {now}.", **parts)
    if found.kpi == "positive_share":
        if found.rise:
            return _("More of what was said of {brand} was positive: {now}, after {before}.", **parts)
        return _("Less of what was said of {brand} was positive: {now}, after {before}.", **parts)
    if found.rise:
        return _("More of what was said of {brand} was negative: {now}, after {before}.", **parts)
    return _("Less of what was said of {brand} was negative: {now}, after {before}.", **parts)


def _answers_moved(language: Language, brand: BrandFacts, found: Finding) -> str:
    parts = {
        "brand": brand.name,
        "now": language.percent(found.now, 0),
        "before": language.percent(found.before, 0),
        "target": language.duration(brand.kpi(found.kpi).beside.get("response_target") or 3600),
    }
    if found.rise:
        return language.gettext(
            "{brand} answered faster: {now} of conversations within {target}, after {before}.", **parts
        )
    return language.gettext(
        "{brand} answered more slowly: {now} of conversations within {target}, after {before}.", **parts
    )


def _rest(speaker: Speaker) -> Iterator[Sentence]:
    """That what is not told may be chance."""
    tested, sure = len(speaker.found.tested), len(speaker.found.sure)
    explain = f"listener digest {window_options(speaker.facts)} --json"
    if not tested:
        return
    if not sure:
        yield Sentence(
            speaker.language.ngettext(
                "Nothing changed that cannot be chance; {n} change was looked at.",
                "Nothing changed that cannot be chance; {n} changes were looked at together.",
                tested,
            ),
            explain,
        )
    elif tested > sure:
        yield Sentence(
            speaker.language.ngettext(
                "{n} other change that was looked at may be chance.",
                "{n} other changes that were looked at may be chance.",
                tested - sure,
            ),
            explain,
        )


def about_hearing(facts: DigestFacts, language: Language = ENGLISH) -> str:
    """Warn in the first paragraph where what follows rests on less than it seems to."""
    if not facts.coverage or not any(source.heard for source in facts.coverage):
        return language.gettext("No source was heard, so this letter has no numbers to tell.")
    thin = [one.source for one in facts.coverage if one.asked and one.heard < FULL * one.asked]
    missing = [*facts.left_out, *(name for name in thin if name not in facts.left_out)]
    if not missing:
        return ""
    if len(missing) > 4:
        return language.ngettext(
            "{n} source was not heard all the time: the real counts may be higher.",
            "{n} sources were not heard all the time: the real counts may be higher.",
            len(missing),
        )
    return language.gettext(
        "Not everything was heard ({sources}): the real counts may be higher.",
        sources=language.listed(missing),
    )


def about_source(heard: float, asked: float, language: Language = ENGLISH) -> str:
    """Say in words what a source's hours mean."""
    _, missed = language.gettext, language.hours(max(0.0, asked - heard))
    if not heard:
        return _("not heard at all; left out of every number")
    if asked and heard < FULL * asked:
        return _("not heard for {hours}; counts may be too low, so it is not compared", hours=missed)
    if asked - heard >= 1:
        return _("not heard for {hours}", hours=missed)
    return _("heard throughout")


def share(kpi: KpiFact, language: Language) -> str:
    """Write a share that rests on enough, with what it may be; else say that it does not."""
    if kpi.value is None or (kpi.n or 0) < MIN_N:
        return language.gettext("not enough data")
    return language.about(kpi.value, kpi.interval)
