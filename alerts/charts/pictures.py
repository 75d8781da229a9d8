"""Charts as PNG, for mail: drawn without a browser, with the fonts that are shipped and no others."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

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
