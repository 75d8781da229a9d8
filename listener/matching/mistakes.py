"""What is wrong with a query: the place in it, and what to write instead."""

from __future__ import annotations

import re
import unicodedata

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from listener.matching.fields import unknown

DEEPEST = 50

_OPERATORS = {"|": "OR", "||": "OR", "&&": "AND", "!": "NOT"}
_NEAR = re.compile(r"near/.*", re.IGNORECASE)
_DISTANCE = re.compile(r"~\d+")
_AFTER_FIELD = re.compile(r"(\w+:)\s*\Z")
_AFTER_NEAR = re.compile(r"(NEAR/\d+f?)\s*\Z")


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


def slip(word: str) -> str | None:
    """Return what is wrong with a word that another search engine would have understood otherwise."""
    if word in _OPERATORS:
        return f"{word} is no operator here: write {_OPERATORS[word]}"
    if word == "NEAR" or _NEAR.fullmatch(word):
        return "NEAR needs a number of words and capitals: NEAR/5, or NEAR/5f for this order only"
    if _DISTANCE.fullmatch(word):
        return f"{word} is no operator here: write one NEAR/{word[1:]} two"
    if word.startswith("-") and len(word) > 1:
        return f"a minus is no operator here: write NOT {word[1:]}"
    if word[-1] in ",;":
        return f"{word[-1]} is no operator here: write OR or AND, or put the words in quotation marks"
    return unknown(word)


def check_pairs(query: str) -> None:
    """Refuse a quotation mark, backtick or parenthesis without its partner, pointing at it and not at the end."""
    opened: list[int] = []
    quote, began = "", 0
    for column, character in enumerate(query, start=1):
        if quote:
            quote = "" if character == quote else quote
        elif character in '"`':
            quote, began = character, column
        elif character == "(":
            opened.append(column)
            if len(opened) > DEEPEST:
                raise QueryError(f"more than {DEEPEST} parentheses within each other", query, column)
        elif character == ")":
            if not opened:
                raise QueryError("this parenthesis was never opened", query, column)
            opened.pop()
    if quote:
        called = "quotation mark" if quote == '"' else "backtick"
        raise QueryError(f"this {called} is never closed", query, began)
    if opened:
        raise QueryError("this parenthesis is never closed", query, opened[-1])


def explain(error: UnexpectedInput, query: str) -> QueryError:
    """Turn what the parser found into what a person reads."""
    if isinstance(error, UnexpectedCharacters):
        return QueryError("this cannot stand here", query, (error.pos_in_stream or 0) + 1)
    assert isinstance(error, UnexpectedToken)
    token = error.token
    if token.type == "$END":
        return QueryError("something to look for must follow", query, len(query.rstrip()) + 1)
    start = token.start_pos or 0
    return QueryError(_why(token.type, str(token), query[:start]), query, start + 1)


def _why(kind: str, token: str, before: str) -> str:
    """Why a token cannot stand behind what is before it."""
    if found := _AFTER_FIELD.search(before):
        return (
            f"one value must stand behind {found[1]}; for several write ({found[1]}one OR {found[1]}two), "
            "and put signs in quotation marks"
        )
    if found := _AFTER_NEAR.search(before):
        return f"{found[1]} takes words, phrases, or words with OR in parentheses"
    if kind == "NEAR" and before.strip() and not before.rstrip().endswith(("(", "OR", "AND", "NOT")):
        return f"{token} takes one side and another; for a third write a {token} b AND b {token} c"
    if kind in ("AND", "OR"):
        return f"{token} must stand between two things to look for; the word itself goes in quotation marks"
    plain = {
        "NEAR": f"{token} must stand between two things to look for",
        "RPAR": "something to look for must stand before this parenthesis",
        "NOT": "NOT NOT says nothing: leave both out",
    }
    return plain.get(kind, "this cannot stand here")
