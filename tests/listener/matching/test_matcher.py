"""The matcher: whole words in any script, exact handles, and one pass however many brands there are."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.matching.brand_query import query_of
from listener.matching.matcher import Hit, Matcher
from listener.matching.mistakes import QueryError
from listener.matching.said import Said
from listener.matching.tree import And, Field, Or, Term
from storage.mention import Brand, Exclude, Source

DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))


def said(text: str, kind: str = "feeds", **facts: Any) -> Said:
    return Said(text, Source(kind, kind), **facts)


def matches(query: str, text: str) -> bool:
    return bool(Matcher([Brand("X", query=query)]).match(said(text)))


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
    assert [
        bool(matcher.match(said(text, "x"))) for text in ("acme  corp", "BOING", "the Acme (UK)", "acme")
    ] == [
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
    assert matcher.match(said("boing, two, acme and ZED", "x")) == [
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
    assert matcher.match(said("hi @ACME.example", "bluesky")) == [Hit("Acme", addressed=True)]
    assert matcher.match(said("hi @acme.example", "hackernews")) == [Hit("Acme", addressed=False)]
    assert matcher.match(said("hi @acme_hn", "hackernews")) == [Hit("Acme", addressed=True)]
    assert matcher.match(said("hi @acme_hn", "bluesky")) == []
    assert matcher.match(said("@acme_hn the coyote", "hackernews")) == [Hit("Acme", addressed=True)]
    assert matcher.match(said("boing by mail: me@boing", "hackernews")) == [Hit("Boing", addressed=False)]
    assert matcher.match(said("boing and @acme_hn and @boing", "hackernews")) == [
        Hit("Acme", True),
        Hit("Boing", True),
    ]


def test_two_brands_may_share_words_and_handles() -> None:
    matcher = Matcher(
        [Brand("A", query="acme", handles={"x": "acme"}), Brand("B", query="acme", handles={"x": "acme"})]
    )
    assert matcher.match(said("acme", "x")) == [Hit("A"), Hit("B")]
    assert matcher.match(said("@acme", "x")) == [Hit("A", True), Hit("B", True)]


def test_without_brands_nothing_matches() -> None:
    assert Matcher([]).match(said("acme", "x")) == []


def test_the_pass_stays_one_pass() -> None:
    """A thousand brands, of which the text names two: two queries are worked out, not a thousand."""
    brands = [Brand(f"brand{number}", query=f"brand{number} NOT other{number}") for number in range(1_000)]
    matcher = Matcher(brands)
    assert matcher.match(said("nothing here, brand and other", "x")) == []
    assert matcher.evaluations == 0
    hits = matcher.match(said("brand7 brand7 brand800 brand9999", "x"))
    assert [hit.brand for hit in hits] == ["brand7", "brand800"]
    assert matcher.evaluations == 2


@pytest.mark.parametrize(
    "text", ["\ud83d acme \ud83d", "\0acme\0", "acme" + "\u0301" * 10_000 + " x", "acme " * 20_000]
)
def test_no_text_raises(text: str) -> None:
    assert matches("acme", text)


@pytest.mark.parametrize(
    "strange", ["\ud83d", "\0", "é" * 300_000, "." * 300_000, "http://" + "a." * 300_000, "[", "\n"]
)
def test_no_fact_raises_or_takes_long(strange: str) -> None:
    """All of a post is written by strangers, and not all of it has been cleaned when it comes here."""
    facts_asked = (
        "site:example.com OR author:bob OR title:acme OR url:jobs OR lang:en OR source:x OR type:comment"
    )
    everything = f"acme ({facts_asked})"
    matcher = Matcher(
        [Brand("X", query=everything, exclude=Exclude(("bob",), ("example.com",), ("stock_tickers",)))]
    )
    facts: dict[str, Any] = dict.fromkeys(("title", "url", "author", "language"), strange)
    began = time.process_time()
    assert matcher.match(Said("acme", Source("x", "y"), **facts, in_reply_to="1"))
    assert time.process_time() - began < 5


def hits(query: str, text: str = "", **facts: Any) -> bool:
    return bool(Matcher([Brand("X", query=query)]).match(said(text, "hackernews", **facts)))


@pytest.mark.parametrize(
    ("query", "facts", "found"),
    [
        ("title:acme", {"text": "acme\n\nmore", "title": "acme"}, True),
        ("title:acme", {"text": "more acme", "title": "more"}, False),
        ("title:acme", {"text": "acme"}, False),
        # A feed may shorten its title in the text: the word is then in the title alone.
        ("title:rock", {"text": "acme rocket", "title": "acme rock"}, True),
        ("rock", {"text": "acme rocket", "title": "acme rock"}, False),
        ('title:"acme corp"', {"text": "x", "title": "The Acme  Corp."}, True),
        ("title:acm*", {"text": "x", "title": "acmes"}, True),
        ("title:`Acme`", {"text": "acme", "title": "Acme"}, True),
        ("title:`Acme`", {"text": "Acme", "title": "acme"}, False),
        ("title:@acme", {"text": "see example.com", "title": "/@acme"}, True),
        ('"a b" OR title:c', {"text": "a", "title": "b"}, False),
        ('title:c OR title:"b d" OR url:d', {"text": "a", "title": "b", "url": "d"}, True),
        ('title:c OR title:"b d" OR url:dd', {"text": "a", "title": "b", "url": "d"}, False),
        ("a title:b", {"text": "a", "title": "b"}, True),
        ("author:@Bob", {"author": "bob"}, True),
        ("author:bob", {"author": "@Bob"}, True),
        ("author:bob", {"author": "bobby"}, False),
        ("author:bob", {"text": "bob"}, False),
        ("source:hackernews", {}, True),
        ("source:HackerNews", {}, True),
        ("source:feeds", {}, False),
        ("site:example.com", {"url": "https://example.com/a"}, True),
        ("site:example.com", {"url": "https://Blog.EXAMPLE.com:8080"}, True),
        ("site:example.com", {"url": "https://notexample.com"}, False),
        ("site:example.com", {"url": "https://example.com.evil.test"}, False),
        ("site:example.com", {"text": "https://example.com"}, False),
        ("url:/careers/", {"url": "https://x.example/Careers/1"}, True),
        ("url:careers", {"text": "careers", "url": "https://x.example"}, False),
        ("url:careers", {"title": "careers"}, False),
        ("url:careers OR title:acme", {"title": "acme", "url": "https://x.example"}, True),
        ("url:careers OR title:acme", {"title": "x", "url": "https://x.example/careers"}, True),
        ("acme type:comment", {"text": "acme", "in_reply_to": "1"}, True),
        ("acme type:comment", {"text": "acme"}, False),
        ("acme type:post", {"text": "acme"}, True),
        ("acme lang:en", {"text": "acme", "language": "en-GB"}, True),
        ("acme lang:en", {"text": "acme"}, False),
        ("acme NOT lang:en", {"text": "acme"}, True),
        ("acme NOT lang:en", {"text": "acme", "language": "en"}, False),
        ("acme min_followers:100", {"text": "acme", "followers": 100}, True),
        ("acme min_followers:100", {"text": "acme", "followers": 99}, False),
        ("acme min_followers:0", {"text": "acme"}, False),
        ("acme NOT min_followers:100", {"text": "acme"}, True),
        ("acme NOT site:acme.example", {"text": "acme", "url": "https://www.acme.example/"}, False),
        ("acme NOT author:bob", {"text": "acme", "author": "bob"}, False),
        ("acme OR author:bob", {"text": "x", "author": "bob"}, True),
        ("(acme OR source:hackernews) NOT title:x", {"text": "x", "title": "x"}, False),
    ],
)
def test_fields(query: str, facts: dict[str, Any], found: bool) -> None:
    assert hits(query, **facts) is found


@pytest.mark.parametrize(
    ("query", "facts", "near"),
    [
        ("acme kettle", {"text": "acme"}, True),
        ("acme NOT kettle", {"text": "acme kettle"}, True),
        ("acme NOT kettle", {"text": "kettle"}, False),
        ("acme NOT kettle", {"text": "acme"}, False),
        ("acme kettle", {"text": "acmes"}, False),
        ("acme lang:en", {"text": "acme", "language": "es"}, True),
        ("title:acme lang:en", {"text": "x", "title": "acme"}, True),
        ("url:careers lang:en", {"text": "x", "url": "https://x.example/careers"}, True),
        ("author:bob kettle", {"text": "x", "author": "bob"}, True),
        ("site:x.example kettle", {"text": "x", "url": "https://x.example/careers"}, True),
        ("source:hackernews kettle", {"text": "x"}, False),
        ("source:hackernews kettle", {"text": "kettle"}, False),
        ("listen* NEAR/1 acme", {"text": "acme is not what listens"}, True),
    ],
)
def test_a_near_miss_is_a_post_with_something_that_is_sought(
    query: str, facts: dict[str, Any], near: bool
) -> None:
    found, missed = Matcher([Brand("X", query=query)]).look(said(kind="hackernews", **facts))
    assert missed is near
    assert not (found and missed)


def test_what_is_excluded_is_a_near_miss_and_what_another_brand_has_is_none() -> None:
    matcher = Matcher([Brand("Acme", query="acme", exclude=Exclude(authors=("bob",))), Brand("Bolt")])
    assert matcher.look(said("acme", author="bob")) == ([], True)
    assert matcher.look(said("acme and bolt", author="bob")) == ([Hit("Bolt")], False)
    assert matcher.look(said("nothing")) == ([], False)
    assert Matcher([]).look(said("acme")) == ([], False)


def test_what_is_not_wanted_wakes_nobody() -> None:
    """A thousand brands with the same NOT: a post that only has what they do not want works out no query."""
    exclude = Exclude(snippets=("job_ads",))
    query = 'brand{} NOT ("now hiring" OR site:example.com OR author:bob OR title:x OR url:jobs)'
    matcher = Matcher([Brand(f"b{n}", query=query.format(n), exclude=exclude) for n in range(1_000)])
    post = said("now hiring", title="x", url="https://example.com/jobs", author="bob")
    assert matcher.match(post) == []
    assert matcher.evaluations == 0
    assert [hit.brand for hit in matcher.match(said("brand7 brand8"))] == ["b7", "b8"]
    assert matcher.evaluations == 2


def test_queries_of_fields_alone_wake_only_those_who_ask_for_this_one() -> None:
    for query, facts in (
        ("author:a{}", {"author": "a7"}),
        ("site:s{}.example", {"url": "https://blog.s7.example/"}),
        ("url:/u{}/", {"url": "https://example.com/u7/"}),
        ("title:t{}", {"title": "t7"}),
    ):
        matcher = Matcher([Brand(f"b{n}", query=query.format(n)) for n in range(100)])
        assert [hit.brand for hit in matcher.match(said("nothing", **facts))] == ["b7"]
        assert matcher.evaluations == 1


def excluding(**exclude: tuple[str, ...]) -> Matcher:
    return Matcher(
        [Brand("Acme", handles={"hackernews": "acme_hq"}, exclude=Exclude(**exclude)), Brand("Bolt")]
    )


def names(matcher: Matcher, post: Said) -> list[str]:
    return [hit.brand for hit in matcher.match(post)]


@pytest.mark.parametrize("text", ["acme and bolt", "@acme_hq acme and bolt"])
def test_excluded_authors_and_sites_are_never_a_mention_of_that_brand(text: str) -> None:
    by_author, by_site = excluding(authors=("@Spam_Bot",)), excluding(sites=("www.spam.example",))
    spam = said(text, "hackernews", author="spam_bot", url="https://a.spam.example/1")
    assert names(by_author, spam) == ["Bolt"]
    assert names(by_site, spam) == ["Bolt"]
    fine = said(text, "hackernews", author="spam", url="https://nospam.example/1")
    assert names(by_author, fine) == names(by_site, fine) == ["Acme", "Bolt"]
    assert names(by_site, said(text, "hackernews")) == ["Acme", "Bolt"]


def test_a_snippet_excludes_its_kind_but_no_call() -> None:
    matcher = excluding(snippets=("job_ads", "stock_tickers"))
    assert names(matcher, said("acme and bolt: we are  HIRING", "hackernews")) == ["Bolt"]
    assert names(matcher, said("acme and bolt $BOLT", "hackernews")) == ["Bolt"]
    assert names(matcher, said("acme and bolt giveaway", "hackernews")) == ["Acme", "Bolt"]
    (acme, _) = matcher.match(said("@acme_hq acme is hiring, bolt is not", "hackernews"))
    assert acme == Hit("Acme", addressed=True)


def test_an_exclusion_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ValueError, match="takes a host alone"):
        excluding(sites=("https://x.example/",))
    with pytest.raises(ValueError, match="there is no snippet 'jobs'; there are job_ads"):
        excluding(snippets=("jobs",))


def test_a_name_in_one_language_counts_there_and_where_no_language_is_known() -> None:
    brand = Brand("Sprout", aliases=("Sprout Social",), aliases_in={"sv": ("Gro",), "de": ("@", "Spross")})
    assert query_of(brand) == Or(
        (
            Term("sprout"),
            Term("sprout social"),
            And((Or((Term("gro"),)), Field("lang", "sv", or_unknown=True))),
            And((Or((Term("spross"),)), Field("lang", "de", or_unknown=True))),
        )
    )
    matcher = Matcher([brand])
    for language in ("sv", "sv-SE", "SV_fi", None, "", "und"):
        assert matcher.match(said("gro", language=language)), language
    for language in ("en", "de", "svx"):
        assert not matcher.match(said("gro", language=language)), language
        assert matcher.match(said("sprout", language=language))


NAMES = ["ab", "a", "abc", "b_c", "bc", "a b", "b  a", "1a"]


@given(st.text(alphabet="abcABC1_ .#'\n-", max_size=40))
def test_ascii_words_are_found_where_a_plain_regex_finds_them(text: str) -> None:
    matcher = Matcher([Brand(name) for name in NAMES])
    expected = []
    for name in NAMES:
        words = r"\s+".join(map(re.escape, name.split()))
        if re.search(rf"\b{words}\b", text, re.IGNORECASE | re.ASCII):
            expected.append(Hit(name))
    assert matcher.match(said(text, "x")) == expected


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
            found = [hit.brand for hit in matcher.match(said(text, "import"))]
            # The description of the data counts whole words as a regular expression sees them.
            assert found == [name for name in names if re.search(rf"\b{name}\b", text, re.IGNORECASE)]
            several += len(found) >= 2
            none += not found
    assert (several, none) == (192, 11)
