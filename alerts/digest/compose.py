"""From numbers to a letter's content: what is said, in which order, and how long each bar is. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from alerts import format as reading
from alerts.digest import wording
from alerts.digest.content import BrandLine, Chart, Day, Digest, Hearing, Market
from alerts.digest.facts import BrandFacts, CoverageFacts, DigestFacts, KpiFact, to_json
from alerts.digest.wording import MIN_N
from alerts.render import clean, shorten

_OWN_IN_SUMMARY = 3
_BRANDS_IN_MARKET = 15
_LONGEST_NAME = 48
_LONGEST_CHART = 10


def compose(facts: DigestFacts) -> Digest:
    """Return the letter's content. The same facts always give the same letter."""
    zone, plain = ZoneInfo(facts.timezone), to_json(facts)
    facts = _presentable(facts)
    title = _title(facts.since, facts.until, zone)
    own = [brand for brand in facts.brands if brand.own]
    return Digest(
        title=f"{_capital(title)}: {_named(own or _leaders(facts))}",
        subject=_subject(title, own or _leaders(facts), facts),
        period=reading.period(facts.since, facts.until, zone),
        summary=_summary(facts, own),
        notice=_notice(facts),
        markets=tuple(
            _market(_heading(name, facts), brands, facts)
            for name, brands in _markets(facts).items()
            if _heard(brands)
        ),
        charts=tuple(chart for brand in own[:_OWN_IN_SUMMARY] if (chart := _chart(brand, facts, zone))),
        quotes=facts.quotes,
        hearing=tuple(_hearing(source, facts.comparable) for source in facts.coverage),
        left_out=tuple(name for name in facts.left_out if name not in {one.source for one in facts.coverage}),
        remarks=tuple(reading.query_changes(facts.query_changes, zone)),
        next_letter=reading.moment(facts.next_letter_at, zone) if facts.next_letter_at else "",
        engine=facts.engine or "",
        command=_command(facts, zone),
        dashboard=facts.dashboard,
        data={"at": datetime.fromtimestamp(facts.written_at, zone).isoformat(), **plain},
    )


def _presentable(facts: DigestFacts) -> DigestFacts:
    """Cut names that would burst a table: an import may have brought any brand, a feed any source."""
    return replace(
        facts,
        brands=tuple(replace(brand, name=_name(brand.name)) for brand in facts.brands),
        coverage=tuple(replace(source, source=_name(source.source)) for source in facts.coverage),
        left_out=tuple(_name(source) for source in facts.left_out),
        quotes=tuple(replace(quote, brand=_name(quote.brand)) for quote in facts.quotes),
        query_changes=tuple(replace(change, brand=_name(change.brand)) for change in facts.query_changes),
    )


def _name(text: str) -> str:
    return shorten(clean(text), _LONGEST_NAME) or "(no name)"


def _heading(name: str, facts: DigestFacts) -> str:
    """What a market is called: by its name only where there are several, and topics are no brands."""
    if all(brand.topic for brand in facts.brands if brand.market == name):
        return "Topics"
    several = len({brand.market for brand in facts.brands if not brand.topic}) > 1
    return f"The brands of “{_name(name)}”" if several else "The brands"


def _market(title: str, brands: tuple[BrandFacts, ...], facts: DigestFacts) -> Market:
    """Show the first brands and all of ours; say how many are not shown."""
    shown = [brand for rank, brand in enumerate(brands) if rank < _BRANDS_IN_MARKET or brand.own]
    left = len(brands) - len(shown)
    return Market(
        title=title,
        topics=all(brand.topic for brand in brands),
        brands=tuple(_line(brand, facts.comparable, len(brands) > 1) for brand in shown),
        more=f"{reading.plural(left, 'more brand')} with fewer mentions, not shown here." if left else "",
    )


def _markets(facts: DigestFacts) -> dict[str, tuple[BrandFacts, ...]]:
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


def _title(since: int, until: int, zone: ZoneInfo) -> str:
    """Name an ISO week as such, and everything else by its days."""
    first, last = datetime.fromtimestamp(since, zone), datetime.fromtimestamp(until, zone)
    monday = first.weekday() == 0 and (first.hour, first.minute) == (0, 0)
    if monday and last.date() == first.date() + timedelta(days=7) and (last.hour, last.minute) == (0, 0):
        return f"week {first.isocalendar().week}"
    return reading.period(since, until, zone)


