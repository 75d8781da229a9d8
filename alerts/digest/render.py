"""One digest written three ways: HTML and plain text for mail, blocks for Slack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerts import blocks
from alerts.blocks import Block, escape
from alerts.digest.content import BrandLine, Chart, Digest, Hearing, Market
from alerts.message import Letter, Quote
from alerts.render import byline, clean, clean_lines, html_page, safe_url, shorten
from sentiment.tone import Label

_ARROWS = {"up": "▲", "down": "▼", "same": "≈", "": ""}
_TITLES: dict[Label, str] = {
    "positive": "What people liked",
    "negative": "What people did not like",
    "neutral": "Also said",
}
_EACH = 4
_BAR = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A quote with the brand that it is about."""

    brand: str
    quote: Quote


def letter(digest: Digest, quotes: Mapping[str, Quote], key: str) -> Letter:
    """Render the letter. `quotes` are the posts of `digest.quotes` by id; one that is gone is left out."""
    groups = _groups(digest, quotes)
    return Letter(
        key=key,
        subject=clean(digest.subject),
        html=_html(digest, groups),
        text=_text(digest, groups),
        blocks=tuple(_blocks(digest, groups)),
        data=digest.data,
    )


def _groups(digest: Digest, quotes: Mapping[str, Quote]) -> dict[str, list[Shown]]:
    """Sort the posts that still exist under their headings, a few under each."""
    groups: dict[str, list[Shown]] = {}
    for label, title in _TITLES.items():
        found = [
            Shown(ref.brand, quotes[ref.post])
            for ref in digest.quotes
            if ref.label == label and ref.post in quotes
        ]
        if found:
            groups[title] = found[:_EACH]
    return groups


def _html(digest: Digest, groups: Mapping[str, list[Shown]]) -> str:
    return html_page(
        "letter.html",
        digest=digest,
        groups=groups,
        arrows=_ARROWS,
        answers=[brand for brand in _brands(digest) if brand.response_note],
        edges=dict(zip(_TITLES.values(), ("good", "bad", "plain"), strict=True)),
    )


def _brands(digest: Digest) -> Iterable[BrandLine]:
    return (brand for market in digest.markets for brand in market.brands)


def _text(digest: Digest, groups: Mapping[str, list[Shown]]) -> str:
    parts = [digest.title, digest.period, ""]
    parts += [digest.notice, ""] if digest.notice else []
    for paragraph in digest.summary:
        parts += [paragraph, ""]
    for market in digest.markets:
        parts += _market_text(market)
    for chart in digest.charts:
        parts += [f"MENTIONS OF {chart.brand} BY DAY", *_chart_text(chart), ""]
    for title, shown in groups.items():
        parts += [title.upper(), ""]
        for one in shown:
            parts += [f"  “{shorten(clean(one.quote.text), 400)}”", f"  {_who(one)}"]
            parts += [f"  {url}", ""] if (url := safe_url(one.quote.url)) else [""]
    if digest.hearing or digest.left_out or digest.remarks:
        parts += ["WHAT WAS HEARD", *_hearing_text(digest), ""]
    return clean_lines("\n".join(parts + _closing(digest))) + "\n"


def _market_text(market: Market) -> list[str]:
    parts = [market.title.upper(), ""]
    for brand in market.brands:
        parts.append(f"{brand.name}{' (yours)' if brand.own else ''}")
        parts += [f"  {name}: {value}" for name, value in _figures(brand)]
        parts.append("")
    return [*parts, market.more, ""] if market.more else parts


def _figures(brand: BrandLine) -> list[tuple[str, str]]:
    """The numbers of one brand as names and values, for text and Slack alike."""
    figures = [("mentions", _joined(brand.mentions, brand.mentions_change))]
    if brand.share:
        figures.append(("share of voice", _joined(brand.share, brand.share_change)))
    if brand.tone_widths:
        tone = f"{brand.positive} positive, {brand.neutral} neutral, {brand.negative} negative"
        figures.append(("tone", f"{tone} of {brand.judged}"))
        figures.append(("net sentiment", _joined(brand.net, brand.net_change)))
    else:
        figures.append(("tone", f"{brand.net} ({brand.judged})"))
    if brand.response:
        figures.append(("first response", _joined(brand.response, brand.response_note)))
    return figures


def _joined(value: str, beside: str) -> str:
    return f"{value}, {beside}" if beside else value


def _chart_text(chart: Chart) -> list[str]:
    width = max(len(day.name) for day in chart.days)
    return [
        f"  {day.name:<{width}}  {'█' * round((day.height or 0) / 100 * _BAR)} {day.count}".rstrip()
        for day in chart.days
    ]


def _hearing_text(digest: Digest) -> list[str]:
    lines = [f"  {one.source}: {one.hours}, {one.meaning}{_before(one)}" for one in digest.hearing]
    if digest.left_out:
        lines.append(f"  Left out of every number: {', '.join(digest.left_out)}")
    return lines + [f"  {remark}" for remark in digest.remarks]


def _before(hearing: Hearing) -> str:
    return f" ({hearing.before} before)" if hearing.before else ""


def _closing(digest: Digest) -> list[str]:
    parts = [f"The next letter comes on {digest.next_letter}."] if digest.next_letter else []
    parts.append(f"Every number comes from: {digest.command}")
    parts += [f"Tone was judged by {digest.engine}."] if digest.engine else []
    parts += [url] if (url := safe_url(digest.dashboard)) else []
    return parts


def _who(one: Shown) -> str:
    return f"{one.brand} · {byline(one.quote.author, one.quote.source, one.quote.published_at)}"


def _blocks(digest: Digest, groups: Mapping[str, list[Shown]]) -> list[Block]:
    made = [blocks.header(digest.title), blocks.context(escape(digest.period))]
    made += [blocks.section(f"*{escape(digest.notice, 1_000)}*")] if digest.notice else []
    made += [blocks.section(escape(paragraph, 1_500)) for paragraph in digest.summary]
    for market in digest.markets:
        made.append(blocks.divider())
        made += _market_blocks(market, titled=len(digest.markets) > 1)
    for title, shown in groups.items():
        made.append(blocks.section(f"*{title}*"))
        for one in shown:
            quote = one.quote
            who = f"{one.brand} · {quote.author}" if quote.author else one.brand
            made.append(blocks.quote(quote.text, who, quote.source, quote.url, quote.published_at))
    last = [blocks.divider()]
    if digest.hearing or digest.left_out or digest.remarks:
        heard = "\n".join(_hearing_text(digest))
        last.append(blocks.context(f"*What was heard*\n{escape(heard, 1_500, lines=True)}"))
    last.append(blocks.context(escape("\n".join(_closing(digest)), 1_000, lines=True)))
    return blocks.within(made, last, "Slack takes no more in one message; the whole letter comes by mail.")


def _market_blocks(market: Market, *, titled: bool) -> list[Block]:
    made = [blocks.section(f"*{escape(market.title, 200)}*")] if titled else []
    for brand in market.brands:
        name = f"*{escape(brand.name, 200)}*{' (yours)' if brand.own else ''}"
        lines = "\n".join(f"{name_}: {value}" for name_, value in _figures(brand))
        made.append(blocks.section(f"{name}\n{escape(lines, 1_500, lines=True)}"))
    return [*made, blocks.context(escape(market.more, 300))] if market.more else made
