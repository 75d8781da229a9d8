"""The query language: what it means, and that each mistake is pointed at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from queries import written

from listener.matching.mistakes import DEEPEST, QueryError
from listener.matching.query import parse, term
from listener.matching.tree import (
    And,
    Exact,
    Field,
    Near,
    Node,
    Not,
    Or,
    Term,
    Title,
    Wild,
    Words,
    holds,
    literals,
)

A, B, C = Term("a"), Term("b"), Term("c")


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("acme", Term("acme")),
        ("ACMÉ", Term("acme")),
        ("#Acme", Term("#acme")),
        ("＠Acme.Example", Term("@acme.example")),
        ('"Acme\n  Corp"', Term("acme corp")),
        ("“Acme Corp”", Term("acme corp")),
        ("AT&T", Term("at&t")),
        ("c++", Term("c++")),
        ("🍎", Term("🍎")),
        ("a b", And((A, B))),
        ("a AND b", And((A, B))),
        ("a\u3000b", And((A, B))),
        ("a OR b c", Or((A, And((B, C))))),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("a OR b OR c", Or((A, B, C))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("（a OR b）c", And((Or((A, B)), C))),
        ("a NOT b", And((A, Not(B)))),
        ("NOT b AND a", And((Not(B), A))),
        ("a NOT b OR c", Or((And((A, Not(B))), C))),
        ("a NOT (b OR c)", And((A, Not(Or((B, C)))))),
        ("((a))", A),
        ("a or b", And((A, Term("or"), B))),
        ('"OR" a', And((Term("or"), A))),
        ("ORACLE ANDROID", And((Term("oracle"), Term("android")))),
        ('a"b"(c)', And((A, B, C))),
        ("آکمي", Term("اکمی")),
        ("می\u200cخواهم", Term("میخواهم")),
        ("日本 OR 한국", Or((Term("日本"), Term("한국")))),
        ("listen*", Wild("listen*")),
        ("LÍSTEN*", Wild("listen*")),
        ("gr?y", Wild("gr?y")),
        ("gr?yer*", Wild("gr?yer*")),
        ("#acm*", Wild("#acm*")),
        ("アップ＊", Wild("アップ*")),
        ('"what?"', Term("what?")),
        ("`Acme`", Exact("Acme", "acme")),
        ("｀Acme｀", Exact("Acme", "acme")),
        ("`a  (“b” OR c)`", Exact("a (“b” OR c)", 'a ("b" or c)')),
        ("a`B`c", And((A, Exact("B", "b"), C))),
        ("a NEAR/3 b", Near((A,), (B,), 3)),
        ("a NEAR/0f b", Near((A,), (B,), 0, ordered=True)),
        ('"a b" NEAR/3 `C`', Near((Term("a b"),), (Exact("C", "c"),), 3)),
        ("(a OR (b OR abc*)) NEAR/3 c", Near((A, B, Wild("abc*")), (C,), 3)),
        ("c NOT a NEAR/3 b", And((C, Not(Near((A,), (B,), 3))))),
        ("c OR a NEAR/3 b c", Or((C, And((Near((A,), (B,), 3), C))))),
        ("near a", And((Term("near"), A))),
        ("a lang:PT_br", And((A, Field("lang", "pt-br")))),
        ("a min_followers:0100", And((A, Field("min_followers", "100")))),
        ("LANG:en a", And((Field("lang", "en"), A))),
        ("a lang: en", And((A, Field("lang", "en")))),
        ("source:feed:example.com/x", Field("source", "feed:example.com/x")),
        ('source:"Example Blog"', Field("source", "example blog")),
        ("site:WWW.Example.com", Field("site", "example.com")),
        ("site:*.example.com", Field("site", "example.com")),
        ("site:münchen.example", Field("site", "xn--mnchen-3ya.example")),
        ("author:@Bob@Example.org", Field("author", "bob@example.org")),
        ("url:https://Example.com/*?a=b", Field("url", "https://example.com/*?a=b")),
        ("a type:Comment", And((A, Field("type", "comment")))),
        ("title:A", Title(A)),
        ('title:"A  b"', Title(Term("a b"))),
        ("title:acm*", Title(Wild("acm*"))),
        ("title:`A`", Title(Exact("A", "a"))),
        ("a NOT (b lang:en)", And((A, Not(And((B, Field("lang", "en"))))))),
        ('"lang:en"', Term("lang:en")),
        ("re:invent", Term("re:invent")),
        ("https://a.example/", Term("https://a.example/")),
    ],
)
def test_trees(query: str, tree: Node) -> None:
    assert parse(query) == tree


@pytest.mark.parametrize(
    ("query", "column", "message"),
    [
        ("", 1, "the query is empty"),
        (" \n", 1, "the query is empty"),
        ("NOT a", 1, "only says NOT"),
        ("NOT a NOT b", 1, "only says NOT"),
        ("a OR NOT b", 6, "only says NOT"),
        ("a OR (NOT b AND NOT c)", 7, "only says NOT"),
        ("NOT (a AND b)", 1, "only says NOT"),
        ("a OR", 5, "something to look for must follow"),
        ("a NOT  ", 6, "something to look for must follow"),
        ("OR a", 1, "OR must stand between"),
        ("a OR OR b", 6, "OR must stand between"),
        ("a AND AND b", 7, "AND must stand between"),
        ("a NOT OR b", 7, "OR must stand between"),
        ("a NOT NOT b", 7, "NOT NOT says nothing"),
        ("a ()", 4, "before this parenthesis"),
        ("a (b", 3, "never closed"),
        ("a) b", 2, "never opened"),
        ('a "b c', 3, "never closed"),
        ('a ""', 3, "nothing to look for"),
        ('"  "', 1, "nothing to look for"),
        ("a #", 3, "nothing to look for"),
        ("@", 1, "nothing to look for"),
        ("\u0640", 1, "nothing to look for"),
        ("a -b", 3, "write NOT b"),
        ("a, b", 1, "write OR or AND"),
        ("a || b", 3, "write OR"),
        ("a && b", 3, "write AND"),
        ("a `b", 3, "backtick is never closed"),
        ("a ``", 3, "nothing to look for"),
        ("a ac*", 5, "at least 3 letters must stand before a \\*"),
        ("*acme", 1, "at least 3 letters must stand before a \\*"),
        ("g?y*", 4, "at least 3 letters"),
        ("a ＊", 3, "at least 3 letters"),
        ("#a*", 3, "at least 3 letters"),
        ("b?t", 2, "at least 2 letters must stand before a wildcard"),
        ("acme™s*", 1, "signs that part words"),
        ("a NEAR b", 3, "NEAR needs a number"),
        ("a near/3 b", 3, "NEAR needs a number of words and capitals"),
        ("a NEAR/x b", 3, "NEAR needs a number"),
        ("a NEAR/101 b", 3, "at most 100"),
        ("NEAR/3 b", 1, "must stand between"),
        ("a OR NEAR/3 b", 6, "must stand between"),
        ("a NEAR/3", 9, "must follow"),
        ("a NEAR/3 NOT b", 10, "NEAR/3 takes words"),
        ("a NEAR/3 (b c)", 3, "NEAR/3 takes words"),
        ("a NEAR/3 site:x.example", 3, "NEAR/3 takes words"),
        ("a NEAR/3 b NEAR/4 c", 12, "for a third write"),
        ('"a b"~3', 6, "write one NEAR/3 two"),
        ("lang:en", 1, "lang: alone matches far too much"),
        ("a OR type:comment", 6, "type: alone"),
        ("type:comment NOT a", 1, "type: alone"),
        ("NOT a lang:en", 1, "only says NOT"),
        ("a OR NOT site:x.example", 6, "only says NOT"),
        ("NOT (a lang:en)", 1, "only says NOT"),
        ("a lang:english", 3, "takes the code of a language"),
        ("a lang:(en OR es)", 8, "one value must stand behind lang:"),
        ("a lang:`en`", 8, "never exact"),
        ("a lang:", 8, "must follow"),
        ("a source:title:b", 10, "one value must stand behind source:"),
        ("a min_followers:1k", 3, "min_followers: takes a whole number"),
        ("a min_followers:-5", 3, "min_followers: takes a whole number"),
        ("a min_followers:²", 3, "min_followers: takes a whole number"),
        ("a min_followers:9999999999999", 3, "min_followers: takes a whole number"),
        ("a OR min_followers:100", 6, "min_followers: alone matches far too much"),
        ("a followers:100", 3, "write min_followers:100"),
        ("a type:repost", 3, "no source tells reposts"),
        ("a type:story", 3, "post or comment"),
        ("a site:x.example/y", 3, "takes a host alone"),
        ("a author:bo*", 3, "a wildcard cannot stand in author:"),
        ("a author:@", 3, "something must stand behind author:"),
        ("a language:en", 3, "write lang:en"),
        ("a athor:bob", 3, "write author:bob"),
        ("a city:rome", 3, "there is no field city:"),
        ("(" * (DEEPEST + 1), DEEPEST + 1, "more than 50 parentheses"),
        ("a " * 20_000, 20_000, "longer than 20000 characters"),
    ],
)
def test_mistakes_are_pointed_at(query: str, column: int, message: str) -> None:
    with pytest.raises(QueryError, match=message) as raised:
        parse(query)
    assert raised.value.column == column
    assert f"(at character {column})" in str(raised.value)


def test_the_caret_stands_under_the_mistake() -> None:
    with pytest.raises(QueryError) as raised:
        parse("acme\nOR (boing NOT")
    shown, below = raised.value.caret().splitlines()
    assert shown == "acme OR (boing NOT"
    assert below == "        ^ this parenthesis is never closed"


def test_the_caret_allows_for_wide_letters_and_marks() -> None:
    with pytest.raises(QueryError) as raised:
        parse("日本 cafe\u0301 (")
    assert raised.value.caret().splitlines()[1].startswith("\u3000\u3000      ^ ")


def test_the_deepest_query_that_is_allowed_works() -> None:
    query = "(a NOT " * DEEPEST + "b" + ")" * DEEPEST
    tree = parse(query)
    assert set(literals(tree)) == {"a", "b"}
    # Each pair of levels takes the other's NOT back, so an even number of them says what none would say.
    assert DEEPEST % 2 == 0
    assert holds(tree, {"a", "b"})
    assert not holds(tree, {"a"})


def test_a_query_error_is_a_value_error() -> None:
    assert issubclass(QueryError, ValueError)


def test_a_name_becomes_a_term() -> None:
    found = term(" Acmé  Corp. ")
    assert found == Term("acme corp.")
    assert found.written == "Acmé Corp."
    assert term("#") is None
    assert term("") is None


WORDS: st.SearchStrategy[Words] = (
    st.sampled_from("abcd").map(Term) | st.just(Wild("abc*")) | st.just(Exact("D", "d"))
)
SIDES = st.lists(WORDS, min_size=1, max_size=2).map(tuple)
LEAVES: st.SearchStrategy[Node] = (
    WORDS
    | st.builds(Near, SIDES, SIDES, st.integers(0, 100), st.booleans())
    | st.builds(Title, WORDS)
    | st.sampled_from([Field("author", "a"), Field("lang", "en"), Field("type", "post")])
)
TREES: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda parts: (
        st.builds(Not, parts)
        | st.lists(parts, min_size=2, max_size=3).map(tuple).map(And)
        | st.lists(parts, min_size=2, max_size=3).map(tuple).map(Or)
    ),
    max_leaves=12,
)


@given(TREES)
def test_a_written_tree_means_what_it_meant(tree: Node) -> None:
    """It is read as it was written, or refused because some post with nothing wanted in it would match."""
    try:
        assert parse(written(tree)) == tree
    except QueryError as error:
        assert "matches" in error.message
    else:
        for wide in (set(), {"lang"}, {"type"}, {"lang", "type"}):
            assert not holds(tree, frozenset(), lambda leaf, wide=wide: getattr(leaf, "name", "") in wide)


@given(st.text(alphabet='ab "`()#@-*?,:\u201cORANDTE/3flang\u3000é\n', max_size=25))
def test_any_text_is_a_query_or_a_query_error(query: str) -> None:
    try:
        tree = parse(query)
    except QueryError as error:
        assert 1 <= error.column <= len(query) + 1
        assert error.caret().count("\n") == 1
    else:
        assert not holds(tree, frozenset())
