"""What must stand in a post for a query to be true of it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from queries import POSTS, TREES, written

from listener.matching.matcher import Matcher
from listener.matching.mistakes import QueryError
from listener.matching.places import plain
from listener.matching.query import parse
from listener.matching.said import Said
from listener.matching.searches import searches
from listener.matching.tree import Node
from storage.mention import Brand, Source


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("acme", ("acme",)),
        ("Nestlé", ("Nestlé",)),
        ('"Acme  Corp"', ("Acme Corp",)),
        ("#Acme", ("#Acme",)),
        ("`Apple`", ("Apple",)),
        ("acme OR globex", ("acme", "globex")),
        ('acme OR "acme corp" OR "x acme"', ("acme",)),
        ('#acme OR "the #acme"', ("#acme", "the #acme")),
        ("acme kettles", ("kettles",)),
        ("acme NOT kettles", ("acme",)),
        ("acme (iphone OR mac OR pie)", ("acme",)),
        ("(acme OR globex) (kettle OR teapot)", ("kettle", "teapot")),
        ("苹果 kettle", ("苹果",)),
        ('acme NEAR/3 "road runner"', ("road runner",)),
        ("acme NEAR/3 (kettle OR teapots)", ("kettle", "teapots")),
        ("title:acme", ("acme",)),
        ("listen*", ()),
        ("listen* OR acme", ()),
        ("listen* acme", ("acme",)),
        ("listen* NEAR/2 acme", ("acme",)),
        ("author:bob", ()),
        ("author:bob OR acme", ()),
        ("author:bob acme", ("acme",)),
        ("acme NOT (globex NOT initech)", ("acme",)),
        ("acme NOT (globex OR NOT initech)", ("initech",)),
        ("acme lang:en", ("acme",)),
    ],
)
def test_what_a_search_service_is_asked(query: str, found: tuple[str, ...]) -> None:
    assert searches([Brand("X", query=query)]) == found


def test_several_brands_are_asked_together_or_not_at_all() -> None:
    acme = Brand("Acme Ltd", aliases=("Boing",), aliases_in={"sv": ("Gro",)})
    other = Brand("X", query="acme OR boing")
    assert searches([acme]) == ("Acme Ltd", "Boing", "Gro")
    assert searches([acme, other]) == ("Boing", "Gro", "acme")
    assert searches([acme, Brand("Y", query="listen*")]) == ()
    assert searches([]) == ()


def test_a_call_of_the_handle_is_searched_on_its_own_network() -> None:
    brand = Brand("X", query="kettle", handles={"bluesky": "@acme.example", "hackernews": "acme"})
    assert searches([brand]) == ("kettle", "@acme.example", "@acme")
    assert searches([brand], "bluesky") == ("kettle", "@acme.example")
    assert searches([brand], "mastodon") == ("kettle",)
    assert Matcher([brand]).searches("bluesky") == ("kettle", "@acme.example")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("source:hackernews OR acme", ("acme",)),
        ("source:bluesky OR acme", ()),
        ("source:bluesky:other OR acme", ()),
        ("acme NOT source:bluesky", ()),
        ("(source:hackernews author:bob) OR acme", ("acme",)),
        ("acme (globex OR source:hackernews)", ("globex",)),
    ],
)
def test_the_posts_of_a_network_come_from_nowhere_else(query: str, found: tuple[str, ...]) -> None:
    assert searches([Brand("X", query=query)], "bluesky") == found


@pytest.mark.parametrize(
    ("query", "text", "may"),
    [
        ("acme", "ACMÉ!", True),
        ("acme", "acmes", False),
        ("acme", "", False),
        ('"acme corp"', "acme \n corp", True),
        ('"acme corp"', "acme\u2028corp", True),
        ('"acme corp"', "acme  corp", True),
        ('"acme corp"', "acme x corp", False),
        ("listen*", "the listeners", True),
        ("listen*", "glistens", False),
        ("acme OR acm*", "the acmes", True),
        ("acme kettle", "a kettle", True),
        ("acme kettle", "by acme", False),
        ("acme NOT kettle", "acme kettle", True),
        ("`Apple`", "apple", True),
        ("acme lang:en", "acme", True),
        ("acme OR author:bob", "nothing", True),
        ("acme author:bob", "nothing", False),
    ],
)
def test_which_texts_may_match(query: str, text: str, may: bool) -> None:
    assert Matcher([Brand("X", query=query)]).may_match(text) is may


def test_a_call_may_match_on_its_own_network() -> None:
    matcher = Matcher([Brand("X", query="kettle", handles={"bluesky": "acme.example"})])
    assert matcher.may_match("hi @acme.example")
    assert matcher.sieve("bluesky")("hi @acme.example")
    assert not matcher.sieve("mastodon")("hi @acme.example")


def test_a_source_alone_opens_its_own_network_only() -> None:
    matcher = Matcher([Brand("X", query="source:bluesky")])
    assert matcher.may_match("nothing")
    assert matcher.sieve("bluesky")("nothing")
    assert not matcher.sieve("hackernews")("nothing")
    assert not Matcher([]).may_match("nothing")


def known(trees: list[Node]) -> list[Node]:
    found = []
    for tree in trees:
        try:
            found.append(parse(written(tree)))
        except QueryError:
            continue
    assume(found)
    return found


@given(st.lists(TREES, min_size=1, max_size=3), st.lists(POSTS, min_size=1, max_size=4))
def test_one_search_stands_in_every_post_that_matches(trees: list[Node], posts: list[Said]) -> None:
    brands = [
        Brand(f"b{number}", query=written(tree), handles={"bluesky": "abc"})
        for number, tree in enumerate(known(trees))
    ]
    matcher = Matcher(brands)
    asked = searches(brands, "bluesky")
    source = Source("bluesky", "bluesky")
    may_match = matcher.sieve("bluesky")
    for one in [*posts, posts[0]._replace(text=posts[0].text + " @abc")]:
        post = one._replace(text=f"{one.title or ''}\n{one.text}", source=source)
        if matcher.match(post):
            assert matcher.may_match(post.text)
            assert may_match(post.text)
            assert not asked or any(plain(search) in plain(post.text) for search in asked)
