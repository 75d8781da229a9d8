"""Charts as PNG, for mail: drawn without a browser, with the fonts that are shipped and no others."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import resvg_py

from alerts.charts.style import DARK, LIGHT, resolved


def png(svg: str, width: int, scale: int = 2, *, dark: bool = False) -> bytes:
    """Return a drawing of ours as PNG, `width` units wide at `scale` pixels a unit; the same bytes on every machine.

    ValueError for what is no SVG.
    """
    background = (DARK if dark else LIGHT)["paper"]
    made: bytes = resvg_py.svg_to_bytes(
        svg_string=resolved(svg, dark=dark),
        background=background,
        width=width * scale,
        skip_system_fonts=True,
        font_files=list(font_files()),
        font_family="Noto Sans",
        sans_serif_family="Noto Sans",
    )
    return bytes(made)


@cache
def font_files() -> tuple[str, ...]:
    """The paths of the shipped fonts."""
    folder = files("alerts").joinpath("fonts")
    return tuple(sorted(str(file) for file in folder.iterdir() if file.name.endswith(".ttf")))


FONTS = ("NotoSans-Bold", "NotoSans-Regular", "NotoSansArabic-Bold", "NotoSansArabic-Regular")
"""The fonts that are shipped."""
_LETTER = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><text x="5" y="30">{}</text></svg>'


def broken_fonts(folder: Path | None = None) -> list[str]:
    """The shipped fonts that are not there, or with which no letter can be drawn; empty where all is well."""
    place = folder or Path(str(files("alerts").joinpath("fonts")))
    return [name for name in FONTS if not _draws(place / f"{name}.ttf")]


def _draws(font: Path) -> bool:
    family, letter = ("Noto Sans Arabic", "\u0627") if "Arabic" in font.name else ("Noto Sans", "a")
    blank, drawn = (
        resvg_py.svg_to_bytes(
            svg_string=_LETTER.format(text),
            skip_system_fonts=True,
            font_files=[str(font)] if font.is_file() else [],
            font_family=family,
        )
        for text in ("", letter)
    )
    return bytes(blank) != bytes(drawn)
