"""Cuts the fonts of alerts/fonts/ from Google's: `python make.py FOLDER`, which holds the two wheels' `.ttf` files."""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FONTS = Path(__file__).parents[2] / "alerts" / "fonts"
WEIGHTS = {"Regular": 400, "Bold": 700}
LATIN = [*range(0x20, 0x900), *range(0x1EA0, 0x3000)]
"""Latin with Vietnamese, Greek, Cyrillic, signs; without the letters of phonetics and of transcriptions."""
ARABIC = list(range(0x20, 0xFFFD))
FEATURES = ["kern", "liga", "locl", "ccmp", "mark", "mkmk", "tnum", "lnum"]


def cut(source: Path, name: str, weight: int, letters: list[int], features: list[str]) -> TTFont:
    """One weight of a variable font, with these letters."""
    font = TTFont(source, recalcTimestamp=False)
    font = instantiateVariableFont(font, {"wdth": 100, "wght": weight}, updateFontNames=True)
    options = Options(layout_features=features, name_IDs=["*"], notdef_outline=True, hinting=False)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[letter for letter in font.getBestCmap() if letter in letters])
    subsetter.subset(font)
    font.save(FONTS / name)
    return font


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for style, weight in WEIGHTS.items():
        cut(folder / "NotoSans[wdth,wght].ttf", f"NotoSans-{style}.ttf", weight, LATIN, FEATURES)
        cut(folder / "NotoSansArabic[wdth,wght].ttf", f"NotoSansArabic-{style}.ttf", weight, ARABIC, ["*"])
