"""The sentences of the letter: each is built from numbers, and says so where the numbers do not carry one."""

from __future__ import annotations

from math import sqrt

from alerts import format as reading
from alerts.digest.facts import BrandFacts, DigestFacts, KpiFact
from storage.coverage import ENOUGH

MIN_N = 20
FULL = ENOUGH
"""Share of its hours from which a source counts as heard: what comparisons ask for."""


def change_of_count(kpi: KpiFact, comparable: bool) -> str:
    """Write how a count moved: "+38 (+10.2 %)", "about the same", or nothing where nothing is compared."""
    now, before = kpi.compared, kpi.before
    if not comparable or now is None or before is None:
        return ""
    if steady(now, before):
        return "about the same"
    text = reading.count_change(now - before)
    if min(now, before) >= MIN_N:
        text += f" ({reading.percent_change((now - before) / before)})"
    return text


def change_of_share(kpi: KpiFact, comparable: bool) -> str:
    """Write how a share moved, in points; nothing below MIN_N on either side."""
    now, before = kpi.compared, kpi.before
    if not comparable or now is None or before is None or kpi.compared_n < MIN_N:
        return ""
    return "about the same" if abs(now - before) < 0.005 else reading.points(now - before)


def steady(now: float, before: float) -> bool:
    """Tell whether two counts differ by no more than two such counts differ by chance (2 standard errors)."""
    return abs(now - before) < 2 * sqrt(now + before) or now == before


def share(kpi: KpiFact) -> str:
    """Write a share that rests on enough; else say that it does not."""
    if kpi.value is None or (kpi.n or 0) < MIN_N:
        return reading.NOT_ENOUGH
    return reading.share(kpi.value)


def about_mentions(brand: BrandFacts, facts: DigestFacts) -> str:
    """How often the brand was mentioned, against the period before."""
    kpi, span = brand.kpi("mentions"), facts.span
    if kpi.value is None:
        return f"Nothing can be said about {brand.name} this {span}: no source was heard."
    if not kpi.value:
        text = f"Nobody mentioned {brand.name} this {span} in the sources that were heard"
    else:
        text = f"{brand.name} was mentioned {_times(kpi.value)} this {span}"
    now, before = kpi.compared, kpi.before
    if not facts.comparable or now is None or before is None:
        return text + "."
    if kpi.like_for_like is not None and kpi.like_for_like != kpi.value:
        text += f"; on the sources heard in both {span}s, {_times(now)}"
    if not before:
        return text + ("." if not now else f", after none the {span} before.")
    if not now:
        return f"{text}, after {_times(before)} the {span} before."
    if steady(now, before):
        return f"{text}, about as often as the {span} before ({reading.count(before)})."
    more = "more" if now > before else "fewer"
    text += f": {reading.count(abs(now - before))} {more} than the {span} before"
    if min(now, before) >= MIN_N:
        text += f" ({reading.percent_change((now - before) / before)})"
    return text + "."


def about_share(brand: BrandFacts, market: tuple[BrandFacts, ...], facts: DigestFacts) -> str:
    """Its part of what was said about its market, and who is ahead or behind."""
    kpi, span = brand.kpi("share_of_voice"), facts.span
    if len(market) < 2 or kpi.value is None or not brand.kpi("mentions").value:
        return ""
    if (kpi.n or 0) < MIN_N:
        return f"Too little was said about the {len(market)} brands of its market to compare them."
    text = f"That is {reading.share(kpi.value)} of what was said about the {len(market)} brands of its market"
    moved = change_of_share(kpi, facts.comparable)
    if moved == "about the same":
        text += ", about the same share as before"
    elif moved:
        more = "more" if (kpi.compared or 0) > (kpi.before or 0) else "less"
        text += f", {moved[1:]} {more} than the {span} before"
    ranked = sorted(market, key=lambda one: one.kpi("share_of_voice").value or 0, reverse=True)
    if ranked[0] is brand:
        second = ranked[1]
        return f"{text}; {second.name} follows with {reading.share(second.kpi('share_of_voice').value or 0)}."
    return f"{text}; {ranked[0].name} leads with {reading.share(ranked[0].kpi('share_of_voice').value or 0)}."


