"""Bars of the letter: each brand's share of voice now and before, and its tones. Pure SVG, with what it says in words.

In a language from right to left names stand at the right and bars grow to the left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from alerts.charts.style import STYLE, opening, written
from alerts.language import Language
from alerts.render import clean, shorten

ROWS = 8
"""Brands that one picture shows, the first ones."""
_ROW, _BAR, _GAP, _TOP = 46, 14, 4, 8
_NAME = 40
_COLUMN = 84


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, empty where there is nothing to draw, and what it says in words, for who does not see it."""

    svg: str
    alt: str


@dataclass(frozen=True, slots=True)
class Voice:
    """A brand's share of voice, a ratio; `before` is None where nothing is compared."""

    brand: str
    now: float
    before: float | None
    own: bool


@dataclass(frozen=True, slots=True)
class Tones:
    """A brand's shares of tone, ratios that add up to one; `note` says what they rest on ("324 judged mentions")."""

    brand: str
    positive: float
    neutral: float
    negative: float
    note: str
    own: bool


def share_of_voice(
    key: str, rows: Sequence[Voice], language: Language, *, width: int = 536, alone: bool = False
) -> Picture:
    """Draw each brand's share, the period before as a thinner bar below. `key` is unique on its page."""
    _, rows = language.gettext, rows[:ROWS]
    if not rows:
        return Picture("", "")
    sheet = _Sheet(width, language)
    # The longest bar ends before the edge: filled to it, 40 % would look like all.
    reach = min(1.0, 1.2 * max(max(row.now, row.before or 0.0) for row in rows)) or 1.0
    parts: list[str] = []
    compared = any(row.before is not None for row in rows)
    top = _TOP
    if compared:
        kinds = {"good" if row.own else "c2": None for row in rows}
        parts += sheet.legend(((tuple(kinds), _("this period")), (("rival",), _("the period before"))), top)
        top += 26
    for place, row in enumerate(rows):
        y = top + place * _ROW
        parts += sheet.head(y, row.brand, language.share(row.now), own=row.own)
        parts.append(sheet.bar(0, row.now / reach, y + 20, _BAR - 4, "good" if row.own else "c2"))
        if row.before is not None:
            parts.append(sheet.bar(0, row.before / reach, y + 32, 4, "rival"))
    title = _("Share of voice")
    said = " ".join(_voice_said(row, language) for row in rows)
    return _picture(sheet, (key, title, said), top + len(rows) * _ROW, parts, alone=alone)


def _voice_said(row: Voice, language: Language) -> str:
    if row.before is None:
        return language.gettext("{brand}: {share}.", brand=clean(row.brand), share=language.share(row.now))
    return language.gettext(
        "{brand}: {share}, {before} before.",
        brand=clean(row.brand),
        share=language.share(row.now),
        before=language.share(row.before),
    )


def tones(
    key: str, rows: Sequence[Tones], language: Language, *, width: int = 536, alone: bool = False
) -> Picture:
    """Draw each brand's positive, neutral and negative share as one bar, each part with its number where it fits."""
    _, rows = language.gettext, rows[:ROWS]
    if not rows:
        return Picture("", "")
    sheet = _Sheet(width, language)
    keys = ((("good",), _("positive")), (("plain",), _("neutral")), (("bad",), _("negative")))
    parts = [*sheet.legend(keys, _TOP)]
    top = _TOP + 26
    for place, row in enumerate(rows):
        y, used = top + place * _ROW, 0.0
        parts += sheet.head(y, row.brand, row.note, own=row.own)
        for kind, share in (("good", row.positive), ("plain", row.neutral), ("bad", row.negative)):
            parts.append(sheet.bar(used, used + share, y + 20, _BAR + 2, kind))
            parts += sheet.inside(used, share, y + 32, kind)
            used += share
    said = " ".join(
        _(
            "{brand}: {positive} positive, {neutral} neutral, {negative} negative.",
            brand=clean(row.brand),
            positive=language.share(row.positive),
            neutral=language.share(row.neutral),
            negative=language.share(row.negative),
        )
        for row in rows
    )
    return _picture(
        sheet, (key, _("Tone of what was said"), said), top + len(rows) * _ROW, parts, alone=alone
    )


