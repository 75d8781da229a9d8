"""The tables of a letter: our brands' KPIs beside before and goal, and each market with its pictures. Pure."""

from __future__ import annotations

from typing import cast

from alerts.charts import bars
from alerts.charts.bars import Picture, Tones, Voice
from alerts.digest import wording
from alerts.digest.content import BrandLine, Judged, KpiRow, KpiTable, Market, Move
from alerts.digest.facts import BrandFacts, DigestFacts, KpiFact
from alerts.digest.findings import MIN_N
from alerts.digest.wording import Speaker
from alerts.kpi_names import name_of
from alerts.language import Language
from alerts.render import clean, shorten
from alerts.telling import amount, span
from storage.kpi import KPIS

PAPER, MAIL = 620, 440
"""How wide drawings are: their words are then as large as those around them."""
_BRANDS_IN_MARKET = 15
_SHOWN = (
    "mentions",
    "share_of_voice",
    "positive_share",
    "negative_share",
    "net_sentiment",
    "first_response_time",
)
_TESTED_BY = {"net_sentiment": ("positive_share", "negative_share")}
_LONGEST_NAME = 48


def kpi_table(brand: BrandFacts, speaker: Speaker) -> KpiTable:
    """The KPIs of one brand of ours; what has no value and never had one is left out."""
    rivals = sum(one.market == brand.market for one in speaker.facts.brands) > 1
    names = [name for name in _SHOWN if rivals or name != "share_of_voice"]
    return KpiTable(brand.name, tuple(_row(brand, name, speaker) for name in names if _told(brand.kpi(name))))


def _told(fact: KpiFact) -> bool:
    return fact.value is not None or bool(fact.n)


def _row(brand: BrandFacts, kpi: str, speaker: Speaker) -> KpiRow:
    fact, language = brand.kpi(kpi), speaker.language
    move = _move(brand, kpi, speaker)
    better = KPIS[kpi].better
    judged: Judged = ""
    if move in ("up", "down") and better in ("up", "down"):
        judged = "good" if move == better else "bad"
    compared = speaker.facts.comparable and fact.before is not None and _enough(fact)
    name = name_of(kpi, language)
    return KpiRow(
        name=name[:1].upper() + name[1:],
        now=_now(fact, kpi, language),
        note=_note(fact, kpi, language),
        before=amount(fact.before, fact.unit, kpi, language) if compared else "",
        change=_change(fact, kpi, language) if compared and move in ("up", "down") else "",
        move=move if compared else "",
        judged=judged,
        goal=_goal(brand, kpi, speaker),
    )


def _enough(fact: KpiFact) -> bool:
    """Whether both sides of a comparison rest on enough; counts say so themselves."""
    return fact.unit not in ("ratio",) or fact.compared_n >= MIN_N


def _now(fact: KpiFact, kpi: str, language: Language) -> str:
    if fact.value is None:
        return language.gettext("mostly unanswered") if fact.n else language.gettext("not enough data")
    if fact.unit == "ratio" and (fact.n or 0) < MIN_N:
        return language.gettext("not enough data")
    return amount(fact.value, fact.unit, kpi, language)


def _note(fact: KpiFact, kpi: str, language: Language) -> str:
    """What the value may be, or rests on."""
    if kpi == "mentions" or not fact.n:
        return ""
    if fact.interval and (fact.n or 0) >= MIN_N:
        return span(fact.interval, fact.unit, kpi, language)
    if kpi == "first_response_time":
        return response_note(fact, language)
    if kpi == "share_of_voice":
        return language.ngettext("of {n} mention", "of {n} mentions", fact.n)
    return language.ngettext("of {n} judged mention", "of {n} judged mentions", fact.n)


def response_note(fact: KpiFact, language: Language) -> str:
    """How many asked, and how many of them were answered in time."""
    parts = [language.ngettext("{n} conversation", "{n} conversations", fact.n or 0)]
    within, target = fact.beside.get("within_target"), fact.beside.get("response_target")
    if (fact.n or 0) >= MIN_N and within is not None and target is not None:
        parts.append(
            language.gettext(
                "{share} within {target}", share=language.percent(within, 0), target=language.duration(target)
            )
        )
    return language.enumerated(parts)


def _move(brand: BrandFacts, kpi: str, speaker: Speaker) -> Move:
    """An arrow stands only for a move that is more than chance, given all that were looked at."""
    now, before = brand.kpi(kpi).compared, brand.kpi(kpi).before
    if not speaker.facts.comparable or now is None or before is None:
        return ""
    tests = _TESTED_BY.get(kpi, (kpi,))
    if not any(speaker.found.of(brand.name, test) for test in tests):
        return ""
    if not any(speaker.found.moved(brand.name, test) for test in tests):
        return "same"
    return "up" if now > before else "down" if now < before else "same"


def _change(fact: KpiFact, kpi: str, language: Language) -> str:
    """How far it moved, over the sources of both periods."""
    change = (fact.compared or 0.0) - (fact.before or 0.0)
    if kpi == "net_sentiment":
        return language.balance(change)
    if fact.unit == "ratio":
        return language.points(change)
    if fact.unit == "seconds":
        return amount(abs(change), fact.unit, kpi, language)
    if fact.before and min(fact.before, fact.compared or 0) >= MIN_N:
        return language.percent_change(change / fact.before)
    return language.count_change(change)


