"""The query language of a brand: words, "phrases", #tags, @handles, AND, OR, NOT and parentheses."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from sentiment.text import fold

LONGEST = 20_000
DEEPEST = 50

# NOT binds tightest, then AND (which need not be written), then OR. Operators only in capitals, for "or" and "not"
# are words too. An operator is one only when it stands alone, so that ORACLE stays a word.
GRAMMAR = r"""
?query: either
?either: both (OR both)*
?both: unit (AND? unit)*
?unit: NOT thing -> without
     | thing
?thing: WORD -> word
      | PHRASE -> phrase
      | "(" either ")"

OR.2: /OR(?=[\s()"]|$)/
AND.2: /AND(?=[\s()"]|$)/
NOT.2: /NOT(?=[\s()"]|$)/
PHRASE: /"[^"]*"/
WORD: /[^\s()"]+/
%ignore /\s+/
"""

# Quotation marks as word processors and telephones write them, parentheses as Japanese and Chinese keyboards do; one
# for one, so that columns stay true.
_SAME_SIGNS = str.maketrans("“”„‟＂（）", '"""""()')

_SLIPS = {"|": "OR", "||": "OR", "&&": "AND", "!": "NOT"}


class QueryError(ValueError):
    """A query that cannot be used. `column` counts characters of the query from 1."""

    def __init__(self, message: str, query: str, column: int) -> None:
        super().__init__(f"{message} (at character {column})")
        self.message = message
        self.query = query
        self.column = column

    def caret(self) -> str:
        """Return the query and, on a line below, a caret under the mistake."""
        shown = "".join(character if character.isprintable() else " " for character in self.query)
        return f"{shown}\n{''.join(map(_blank, shown[: self.column - 1]))}^ {self.message}"


def _blank(character: str) -> str:
    """Return what takes as much room on a terminal: Chinese characters take two places, marks on letters none."""
    if unicodedata.category(character) in ("Mn", "Me"):
        return ""
    return "\u3000" if unicodedata.east_asian_width(character) in "WF" else " "


@dataclass(frozen=True, slots=True)
class Term:
    """A word, a phrase, "#tag" or "@handle", folded, with single spaces."""

    literal: str


@dataclass(frozen=True, slots=True)
class Not:
    part: Node
    column: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


Node = Term | Not | And | Or


def parse(query: str) -> Node:
    """Return the tree of a query. Raises QueryError, which points at the mistake."""
    plain = query.translate(_SAME_SIGNS)
    if not plain.strip():
        raise QueryError("the query is empty", query, 1)
    if len(plain) > LONGEST:
        raise QueryError(f"the query is longer than {LONGEST} characters", query, LONGEST)
    _check_pairs(plain)
    try:
        tree = _parser().parse(plain)
        node: Node = _Build(plain).transform(tree)
    except UnexpectedInput as error:
        raise _explain(error, plain) from None
    except VisitError as error:
        # lark wraps what a rule raises; ours is the one inside.
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    if culprit := _matches_anything(node):
        raise QueryError(
            "a query that only says NOT matches everything: add what to look for", query, culprit
        )
    return node


def term(words: str) -> Term | None:
    """Return the Term for a name as people write it, or None where nothing of it can be looked for."""
    literal = " ".join(fold(words).split())
    return Term(literal) if literal.strip("#@") else None


def holds(node: Node, found: AbstractSet[str]) -> bool:
    """Say whether the query is true of a text in which these literals, and no others, stand."""
    match node:
        case Term(literal):
            return literal in found
        case Not(part):
            return not holds(part, found)
        case And(parts):
            return all(holds(part, found) for part in parts)
        case Or(parts):
            return any(holds(part, found) for part in parts)


def literals(node: Node) -> Iterator[str]:
    """Yield every literal of the query, also those under NOT."""
    match node:
        case Term(literal):
            yield literal
        case Not(part):
            yield from literals(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from literals(part)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, start="query", parser="lalr", lexer="basic")


def _matches_anything(node: Node) -> int:
    """Return the column of the NOT that makes the query true of a text with none of its words, or 0.

    The matcher relies on it: it looks at a brand's tree only where one of its words was found.
    """
    match node:
        case Not(part, column):
            return column if not holds(part, frozenset()) else 0
        case And(parts):
            columns = [_matches_anything(part) for part in parts]
            return columns[0] if all(columns) else 0
        case Or(parts):
            return next(filter(None, map(_matches_anything, parts)), 0)
    return 0


class _Build(Transformer[Token, Node]):
    def __init__(self, query: str) -> None:
        super().__init__()
        self._query = query

    @v_args(inline=True)
    def word(self, token: Token) -> Node:
        return self._term(token, str(token))

    @v_args(inline=True)
    def phrase(self, token: Token) -> Node:
        return self._term(token, token[1:-1])

    @v_args(inline=True)
    def without(self, operator: Token, part: Node) -> Node:
        return Not(part, (operator.start_pos or 0) + 1)

    def both(self, parts: list[Node | Token]) -> Node:
        return And(tuple(part for part in parts if not isinstance(part, Token)))

    def either(self, parts: list[Node | Token]) -> Node:
        return Or(tuple(part for part in parts if not isinstance(part, Token)))

    def _term(self, token: Token, words: str) -> Term:
        column = token.start_pos or 0
        if token.type == "WORD" and (slip := _slip(words)):
            raise QueryError(slip, self._query, column + 1)
        found = term(words)
        if found is None:
            raise QueryError("there is nothing to look for here", self._query, column + 1)
        return found


def _slip(word: str) -> str | None:
    """Return what is wrong with a word that another search engine would have understood otherwise."""
    if word in _SLIPS:
        return f"{word} is no operator here: write {_SLIPS[word]}"
    if word.startswith("-") and len(word) > 1:
        return f"a minus is no operator here: write NOT {word[1:]}"
    if word[-1] in ",;":
        return f"{word[-1]} is no operator here: write OR or AND, or put the words in quotation marks"
    if word.endswith("*") and word.strip("*"):
        return "there are no wildcards: write each word, with OR between"
    return None


def _check_pairs(query: str) -> None:
    """Refuse a quotation mark or parenthesis without its partner, pointing at it and not at the end of the query."""
    opened: list[int] = []
    quote = 0
    for column, character in enumerate(query, start=1):
        if character == '"':
            quote = 0 if quote else column
        elif quote:
            continue
        elif character == "(":
            opened.append(column)
            if len(opened) > DEEPEST:
                raise QueryError(f"more than {DEEPEST} parentheses within each other", query, column)
        elif character == ")":
            if not opened:
                raise QueryError("this parenthesis was never opened", query, column)
            opened.pop()
    if quote:
        raise QueryError("this quotation mark is never closed", query, quote)
    if opened:
        raise QueryError("this parenthesis is never closed", query, opened[-1])


def _explain(error: UnexpectedInput, query: str) -> QueryError:
    if isinstance(error, UnexpectedCharacters):
        return QueryError("this cannot stand here", query, (error.pos_in_stream or 0) + 1)
    assert isinstance(error, UnexpectedToken)
    token = error.token
    if token.type == "$END":
        return QueryError("something to look for must follow", query, len(query.rstrip()) + 1)
    column = (token.start_pos or 0) + 1
    if token.type == "RPAR":
        return QueryError("something to look for must stand before this parenthesis", query, column)
    if token.type in ("AND", "OR"):
        message = (
            f"{token} must stand between two things to look for; the word itself goes in quotation marks"
        )
        return QueryError(message, query, column)
    if token.type == "NOT":
        return QueryError("NOT NOT says nothing: leave both out", query, column)
    return QueryError("this cannot stand here", query, column)