def days(
    key: str,
    title: str,
    rows: Sequence[tuple[str, str, int | None]],
    language: Language,
    *,
    width: int = 536,
    alone: bool = False,
) -> Picture:
    """Draw a column for each day: its name, its count in words, and its height in percent (None: not heard)."""
    if not rows:
        return Picture("", "")
    sheet, parts, each = _Sheet(width, language), [], width / len(rows)
    floor = _TOP + 18 + _COLUMN
    for place, (name, count, percent) in enumerate(rows):
        middle = sheet.x((place + 0.5) * each)
        high = (percent or 0) / 100 * _COLUMN
        parts.append(
            f'<rect x="{middle - each / 2 + 3:.1f}" y="{floor - high:.1f}" width="{each - 6:.1f}" '
            f'height="{high:.1f}" style="fill:var(--good)"/>'
        )
        for y, text, kind in ((floor - high - 5, count, "strong"), (floor + 17, name, "day")):
            parts.append(
                f'<text class="{kind}" x="{middle}" y="{y:.1f}" text-anchor="middle">{sheet.said(text)}</text>'
            )
    parts.append(f'<path class="axis" d="M0 {floor}H{width}"/>')
    said = language.enumerated(f"{name}: {count}" for name, count, _ in rows)
    return _picture(sheet, (key, title, f"{said}."), floor + 26, parts, alone=alone)


def _picture(
    sheet: _Sheet, words: tuple[str, str, str], height: int, parts: list[str], *, alone: bool
) -> Picture:
    key, title, said = words
    style = f"<style>{STYLE}</style>" if alone else ""
    svg = f"{opening(key, (sheet.width, height), title, said)}{style}<defs></defs>{''.join(parts)}</svg>"
    return Picture(svg, f"{title}. {said}")


class _Sheet:
    """Where things stand from where lines begin, whichever side that is."""

    def __init__(self, width: int, language: Language) -> None:
        self.width, self.language = width, language
        self.rtl = language.direction == "rtl"

    def x(self, start: float) -> float:
        return round(self.width - start if self.rtl else start, 1)

    def bar(self, begins: float, ends: float, y: float, height: float, kind: str) -> str:
        """A bar over a part of the width; what is there at all stays visible."""
        wide = max((ends - begins) * self.width, 1.5 if ends > begins else 0.0)
        x = self.x(begins * self.width) - (wide if self.rtl else 0.0)
        return (
            f'<rect x="{x:.1f}" y="{y:g}" width="{wide:.1f}" height="{height:g}" '
            f'style="fill:var(--{kind});stroke:var(--paper);stroke-width:1"/>'
        )

    def head(self, y: float, name: str, value: str, *, own: bool) -> Iterator[str]:
        name = shorten(clean(name), _NAME)
        sides = ("start", "end") if not self.rtl else ("end", "start")
        bold = "name own" if own else "name"
        yield f'<text class="{bold}" x="{self.x(0)}" y="{y + 13:g}" text-anchor="{sides[0]}">{self.said(name)}</text>'
        at = f'x="{self.x(self.width)}" y="{y + 13:g}" text-anchor="{sides[1]}"'
        yield f'<text class="strong" {at}>{self.said(value)}</text>'

    def inside(self, begins: float, share: float, y: float, kind: str) -> Iterator[str]:
        text = self.language.percent(share, 0)
        if share * self.width < 7.5 * len(text) + 8:
            return
        fill = "ink" if kind == "plain" else "paper"
        middle = self.x((begins + share / 2) * self.width)
        yield f'<text x="{middle}" y="{y:g}" text-anchor="middle" style="fill:var(--{fill})">{self.said(text)}</text>'

    def legend(self, keys: Sequence[tuple[Sequence[str], str]], y: float) -> Iterator[str]:
        """What each colour is; where two stand for the same, their square is parted."""
        at = 0.0
        anchor = "end" if self.rtl else "start"
        for kinds, word in keys:
            wide = 10 / len(kinds)
            for place, kind in enumerate(kinds):
                x = self.x(at + place * wide) - (wide if self.rtl else 0)
                yield f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="10" style="fill:var(--{kind})"/>'
            yield f'<text x="{self.x(at + 16)}" y="{y + 9:g}" text-anchor="{anchor}">{self.said(word)}</text>'
            at += 34 + 6.9 * len(word)

    def said(self, text: str) -> str:
        return written(text, self.language)