def _subject(title: str, brands: list[BrandFacts], facts: DigestFacts) -> str:
    """Put the first brand's one number into the subject: many letters are read no further."""
    if not brands:
        return f"{_capital(title)}: no brand is configured"
    mentions = brands[0].kpi("mentions")
    if mentions.value is None:
        told = "nothing was heard"
    else:
        told = reading.plural(mentions.value, "mention")
        moved = wording.change_of_count(mentions, facts.comparable)
        told += f" ({moved.replace(' (', ', ').rstrip(')')})" if moved else ""
    return f"{_named(brands)}, {title}: {told}"


def _named(brands: list[BrandFacts]) -> str:
    if not brands:
        return "no brand"
    more = f" and {len(brands) - 1} more" if len(brands) > 1 else ""
    return brands[0].name + more


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _heard(brands: tuple[BrandFacts, ...]) -> bool:
    """A table of brands of which nothing is known would only repeat that."""
    return any(brand.kpi("mentions").value is not None for brand in brands)


def _summary(facts: DigestFacts, own: list[BrandFacts]) -> tuple[str, ...]:
    """One short paragraph for each brand of ours, then what was not heard."""
    hearing = wording.about_hearing(facts)
    if not any(brand.kpi("mentions").value is not None for brand in facts.brands):
        return (hearing or f"No number could be computed for this {facts.span}.",)
    said = []
    for brand in own[:_OWN_IN_SUMMARY] or _leaders(facts):
        market = tuple(one for one in facts.brands if one.market == brand.market)
        sentences = (
            wording.about_mentions(brand, facts),
            wording.about_share(brand, market, facts),
            wording.about_tone(brand, facts),
            wording.about_response(brand, facts),
        )
        said.append(" ".join(sentence for sentence in sentences if sentence))
    if len(own) > _OWN_IN_SUMMARY:
        said.append(f"{len(own) - _OWN_IN_SUMMARY} more brands of yours are in the table below.")
    return (*said, hearing) if hearing else tuple(said)


def _leaders(facts: DigestFacts) -> list[BrandFacts]:
    """Without a brand of ours, the letter is about the one that was talked about most."""
    return [brands[0] for brands in _markets(facts).values()][:1]


def _notice(facts: DigestFacts) -> str:
    if facts.comparable:
        return ""
    why = facts.why_not or "there is no full week before it"
    return f"This letter shows no changes: {why.rstrip('.')}. It says what was heard, and compares nothing."


def _line(brand: BrandFacts, comparable: bool, several: bool) -> BrandLine:
    mentions, voice = brand.kpi("mentions"), brand.kpi("share_of_voice")
    good, bad, net = (brand.kpi(name) for name in ("positive_share", "negative_share", "net_sentiment"))
    judged = good.n or 0
    enough = good.value is not None and bad.value is not None and judged >= MIN_N
    neutral = max(0.0, round(1 - (good.value or 0) - (bad.value or 0), 9))
    # Nobody writes to a topic, and topics overlap: neither first answers nor a share of voice mean anything.
    several = several and not brand.topic
    voiced = several and voice.value is not None and (voice.n or 0) >= MIN_N
    return BrandLine(
        name=brand.name,
        own=brand.own,
        mentions=_counted(mentions),
        mentions_change=wording.change_of_count(mentions, comparable),
        direction=_direction(mentions, comparable),
        share=wording.share(voice) if several else "",
        share_change=wording.change_of_share(voice, comparable),
        share_width=round(100 * (voice.value or 0)) if voiced else None,
        judged=wording.judged(good),
        judged_short=wording.judged_short(good),
        tone_widths=_widths(good.value or 0, neutral, bad.value or 0) if enough else None,
        positive=wording.share(good),
        neutral=reading.share(neutral) if enough else reading.NOT_ENOUGH,
        negative=wording.share(bad),
        net=reading.balance(net.value) if enough and net.value is not None else reading.NOT_ENOUGH,
        net_change=_net_change(net, comparable),
        response="" if brand.topic else _response(brand.kpi("first_response_time")),
        response_note="" if brand.topic else _response_note(brand.kpi("first_response_time"), comparable),
    )


