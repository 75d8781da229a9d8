"""Pictures: the same bytes everywhere, small, in colours that are told apart; Persian joined and from right to left."""

from __future__ import annotations

import io
import itertools
import math
import xml.etree.ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from alerts.charts.bars import ROWS, Picture, Tones, Voice, share_of_voice, tones
from alerts.charts.lines import Chart, Line, Point, svg
from alerts.charts.pictures import font_files, png
from alerts.charts.spark import Spark, Spot, spark_chart
from alerts.charts.style import DARK, LIGHT, resolved
from alerts.language import ENGLISH, LANGUAGES, Language

PERSIAN = Language.of("fa")
ZONE = ZoneInfo("Europe/Madrid")
T0, HOUR, DAY = 1_794_178_800, 3_600, 86_400
HOSTILE = '</text><script>alert(1)</script>&"\u202e var(--x)'


def voices(own: str = "Acme") -> list[Voice]:
    return [
        Voice(own, 0.412, 0.36, True),
        Voice("Globex", 0.301, 0.33, False),
        Voice("شرکت", 0.287, None, False),
    ]


def toned(name: str = "Acme") -> list[Tones]:
    return [Tones(name, 0.41, 0.4, 0.19, "324", True), Tones("Globex", 0.0, 1.0, 0.0, "93", False)]


def sparked(language: Language = ENGLISH, **more: int) -> Picture:
    values = [12.0 if at < 44 else 12.0 + 14 * (at - 43) for at in range(48)]
    spots = tuple(
        Spot(T0 + HOUR * at, T0 + HOUR * (at + 1), None if at in (20, 21) else value, 4, 22)
        for at, value in enumerate(values)
    )
    return spark_chart(Spark("k", "Mentions of Acme", spots, ZONE, language, T0 + 45 * HOUR), **more)


def lines(language: Language = ENGLISH) -> str:
    points = tuple(Point(T0 + DAY * at, T0 + DAY * (at + 1), 100.0 + at % 5) for at in range(14))
    return svg(
        Chart("x", "Mentions", (Line("Acme", points),), "", "day", ZONE, language.count, language=language),
        536,
    )


def pictures(language: Language) -> list[str]:
    voiced = share_of_voice("v", voices(), language)
    return [voiced.svg, tones("t", toned(), language).svg, sparked(language).svg, lines(language)]


def image(drawing: str, *, dark: bool = False) -> Image.Image:
    return Image.open(io.BytesIO(png(drawing, 536, dark=dark))).convert("RGB")


def ink(picture: Image.Image, box: tuple[int, int, int, int]) -> tuple[int, int, int, int] | None:
    """What of a part of a picture is not its paper."""
    part = picture.crop(box)
    paper = Image.new("RGB", part.size, LIGHT["paper"])
    return Image.composite(part, Image.new("RGB", part.size), _differs(part, paper)).getbbox()


def _differs(one: Image.Image, other: Image.Image) -> Image.Image:
    from PIL import ImageChops

    return ImageChops.difference(one, other).convert("L").point(lambda value: 255 if value > 40 else 0)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("dark", [False, True])
def test_a_picture_is_small_and_as_large_as_asked(code: str, dark: bool) -> None:
    for drawing in pictures(Language.of(code)):
        made = png(drawing, 536, dark=dark)
        assert len(made) < 60_000
        assert Image.open(io.BytesIO(made)).size[0] == 1_072
        assert png(drawing, 536, dark=dark) == made


@pytest.mark.parametrize("dark", [False, True])
def test_every_colour_is_resolved_and_lies_on_its_paper(dark: bool) -> None:
    for drawing in pictures(ENGLISH):
        flat = resolved(drawing, dark=dark)
        assert "var(" not in flat and "@media" not in flat and "Canvas" not in flat
        paper = tuple(int((DARK if dark else LIGHT)["paper"][at : at + 2], 16) for at in (1, 3, 5))
        assert image(drawing, dark=dark).getpixel((1_070, 1)) == paper


def test_only_shipped_fonts_draw_and_they_have_the_letters_of_all_languages() -> None:
    assert len(font_files()) == 4
    empty, missing = _glyph(" "), _glyph("\u0eff")  # no letter of anybody's
    for letter in "áéíóúñçàèòïü·ăâîșțåäöآابپتجچدذرزسشغفقکگلمنوهی۰۱۲۳۴۵۶۷۸۹٪٫٬«»−":
        assert _glyph(letter) not in (empty, missing), letter


def _glyph(letter: str) -> bytes:
    drawing = '<svg class="chart" xmlns="http://www.w3.org/2000/svg" width="20" height="20"><defs></defs>'
    drawn = png(f'{drawing}<text x="4" y="14">{letter}</text></svg>', 20, 1)
    return Image.open(io.BytesIO(drawn)).convert("RGB").tobytes()


def test_persian_letters_are_joined() -> None:
    joined = image(share_of_voice("v", [Voice("ببب", 0.5, None, True)], PERSIAN).svg)
    apart = image(share_of_voice("v", [Voice("ب\u200cب\u200cب", 0.5, None, True)], PERSIAN).svg)
    name = (536, 0, 1_072, 48)
    wide, wider = ink(joined, name), ink(apart, name)
    assert wide and wider and wide[2] - wide[0] < 0.75 * (wider[2] - wider[0])


def test_names_begin_and_bars_grow_where_lines_begin() -> None:
    for language, side in ((ENGLISH, 0), (PERSIAN, 1)):
        picture = image(
            share_of_voice("v", [Voice("Acme", 0.2, None, True), Voice("B", 0.1, None, False)], language).svg
        )
        bars = [[x for x in (2, 1_069) if picture.getpixel((x, y)) != (255, 255, 255)] for y in (68, 160)]
        assert bars == [[(2, 1_069)[side]]] * 2


