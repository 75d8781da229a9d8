"""Wildcards, exact forms and NEAR: what they find, against a naive reading, and that no text makes them slow."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from queries import POSTS, SOURCE, TREES, written

from listener.matching.matcher import Matcher
from listener.matching.mistakes import QueryError
from listener.matching.places import plain
from listener.matching.query import parse
from listener.matching.said import Said
from listener.matching.tree import And, Exact, Field, Near, Node, Not, Or, Term, Title, Wild, Words
from sentiment.text import fold
from storage.mention import Brand


def finds(query: str, text: str) -> bool:
    return bool(Matcher([Brand("X", query=query)]).match(Said(text, SOURCE)))


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("listen*", "a Listener.", True),
        ("listen*", "listen", True),
        ("listen*", "LÍSTENING!", True),
        ("listen*", "glisten", False),
        ("listen*", "liste", False),
        ("lis*er", "the listener's", True),
        ("lis*er", "listeners", False),
        ("lis*er", "lis ter", False),
        ("lis*t*r", "listener", True),
        ("lis*", "lis-ten", True),
        ("wom?n", "women", True),
        ("wom?n", "womn", False),
        ("wom?n", "womeen", False),
        ("acme??", "acme12", True),
        ("acme??", "acme!!", False),
        ("acme?", "acme", False),
        ("at&t*", "AT&Ts", True),
        ("#acm*", "so #Acmes", True),
        ("#acm*", "page#acmes", False),
        ("#acm*", "acmes", False),
        ("@acm*", "hi @acme_help.", True),
        ("@acm*", "me@acme.example", False),
        ("अंतर*", "अंतरिक्ष", True),
        ("アップ*", "新アップル社", True),
        ("acme*", "acme" + "e" * 64, True),
        ("acme*", "acme" + "e" * 65, False),
        ("listen* NOT listening", "listening", False),
        ("listen* NOT listening", "listening listener", False),
        ("listen OR listen*", "listeners", True),
        ("`Apple`", "an Apple!", True),
        ("`Apple`", "an apple", False),
        ("`Apple`", "APPLE", False),
        ("`Apple`", "apple APPLE Apple", True),
        ("`Apple`", "Apples", False),
        ("`Apple`", "#Apple", True),
        ("`#Apple`", "#Apple", True),
        ("`#Apple`", "Apple", False),
        ("`Best Buy`", "Best\n Buy", True),
        ("`Best Buy`", "best Best buy Buy", False),
        ("`Yahoo!`", "Yahoo! is", True),
        ("`Yahoo!`", "Yahoo is", False),
        ("`AT&T`", "AT&T's", True),
        ("`Café`", "Cafe\u0301", True),
        ("`Café`", "Cafe", False),
        ("`Acme™`", "the Acme™ pot", True),
        ("`Acme™`", "the Acme pot", False),
        ("acme NOT `ACME`", "Acme", True),
        ("acme NOT `ACME`", "ACME", False),
        ("a NEAR/0 b", "a b", True),
        ("a NEAR/0 b", "b, a", True),
        ("a NEAR/0 b", "a x b", False),
        ("a NEAR/1 b", "a x b", True),
        ("a NEAR/1 b", "a x y b", False),
        ("a NEAR/1 b", "a x y b x a", True),
        ("a NEAR/0f b", "a b", True),
        ("a NEAR/0f b", "b a", False),
        ("a NEAR/0f b", "b a b", True),
        ("a NEAR/9f b", "b x a", False),
        ("a NEAR/1 b", "a don't b", True),
        ("a NEAR/1 b", "a don’t b", True),
        ("a NEAR/1 b", "a – x … b", True),
        ("a NEAR/0 b", "a's b", True),
        ("a NEAR/0 a", "a", False),
        ("a NEAR/0 a", "a a", True),
        ('a NEAR/9 "a b"', "a b", False),
        ('a NEAR/9 "a b"', "a b a", True),
        ('"a b" NEAR/0f "c d"', "a\nb c  d", True),
        ("a NEAR/0 b", "a", False),
        ("a NEAR/0 b", "b", False),
        ("(a OR b) NEAR/0f (c OR list*)", "b x a lists", True),
        ("(a OR b) NEAR/0f (c OR list*)", "lists a x c", False),
        ("a NEAR/0 `B`", "a b", False),
        ("a NEAR/0f `B`", "™ b x™ß a B", True),
        ("a NEAR/0f `B`", "™ a b x™ß B", False),
        ("`B` NEAR/1f `C`", "\x01B ½ C c", False),
        ("`B` NEAR/2f `C`", "\x01B ½ C c", True),
        ("c NEAR/9f `B`", "B B B B B c", False),
        ("🍎 NEAR/0f a", "🍎 a", True),
        ("🍎 NEAR/0f a", "a 🍎", False),
        ("苹果 NEAR/2f 手机", "苹果的新手机", True),
        ("苹果 NEAR/1f 手机", "苹果的新手机", False),
        ("กิน NEAR/0f ข้าว", "กินข้าว", True),
        ("c NOT a NEAR/0 b", "c a x b", True),
        ("c NOT a NEAR/0 b", "c a b", False),
    ],
)
def test_what_is_found(query: str, text: str, found: bool) -> None:
    assert finds(query, text) is found


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("aaa*b*c*d*?x", "a" * 100_000),
        ("aaa*a*a*a*a*x", ("a" * 60 + " ") * 1_500),
        ("a NEAR/0 b", "a x " * 25_000 + "b x " * 25_000),
        ("(a OR ab*) NEAR/0f (b OR aab*)" .replace("ab*", "abc*"), "b abcd " * 15_000),
        ("`A` NEAR/0f `B`", "B ™ A x " * 15_000),
        ("a NEAR/100 b", "日" * 99_999 + "a"),
    ],
)  # fmt: skip
def test_no_text_makes_them_slow(query: str, text: str) -> None:
    matcher = Matcher([Brand("X", query=query)])
    began = time.process_time()
    matcher.match(Said(text, SOURCE))
    # Some 0.1 s here; a pair by pair comparison of 25,000 places takes minutes.
    assert time.process_time() - began < 5


@given(st.text() | st.text(alphabet="aÉ \n\t\x1c\x85\u2028\u3000\xa0\u200b"))
def test_there_is_one_space_between_words(text: str) -> None:
    assert plain(text) == " ".join(fold(text).split())


def places(words: Words, text: str) -> Iterator[tuple[int, int]]:
    match words:
        case Term(literal):
            pattern, where = re.escape(literal), text.lower()
        case Wild(glob):
            pattern, where = re.escape(glob).replace(r"\*", r"\w*").replace(r"\?", r"\w"), text.lower()
        case Exact(literal):
            pattern, where = re.escape(literal), text
    for start, end in itertools.combinations(range(len(text) + 1), 2):
        if re.compile(rf"\b{pattern}\b").fullmatch(where, start, end) and not (
            (start and re.match(r"\w\w", where[start - 1 : start + 1]))
            or re.match(r"\w\w", where[end - 1 : end + 1])
        ):
            yield start, end


def naive(node: Node, said: Said) -> bool:
    """What a query means, said as plainly as possible; for ASCII texts."""
    text = " ".join(said.text.split())
    match node:
        case Near(left, right, most, ordered):
            begins = [found.start() for found in re.finditer(r"\w+('\w+)*", text)]
            pairs = [
                (a, b) for one in left for a in places(one, text) for two in right for b in places(two, text)
            ]
            if not ordered:
                pairs += [(b, a) for a, b in pairs]
            return any(b[0] >= a[1] and sum(a[1] <= at < b[0] for at in begins) <= most for a, b in pairs)
        case Title(words):
            return any(places(words, " ".join((said.title or "").split())))
        case Field("author", author):
            return said.author == author
        case Field("lang", code):
            return said.language == code
        case Not(part):
            return not naive(part, said)
        case And(parts):
            return all(naive(part, said) for part in parts)
        case Or(parts):
            return any(naive(part, said) for part in parts)
        case Term() | Wild() | Exact():
            return any(places(node, text))
    raise AssertionError(node)


@given(st.lists(TREES, min_size=1, max_size=4), st.lists(POSTS, min_size=1, max_size=4))
@example([Near((Term("a"),), (Exact("AB", "ab"),), 0, True)], [Said("a ab AB", SOURCE)])
def test_queries_mean_what_a_naive_reading_says(trees: list[Node], posts: list[Said]) -> None:
    known = []
    for tree in trees:
        try:
            known.append(parse(written(tree)))
        except QueryError:
            continue
    matcher = Matcher([Brand(str(number), query=written(tree)) for number, tree in enumerate(known)])
    for post in posts:
        expected = [str(number) for number, tree in enumerate(known) if naive(tree, post)]
        assert [hit.brand for hit in matcher.match(post)] == expected
