"""Plain text out of markup, quickly even where the markup was written to be slow."""

from __future__ import annotations

import time

import pytest

from listener.collectors.plain import LONGEST_TEXT, clean, decoded, tidy, to_plain


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("", ""),
        ("just words", "just words"),
        ("1 < 2 and 3 > 2, I <3 it", "1 < 2 and 3 > 2, I <3 it"),
        ("AT&amp;T &#233;t&eacute; &lt;b&gt;", "AT&T été <b>"),
        ("in <b>bo</b>ld", "in bold"),
        ("<p>one</p><p>two</p>three<br/>four", "one\ntwo\nthree\nfour"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("a<script>alert(1)</script><style>p{}</style>b<!-- c -->", "ab"),
        ("<img src=x onerror=alert(1)>hi", "hi"),
        ("  x \n\n\n y\t\tz\u00a0! ", "x\ny z !"),
        ("<p> </p>", ""),
    ],
)
def test_what_a_reader_would_see(markup: str, plain: str) -> None:
    assert to_plain(markup) == plain


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        ("AT&amp;T &gt; &quot;all&quot; &#39;others&#x27;", "AT&T > \"all\" 'others'"),
        ("how to write &amp;lt;", "how to write &lt;"),
        ("https://a.example/?a=1&copy=2&lang=en", "https://a.example/?a=1&copy=2&lang=en"),
        ("R&D; &unknown; & &;", "R&D; &unknown; & &;"),
        ("<b>stays</b>", "<b>stays</b>"),
    ],
)
def test_what_was_escaped_on_its_way_is_decoded_once(escaped: str, text: str) -> None:
    assert decoded(escaped) == text


def test_what_no_store_takes_is_replaced() -> None:
    assert clean("a\x00b\ud83dc") == "a\ufffdb\ufffdc"
    assert clean("😀 ok\n") == "😀 ok\n"
    for text in (to_plain("x\x00&#0;<b>\ud800</b>"), tidy(clean("\udfff"))):
        text.encode()
        assert "\x00" not in text


def test_long_texts_are_cut() -> None:
    assert len(to_plain("<p>" + "x" * 500_000)) == LONGEST_TEXT
    assert to_plain("y" * 100_000) == "y" * 100_000


@pytest.mark.parametrize(
    "markup", ["<div>" * 300_000, "<" * 900_000, "<a" * 400_000, " \n" * 400_000, "&" * 900_000]
)
def test_hostile_markup_takes_no_time(markup: str) -> None:
    started = time.process_time()
    to_plain(markup)
    assert time.process_time() - started < 2