def test_a_latin_name_keeps_its_ends_in_persian() -> None:
    """ "C++" looks the same in both directions; only the side where it stands differs."""
    shown = []
    for language in (ENGLISH, PERSIAN):
        picture = image(share_of_voice("v", [Voice("C++", 0.2, None, True)], language).svg)
        box = (0, 0, 536, 48) if language is ENGLISH else (536, 0, 1_072, 48)
        found = ink(picture, box)
        assert found is not None
        shown.append(picture.crop(box).crop(found).resize((60, 24)).convert("L"))
    differing = [abs(a - b) for a, b in zip(shown[0].tobytes(), shown[1].tobytes(), strict=True)]
    assert sum(differing) / len(differing) < 12


def test_nobodys_name_gets_out_of_its_text() -> None:
    for drawing in (
        share_of_voice("v", voices(HOSTILE), PERSIAN).svg,
        tones("t", toned(HOSTILE), ENGLISH).svg,
    ):
        names = {element.tag.rpartition("}")[2] for element in ET.fromstring(drawing).iter()}
        assert names <= {"svg", "title", "desc", "defs", "rect", "text"}
        assert png(drawing, 536)


def test_the_words_say_what_the_pictures_say() -> None:
    assert "Acme: 41.2 %, 36.0 % before." in share_of_voice("v", voices(), ENGLISH).alt
    assert "Acme: 41.0 % positive, 40.0 % neutral, 19.0 % negative." in tones("t", toned(), ENGLISH).alt
    said = sparked().alt
    assert said.startswith("Mentions of Acme. Last 68") and "Expected: 4 to 22." in said
    assert "2 of 48 periods were not heard" in said and "The alarm fired Tue 10 Nov, 21:00." in said


def test_nothing_to_draw_draws_nothing_and_too_many_are_cut() -> None:
    assert share_of_voice("v", [], ENGLISH) == tones("t", [], ENGLISH) == Picture("", "")
    dull = Spark("k", "x", (Spot(T0, T0 + HOUR, None),), ZONE, ENGLISH)
    assert spark_chart(dull) == Picture("", "")
    many = [Voice(f"B{at}", 0.1, None, False) for at in range(ROWS + 5)]
    assert share_of_voice("v", many, ENGLISH).svg.count("<rect") == ROWS


def test_a_bar_is_as_long_as_its_share() -> None:
    root = ET.fromstring(share_of_voice("v", [Voice("a", 0.4, 0.2, True)], ENGLISH).svg)
    wide = [float(rect.get("width", "0")) for rect in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert math.isclose(wide[-2] / wide[-1], 2, rel_tol=0.01)
    parts = ET.fromstring(tones("t", [Tones("a", 0.5, 0.3, 0.2, "", True)], ENGLISH).svg)
    wide = [float(rect.get("width", "0")) for rect in parts.iter("{http://www.w3.org/2000/svg}rect")][-3:]
    assert [round(one / 536, 2) for one in wide] == [0.5, 0.3, 0.2]


# How colours look to who lacks one kind of cone: Machado, Oliveira and Fernandes 2009, severity 1.0, linear RGB.
_SEEN = {
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}


def _linear(colour: str) -> list[float]:
    shades = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [shade / 12.92 if shade <= 0.04045 else ((shade + 0.055) / 1.055) ** 2.4 for shade in shades]


def _lab(colour: str, kind: str) -> tuple[float, float, float]:
    rgb = [
        min(1.0, max(0.0, sum(a * b for a, b in zip(row, _linear(colour), strict=True))))
        for row in _SEEN[kind]
    ]
    rows = (
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.072175),
        (0.0193339, 0.119192, 0.9503041),
    )
    xyz = [sum(a * b for a, b in zip(row, rgb, strict=True)) for row in rows]
    x, y, z = (
        (v / w) ** (1 / 3) if v / w > 0.008856 else 7.787 * v / w + 16 / 116
        for v, w in zip(xyz, (0.95047, 1.0, 1.08883), strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _contrast(one: str, other: str) -> float:
    lights = [
        sum(a * b for a, b in zip((0.2126, 0.7152, 0.0722), _linear(c), strict=True)) for c in (one, other)
    ]
    return (max(lights) + 0.05) / (min(lights) + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_are_told_apart_by_every_eye(palette: dict[str, str]) -> None:
    """Ten steps of CIE 1976 are a difference that is seen at a glance."""
    for group in (
        ("c0", "c1", "c2", "c3", "c4"),
        ("good", "plain", "bad"),
        ("c2", "rival"),
        ("good", "rival"),
    ):
        for kind, (one, other) in itertools.product(_SEEN, itertools.combinations(group, 2)):
            assert math.dist(_lab(palette[one], kind), _lab(palette[other], kind)) > 10, (kind, one, other)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_that_of_wcag(palette: dict[str, str]) -> None:
    for name in ("soft", "ink", "note"):
        assert _contrast(palette[name], palette["paper"]) >= 4.5, name
    for name in ("c0", "c1", "c2", "c3", "c4", "good", "bad", "rival", "alarm"):
        assert _contrast(palette[name], palette["paper"]) >= 3, name
    # The numbers inside of bars.
    for bar, letters in (("good", "paper"), ("bad", "paper"), ("plain", "ink")):
        assert _contrast(palette[bar], palette[letters]) >= 4.4, bar
