"""The matcher: whole words in any script, exact handles, and one pass however many brands there are."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.matching.matcher import Hit, Matcher, query_of
from listener.matching.query import Or, QueryError, Term
from storage.mention import Brand

DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))


def matches(query: str, text: str) -> bool:
    return bool(Matcher([Brand("X", query=query)]).match(text, "feeds"))


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("acme", "ACME!", True),
        ("acme", "(Acmé)", True),
        ("acme", "#acme", True),
        ("acme", "@acme", True),
        ("acme", "acme's", True),
        ("acme", "acme’s", True),
        ("acme", "acme™", True),
        ("acme", "info@acme.com", True),
        ("acme", "https://acme.example/", True),
        ("acme", "acmes", False),
        ("acme", "acme_x", False),
        ("acme", "x_acme", False),
        ("acme", "acme2", False),
        ("acme", "acmeé", False),
        ("acme", "acmecorp acme", True),
        ("acme", "ac me", False),
        ("acme", "新しいacmeです", True),
        ("acme", "", False),
        ("#acme", "so #ACME!", True),
        ("#acme", "＃acme", True),
        ("#acme", "新製品#acme", True),
        ("#acme", "acme", False),
        ("#acme", "#acmes", False),
        ("#acme", "#acme_x", False),
        ("#acme", "page#acme", False),
        ("@acme", "hi @Acme, you", True),
        ("@acme", ".@acme.", True),
        ("@acme", "@acme's", True),
        ("@acme", "@acme: hi", True),
        ("@acme", "@acme...", True),
        ("@acme", "（@acme）", True),
        ("@acme", "ねえ@acmeさん", True),
        ("@acme", "@other/@acme", True),
        ("@acme", "@@acme", False),
        ("@acme", "acme", False),
        ("@acme", "@acme.example", False),
        ("@acme", "@acme_x", False),
        ("@acme", "@acme-x", False),
        ("@acme", "@acme@example.org", False),
        ("@acme", "@acmes", False),
        ("@acme", "info@acme", False),
        ("@acme", "info@acme.com", False),
        ("@acme", "https://example.org/@acme", False),
        ("@acme", "example.org/@acme", False),
        ("@acme", "@\u200bacme", False),
        ("@acme.example", "@acme.example!", True),
        ("@acme.example", "@acme.example.org", False),
        ('"acme corp"', "Acme\n \t corp", True),
        ('"acme corp"', "acme\u00a0corp", True),
        ('"acme corp"', "acme, corp", False),
        ('"acme corp"', "acme corps", False),
        ('"acme corp"', "corp acme", False),
        ("c++", "I like C++.", True),
        ("c++", "objc++", False),
        ("at&t", "AT&T's", True),
        ("🍎", "nice🍎day", True),
        ("آکمی", "خرید از آكمي خوب", True),
        ("آکمی", "آکمیها", False),
        ("کتابها", "کتاب\u200cها", True),
        ("アップル", "新アップル社のｱｯﾌﾟﾙ", True),
        ("苹果", "我爱苹果手机", True),
        ("กิน", "ฉันกินข้าว", True),
        ("กน", "กิน", False),
        ("한국", "한국!", True),
        ("한국", "한국어", False),
        ("कि", "की", False),
        ("акме", "«АКМЕ»", True),
        ("a OR b", "x b", True),
        ("a b", "b x a", True),
        ("a b", "a", False),
        ("a NOT b", "a", True),
        ("a NOT b", "a b", False),
        ("a NOT b", "a bb", True),
        ("a NOT (b OR c)", "a c", False),
    ],
)
def test_what_matches(query: str, text: str, found: bool) -> None:
    assert matches(query, text) is found


def test_a_brand_without_a_query_is_its_name_or_an_alias() -> None:
    brand = Brand("Acme (UK)", aliases=("Acme Corp", "", "Boing"))
    assert query_of(brand) == Or((Term("acme (uk)"), Term("acme corp"), Term("boing")))
    matcher = Matcher([brand])
    assert [bool(matcher.match(text, "x")) for text in ("acme  corp", "BOING", "the Acme (UK)", "acme")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_brand_with_nothing_to_look_for_is_refused() -> None:
    with pytest.raises(ValueError, match="'@' needs a query"):
        Matcher([Brand("@")])
    with pytest.raises(QueryError, match="never closed"):
        Matcher([Brand("Acme", query="(acme")])


def test_one_text_may_name_several_brands_told_in_the_order_of_the_configuration() -> None:
    matcher = Matcher([Brand("Zed"), Brand("Acme"), Brand("Acme Two", query="acme two"), Brand("Boing")])
    assert matcher.match("boing, two, acme and ZED", "x") == [
        Hit("Zed"),
        Hit("Acme"),
        Hit("Acme Two"),
        Hit("Boing"),
    ]


def test_calling_the_handle_of_that_source_addresses_the_brand() -> None:
    acme = Brand(
        "Acme", query="acme NOT coyote", handles={"bluesky": "acme.example", "hackernews": "@Acme_HN"}
    )
    matcher = Matcher([acme, Brand("Boing", handles={"hackernews": "boing", "bluesky": ""})])
    assert matcher.match("hi @ACME.example", "bluesky") == [Hit("Acme", addressed=True)]
    assert matcher.match("hi @acme.example", "hackernews") == [Hit("Acme", addressed=False)]
    assert matcher.match("hi @acme_hn", "hackernews") == [Hit("Acme", addressed=True)]
    assert matcher.match("hi @acme_hn", "bluesky") == []
    assert matcher.match("@acme_hn the coyote", "hackernews") == [Hit("Acme", addressed=True)]
    assert matcher.match("boing by mail: me@boing", "hackernews") == [Hit("Boing", addressed=False)]
    assert matcher.match("boing and @acme_hn and @boing", "hackernews") == [
        Hit("Acme", True),
        Hit("Boing", True),
    ]


def test_two_brands_may_share_words_and_handles() -> None:
    matcher = Matcher(
        [Brand("A", query="acme", handles={"x": "acme"}), Brand("B", query="acme", handles={"x": "acme"})]
    )
    assert matcher.match("acme", "x") == [Hit("A"), Hit("B")]
    assert matcher.match("@acme", "x") == [Hit("A", True), Hit("B", True)]


def test_without_brands_nothing_matches() -> None:
    assert Matcher([]).match("acme", "x") == []


def test_the_pass_stays_one_pass() -> None:
    """A thousand brands, of which the text names two: two queries are worked out, not a thousand."""
    brands = [Brand(f"brand{number}", query=f"brand{number} NOT other{number}") for number in range(1_000)]
    matcher = Matcher(brands)
    assert matcher.match("nothing here, brand and other", "x") == []
    assert matcher.evaluations == 0
    hits = matcher.match("brand7 brand7 brand800 brand9999", "x")
    assert [hit.brand for hit in hits] == ["brand7", "brand800"]
    assert matcher.evaluations == 2


@pytest.mark.parametrize(
    "text", ["\ud83d acme \ud83d", "\0acme\0", "acme" + "\u0301" * 10_000 + " x", "acme " * 20_000]
)
def test_no_text_raises(text: str) -> None:
    assert matches("acme", text)


NAMES = ["ab", "a", "abc", "b_c", "bc", "a b", "b  a", "1a"]


@given(st.text(alphabet="abcABC1_ .#'\n-", max_size=40))
def test_ascii_words_are_found_where_a_plain_regex_finds_them(text: str) -> None:
    matcher = Matcher([Brand(name) for name in NAMES])
    expected = []
    for name in NAMES:
        words = r"\s+".join(map(re.escape, name.split()))
        if re.search(rf"\b{words}\b", text, re.IGNORECASE | re.ASCII):
            expected.append(Hit(name))
    assert matcher.match(text, "x") == expected


@pytest.mark.data
def test_the_brands_of_3424_real_posts() -> None:
    path = DATA / "brands" / "tech_four_brands.jsonl"
    if not path.is_file():
        pytest.skip(f"real data is not here: {path.name} (set LISTENER_DATA)")
    names = ["apple", "google", "microsoft", "twitter"]
    matcher = Matcher([Brand(name) for name in names])
    several = none = 0
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            found = [hit.brand for hit in matcher.match(text, "import")]
            # The description of the data counts whole words as a regular expression sees them.
            assert found == [name for name in names if re.search(rf"\b{name}\b", text, re.IGNORECASE)]
            several += len(found) >= 2
            none += not found
    assert (several, none) == (192, 11)
