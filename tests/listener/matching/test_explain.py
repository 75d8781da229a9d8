"""Why a post is a mention or none: the words in it as its author wrote them, and the clauses that took it away."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from queries import POSTS, TREES, written

from listener.matching.explain import NOTHING, Explainer, Explanation, Span, explain
from listener.matching.matcher import Matcher
from listener.matching.mistakes import QueryError
from listener.matching.original import Original
from listener.matching.places import plain
from listener.matching.query import parse
from listener.matching.said import Said
from listener.matching.tree import And, Node, Not, Or
from storage.mention import Brand, Exclude, Source


def said(text: str, **facts: Any) -> Said:
    return Said(text, Source("hackernews", "hackernews"), **facts)


def why(query: str, text: str, **facts: Any) -> Explanation:
    return explain(Brand("X", query=query), said(text, **facts))


def marked(text: str, spans: tuple[Span, ...]) -> list[tuple[str, str]]:
    return [(text[one.start : one.end], one.what) for one in spans]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("acme", "So ACME, Acmé!", [("ACME", "acme"), ("Acmé", "acme")]),
        ("Acmé", "acmes", []),
        ('"Acme  Corp"', "the acme\n\t corp.", [("acme\n\t corp", '"Acme Corp"')]),
        ("straße", "Die STRASSE, die Straße", [("STRASSE", "straße"), ("Straße", "straße")]),
        ("acme", "™ ß ﷺ  cafe\u0301 Acme™s", [("Acme", "acme")]),
        ("s", "™ ß ﷺ  cafe\u0301 Acme™s", [("s", "s")]),
        ("cafe", "ein \u200fCafe\u0301\u200f!", [("Cafe\u0301\u200f", "cafe")]),
        ("کتابها", "این کتاب\u200cها را", [("کتاب\u200cها", "کتابها")]),
        ("苹果", "我爱苹果手机", [("苹果", "苹果")]),
        ("アップル", "新ｱｯﾌﾟﾙ社", [("ｱｯﾌﾟﾙ", "アップル")]),
        (
            "한국",
            "\u1112\u1161\u11ab\u1100\u116e\u11a8!",
            [("\u1112\u1161\u11ab\u1100\u116e\u11a8", "한국")],
        ),
        ("listen*", "Glistens: Listening", [("Listening", "listen*")]),
        ("`Apple`", "ﬁ apple Apple", [("Apple", "`Apple`")]),
        ("acme OR globex kettle", "acme and globex", [("acme", "acme")]),
        ("acme (kettle OR pot)", "acme kettle", [("acme", "acme"), ("kettle", "kettle")]),
        ("a NEAR/0f b", "b a b a", [("a", "a NEAR/0f b"), ("b", "a NEAR/0f b")]),
        ("(a OR c) NEAR/1 b", "c, é b x y z a", [("c", "(a OR c) NEAR/1 b"), ("b", "(a OR c) NEAR/1 b")]),
        ("acme NOT (globex NOT initech)", "acme globex initech", [("acme", "acme"), ("initech", "initech")]),
        ('acme OR "acme corp"', "acme corp", [("acme corp", '"acme corp"')]),
        ('"a b" OR "b c"', "a b c", [("a b", '"a b"')]),
        ("acme lang:en", "Acme", [("Acme", "acme")]),
    ],
)
def test_the_words_that_made_it_match(query: str, text: str, found: list[tuple[str, str]]) -> None:
    explanation = why(query, text, language="en")
    assert explanation.matched is bool(found)
    assert marked(text, explanation.spans) == found
    assert explanation.removed_by == explanation.against == ()


def test_what_is_not_in_the_text_is_told() -> None:
    query = 'title:"acme corp" lang:en (author:bob OR author:eve) NOT site:x.example'
    explanation = why(query, "x", title="Acme Corp", language="en-GB", author="eve", url="https://y.example")
    assert explanation == Explanation(True, told=('title:"acme corp"', "lang:en", "author:eve"))
    assert why('source:"hackernews"', "x").told == ("source:hackernews",)


@pytest.mark.parametrize(
    ("query", "text", "removed_by", "together", "against"),
    [
        ("acme NOT coyote", "the Coyote of Acme", ("NOT coyote",), False, ["Coyote"]),
        ("acme NOT  (coyote OR\n wolf)", "acme wolf", ("NOT (coyote OR wolf)",), False, ["wolf"]),
        ("acme NOT coyote NOT wolf", "acme wolf", ("NOT wolf",), False, ["wolf"]),
        ("acme NOT coyote NOT wolf", "acme wolf coyote", ("NOT coyote", "NOT wolf"), True, ["wolf", "coyote"]),
        ("(acme NOT coyote) OR (globex NOT wolf)", "acme globex wolf coyote",
         ("NOT coyote", "NOT wolf"), False, ["wolf", "coyote"]),
        ("(acme NOT coyote) OR (globex NOT coyote)", "acme coyote", ("NOT coyote",), False, ["coyote"]),
        ("acme NOT (a NOT b)", "acme a", ("NOT (a NOT b)",), False, ["a"]),
        ("acme NOT (coyote kettle)", "acme kettle coyote", ("NOT (coyote kettle)",), False, ["kettle", "coyote"]),
        ("acme NOT a NEAR/1 b", "acme a x b", ("NOT a NEAR/1 b",), False, ["a", "b"]),
        ("acme NOT lang:en", "acme", ("NOT lang:en",), False, []),
        ("acme (NOT coyote NOT wolf)", "acme coyote", ("NOT coyote",), False, ["coyote"]),
        ("acme (kettle OR NOT coyote)", "acme coyote", (), False, []),
        ("acme kettle NOT coyote", "acme coyote", (), False, []),
        ("NOT (NOT acme) NOT coyote", "coyote", (), False, []),
        ("NOT (NOT acme) NOT coyote", "acme coyote", ("NOT coyote",), False, ["coyote"]),
        ("acme NOT coyote", "coyote", (), False, []),
    ],
)  # fmt: skip
def test_the_clauses_that_took_it_away(
    query: str, text: str, removed_by: tuple[str, ...], together: bool, against: list[str]
) -> None:
    explanation = why(query, text, language="en")
    assert not explanation.matched
    assert explanation.removed_by == removed_by
    assert explanation.together is together
    assert [text[one.start : one.end] for one in explanation.against] == against
    assert bool(explanation.spans) is bool(removed_by)


ACME = Brand(
    "Acme",
    query="acme NOT coyote",
    handles={"hackernews": "acme_hq"},
    exclude=Exclude(("bob",), ("x.example",), ("job_ads", "stock_tickers")),
)


@pytest.mark.parametrize(
    ("text", "facts", "removed_by", "together"),
    [
        ("acme", {"author": "Bob"}, ("exclude.authors",), False),
        ("acme", {"url": "https://a.x.example"}, ("exclude.sites",), False),
        ("acme is hiring", {}, ("snippet job_ads",), False),
        ("acme $ACM", {}, ("snippet stock_tickers",), False),
        ("acme is hiring", {"author": "bob"}, ("exclude.authors", "snippet job_ads"), True),
        ("acme is hiring coyote", {}, ("NOT coyote", "snippet job_ads"), True),
        ("@acme_hq is hiring coyote", {"author": "bob"}, ("exclude.authors",), False),
    ],
)
def test_exclusions_are_clauses_by_name(
    text: str, facts: dict[str, str], removed_by: tuple[str, ...], together: bool
) -> None:
    explanation = Explainer(ACME).explain(said(text, **facts))
    assert (explanation.matched, explanation.removed_by, explanation.together) == (
        False,
        removed_by,
        together,
    )


def test_the_words_of_a_snippet_are_marked() -> None:
    text = "Acme: we’re   HIRING! $ACM"
    explanation = Explainer(ACME).explain(said(text))
    assert marked(text, explanation.against) == [
        ("we’re   HIRING", "snippet job_ads"),
        ("$ACM", "snippet stock_tickers"),
    ]


def test_a_call_of_the_handle_speaks_for_it_whatever_the_query_says() -> None:
    text = "@Acme_HQ is hiring a coyote"
    explanation = Explainer(ACME).explain(said(text))
    assert explanation.matched
    assert marked(text, explanation.spans) == [("@Acme_HQ", "@acme_hq")]
    elsewhere = said(text)._replace(source=Source("feeds", "feeds"))
    assert Explainer(ACME).explain(elsewhere) == NOTHING


def test_every_clause_is_named_once_in_order() -> None:
    assert Explainer(ACME).clauses == (
        "NOT coyote",
        "exclude.authors",
        "exclude.sites",
        "snippet job_ads",
        "snippet stock_tickers",
    )
    assert Explainer(Brand("X", query="(a NOT b) OR (c NOT  b NOT d)")).clauses == ("NOT b", "NOT d")
    assert Explainer(Brand("Acme")).clauses == ()


@given(TREES, st.lists(POSTS, min_size=1, max_size=4))
def test_what_is_explained_is_what_matches(tree: Node, posts: list[Said]) -> None:
    brand = Brand("X", query=written(tree), exclude=Exclude(authors=("eve",)))
    try:
        parsed = parse(written(tree))
    except QueryError:
        assume(False)
    matcher, explainer = Matcher([brand]), Explainer(brand)
    for post in posts:
        explanation = explainer.explain(post)
        assert explanation.matched is bool(matcher.match(post))
        assert explanation.matched <= bool(explanation.spans or explanation.told)
        spans = explanation.spans
        assert all(0 <= one.start < one.end <= len(post.text) for one in spans)
        assert all(one.end <= other.start for one, other in pairwise(spans))
        for name in explanation.removed_by if not explanation.together else ():
            exclude = brand.exclude if name.startswith("NOT") else Exclude()
            lighter = Matcher([Brand("X", query=written(lightened(parsed, name)), exclude=exclude)])
            assert lighter.match(post)


def lightened(tree: Node, clause: str) -> Node:
    match tree:
        case And(parts):
            kept = [part for part in parts if not (isinstance(part, Not) and part.clause == clause)]
            return And(tuple(lightened(part, clause) for part in kept))
        case Or(parts):
            return Or(tuple(lightened(part, clause) for part in parts))
        case _:
            return tree


@given(st.text() | st.text(alphabet="aéß™ \u0301\u200c\u200b한\u1100\u1161ﷺＡ²", max_size=12))
def test_every_letter_of_a_folded_text_has_its_place(text: str) -> None:
    folded, original = plain(text), Original(text)
    before = 0
    for at, letter in enumerate(folded):
        start, end = original.place(at, at + 1)
        assert 0 <= start < end <= len(text)
        assert start >= before
        before = start
        if letter != " ":
            assert letter in plain(text[start:end])


def test_twenty_thousand_posts_are_explained_in_a_second_or_so() -> None:
    brand = Brand("Acme", query='acme NOT (coyote OR "road runner") NOT kettle*', exclude=ACME.exclude)
    explainer = Explainer(brand)
    posts = [
        said(f"Zum Frühstück gab es heute Acmé {number} und danach einen {what} mit viel Käse — schön!")
        for number in range(500)
        for what in ("Tee", "Coyote", "Kettles")
    ]
    began = time.process_time()
    assert sum(explainer.explain(post).matched for post in posts) == 500
    # Some 60 µs each here, of which most are a mention; three times that for a busy machine.
    assert (time.process_time() - began) / len(posts) < 200e-6
