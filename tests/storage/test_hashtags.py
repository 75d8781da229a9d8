"""What is a hashtag: in each script, at each edge, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.text import fold
from storage.hashtags import LONGEST, MOST, hashtags


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Love #Acme", ("acme",)),
        ("#Acme, #ACME and #acme are one", ("acme",)),
        ("#one #two#three", ("one", "two")),
        ("(#brackets) \"#quoted\" '#so'", ("brackets", "quoted", "so")),
        ("##double", ("double",)),
        ("#snake_case #win11 #_x", ("snake_case", "win11", "_x")),
        ("#no-hyphen #don't", ("no", "don")),
        ("#café and #cafe", ("cafe",)),
        ("#Übergröße", ("ubergrosse",)),
        ("#col·laboració", ("col·laboracio",)),
        ("dot at the end #col·", ("col",)),
        ("#कितना बड़ा", ("कितना",)),
        ("#می\u200cخواهم", ("میخواهم",)),
        ("#ﺳﻼم #سلام", ("سلام",)),
        ("＃日本語 と #東京・大阪", ("日本語", "東京・大阪")),
        ("#한국어", ("한국어",)),
        ("#thé🎉party", ("the",)),
        ("#日本#大阪", ("日本",)),
        ("sorry 🤷🏻\u200d♂\ufe0f#Spotify 1\ufe0f\u20e3#one", ("spotify", "one")),
    ],
)
def test_hashtags_of_many_scripts(text: str, expected: tuple[str, ...]) -> None:
    assert hashtags(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "no sign at all",
        "#1 #2026 #_ #__2 # #",
        "C# and F#minor",
        "tom &#39;s &#x27;",
        "https://example.com/page#section www.example.com/?q=#tag",
        "HTTPS://EXAMPLE.COM/#Top",
        "example.com/#top",
        "日本#タグ",
        "#\ufe0f\u20e3 is a key",
        "#²",
        "#" + "a" * (LONGEST + 1),
    ],
)
def test_what_only_looks_like_a_hashtag(text: str) -> None:
    assert hashtags(text) == ()


def test_the_longest_hashtag_and_the_most_of_them() -> None:
    assert hashtags("#" + "a" * LONGEST) == ("a" * LONGEST,)
    wall = " ".join(f"#t{number}" for number in range(MOST + 50))
    assert hashtags(wall) == tuple(f"t{number}" for number in range(MOST))


@given(st.text())
def test_any_text_has_folded_distinct_hashtags(text: str) -> None:
    found = hashtags(f"{text} #Acme {text}")
    assert "acme" in found or len(found) == MOST
    assert len(set(found)) == len(found)
    for tag in found:
        assert tag == "".join(fold(tag).split()) and tag
