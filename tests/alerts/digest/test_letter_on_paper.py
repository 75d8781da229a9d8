"""The letter as Markdown and as PDF: they say what the mail says."""

from __future__ import annotations

from functools import cache

import pytest
import sample_letters as samples
from pypdfium2 import PdfDocument

from alerts.digest.compose import compose
from alerts.digest.content import Digest
from alerts.digest.paper import as_markdown, as_pdf
from alerts.digest.wording import Known

POSTS = samples.rich_quotes()


@cache
def digest() -> Digest:
    return compose(samples.rich_week(), Known(POSTS, samples.AUTHORS))


@cache
def printed() -> str:
    pytest.importorskip("typst", reason="needs the extra [pdf]")
    pages = (page.get_textpage().get_text_range() for page in PdfDocument(as_pdf(digest(), POSTS)))
    return " ".join(" ".join(pages).replace("\xa0", " ").split())


def test_markdown_says_what_the_mail_says() -> None:
    said = as_markdown(digest(), POSTS)
    assert "| **Nordlicht** | 512 |" in said, "ours stands out"
    assert "Thu 12: 167" in said
    assert "(14 posts) ([open the post](<https://news.example/item?id=101>))" in said
    assert "| Share of voice · of 1\u202f209 mentions | 42.3 % |" in said
    assert "`listener kpi --since 2026-11-09 --until 2026-11-16 --timezone Europe/Madrid`" in said
    assert "\n<https://listener.example/>" in said


def test_the_pdf_says_what_the_mail_says() -> None:
    said = printed()
    for part in (
        "5 others wait too.",
        "Thu 12",
        "167",
        "of 480 judged mentions",
        "on pace",
        "Ada answers for it.",
    ):
        assert part in said, part
    made = as_pdf(digest(), POSTS)
    assert b"(https://news.example/item?id=101)" in made
