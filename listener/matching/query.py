"""The query language of a brand: words, "phrases", `exact forms`, wildcards, NEAR, fields, AND, OR, NOT, ( )."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, VisitError
from lark.tree import Meta

from listener.matching import fields
from listener.matching.mistakes import QueryError, check_pairs, explain, slip
from listener.matching.places import as_written
from listener.matching.tree import And, Exact, Field, Near, Node, Not, Or, Term, Title, Wild, Words, culprit
from sentiment.text import fold, is_word_character

LONGEST = 20_000
FARTHEST = 100
LEAST_BEFORE_STAR = 3
LEAST_BEFORE_MARK = 2

# NEAR binds tightest, then NOT, then AND (which need not be written), then OR. Operators only in capitals, for "or"
# and "not" are words too. An operator is one only when it stands alone, so that ORACLE stays a word.
GRAMMAR = (
    r"""
?query: either
?either: both (OR both)*
?both: unit (AND? unit)*
?unit: NOT thing -> without
     | thing
?thing: side
      | side NEAR side -> near
?side: (WORD | PHRASE | EXACT) -> words
     | FIELD (WORD | PHRASE | EXACT) -> field
     | "(" either ")"

OR.2: /OR(?=[\s()"`]|$)/
AND.2: /AND(?=[\s()"`]|$)/
NOT.2: /NOT(?=[\s()"`]|$)/
NEAR.2: /NEAR\/[0-9]+f?(?=[\s()"`]|$)/
PHRASE: /"[^"]*"/
EXACT: /`[^`]*`/
WORD: /[^\s()"`]+/
%ignore /\s+/
FIELD.2: /("""
    + "|".join(fields.NAMES)
    + """):/i
"""
)

# Quotation marks as word processors and telephones write them, parentheses as Japanese and Chinese keyboards do; one
# for one, so that columns stay true.
_SAME_SIGNS = str.maketrans("“”„‟＂（）｀", '"""""()`')
_WILDCARD = re.compile(r"[*?＊？]")


def parse(query: str) -> Node:
    """Return the tree of a query. Raises QueryError, which points at the mistake."""
    plain = query.translate(_SAME_SIGNS)
    if not plain.strip():
        raise QueryError("the query is empty", query, 1)
    if len(plain) > LONGEST:
        raise QueryError(f"the query is longer than {LONGEST} characters", query, LONGEST)
    check_pairs(plain)
    try:
        node: Node = _Build(query).transform(_parser().parse(plain))
    except UnexpectedInput as error:
        raise explain(error, plain) from None
    except VisitError as error:
        # lark wraps what a rule raises; ours is the one inside.
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from None
        raise
    match culprit(node):
        case Not(column=column):
            message = "a query that only says NOT matches everything: add what to look for"
            raise QueryError(message, query, column)
        case Field(name, column=column):
            raise QueryError(f"{name}: alone matches far too much: add what to look for", query, column)
    return node


def term(words: str) -> Term | None:
    """Return the Term for a name as people write it, or None where nothing of it can be looked for."""
    literal = " ".join(fold(words).split())
    return Term(literal, " ".join(words.split())) if literal.strip("#@") else None


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, start="query", parser="lalr", lexer="basic", propagate_positions=True)


class _Build(Transformer[Token, Node]):
    def __init__(self, query: str) -> None:
        super().__init__()
        self._query = query

    @v_args(inline=True)
    def words(self, token: Token) -> Words:
        if token.type == "WORD" and (wrong := slip(str(token))):
            raise self._error(wrong, token)
        return self._words(token)

    @v_args(inline=True)
    def near(self, left: Node, operator: Token, right: Node) -> Node:
        most = int(operator.removeprefix("NEAR/").removesuffix("f"))
        if most > FARTHEST:
            raise self._error(f"NEAR takes at most {FARTHEST} words between", operator)
        sides = [_alternatives(side) for side in (left, right)]
        if not all(sides):
            message = f"{operator} takes words, phrases, or words with OR in parentheses"
            raise self._error(message, operator)
        return Near(sides[0], sides[1], most, operator.endswith("f"))

    @v_args(inline=True)
    def field(self, token: Token, value: Token) -> Node:
        name = token[:-1].casefold()
        if name == "title":
            return Title(self._words(value))
        if value.type == "EXACT":
            raise self._error(f"{name}: is never exact: write it without backticks", value)
        given = value[1:-1] if value.type == "PHRASE" else str(value)
        try:
            return Field(name, fields.value_of(name, given), column=(token.start_pos or 0) + 1)
        except ValueError as error:
            raise self._error(str(error), token) from None

    @v_args(inline=True, meta=True)
    def without(self, meta: Meta, operator: Token, part: Node) -> Node:
        clause = " ".join(self._query[meta.start_pos : meta.end_pos].split())
        return Not(part, (operator.start_pos or 0) + 1, clause)

    def both(self, parts: list[Node | Token]) -> Node:
        return And(tuple(part for part in parts if not isinstance(part, Token)))

    def either(self, parts: list[Node | Token]) -> Node:
        return Or(tuple(part for part in parts if not isinstance(part, Token)))

    def _words(self, token: Token) -> Words:
        if token.type == "PHRASE":
            return self._term(token, token[1:-1])
        if token.type == "EXACT":
            start = token.start_pos or 0
            # From the query itself: in the text that was parsed, curly quotation marks are straight.
            written = as_written(self._query[start + 1 : start + len(token) - 1])
            return Exact(written, self._term(token, written).literal)
        sign = _WILDCARD.search(token)
        return self._wild(token, sign.start()) if sign else self._term(token, str(token))

    def _term(self, token: Token, words: str) -> Term:
        found = term(words)
        if found is None:
            raise self._error("there is nothing to look for here", token)
        return found

    def _wild(self, token: Token, at: int) -> Wild:
        wild = Wild(fold(str(token)))
        if " " in wild.pattern:
            # "acme™s*" is two words to everybody who reads folded texts: it would be found nowhere.
            raise self._error("a wildcard cannot stand in a word with signs that part words", token)
        before_star, star, _ = wild.pattern.partition("*")
        advice = f'write more of it, or "{token}" to look for the sign itself'
        if star and _letters(before_star) < LEAST_BEFORE_STAR:
            column = at + max(unicodedata.normalize("NFKC", token[at:]).find("*"), 0)
            message = f"at least {LEAST_BEFORE_STAR} letters must stand before a *: {advice}"
            raise self._error(message, token, column)
        if _letters(wild.prefix) < LEAST_BEFORE_MARK:
            message = f"at least {LEAST_BEFORE_MARK} letters must stand before a wildcard: {advice}"
            raise self._error(message, token, at)
        return wild

    def _error(self, message: str, token: Token, within: int = 0) -> QueryError:
        return QueryError(message, self._query, (token.start_pos or 0) + within + 1)


def _letters(text: str) -> int:
    return sum(map(is_word_character, text))


def _alternatives(side: Node) -> tuple[Words, ...]:
    """The words of one side of NEAR: one, or several with OR between; nothing where it is something else."""
    match side:
        case Term() | Wild() | Exact():
            return (side,)
        case Or(parts):
            found = [_alternatives(part) for part in parts]
            return tuple(words for part in found for words in part) if all(found) else ()
        case _:
            return ()
