"""The query language: what it means, and that each mistake is pointed at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.matching.query import (
    DEEPEST,
    And,
    Node,
    Not,
    Or,
    QueryError,
    Term,
    holds,
    literals,
    parse,
    term,
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
        ("acm*", 1, "no wildcards"),
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
    assert term(" Acme  Corp. ") == Term("acme corp.")
    assert term("#") is None
    assert term("") is None


TREES: st.SearchStrategy[Node] = st.recursive(
    st.sampled_from("abcd").map(Term),
    lambda parts: (
        st.builds(Not, parts)
        | st.lists(parts, min_size=2, max_size=3).map(tuple).map(And)
        | st.lists(parts, min_size=2, max_size=3).map(tuple).map(Or)
    ),
    max_leaves=12,
)


def written(tree: Node) -> str:
    match tree:
        case Term(literal):
            return literal
        case Not(part):
            return f"NOT ({written(part)})"
        case And(parts):
            return " AND ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({written(part)})" for part in parts)


@given(TREES, st.sets(st.sampled_from("abcd")))
def test_a_written_tree_means_what_it_meant(tree: Node, found: set[str]) -> None:
    if holds(tree, frozenset()):
        with pytest.raises(QueryError, match="only says NOT"):
            parse(written(tree))
    else:
        assert parse(written(tree)) == tree
        assert set(literals(tree)) <= set("abcd")


@given(st.text(alphabet='ab "()#@-*,\u201cORANDT\u3000é\n', max_size=25))
def test_any_text_is_a_query_or_a_query_error(query: str) -> None:
    try:
        tree = parse(query)
    except QueryError as error:
        assert 1 <= error.column <= len(query) + 1
        assert error.caret().count("\n") == 1
    else:
        assert not holds(tree, frozenset())