def _counted(kpi: KpiFact) -> str:
    if kpi.value is None:
        return "not heard"
    return reading.count(kpi.value) if kpi.value else "none"


def _direction(kpi: KpiFact, comparable: bool) -> str:
    """Return "up", "down", "same", or nothing: an arrow stands only for a move that is more than chance."""
    now, before = kpi.compared, kpi.before
    if not comparable or now is None or before is None:
        return ""
    if wording.steady(now, before):
        return "same"
    return "up" if now > before else "down"


def _net_change(kpi: KpiFact, comparable: bool) -> str:
    now, before = kpi.compared, kpi.before
    if not comparable or now is None or before is None or kpi.compared_n < MIN_N:
        return ""
    return f"{reading.balance(before)} before"


def _widths(good: float, neutral: float, bad: float) -> tuple[int, int, int]:
    """Cut a bar of 100 in three whole parts that add up; what is there at all stays visible."""
    first, last = (max(round(100 * part), 1 if part > 0 else 0) for part in (good, bad))
    if neutral <= 0:
        return first, 0, 100 - first
    return first, max(100 - first - last, 0), last


def _response(kpi: KpiFact) -> str:
    if kpi.value is not None:
        return reading.duration(kpi.value)
    return "mostly unanswered" if kpi.n else "nobody asked"


def _response_note(kpi: KpiFact, comparable: bool) -> str:
    if not kpi.n:
        return ""
    parts = [reading.plural(kpi.n, "conversation")]
    beside = {name: number for name, number in kpi.beside.items() if number is not None}
    if kpi.n >= MIN_N and "answered_share" in beside:
        parts.append(f"{reading.percent(beside['answered_share'], 0)} answered")
    if kpi.n >= MIN_N and "within_target" in beside:
        target = (
            f" {reading.duration(beside['response_target'])}" if "response_target" in beside else " target"
        )
        parts.append(f"{reading.percent(beside['within_target'], 0)} within{target}")
    if kpi.n >= MIN_N and "p90" in beside:
        parts.append(f"nine in ten within {reading.duration(beside['p90'])}")
    if comparable and kpi.value is not None and kpi.before is not None:
        parts.append(f"{reading.duration(kpi.before)} before")
    return ", ".join(parts)


def _chart(brand: BrandFacts, facts: DigestFacts, zone: ZoneInfo) -> Chart | None:
    """Return mentions per day, or None where there is nothing to draw."""
    highest = max((number for number in brand.per_day if number is not None), default=0)
    names = reading.weekdays(facts.since, facts.until, zone)
    if not highest or len(names) != len(brand.per_day) or len(names) > _LONGEST_CHART:
        return None
    days = []
    for name, number in zip(names, brand.per_day, strict=True):
        height = None if number is None else max(round(100 * number / highest), 1)
        days.append(Day(name, "not heard" if number is None else reading.count(number), height))
    return Chart(brand.name, tuple(days))


def _hearing(source: CoverageFacts, comparable: bool) -> Hearing:
    before = ""
    if comparable and source.heard_before is not None and source.asked_before is not None:
        full = source.heard_before >= wording.FULL * source.asked_before
        before = (
            "" if full else f"{reading.hours(source.heard_before)} of {reading.hours(source.asked_before)}"
        )
    return Hearing(
        source=source.source,
        hours=f"{reading.hours(source.heard)} of {reading.hours(source.asked)}",
        before=before,
        meaning=wording.about_source(source.heard, source.asked),
        full=bool(source.heard) and source.heard >= wording.FULL * source.asked,
    )


def _command(facts: DigestFacts, zone: ZoneInfo) -> str:
    """The command that prints the letter's numbers again."""
    since, until = (datetime.fromtimestamp(at, zone) for at in (facts.since, facts.until))
    form = (
        "%Y-%m-%d"
        if (since.hour, since.minute, until.hour, until.minute) == (0, 0, 0, 0)
        else "%Y-%m-%dT%H:%M"
    )
    return f"listener kpi --since {since:{form}} --until {until:{form}} --timezone {facts.timezone}"
