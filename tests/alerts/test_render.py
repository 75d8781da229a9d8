"""What strangers wrote, made harmless; and an alert as text and HTML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import render
from alerts.message import Message, Quote

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("a\r\n\tb", "a b"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07done", "done"),
        ("x\u202ey\u2066z", "xyz"),
        ("\ud83d", "\ufffd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (FAMILY, FAMILY),
        ("12\u202f284", "12\u202f284"),
        ("  ", ""),
    ],
)
def test_clean(text: str, harmless: str) -> None:
    assert render.clean(text) == harmless


def test_clean_lines_keeps_lines_and_indent() -> None:
    assert render.clean_lines("a\n  b\x00\n" + " " * 50 + "c") == "a\n  b\n" + " " * 8 + "c"


@given(st.text(max_size=80), st.integers(min_value=1, max_value=60))
def test_shorten_keeps_the_limit(text: str, limit: int) -> None:
    made = render.shorten(text, limit)
    assert len(made) <= limit
    assert made == text or made.endswith("…")


def test_shorten_never_cuts_a_written_character() -> None:
    assert render.shorten("ab" + FAMILY + "cd", 5) == "ab…"
    assert render.shorten("xe\u0301yz", 3) == "x…"
    assert len(render.shorten("e" + "\u0301" * 1_000, 50)) <= 50


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://x.example/a?b=1&c=2#d", "https://x.example/a?b=1&c=2#d"),
        ("https://x.example/\"'<>|` \n", "https://x.example/%22%27%3C%3E%7C%60"),
        ("https://x.example/\ud800", "https://x.example/%3F"),
        ("JAVASCRIPT:alert(1)", None),
        ("data:text/html,x", None),
        ("/relative", None),
        ("https:///nohost", None),
        ("https://[broken", None),
        (None, None),
    ],
)
def test_safe_url(url: str | None, safe: str | None) -> None:
    assert render.safe_url(url) == safe


def message(**changes: object) -> Message:
    values: dict[str, object] = {
        "key": "k",
        "kind": "resolved",
        "title": "Resolved: Brisa: negative share back at 12.0 %",
        "summary": "It is over.\nReally.",
        "brand": "Brisa",
        "rule": "angry",
        "at": "2026-11-12T14:15:00+01:00",
        **changes,
    }
    return Message(**values)  # type: ignore[arg-type]


def test_the_kind_is_said_once() -> None:
    assert render.headline(message()) == "Resolved: Brisa: negative share back at 12.0 %"
    assert render.headline(message(kind="fired", title="Brisa: x")) == "Alert: Brisa: x"
    assert render.as_html(message()).count("Resolved") == 2  # the title of the page, and the badge


def test_text_keeps_the_lines_of_the_summary() -> None:
    assert "It is over.\nReally." in render.as_text(message())


def test_markup_of_strangers_is_text() -> None:
    bad = "<script>x</script><a href='javascript:x'>"
    page = render.as_html(
        message(
            title=bad, summary=bad, footer=bad, rule=bad, quotes=(Quote(bad, bad, bad, "javascript:x", bad),)
        )
    )
    assert "<script" not in page
    assert "<a " not in page
    assert "&lt;script&gt;" in page


def test_nothing_is_loaded_from_elsewhere() -> None:
    page = render.as_html(message(quotes=(Quote("t", "a", "s", "https://x.example/", "n"),)))
    for loader in ("<img", "<link", "<script", "url(", "@import", "src="):
        assert loader not in page
