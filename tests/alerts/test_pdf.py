"""The PDF: every part is on its pages, nothing that strangers wrote is read as markup, the same bytes each time."""

from __future__ import annotations

import builtins
import re
from typing import Any

import pytest
from pypdfium2 import PdfDocument

from alerts.charts.bars import Voice, share_of_voice
from alerts.language import LANGUAGES, Language
from alerts.pdf import Box, Drawing, Missing, Paper, Part, Quoted, Quotes, Table, pdf
from alerts.render import clean

typst = pytest.importorskip("typst", reason="needs the extra [pdf]")
HOSTILE = (
    '#panic("x") #read("/etc/hostname") #import "@preview/a:1.0.0" $ x^2 *b* _i_ <a> @ref `raw ``` \\ // c /* [ '
    '#eval("1") "} ] \u202e'
)


def paper(language: Language, text: str = "plain", *, url: str | None = "https://example.org/a") -> Paper:
    voices = share_of_voice("v", [Voice(text, 0.4, 0.3, True), Voice("Globex", 0.6, None, False)], language)
    parts: tuple[Part, ...] = (
        Table(
            text,
            ("Brand", text, "Share"),
            ((text, "4"), ("Globex", "5", "6", "too many")),
            frozenset({0}),
            text,
        ),
        Drawing(text, voices),
        Quotes(text, (Quoted(text, text, url, "good"), Quoted("خیلی خوب", "sara", None))),
        Box(text, (text, "news: 168 h")),
    )
    return Paper(language, text, text, (text,), parts, notice=text, foot=text)


def pages(made: bytes) -> list[str]:
    """The text of each page, as another program reads it, on one line."""
    return [" ".join(page.get_textpage().get_text_range().split()) for page in PdfDocument(made)]


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_has_a_page_that_says_which(code: str) -> None:
    made = pdf(paper(Language.of(code)))
    assert "Globex" in " ".join(pages(made))
    assert f"/Lang({code})".encode() in made
    assert pdf(paper(Language.of(code))) == made


@pytest.mark.parametrize("code", ["en", "fa"])
def test_what_strangers_wrote_is_text(code: str) -> None:
    """A `#panic` that ran would raise, a broken string would not compile; and it stands there as it was written."""
    told = " ".join(pages(pdf(paper(Language.of(code), HOSTILE))))
    if code == "en":
        assert told.count(" ".join(clean(HOSTILE).split())) >= 3
    else:
        assert "panic" in told and "eval" in told


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "", None])
def test_only_web_addresses_are_links(url: str | None) -> None:
    assert b"/URI" not in pdf(paper(Language.of("en"), url=url))
    assert b"(https://example.org/a)" in pdf(paper(Language.of("en")))


def test_only_shipped_fonts_are_in_it() -> None:
    """Letters that they lack are drawn as boxes, and not in whatever fonts a machine has."""
    made = pdf(paper(Language.of("en"), "日本 plain"))
    fonts = set(re.findall(rb"/FontName\s*/(?:[A-Z]{6}\+)?([\w-]+)", made))
    shipped = {b"NotoSans-Regular", b"NotoSans-Bold", b"NotoSansArabic-Regular", b"NotoSansArabic-Bold"}
    assert fonts and fonts <= shipped


def test_small_pictures_that_no_shipped_font_has_leave_no_box() -> None:
    english = Language.of("en")
    assert pdf(paper(english, "lit 💡 and ❤️‍🔥 on")) == pdf(paper(english, "lit and on"))


def test_a_row_has_as_many_cells_as_the_head() -> None:
    told = " ".join(pages(pdf(paper(Language.of("en")))))
    assert "too many" not in told and "Globex 5 6" in told


def test_empty_parts_leave_no_heading() -> None:
    empty: tuple[Part, ...] = (Table("t", ("a",), ()), Quotes("q", ()), Box("b", ()))
    bare = Paper(Language.of("en"), "x", "y", (), ())
    assert pdf(Paper(Language.of("en"), "x", "y", (), empty)) == pdf(bare)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name == "typst":
            raise ImportError(name)
        return ordinary(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Missing, match=r"listener\[pdf\]"):
        pdf(paper(Language.of("en")))
