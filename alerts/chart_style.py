"""How lines of a chart are told apart: by colour in light and dark, and without it by dashes and marks. Pure."""

from __future__ import annotations

from html import escape

from alerts.render import clean

STYLE = """.chart{--c0:#0f766a;--c1:#b4500a;--c2:#3558a6;--c3:#8a3a78;--c4:#66661a;--grid:#dfe4e9;--soft:#586471;
--note:#7a4b00;--hatch:#98a4b0;font-family:system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;display:block;
max-width:100%;height:auto}
.chart text{fill:var(--soft);font-size:12px}.chart .tick{font-variant-numeric:tabular-nums}
.chart .grid{stroke:var(--grid)}.chart .axis{stroke:var(--hatch)}.chart .line{fill:none;stroke-width:2}
.chart .band{opacity:.14;stroke:none}.chart .note{stroke:var(--note);stroke-dasharray:3 3}
.chart .badge{fill:var(--note)}.chart .badge-text{fill:#fff;font-weight:700;font-size:11px}
.chart .campaign{fill:var(--note);opacity:.75}.chart .hatch{stroke:var(--hatch);stroke-width:1.6}
@media (prefers-color-scheme:dark){.chart{--c0:#52c7b8;--c1:#f2a065;--c2:#93b4f2;--c3:#dba0cc;--c4:#cbc970;
--grid:#333d47;--soft:#a9b4bf;--note:#e8b860;--hatch:#66727e}.chart .badge-text{fill:#1b2128}}"""
"""The style sheet of every chart, to stand once on a page."""

_DASHES = ("", "7 4", "2 3", "9 3 2 3", "1 5")


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


def written(text: str) -> str:
    """A text as it may stand in SVG, whoever wrote it."""
    return escape(clean(text), quote=True)
