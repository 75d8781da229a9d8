"""The letter as Markdown, and as a PDF ready to present."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from alerts import pdf as papers
from alerts.digest.content import Digest, Market
from alerts.digest.render import Group, answers, closing, grouped, hearing_lines, moved, waiting, who
from alerts.language import Language
from alerts.made_by import MADE_BY
from alerts.message import Quote
from alerts.pdf import Box, Drawing, Paper, Part, Quoted, Quotes, Table
from alerts.render import clean, safe_url, shorten

# What begins something in Markdown or HTML; strangers named sources and wrote what is quoted.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_QUOTE = 400


def as_pdf(digest: Digest, quotes: Mapping[str, Quote]) -> bytes:
    """Return the letter as PDF. Raises alerts.pdf.Missing, which says what to install."""
    return papers.pdf(
        Paper(
            language=digest.language,
            title=digest.title,
            period=digest.period,
            paragraphs=tuple(
                text for text in (" ".join(one.text for one in digest.summary), digest.warning) if text
            ),
            parts=tuple(_parts(digest, grouped(digest, quotes))),
            notice=digest.notice,
            foot=" ".join(closing(digest)[:1]),
        )
    )


def as_markdown(digest: Digest, quotes: Mapping[str, Quote]) -> str:
    """Return the letter as Markdown, its charts as what they say in words."""
    return "\n".join(_markdown(digest, _parts(digest, grouped(digest, quotes)))).rstrip() + "\n"


def _parts(digest: Digest, groups: list[Group]) -> Iterator[Part]:
    """What stands below the paragraph, in the order of the mail."""
    yield from _numbers(digest)
    for market in digest.markets:
        yield _brands(market, digest.language)
        yield from (Drawing(title, picture) for title, picture in market.pictures)
    yield _answered(digest)
    for box in digest.drivers:
        lines = tuple(f"{line.name}: {line.said}" for line in box.lines)
        yield Box(box.title, lines, tuple(line.url for line in box.lines))
    for group in groups:
        said = tuple(
            Quoted(one.quote.text, who(one, digest.language), one.quote.url, group.edge)  # type: ignore[arg-type]
            for one in group.shown
        )
        yield Quotes(group.title, said)
    for wait in digest.waits:
        asked = tuple(
            Quoted(quote.text, waiting(waited, quote, digest.language), quote.url)
            for waited, quote in wait.lines
        )
        yield Quotes(wait.title, asked, wait.more)
    _ = digest.language.gettext
    yield Box(_("What happened"), digest.marks)
    yield Box(_("What was heard"), tuple(hearing_lines(digest)))


def _numbers(digest: Digest) -> Iterator[Part]:
    """Our brands' KPIs, the goals, and each day."""
    _, language = digest.language.gettext, digest.language
    for table in digest.tables:
        head: tuple[str, ...] = ("", _("Now"), _("Before"), _("Change"), _("Goal"))
        rows: tuple[tuple[str, ...], ...] = tuple(
            (row.name, row.now, row.before, moved(row, language) if row.move else "", row.goal)
            for row in table.rows
        )
        if not table.goals:  # an empty column asks what is missing
            head, rows = head[:-1], tuple(row[:-1] for row in rows)
        notes = tuple(row.note for row in table.rows)
        yield Table(_("{brand} in numbers", brand=table.brand), head, rows, notes=notes)
    goals = tuple((goal.name, goal.pace) for goal in digest.goals)
    stands = tuple(f"{goal.what}. {goal.stands}" for goal in digest.goals)
    yield Table(_("Goals"), (_("Goal"), _("Pace")), goals, notes=stands)
    yield from (Drawing(chart.title, chart.picture) for chart in digest.charts)


def _brands(market: Market, language: Language) -> Table:
    _ = language.gettext
    named = _("Topic") if market.topics else _("Brand")
    brands = tuple((one.name, one.mentions, one.net) for one in market.brands)
    own = frozenset(at for at, one in enumerate(market.brands) if one.own)
    return Table(market.title, (named, _("Mentions"), _("Net sentiment")), brands, own, market.more)


def _answered(digest: Digest) -> Table:
    _, asked = digest.language.gettext, answers(digest)
    return Table(
        _("How fast people got an answer"),
        (_("Brand"), _("First response")),
        tuple((one.name, one.response) for one in asked),
        frozenset(at for at, one in enumerate(asked) if one.own),
        notes=tuple(one.response_note for one in asked),
    )


def _markdown(digest: Digest, parts: Iterator[Part]) -> Iterator[str]:
    yield f"# {_md(digest.title)}\n"
    yield f"{_md(digest.period)}\n"
    if digest.notice:
        yield f"> {_md(digest.notice)}\n"
    for text in (" ".join(one.text for one in digest.summary), digest.warning):
        if text:
            yield f"{_md(text)}\n"
    for part in parts:
        yield from _part(part, digest.language)
    yield "---\n"
    yield from (f"{_closed(line, digest)}\n" for line in closing(digest))
    yield f"<!-- {MADE_BY} -->"


def _closed(line: str, digest: Digest) -> str:
    """A command stays as it is typed, and an address can be followed."""
    if line == safe_url(digest.dashboard):
        return f"<{line}>"
    said, command, rest = line.partition(digest.command)
    return f"{_md(said)}{' `' if said else '`'}{command}`{_md(rest)}" if command else _md(line)


def _part(part: Part, language: Language) -> Iterator[str]:
    if isinstance(part, Table):
        if part.rows:
            yield f"## {_md(part.title)}\n"
            yield from _table(part)
            yield from [f"{_md(part.note)}\n"] if part.note else []
    elif isinstance(part, Drawing):
        yield f"**{_md(part.title)}:** {_md(part.picture.alt.removeprefix(f'{part.title}. '))}\n"
    elif isinstance(part, Quotes):
        yield f"## {_md(part.title)}\n"
        for one in part.quotes:
            yield f"> {_md(shorten(clean(one.text), _QUOTE))}\n>\n> {_md(one.by)}{_link(one.url, language)}\n"
        yield from [f"{_md(part.more)}\n"] if part.more else []
    elif part.lines:
        yield f"## {_md(part.title)}\n"
        links = [*part.links, *[None] * len(part.lines)]
        yield from (
            f"- {_md(line)}{_link(url, language)}" for line, url in zip(part.lines, links, strict=False)
        )
        yield ""


def _link(url: str | None, language: Language) -> str:
    return f" ([{language.gettext('open the post')}](<{safe}>))" if (safe := safe_url(url)) else ""


def _table(part: Table) -> Iterator[str]:
    """The columns that hold anything; what stands small below a name stands behind it, ours are in bold."""
    used = [at for at in range(len(part.head)) if at == 0 or any(row[at] for row in part.rows)]
    yield "| " + " | ".join(_md(part.head[at]) for at in used) + " |"
    yield "|" + "---|" * len(used)
    for place, row in enumerate(part.rows):
        name = f"**{_md(row[0])}**" if place in part.strong else _md(row[0])
        if place < len(part.notes) and part.notes[place]:
            name += f" · {_md(part.notes[place])}"
        yield "| " + " | ".join([name, *(_md(row[at]) for at in used[1:])]) + " |"
    yield ""


def _md(text: str) -> str:
    """A text on one line that means itself in Markdown, also inside a table."""
    return _SPECIAL.sub(r"\\\1", clean(text))
