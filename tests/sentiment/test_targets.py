"""Masking: no name, no handle, and no trace of either in the tone."""

from __future__ import annotations

import pytest

from sentiment.engines.vader import Options, build
from sentiment.targets import HANDLE, NAME, Mask
from sentiment.tone import Text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("@united you lost my bag", "@user you lost my bag"),
        (".@United: and @other.example.org, hi", ".@user: and @user, hi"),
        ("BEST BUY is shut", "brand is shut"),
        ("best buy's door, #BestBuy", "brand's door, #brand"),
        ("the best buys here", "the best buys here"),
        ("a café nestlé", "a café brand"),
        ("a cafe\u0301 NESTLE\u0301 nestle", "a café brand brand"),
        ("Weiß und WEISS", "brand und brand"),
        ("write to acme.example or the acme", "write to brand or the brand"),
        ("新アクメ社", "新brand社"),
        ("nothing here @ all", "nothing here @ all"),
        ("Acme™ and acme", "brand and brand"),
        ("", ""),
    ],
)
def test_names_and_handles_are_blanked_out(text: str, masked: str) -> None:
    mask = Mask(["Best Buy", "BestBuy", "Acme™", "Nestlé", "Weiß", "アクメ"], ["@great", "acme.example"])
    assert mask.mask(text) == masked


def test_the_longer_of_two_names_goes_first() -> None:
    mask = Mask(["Best", "Best Buy"])
    assert mask.mask("Best Buy, best buys, best") == "brand, brand buys, brand"


def test_a_handle_that_is_a_plain_word_stays_where_it_is_one() -> None:
    assert Mask([], ["great"]).mask("great, @great") == "great, @user"


def test_without_names_only_handles_go() -> None:
    assert Mask([], []).mask("@a likes acme") == "@user likes acme"
    nothing = Mask(["", " ", "@", "\u200b", "\ud83d"])
    assert nothing.mask("@a likes \ufffd acme") == "@user likes \ufffd acme"


def test_half_a_surrogate_pair_does_no_harm() -> None:
    assert Mask(["acme"]).mask("acme \ud83d") == "brand \ud83d"


def test_a_brand_called_like_a_feeling_adds_none() -> None:
    vader = build(Options())
    mask = Mask(["Best Buy", "Glad", "United"], ["united"])
    texts = [
        "@united at the gate",
        "BEST BUY opens at nine",
        "a Glad bag on the table",
        "United lands at nine",
    ]
    plain = vader.judge([Text(text) for text in texts])
    masked = vader.judge([Text(mask.mask(text)) for text in texts])
    assert [tone.label for tone in plain] == ["positive"] * 4
    assert [tone.label for tone in masked] == ["neutral"] * 4


def test_the_placeholders_are_in_no_lexicon_and_do_not_shout() -> None:
    from vaderSentiment.vaderSentiment import BOOSTER_DICT, NEGATE, SentimentIntensityAnalyzer

    lexicon = SentimentIntensityAnalyzer().lexicon
    for word in (NAME, HANDLE, HANDLE.strip("@")):
        assert word not in lexicon
        assert word not in BOOSTER_DICT
        assert word not in NEGATE
        assert word.islower()
