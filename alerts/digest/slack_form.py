"""The letter as blocks for Slack: within its limits, and free of pings whatever strangers wrote."""

from __future__ import annotations

from collections.abc import Iterator

from alerts import blocks
from alerts.blocks import Block, escape
from alerts.digest.content import Digest, Drivers, Market, Waits
from alerts.digest.render import Group, brand_lines, closing, hearing_lines, kpi_line
from alerts.language import Language
from alerts.render import safe_url


def slack_blocks(digest: Digest, groups: list[Group]) -> list[Block]:
    """Return as many blocks as one message holds, what was heard and the next date always among them."""
    _ = digest.language.gettext
    last = [blocks.divider()]
    if digest.hearing or digest.left_out or digest.remarks:
        heard = "\n".join(hearing_lines(digest))
        last.append(blocks.context(f"*{_('What was heard')}*\n{escape(heard, 1_200, lines=True)}"))
    last.append(blocks.context(_closing(digest)))
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
        yield _driven(box, language)
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


def _driven(box: Drivers, language: Language) -> Block:
    """What stands behind the numbers; a story leads to its post."""
    lines = [f"*{escape(box.title, 200)}*"]
    for line in box.lines:
        opened = blocks.link(line.url, language.gettext("open"))
        said = escape(f"{line.name}: {line.said}", 300)
        lines.append(f"{said} · {opened}" if opened else said)
    return _whole(lines)


def _market(market: Market, digest: Digest) -> Block:
    language = digest.language
    lines = [f"*{escape(market.title, 200)}*"]
    for brand in market.brands:
        name = language.gettext("{brand} (yours)", brand=brand.name) if brand.own else brand.name
        said = " · ".join(brand_lines(brand, language))
        lines.append(f"*{escape(name, 200)}* · {escape(said, 300)}")
    return _whole([*lines, *([escape(market.more)] if market.more else [])])


def _whole(lines: list[str]) -> Block:
    """As many lines of mrkdwn as a section holds: none is cut in two."""
    room = blocks.SECTION
    kept: list[str] = []
    for line in lines:
        room -= blocks.units(line) + 1
        if room < 0:
            return blocks.section("\n".join([*kept[:-1], "…"]))
        kept.append(line)
    return blocks.section("\n".join(kept))


def _closing(digest: Digest) -> str:
    """The last lines; Slack makes no link of an address that only stands there."""
    opened = blocks.link(digest.dashboard, digest.language.gettext("Open the dashboard"))
    lines = [escape(line, 500) for line in closing(digest) if line != safe_url(digest.dashboard)]
    return "\n".join([*lines, *([opened] if opened else [])])
