"""The letter as blocks for Slack: within its limits, and free of pings whatever strangers wrote."""

from __future__ import annotations

from collections.abc import Iterator

from alerts import blocks
from alerts.blocks import Block, escape
from alerts.digest.content import Digest, Market, Waits
from alerts.digest.render import Group, brand_lines, closing, hearing_lines, kpi_line
from alerts.language import Language


def slack_blocks(digest: Digest, groups: list[Group]) -> list[Block]:
    """Return as many blocks as one message holds, what was heard and the next date always among them."""
    _ = digest.language.gettext
    last = [blocks.divider()]
    if digest.hearing or digest.left_out or digest.remarks:
        heard = "\n".join(hearing_lines(digest))
        last.append(blocks.context(f"*{_('What was heard')}*\n{escape(heard, 1_200, lines=True)}"))
    last.append(blocks.context(escape("\n".join(closing(digest)), 1_000, lines=True)))
    left_out = _("Slack takes no more in one message; the whole letter comes by mail.")
    return blocks.within(_content(digest, groups), last, left_out)


def _content(digest: Digest, groups: list[Group]) -> Iterator[Block]:
    _, language = digest.language.gettext, digest.language
    yield blocks.header(digest.title)
    yield blocks.context(escape(digest.period))
    if digest.notice:
        yield blocks.section(f"*{escape(digest.notice, 1_000)}*")
    for text in (" ".join(sentence.text for sentence in digest.summary), digest.warning):
        if text:
            yield blocks.section(escape(text, 2_000))
    for table in digest.tables:
        yield blocks.divider()
        lines = [f"{row.name}: {kpi_line(row, language)}" for row in table.rows]
        yield _titled(_("{brand} in numbers", brand=table.brand), lines)
    if digest.goals:
        yield _titled(_("Goals"), [f"{goal.name}: {goal.what} ({goal.pace})" for goal in digest.goals])
    for market in digest.markets:
        yield blocks.divider()
        yield _market(market, digest)
    for box in digest.drivers:
        yield _titled(box.title, [f"{line.name}: {line.said}" for line in box.lines])
    for group in groups:
        yield blocks.section(f"*{escape(group.title, 200)}*")
        for one in group.shown:
            quote = one.quote
            by = f"{one.brand} · {quote.author}" if quote.author else one.brand
            yield blocks.quote(quote.text, by, quote.source, quote.url, quote.published_at, language)
    for wait in digest.waits:
        yield from _waiting(wait, language)
    if digest.marks:
        yield _titled(_("What happened"), list(digest.marks))


def _waiting(wait: Waits, language: Language) -> Iterator[Block]:
    yield blocks.section(f"*{escape(wait.title, 200)}*")
    for waited, quote in wait.lines:
        by = f"{waited} · {quote.author}" if quote.author else waited
        yield blocks.quote(quote.text, by, quote.source, quote.url, language=language)
    if wait.more:
        yield blocks.context(escape(wait.more))


def _titled(title: str, lines: list[str]) -> Block:
    return blocks.section(f"*{escape(title, 200)}*\n{escape(chr(10).join(lines), 1_500, lines=True)}")


def _market(market: Market, digest: Digest) -> Block:
    language = digest.language
    lines = []
    for brand in market.brands:
        name = language.gettext("{brand} (yours)", brand=brand.name) if brand.own else brand.name
        lines.append(f"{name}: {' · '.join(brand_lines(brand, language))}")
    return _titled(market.title, [*lines, *([market.more] if market.more else [])])
