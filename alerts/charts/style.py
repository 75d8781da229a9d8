"""How lines of a chart are told apart: by colour in light and dark, and without it by dashes and marks. Pure."""

from __future__ import annotations

import re
from html import escape

from alerts.language import ENGLISH, Language
from alerts.render import clean

LIGHT = {
    "c0": "#0f766a",
    "c1": "#b4500a",
    "c2": "#3558a6",
    "c3": "#730bda",
    "c4": "#2b2b2b",
    "grid": "#dfe4e9",
    "soft": "#586471",
    "ink": "#1c2733",
    "note": "#7a4b00",
    "hatch": "#98a4b0",
    "paper": "#ffffff",
    "on-note": "#ffffff",
    "good": "#12796d",
    "plain": "#c3ccd5",
    "bad": "#c2571f",
    "rival": "#8793a0",
    "alarm": "#b3261e",
}
DARK = {
    "c0": "#52c7b8",
    "c1": "#f2a065",
    "c2": "#93b4f2",
    "c3": "#b06cf0",
    "c4": "#edf1f5",
    "grid": "#333d47",
    "soft": "#a9b4bf",
    "ink": "#edf1f5",
    "note": "#e8b860",
    "hatch": "#66727e",
    "paper": "#1d232a",
    "on-note": "#1b2128",
    "good": "#4fb3a5",
    "plain": "#57636f",
    "bad": "#e58a5c",
    "rival": "#7b8896",
    "alarm": "#ff8a80",
}
"""The colours by what they stand for; `paper` is what lies behind a picture that stands alone."""

_FONTS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans Arabic",sans-serif'
_RULES = """.chart text{fill:var(--soft);font-size:12px}.chart .tick{font-variant-numeric:tabular-nums}
.chart .grid{stroke:var(--grid)}.chart .axis{stroke:var(--hatch)}.chart .line{fill:none;stroke-width:2}
.chart .band{opacity:.14;stroke:none}.chart .note{stroke:var(--note);stroke-dasharray:3 3}
.chart .badge{fill:var(--note)}.chart .badge-text{fill:var(--on-note);font-weight:700;font-size:11px}
.chart .campaign{fill:var(--note);opacity:.75}.chart .hatch{stroke:var(--hatch);stroke-width:1.6}
.chart .name{fill:var(--ink);font-size:13px}.chart .own{font-weight:700}.chart .strong{fill:var(--ink)}
"""


def _colours(palette: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in palette.items())


STYLE = (
    f".chart{{{_colours(LIGHT)};font-family:{_FONTS};display:block;max-width:100%;height:auto}}\n{_RULES}"
    f"@media (prefers-color-scheme:dark){{.chart{{{_colours(DARK)}}}}}"
)
"""The style sheet of every chart, to stand once on a page."""


def resolved(svg: str, *, dark: bool = False) -> str:
    """Return a drawing for programs that know neither variables nor media queries: each colour in its place."""
    palette = DARK if dark else LIGHT

    def filled(found: re.Match[str]) -> str:
        return _VARIABLE.sub(
            lambda name: palette[name.group(1)], found.group().replace("Canvas", "var(--paper)")
        )

    # Only inside of tags: in the texts between them, which strangers wrote, a variable is a word.
    drawing = _TAG.sub(filled, _SHEET.sub("", svg))
    sheet = _VARIABLE.sub(lambda name: palette[name.group(1)], _RULES)
    return _TEXT.sub(_in_font, drawing.replace("<defs>", f"<style>{sheet}</style><defs>", 1))


_SHEET = re.compile(r"<style>.*?</style>", re.DOTALL)
_TEXT = re.compile(r"<text\b([^>]*)>([^<]*)")
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufeff]")
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_EMOJI = re.compile("(?:[\u2600-\u27bf\U0001f000-\U0001faff][\ufe0e\ufe0f\u200d]*)+ ?")
_TAG = re.compile(r"<[^>]*>")
_VARIABLE = re.compile(r"var\(--([a-z0-9-]+)\)")
_DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 5")


def _in_font(found: re.Match[str]) -> str:
    """Name the font that has a text's letters: left to themselves, programs take any weight of the next font."""
    font = "Noto Sans Arabic" if _ARABIC.search(found.group(2)) else "Noto Sans"
    return f'<text font-family="{font}"{found.group(1)}>{drawable(found.group(2))}'


def drawable(text: str) -> str:
    """Leave out the small pictures that no shipped font has: a box in their place tells nobody anything."""
    return _EMOJI.sub("", text)


def stroke(number: int) -> str:
    """The style of a line by its number."""
    dash = f";stroke-dasharray:{_DASHES[number]}" if _DASHES[number] else ""
    return f"stroke:var(--c{number}){dash}"


def marker(number: int, x: float, y: float, said: str = "", *, hollow: bool = False) -> str:
    """A circle, square, triangle, diamond or bar: the same line everywhere has the same."""
    shapes = (
        f"M{x - 3:g} {y:g}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
        f"M{x - 3:g} {y - 3:g}h6v6h-6z",
        f"M{x:g} {y - 4:g}l4 7h-8z",
        f"M{x:g} {y - 4:g}l4 4l-4 4l-4 -4z",
        f"M{x - 1.5:g} {y - 4:g}h3v8h-3z",
    )
    fill = "Canvas" if hollow else f"var(--c{number})"
    title = f"<title>{written(said)}</title>" if said else ""
    return f'<path d="{shapes[number]}" style="fill:{fill};stroke:var(--c{number})">{title}</path>'


def written(text: str, language: Language = ENGLISH) -> str:
    """A text as it may stand in SVG, whoever wrote it.

    A drawing's own direction is from left to right, so that places are what they are on every page; a text of a
    language from right to left is embedded in its own, but a name in Latin letters alone is not.
    """
    said = escape(clean(text), quote=True)
    turned = language.direction == "rtl" and (_ARABIC.search(said) or not _LATIN.search(said))
    return f"\u202b{said}\u202c" if turned else said


def opening(key: str, size: tuple[float, float], title: str, said: str) -> str:
    """The beginning of a drawing: how large, what it is called, and what it says in words; all escaped here."""
    width, height = size
    return (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" direction="ltr" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{escape(clean(title))}</title><desc id="{key}-d">{escape(clean(said))}</desc>'
    )
