"""The letter as Markdown, and as a PDF ready to present."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from alerts import pdf as papers
from alerts.digest.content import Digest
from alerts.digest.render import Group, answers, closing, grouped, hearing_lines, moved, who
from alerts.language import Language
from alerts.message import Quote
from alerts.pdf import Box, Drawing, Paper, Part, Quoted, Quotes, Table
from alerts.render import byline, clean, safe_url, shorten

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
    """What stands below the paragraph, in reading order."""
    yield from _numbers(digest)
    for market in digest.markets:
        yield from (Drawing(title, picture) for title, picture in market.pictures)
    for box in digest.drivers:
        yield Box(box.title, tuple(f"{line.name}: {line.said}" for line in box.lines))
    for group in groups:
        said = tuple(
            Quoted(one.quote.text, who(one, digest.language), one.quote.url, group.edge)  # type: ignore[arg-type]
            for one in group.shown
        )
        yield Quotes(group.title, said)
    for wait in digest.waits:
        asked = tuple(
            Quoted(
                quote.text,
                f"{waited} · {byline(quote.author, quote.source, None, digest.language)}",
                quote.url,
            )
            for waited, quote in wait.lines
        )
        yield Quotes(wait.title, asked)
    _ = digest.language.gettext
    yield Box(_("What happened"), digest.marks)
    yield Box(_("What was heard"), tuple(hearing_lines(digest)))


def _numbers(digest: Digest) -> Iterator[Part]:
    _, language = digest.language.gettext, digest.language
    for table in digest.tables:
        head: tuple[str, ...] = ("", _("Now"), _("Before"), _("Change"), _("Goal"))
        rows: tuple[tuple[str, ...], ...] = tuple(
            (
                row.name,
                f"{row.now} ({row.note})" if row.note else row.now,
                row.before,
                moved(row, language) if row.move else "",
                row.goal,
            )
            for row in table.rows
        )
        if not any(row.goal for row in table.rows):  # an empty column asks what is missing
            head, rows = head[:-1], tuple(row[:-1] for row in rows)
        yield Table(_("{brand} in numbers", brand=table.brand), head, rows)
    goals = tuple((goal.name, goal.what, goal.stands, goal.pace) for goal in digest.goals)
    yield Table(_("Goals"), (_("Goal"), _("What"), _("How it stands"), _("Pace")), goals)
    for market in digest.markets:
        named = _("Topic") if market.topics else _("Brand")
        brands = tuple((one.name, one.mentions, one.net) for one in market.brands)
        own = frozenset(at for at, one in enumerate(market.brands) if one.own)
        yield Table(market.title, (named, _("Mentions"), _("Net sentiment")), brands, own, market.more)
    asked = answers(digest)
    yield Table(
        _("How fast people got an answer"),
        (_("Brand"), _("First response"), ""),
        tuple((one.name, one.response, one.response_note) for one in asked),
        frozenset(at for at, one in enumerate(asked) if one.own),
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
    yield from (f"{_md(line)}\n" for line in closing(digest))


def _part(part: Part, language: Language) -> Iterator[str]:
    if isinstance(part, Table):
        if part.rows:
            yield f"## {_md(part.title)}\n"
            yield from _table(part.head, part.rows)
            yield from [f"{_md(part.note)}\n"] if part.note else []
    elif isinstance(part, Drawing):
        yield f"**{_md(part.title)}:** {_md(part.picture.alt.removeprefix(f'{part.title}. '))}\n"
    elif isinstance(part, Quotes):
        yield f"## {_md(part.title)}\n"
        opened = language.gettext("open the post")
        for one in part.quotes:
            link = f" ([{opened}](<{url}>))" if (url := safe_url(one.url)) else ""
            yield f"> {_md(shorten(clean(one.text), _QUOTE))}\n>\n> {_md(one.by)}{link}\n"
    elif part.lines:
        yield f"## {_md(part.title)}\n"
        yield from (f"- {_md(line)}" for line in part.lines)
        yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The columns that hold anything."""
    used = [at for at in range(len(head)) if at == 0 or any(row[at] for row in rows)]
    yield "| " + " | ".join(_md(head[at]) for at in used) + " |"
    yield "|" + "---|" * len(used)
    for row in rows:
        yield "| " + " | ".join(_md(row[at]) for at in used) + " |"
    yield ""


def _md(text: str) -> str:
    """A text on one line that means itself in Markdown, also inside a table."""
    return _SPECIAL.sub(r"\\\1", clean(text))