def judged(share: KpiFact) -> str:
    """What a share of tones rests on: "324 judged mentions (130 not judged)"."""
    text = reading.plural(share.n or 0, "judged mention")
    left = share.beside.get("unjudged") or 0
    return f"{text} ({reading.count(left)} not judged)" if left else text


def judged_short(share: KpiFact) -> str:
    """The same where there is little room: "324 of 454 judged"."""
    left = share.beside.get("unjudged") or 0
    if not left:
        return judged(share)
    return f"{reading.count(share.n or 0)} of {reading.count((share.n or 0) + left)} judged"


def about_tone(brand: BrandFacts, facts: DigestFacts) -> str:
    """How it was spoken of, and whether the kind words grew."""
    good, bad = brand.kpi("positive_share"), brand.kpi("negative_share")
    if not brand.kpi("mentions").value:
        return ""
    if good.value is None or bad.value is None:
        return "None of its mentions could be judged for tone."
    if (good.n or 0) < MIN_N:
        return f"Only {reading.plural(good.n or 0, 'mention')} could be judged: not enough for a percentage."
    text = (
        f"Of {judged(good)}, {reading.about(good.value, good.interval)} were positive "
        f"and {reading.about(bad.value, bad.interval)} negative"
    )
    return f"{text}{_kind_words(brand, facts)}."


def _kind_words(brand: BrandFacts, facts: DigestFacts) -> str:
    """Whether the positive mentions grew, and whether that is more than the engine errs by."""
    positive = brand.kpi("positive_mentions")
    now, before = positive.compared, positive.before
    if not facts.comparable or now is None or before is None:
        return ""
    if steady(now, before):
        return "; the number of positive ones hardly moved"
    counts = f"from {reading.count(before)} to {reading.count(now)}"
    grown = brand.kpi("positive_growth").interval
    if grown and grown[0] <= 0 <= grown[1]:
        return f"; those judged positive went {counts}, which the engine's errors alone could make"
    text = f"; positive mentions {'rose' if now > before else 'fell'} {counts}"
    if min(now, before) >= MIN_N:
        text += f" ({reading.percent_change((now - before) / before)})"
    return text


def about_response(brand: BrandFacts, facts: DigestFacts) -> str:
    """How long people waited for its answer."""
    kpi = brand.kpi("first_response_time")
    if not kpi.n:
        return ""
    answered = kpi.beside.get("answered_share")
    people = reading.plural(kpi.n, "conversation")
    if kpi.value is None:
        text = f"Of {people} that waited for its answer, fewer than half got one"
        return text + (f" ({reading.percent(answered)})." if answered and kpi.n >= MIN_N else ".")
    text = f"In {people} that waited for its answer, the typical wait was {reading.duration(kpi.value)}"
    if facts.comparable and kpi.before is not None and kpi.compared is not None:
        text += f" ({reading.duration(kpi.before)} the {facts.span} before)"
    if answered is not None and kpi.n >= MIN_N:
        text += f"; {reading.percent(answered, 0)} were answered"
    return text + "."


def about_hearing(facts: DigestFacts) -> str:
    """Warn in the first paragraph where what follows rests on less than it seems to."""
    if not facts.coverage or not any(source.heard for source in facts.coverage):
        return f"No source was heard this {facts.span}, so this letter has no numbers to tell."
    thin = [one.source for one in facts.coverage if one.asked and one.heard < FULL * one.asked]
    missing = [*facts.left_out, *(name for name in thin if name not in facts.left_out)]
    if not missing:
        return ""
    return f"Not everything was heard ({_listed(missing)}): the real counts may be higher."


def about_source(heard: float, asked: float) -> str:
    """Say in words what a source's hours mean."""
    if not heard:
        return "not heard at all; left out of every number"
    if asked and heard < FULL * asked:
        return f"not heard for {reading.hours(asked - heard)}; counts may be too low, so it is not compared"
    if asked - heard >= 1:
        return f"not heard for {reading.hours(asked - heard)}"
    return "heard throughout"


def _times(number: float) -> str:
    return "once" if number == 1 else f"{reading.count(number)} times"


def _listed(names: list[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more sources"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
