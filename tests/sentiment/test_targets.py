"""Masking: no name, no handle, and no trace of either in the tone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sentiment.engines.vader import Options, build
from sentiment.targets import HANDLE, NAME, Masked, Named
from sentiment.targets import Mask as Masks
from sentiment.tone import Text


class Mask:
    """Masks the names of one brand; only the text matters here."""

    def __init__(self, names: Iterable[str], handles: Iterable[str] = ()) -> None:
        self._masks = Masks([Named("it", tuple(names), tuple(handles))])

    def mask(self, text: str) -> str:
        return self._masks.mask(text).text


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


ACME = Named("Acme", ("Acme", "Acme Kettles"), ("acme_help",))
GLOBEX = Named("Globex", ("Globex", "Glöbex Air"), ())


@pytest.mark.parametrize(
    ("text", "masked", "acme", "globex"),
    [
        ("Acme beats Globex", "brand beats brand", ["brand"], ["brand"]),
        ("@acme and @Globex, @other", "@user and @user, @user", ["@user"], ["@user"]),
        ("@acme_help @GlöbexAir #acme", "@user @user #brand", ["@user", "brand"], ["@user"]),
        ("acme kettles, acme; GLOBEX", "brand, brand; brand", ["brand", "brand"], ["brand"]),
        ("acmes and globexes", "acmes and globexes", [], []),
        ("caf\u0065\u0301 Acme", "caf\u00e9 brand", ["brand"], []),
    ],
)
def test_whose_name_stood_where(text: str, masked: str, acme: list[str], globex: list[str]) -> None:
    found = Masks([ACME, GLOBEX]).mask(text)
    assert found.text == masked
    named = {
        brand: [masked[start:end] for start, end in found.spans.get(brand, ())]
        for brand in ("Acme", "Globex")
    }
    assert named == {"Acme": acme, "Globex": globex}
    places = [span for spans in found.spans.values() for span in spans]
    assert len(set(places)) == len(places)


def test_a_name_of_two_brands_is_a_place_of_both() -> None:
    masks = Masks([Named("Acme UK", ("Acme",)), Named("Acme US", ("Acme",))])
    assert masks.mask("the Acme") == Masked("the brand", {"Acme UK": ((4, 9),), "Acme US": ((4, 9),)})
