"""Letter and report as PDF, A4, by typst (the extra `pdf`); what strangers wrote goes in as data, never as markup."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Any, Literal

from alerts.charts.bars import Picture
from alerts.charts.style import drawable, resolved
from alerts.language import Language
from alerts.made_by import MADE_BY
from alerts.render import clean, runs_rtl, safe_url, shorten

_LONGEST = 4_000
_LONGEST_QUOTE = 600


class Missing(RuntimeError):
    """The extra is not installed."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a head, all written for reading; the rows of `strong` (our own brands') are in bold.

    `notes` stand small below the first cell of each row.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()
    note: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawing of ours under a heading."""

    title: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class Quoted:
    """What a stranger wrote, who and where; `url` is None where there is none."""

    text: str
    by: str
    url: str | None
    edge: Literal["good", "bad", "plain"] = "plain"


@dataclass(frozen=True, slots=True)
class Quotes:
    """Quotes under a heading; `more` says how many others there are."""

    title: str
    quotes: tuple[Quoted, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """Small print in a grey box: what was heard, what is not sure; `links` of its lines, None where there is none."""

    title: str
    lines: tuple[str, ...]
    links: tuple[str | None, ...] = ()


Part = Table | Drawing | Quotes | Box


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on the pages, in reading order; `foot` at the foot of each."""

    language: Language
    title: str
    period: str
    paragraphs: tuple[str, ...]
    parts: tuple[Part, ...]
    notice: str = ""
    foot: str = ""


def pdf(paper: Paper) -> bytes:
    """Return the PDF; the same content gives the same bytes.

    Raises Missing, which says what to install, where typst is not.
    """
    try:
        import typst
    except ImportError as error:
        raise Missing(
            "a PDF needs the extra `pdf`: pip install 'listener[pdf]' (a wheel of 34 MB, no system libraries)"
        ) from error
    folder = files("alerts").joinpath("paper")
    made = typst.compile(
        str(folder.joinpath("page.typ")),
        root=str(folder),
        font_paths=[str(files("alerts").joinpath("fonts"))],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(_plain(paper))},
    )
    assert isinstance(made, bytes)  # one file: pages that are several files are pictures
    return made


def _plain(paper: Paper) -> dict[str, Any]:
    return {
        "language": paper.language.code,
        "made_by": MADE_BY,
        "direction": paper.language.direction,
        "title": _line(paper.title),
        "period": _line(paper.period),
        "notice": _line(paper.notice),
        "paragraphs": [_line(paragraph) for paragraph in paper.paragraphs],
        "parts": [plain for part in paper.parts if (plain := _part(part, paper.language))],
        "foot": _line(paper.foot),
    }


def _part(part: Part, language: Language) -> dict[str, Any] | None:
    """One part as plain data; None for one that is empty."""
    title = _line(part.title)
    if isinstance(part, Table):
        rows = [
            {
                "cells": [_line(cell) for cell in _fitted(row, len(part.head))],
                "note": _line(note),
                "strong": at in part.strong,
            }
            for at, (row, note) in enumerate(zip(part.rows, _fitted(part.notes, len(part.rows)), strict=True))
        ]
        head = [_line(cell) for cell in part.head]
        return (
            {"kind": "table", "title": title, "head": head, "rows": rows, "note": _line(part.note)}
            if rows
            else None
        )
    if isinstance(part, Drawing):
        svg, alt = resolved(part.picture.svg), _line(part.picture.alt)
        return {"kind": "picture", "title": title, "svg": svg, "alt": alt} if part.picture.svg else None
    if isinstance(part, Quotes):
        quotes = [_quote(one, language) for one in part.quotes]
        opened = language.gettext("open the post")
        more = _line(part.more)
        return (
            {"kind": "quotes", "title": title, "quotes": quotes, "open": opened, "more": more}
            if quotes
            else None
        )
    links = _fitted([safe_url(url) or "" for url in part.links], len(part.lines))
    lines = [{"said": _line(line), "url": url} for line, url in zip(part.lines, links, strict=True)]
    opened = language.gettext("open the post")
    return {"kind": "box", "title": title, "lines": lines, "open": opened} if lines else None


def _quote(quoted: Quoted, language: Language) -> dict[str, Any]:
    said = language.quoted(_fit(shorten(clean(quoted.text), _LONGEST_QUOTE)).strip())
    return {
        **asdict(quoted),
        "said": {"text": said, "rtl": runs_rtl(said)},
        "by": _line(quoted.by),
        "url": safe_url(quoted.url) or "",
    }


def _fitted(row: Sequence[str], columns: int) -> list[str]:
    """As many cells as the head has: one more would shift all that follow."""
    return [*row, *[""] * columns][:columns]


def _line(text: str) -> str:
    return _fit(shorten(clean(text), _LONGEST))


def _fit(text: str) -> str:
    """What can be drawn, and a percent sign never begins a line."""
    return drawable(text).replace(" %", "\u00a0%")
