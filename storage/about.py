"""What is held beside a post's words: what it was counted as, what people decided of it, how its counters went."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from storage.base import Rows
from storage.calendar import iso
from storage.mention import LABEL_NUMBERS

_LABELS = {number: name for name, number in LABEL_NUMBERS.items()}
_OF = "IN (SELECT value FROM json_each(?))"
# Each one: what it is called, its question, and the names of what it answers after the post's number.
_ASKED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "mentions": (
        f"""SELECT m.post_id, b.name, m.label, m.p_negative, m.p_neutral, m.p_positive, e.name, m.language
        FROM mentions m JOIN brands b ON b.id = m.brand_id LEFT JOIN engines e ON e.id = m.engine_id
        WHERE m.post_id {_OF} ORDER BY 1, 2""",
        ("brand", "label", "p_negative", "p_neutral", "p_positive", "engine", "language"),
    ),
    "turns": (
        f"""SELECT t.post_id, b.name, CASE t.role WHEN 0 THEN 'speaks to the brand' WHEN 1 THEN 'is the brand'
        ELSE 'is the brand''s robot' END FROM turns t JOIN brands b ON b.id = t.brand_id
        WHERE t.post_id {_OF} ORDER BY 1, 2""",
        ("brand", "role"),
    ),
    "corrections": (
        f"""SELECT c.post_id, b.name, c.label, c.at FROM corrections c JOIN brands b ON b.id = c.brand_id
        WHERE c.post_id {_OF} ORDER BY 1, 2""",
        ("brand", "label", "at"),
    ),
    "judgements": (
        f"""SELECT j.post_id, b.name, j.relevant, j.at FROM judgements j JOIN brands b ON b.id = j.brand_id
        WHERE j.post_id {_OF} ORDER BY 1, 2""",
        ("brand", "relevant", "at"),
    ),
    "tags": (
        f"""SELECT t.post_id, b.name, t.tag, t.at FROM tags t JOIN brands b ON b.id = t.brand_id
        WHERE t.post_id {_OF} ORDER BY 1, 2, 3""",
        ("brand", "tag", "at"),
    ),
    "cases": (
        f"""SELECT c.post_id, b.name, e.kind, e.at, e.why FROM cases c JOIN brands b ON b.id = c.brand_id
        JOIN case_events e ON e.case_id = c.id WHERE c.post_id {_OF} ORDER BY 1, e.at, e.id""",
        ("brand", "event", "at", "why"),
    ),
    "readings": (
        f"SELECT post_id, counter, value, at FROM readings WHERE post_id {_OF} ORDER BY 1, 4, 2",
        ("counter", "value", "at"),
    ),
    "hashtags": (
        f"""SELECT p.post_id, h.tag FROM post_hashtags p JOIN hashtags h ON h.id = p.hashtag_id
        WHERE p.post_id {_OF} ORDER BY 1, 2""",
        ("tag",),
    ),
}
_ONLY_COUNTED = """SELECT s.name, count(m.post_id) FROM authors a JOIN sources s ON s.id = a.source_id
    LEFT JOIN mentions m ON m.author_id = a.id WHERE a.key IN (SELECT value FROM json_each(?)) GROUP BY s.name"""
_PAGE = 500


def posts(store: Rows, numbers: Sequence[int]) -> dict[int, dict[str, list[dict[str, object]]]]:
    """For each post, by its number, what is held of it by kind; kinds of which there is nothing are left out."""
    found: dict[int, dict[str, list[dict[str, object]]]] = defaultdict(dict)
    for first in range(0, len(numbers), _PAGE):
        asked = (json.dumps(list(numbers[first : first + _PAGE])),)
        for kind, (question, names) in _ASKED.items():
            for number, *values in store.rows(question, asked):
                said = {name: _told(name, value) for name, value in zip(names, values, strict=True)}
                found[number].setdefault(kind, []).append(said)
    return dict(found)


def _told(name: str, value: object) -> object:
    if name == "label":
        return _LABELS.get(value) if isinstance(value, int) else None
    return iso(value) if name == "at" and isinstance(value, int) else value


def only_counted(store: Rows, hashes: Sequence[str]) -> dict[str, int]:
    """How many mentions, by source, are kept of authors of whom only a keyed hash is left."""
    return dict(store.rows(_ONLY_COUNTED, (json.dumps(list(hashes)),)))