def _goal(brand: BrandFacts, kpi: str, speaker: Speaker) -> str:
    goal = next((g for g in speaker.facts.goals if (g.brand, g.kpi) == (brand.name, kpi)), None)
    return amount(goal.target, goal.unit, kpi, speaker.language) if goal else ""


def markets(speaker: Speaker) -> list[Market]:
    """The markets of which anything was heard and that hold more than one brand of ours alone."""
    groups = _groups(speaker.facts)
    several = len({brand.market for brand in speaker.facts.brands if not brand.topic}) > 1
    found = []
    for number, (name, brands) in enumerate(groups.items()):
        heard = any(brand.kpi("mentions").value is not None for brand in brands)
        if heard and not (len(brands) == 1 and brands[0].own):
            found.append(_market(number, _heading(name, brands, several, speaker.language), brands, speaker))
    return found


def leaders(facts: DigestFacts) -> list[BrandFacts]:
    """Without a brand of ours, the letter is about the one that was talked about most."""
    return [brands[0] for brands in _groups(facts).values()][:1]


def _groups(facts: DigestFacts) -> dict[str, tuple[BrandFacts, ...]]:
    """Group the brands; markets with a brand of ours first, and in each the most mentioned first."""
    names = dict.fromkeys(brand.market for brand in sorted(facts.brands, key=lambda one: not one.own))
    return {
        name: tuple(
            sorted(
                (brand for brand in facts.brands if brand.market == name),
                key=lambda one: (-(one.kpi("mentions").value or 0), one.name.casefold()),
            )
        )
        for name in names
    }


def _heading(name: str, brands: tuple[BrandFacts, ...], several: bool, language: Language) -> str:
    """What a market is called: by its name only where there are several, and topics are no brands."""
    if all(brand.topic for brand in brands):
        return language.gettext("Topics")
    if several:
        return language.gettext("The brands of “{market}”", market=shorten(clean(name), _LONGEST_NAME))
    return language.gettext("The brands")


def _market(number: int, title: str, brands: tuple[BrandFacts, ...], speaker: Speaker) -> Market:
    """Show the first brands and all of ours; say how many are not shown."""
    language = speaker.language
    shown = [brand for rank, brand in enumerate(brands) if rank < _BRANDS_IN_MARKET or brand.own]
    left = len(brands) - len(shown)
    return Market(
        title=title,
        topics=all(brand.topic for brand in brands),
        brands=tuple(_line(brand, speaker, len(brands) > 1) for brand in shown),
        more=language.ngettext(
            "{n} more brand with fewer mentions, not shown here.",
            "{n} more brands with fewer mentions, not shown here.",
            left,
        )
        if left
        else "",
        pictures=tuple(_pictures(number, brands, speaker, PAPER)),
        narrow=tuple(_pictures(number, brands, speaker, MAIL)),
    )


def _line(brand: BrandFacts, speaker: Speaker, several: bool) -> BrandLine:
    language, voice, net = speaker.language, brand.kpi("share_of_voice"), brand.kpi("net_sentiment")
    mentions, waited = brand.kpi("mentions"), brand.kpi("first_response_time")
    # Nobody writes to a topic, and topics overlap: neither first answers nor a share of voice mean anything.
    return BrandLine(
        name=brand.name,
        own=brand.own,
        mentions=_counted(mentions, language),
        move=_move(brand, "mentions", speaker),
        share=wording.share(voice, language) if several and not brand.topic else "",
        net=_now(net, "net_sentiment", language),
        response="" if brand.topic or not waited.n else _now(waited, "first_response_time", language),
        response_note="" if brand.topic or not waited.n else response_note(waited, language),
    )


def _counted(kpi: KpiFact, language: Language) -> str:
    if kpi.value is None:
        return language.gettext("not heard")
    return language.count(kpi.value)


def _pictures(
    number: int, brands: tuple[BrandFacts, ...], speaker: Speaker, width: int
) -> list[tuple[str, Picture]]:
    """The market's share of voice and tones, of the brands of which they are known."""
    language = speaker.language
    voices = [
        Voice(
            one.name,
            cast(float, one.kpi("share_of_voice").value),
            one.kpi("share_of_voice").before if speaker.facts.comparable else None,
            one.own,
        )
        for one in brands
        if not one.topic
        and one.kpi("share_of_voice").value is not None
        and _judgeable(one.kpi("share_of_voice"))
    ]
    tones = [found for one in brands if (found := _tones(one, language)) is not None]
    made = []
    if len(voices) > 1:
        drawn = bars.share_of_voice(f"voice{number}", voices, language, width=width)
        made.append((language.gettext("Share of voice"), drawn))
    if tones:
        drawn = bars.tones(f"tone{number}", tones, language, width=width)
        made.append((language.gettext("Tone of what was said"), drawn))
    return [(title, picture) for title, picture in made if picture.svg]


def _judgeable(fact: KpiFact) -> bool:
    return (fact.n or 0) >= MIN_N


def _tones(brand: BrandFacts, language: Language) -> Tones | None:
    good, bad = brand.kpi("positive_share"), brand.kpi("negative_share")
    if good.value is None or bad.value is None or not _judgeable(good):
        return None
    note = language.ngettext("{n} judged mention", "{n} judged mentions", good.n or 0)
    neutral = max(0.0, 1 - good.value - bad.value)
    return Tones(brand.name, good.value, neutral, bad.value, note, brand.own)
