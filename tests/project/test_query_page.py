"""docs/query.md is true: each row of its tables and each mistake that it shows is worked out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from listener.matching.fields import NAMES as FIELDS
from listener.matching.matcher import Matcher
from listener.matching.mistakes import QueryError
from listener.matching.query import parse
from listener.matching.said import Said
from listener.matching.snippets import NAMES as SNIPPETS
from storage.mention import Brand, Exclude, Source

PAGE = (Path(__file__).parents[2] / "docs" / "query.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    return PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]


def cells(name: str) -> Iterator[list[str]]:
    for line in section(name).splitlines():
        if line.startswith("| `"):
            yield [code(cell.strip()) for cell in line[1:-1].split("|")]


def code(cell: str) -> str:
    """What stands between the backticks of a cell: two of them where one is inside."""
    found = re.fullmatch(r"`` (.*) ``|`([^`]*)`|(.*)", cell)
    assert found is not None, cell
    return found[1] or found[2] or found[3] or ""


def finds(query: str, text: str, **facts: Any) -> bool:
    source = Source("some", facts.pop("source", "feeds"))
    return bool(Matcher([Brand("X", query=query)]).match(Said(text, source, **facts)))


@pytest.mark.parametrize(
    ("query", "finds_it", "leaves_it"), [row[:3] for name in ("Words", "Operators") for row in cells(name)]
)
def test_words_and_operators(query: str, finds_it: str, leaves_it: str) -> None:
    assert finds(query, finds_it)
    assert not finds(query, leaves_it)


@pytest.mark.parametrize(("query", "finds_it", "leaves_it"), [row[:3] for row in cells("Fields")])
def test_fields(query: str, finds_it: str, leaves_it: str) -> None:
    def facts(given: str) -> dict[str, Any]:
        name, _, value = given.partition("=")
        return {name: int(value) if name == "followers" else value} if given else {}

    assert finds(query, "acme", **facts(finds_it))
    assert not finds(query, "acme", **facts(leaves_it))


def test_every_field_has_its_row() -> None:
    told = {name for row in cells("Fields") for name in FIELDS if f"{name}:" in row[0]}
    assert told == set(FIELDS)


def test_every_snippet_has_its_row() -> None:
    rows = list(cells("Exclusions"))
    assert {row[0] for row in rows} == set(SNIPPETS)
    for name, taken, left in rows:
        matcher = Matcher([Brand("Acme", exclude=Exclude(snippets=(name,)))])
        source = Source("some", "feeds")
        assert not matcher.match(Said(taken, source))
        assert matcher.match(Said(left, source))
        assert finds("acme", taken)


def test_mistakes_are_shown_as_they_are() -> None:
    found = re.search(r"```text\n(.*?)```", section("Mistakes"), re.DOTALL)
    assert found is not None
    lines = found[1].splitlines()
    assert len(lines) >= 10
    for query, below in zip(lines[::2], lines[1::2], strict=True):
        with pytest.raises(QueryError) as raised:
            parse(query)
        assert raised.value.caret() == f"{query}\n{below}"


def test_other_queries_of_the_page_can_be_read() -> None:
    for query in re.findall(r"write a query: `([^`]*)`|write `([^`]*)`", PAGE):
        parse("".join(query))
