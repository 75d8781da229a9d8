"""Queries and posts made by chance, and queries written back from their trees."""

from __future__ import annotations

from hypothesis import strategies as st

from listener.matching.said import Said
from listener.matching.tree import And, Exact, Field, Near, Node, Not, Or, Term, Title, Wild, Words
from storage.mention import Source

SOURCE = Source("feed:example", "feeds")

WORDS: st.SearchStrategy[Words] = st.sampled_from(
    [
        Term("a"), Term("ab"), Term("abc"), Term("a b"), Term("ab abc"), Wild("abc*"), Wild("abc?"), Wild("ab?"),
        Wild("ab?d*"), Wild("abc*d"), Exact("AB", "ab"), Exact("Abc", "abc"), Exact("a B", "a b"), Exact("a", "a"),
    ]
)  # fmt: skip
SIDES = st.lists(WORDS, min_size=1, max_size=2).map(tuple)
LEAVES: st.SearchStrategy[Node] = (
    WORDS
    | st.builds(Near, SIDES, SIDES, st.integers(0, 3), st.booleans())
    | st.builds(Title, WORDS)
    | st.sampled_from([Field("author", "bob"), Field("lang", "en")])
)
TREES: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda parts: (
        st.builds(Not, parts)
        | st.lists(parts, min_size=2, max_size=3).map(tuple).map(And)
        | st.lists(parts, min_size=2, max_size=3).map(tuple).map(Or)
    ),
    max_leaves=8,
)
TEXTS = st.lists(
    st.sampled_from(["a", "A", "ab", "AB", "abc", "Abc", "abcd", "ABCxd", "b", "B", "x", "_", "'", " ", "\n", ", "]),
    max_size=12,
).map(" ".join) | st.text(alphabet="aAbBcd' ", max_size=14)  # fmt: skip
POSTS = st.builds(
    Said,
    TEXTS,
    st.just(SOURCE),
    title=st.none() | TEXTS,
    author=st.sampled_from([None, "bob", "eve"]),
    language=st.sampled_from([None, "en", "es"]),
)


def written(tree: Node) -> str:
    """Write a query that means this tree; words in quotes, so that none is read as an operator."""
    match tree:
        case Term(literal):
            return f'"{literal}"'
        case Wild(pattern):
            return pattern
        case Exact(text):
            return f"`{text}`"
        case Near(left, right, most, ordered):
            sides = [f"({' OR '.join(map(written, side))})" for side in (left, right)]
            return f"{sides[0]} NEAR/{most}{'f' * ordered} {sides[1]}"
        case Title(words):
            return f"title:{written(words)}"
        case Field(name, value):
            return f"{name}:{value}"
        case Not(part):
            return f"NOT ({written(part)})"
        case And(parts):
            return " AND ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({written(part)})" for part in parts)
