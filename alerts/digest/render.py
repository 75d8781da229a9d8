"""One letter written for mail: HTML with its pictures, and plain text; the form for Slack stands beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alerts.charts.pictures import png
from alerts.digest import tables
from alerts.digest.content import BrandLine, Chart, Digest, Hearing, KpiRow, KpiTable, Market
from alerts.language import N_, Language
from alerts.message import Letter, Quote
from alerts.render import byline, clean, clean_lines, html_page, safe_url, shorten
from sentiment.tone import Label

ARROWS = {"up": "▲", "down": "▼", "same": "≈", "": ""}
_TITLES: dict[Label, str] = {
    "positive": N_("What people liked"),
    "negative": N_("What people did not like"),
    "neutral": N_("Also said"),
}
EDGES: dict[Label, str] = {"positive": "good", "negative": "bad", "neutral": "plain"}
_EACH = 3
_BAR = 20
_LINE = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """A quote with the brand that it is about."""

    brand: str
    quote: Quote


@dataclass(frozen=True, slots=True)
class Group:
    """The quotes of one tone under their heading."""

    title: str
    label: Label
    shown: tuple[Shown, ...]

    @property
    def edge(self) -> str:
        return EDGES[self.label]


def letter(digest: Digest, quotes: Mapping[str, Quote], key: str) -> Letter:
    """Render the letter. `quotes` are the posts of `digest.quotes` by id; one that is gone is left out."""
    from alerts.digest.slack_form import slack_blocks

    groups = grouped(digest, quotes)
    return Letter(
        key=key,
        subject=clean(digest.subject),
        html=_html(digest, groups),
        text=_text(digest, groups),
        blocks=tuple(slack_blocks(digest, groups)),
        data=digest.data,
        pictures=_pictures(digest),
        to=digest.to,
    )


def grouped(digest: Digest, quotes: Mapping[str, Quote]) -> list[Group]:
    """Sort the posts that still exist under their headings, a few under each."""
    groups = []
    for label, title in _TITLES.items():
        found = [
            Shown(ref.brand, quotes[ref.post])
            for ref in digest.quotes
            if ref.label == label and ref.post in quotes
        ]
        if found:
            groups.append(Group(digest.language.gettext(title), label, tuple(found[:_EACH])))
    return groups


def _pictures(digest: Digest) -> dict[str, bytes]:
    """The charts as PNG by the name after `cid:`, each drawn for light and for dark."""
    return {
        picture_name(market, number, dark=dark): png(picture.svg, tables.MAIL, 3, dark=dark)
        for market, shown in enumerate(digest.markets)
        for number, (_, picture) in enumerate(shown.narrow)
        for dark in (False, True)
    }


def picture_name(market: int, number: int, *, dark: bool = False) -> str:
    """What a chart is called in the mail."""
    return f"chart-{market}-{number}{'-dark' if dark else ''}"


def _html(digest: Digest, groups: list[Group]) -> str:
    return html_page(
        "letter.html",
        digest.language,
        digest=digest,
        groups=groups,
        arrows=ARROWS,
        picture_name=picture_name,
        answers=answers(digest),
        commands=_commands(digest),
    )


def answers(digest: Digest) -> list[BrandLine]:
    """The brands that people asked something, ours and their rivals."""
    return [brand for market in digest.markets for brand in market.brands if brand.response]


def _commands(digest: Digest) -> list[str]:
    """What opens the numbers of the paragraph, each command once."""
    return list(dict.fromkeys(one.explain for one in digest.summary if one.explain))


def _text(digest: Digest, groups: list[Group]) -> str:
    _ = digest.language.gettext
    parts = [digest.title, digest.period, ""]
    parts += [digest.notice, ""] if digest.notice else []
    parts += [" ".join(sentence.text for sentence in digest.summary), ""] if digest.summary else []
    parts += [digest.warning, ""] if digest.warning else []
    for table in digest.tables:
        lines = _table_text(table, digest.language)
        parts += [*_headed(_("{brand} in numbers", brand=table.brand)), *lines, ""]
    if digest.goals:
        parts += _headed(_("Goals"))
        parts += [f"  {goal.name}: {goal.what}. {goal.stands} ({goal.pace})" for goal in digest.goals]
        parts.append("")
    for chart in digest.charts:
        parts += [*_headed(chart.title), *_chart_text(chart), ""]
    for market in digest.markets:
        parts += _market_text(market, digest.language)
    for box in digest.drivers:
        parts += _headed(box.title)
        for line in box.lines:
            parts.append(f"  {line.name}: {line.said}")
            parts += [f"    {line.url}"] if line.url else []
        parts.append("")
    for group in groups:
        parts += _headed(group.title)
        for one in group.shown:
            parts += _quote_text(one.quote, who(one, digest.language), digest.language)
    for wait in digest.waits:
        parts += _headed(wait.title)
        for waited, quote in wait.lines:
            parts += _quote_text(quote, waiting(waited, quote, digest.language), digest.language)
        parts += [f"  {wait.more}", ""] if wait.more else []
    if digest.marks:
        parts += [*_headed(_("What happened")), *(f"  {mark}" for mark in digest.marks), ""]
    if digest.hearing or digest.left_out or digest.remarks:
        parts += [*_headed(_("What was heard")), *(f"  {line}" for line in hearing_lines(digest)), ""]
    return clean_lines("\n".join([*parts, *closing(digest)])) + "\n"


def _headed(title: str) -> list[str]:
    """A heading that leaves each name as it is written; capitals are no names any more."""
    return [title, "─" * min(len(title), _LINE)]


def _quote_text(quote: Quote, who: str, language: Language) -> list[str]:
    lines = [f"  {language.quoted(shorten(clean(quote.text), 400))}", f"  {who}"]
    return [*lines, f"  {url}", ""] if (url := safe_url(quote.url)) else [*lines, ""]


def _table_text(table: KpiTable, language: Language) -> Iterator[str]:
    for row in table.rows:
        yield f"  {row.name}: {kpi_line(row, language)}"


def kpi_line(row: KpiRow, language: Language) -> str:
    """One KPI on one line, for text, Slack and Markdown: now, before, what is sure about the change, the goal."""
    _, parts = language.gettext, [f"{row.now} ({row.note})" if row.note else row.now]
    if row.before:
        parts.append(_("{before} before", before=row.before))
    if row.move:
        parts.append(moved(row, language))
    if row.goal:
        parts.append(_("goal {target}", target=row.goal))
    return language.enumerated(parts)


def moved(row: KpiRow, language: Language) -> str:
    """The change with its arrow, or that chance makes as much."""
    if row.move == "same":
        return language.gettext("may be chance")
    return f"{ARROWS[row.move]} {row.change}"


def _market_text(market: Market, language: Language) -> list[str]:
    parts = _headed(market.title)
    for brand in market.brands:
        mine = language.gettext("{brand} (yours)", brand=brand.name) if brand.own else brand.name
        parts += [mine, *(f"  {line}" for line in brand_lines(brand, language)), ""]
    for title, picture in market.pictures:
        parts += [f"{title}: {picture.alt.removeprefix(f'{title}. ')}", ""]
    return [*parts, market.more, ""] if market.more else parts


def brand_lines(brand: BrandLine, language: Language) -> list[str]:
    """The numbers of one brand beside its rivals, for text and Slack alike."""
    _, arrow = language.gettext, ARROWS[brand.move] if brand.move in ("up", "down") else ""
    mentions = f"{brand.mentions} {arrow}".strip()
    lines = [_("Mentions: {value}", value=mentions)]
    lines += [_("Share of voice: {value}", value=brand.share)] if brand.share else []
    lines.append(_("Net sentiment: {value}", value=brand.net))
    if brand.response:
        lines.append(_("First response: {value} ({note})", value=brand.response, note=brand.response_note))
    return lines


def _chart_text(chart: Chart) -> list[str]:
    width = max(len(day.name) for day in chart.days)
    return [
        f"  {day.name:<{width}}  {'█' * round((day.height or 0) / 100 * _BAR)} {day.count}".rstrip()
        for day in chart.days
    ]


def hearing_lines(digest: Digest) -> list[str]:
    """What was heard and what was not well, a line each."""
    lines = [
        f"{digest.language.isolated(one.source)}: {digest.language.enumerated((one.hours, one.meaning))}"
        f"{before(one, digest.language)}"
        for one in digest.hearing
    ]
    if digest.left_out:
        names = digest.language.listed(digest.left_out)
        lines.append(digest.language.gettext("Left out of every number: {sources}", sources=names))
    return [*lines, *digest.remarks]


def before(hearing: Hearing, language: Language) -> str:
    """How much of a source was heard the period before, where that was not all."""
    return f" ({language.gettext('{before} before', before=hearing.before)})" if hearing.before else ""


def closing(digest: Digest) -> list[str]:
    """The last lines: when the next letter comes, and how each number is made again."""
    _ = digest.language.gettext
    parts = [_("The next letter comes on {when}.", when=digest.next_letter)] if digest.next_letter else []
    parts.append(_("Every number comes from: {command}", command=digest.command))
    parts += [_("Tone was judged by {engine}.", engine=digest.engine)] if digest.engine else []
    parts += [url] if (url := safe_url(digest.dashboard)) else []
    return parts


def waiting(waited: str, quote: Quote, language: Language) -> str:
    """How long somebody waits for an answer, who, and where."""
    return f"{waited} · {byline(quote.author, quote.source, None, language)}"


def who(one: Shown, language: Language) -> str:
    """About which brand, by whom, where and when."""
    by = byline(one.quote.author, one.quote.source, one.quote.published_at, language)
    return f"{language.isolated(one.brand)} · {by}"
