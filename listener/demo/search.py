"""Search by date over the invented posts, with the parameters, limits and answers of the Hacker News search."""

from __future__ import annotations

import html
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from listener.demo.world import Item

MOST_HITS = 1000  # however many match, no query shows more: a reader has to cut its windows smaller
USUAL_HITS = 20

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_FILTER = re.compile(r"created_at_i(>=|<=|>|<|=)(\d+)")
_WORD = re.compile(r'"([^"]+)"|(\S+)')
_TAG = re.compile(r"\([^()]*\)|[^,()]+")


class BadQuery(Exception):
    """A parameter that the search does not understand."""


def search(items: Sequence[Item], query: Mapping[str, str]) -> dict[str, object]:
    """Answer one query over `items` (oldest first): newest first, at most 1,000 hits over all its pages."""
    size = min(_number(query, "hitsPerPage", USUAL_HITS), MOST_HITS)
    page = _number(query, "page", 0)
    found = [item for item in reversed(items) if _matches(item, query)]
    shown = found[:MOST_HITS][page * size : (page + 1) * size]
    return {
        "hits": [_hit(item) for item in shown],
        "nbHits": len(found),
        "page": page,
        "nbPages": -(-min(len(found), MOST_HITS) // size) if size else 0,
        "hitsPerPage": size,
        "exhaustiveNbHits": True,
    }


def _matches(item: Item, query: Mapping[str, str]) -> bool:
    text = f"{item.title or ''} {item.text}".casefold()
    words = (phrase or word for phrase, word in _WORD.findall(query.get("query", "").casefold()))
    return (
        all(word in text for word in words)
        and all(
            _COMPARISONS[sign](item.at, bound) for sign, bound in _bounds(query.get("numericFilters", ""))
        )
        and _tagged(set(_tags(item)), query.get("tags", ""))
    )


def _bounds(filters: str) -> list[tuple[str, int]]:
    bounds = []
    for part in filter(None, filters.split(",")):
        match = _FILTER.fullmatch(part.strip())
        if not match:
            raise BadQuery(f"numericFilters: {part.strip()!r} is not understood")
        bounds.append((match[1], int(match[2])))
    return bounds


def _tagged(tags: set[str], wanted: str) -> bool:
    """Tags are joined by AND; those within parentheses by OR."""
    return all(
        tags & {choice.strip() for choice in group.strip().strip("()").split(",")}
        for group in _TAG.findall(wanted)
    )


def _tags(item: Item) -> list[str]:
    if item.thread is None:
        return ["story", f"author_{item.author}", f"story_{item.id}"]
    return ["comment", f"author_{item.author}", f"story_{item.thread}"]


def _hit(item: Item) -> dict[str, object]:
    body = html.escape(item.text)
    comment = item.thread is not None
    hit: dict[str, object] = {
        "objectID": str(item.id),
        "created_at": datetime.fromtimestamp(item.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "created_at_i": item.at,
        "author": item.author,
        "story_id": item.thread if comment else item.id,
        "_tags": _tags(item),
    }
    if comment:
        return {**hit, "comment_text": body, "parent_id": item.parent}
    return {**hit, "title": item.title, "story_text": body, "points": 1, "num_comments": 0}


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    value = query.get(name, str(usual))
    if not value.isdecimal():
        raise BadQuery(f"{name}: {value!r} is not a number")
    return int(value)
