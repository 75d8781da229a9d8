"""Answers of customers: satisfaction (CSAT) and likelihood to recommend (NPS), one a row or already counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from listener.imports.forms import Form
from listener.imports.row import BadRow, Row
from storage.measures import SurveyAnswers

_NPS = 10
_SCALES = (5, 7, 10)


def _answers(row: Row) -> Iterator[SurveyAnswers]:
    kind = _kind(row)
    score = row.amount("score")
    if score is None:
        raise BadRow("has no score")
    scale = _NPS if kind == "nps" else _scale(row)
    lowest = 0 if kind == "nps" else 1
    if not lowest <= score <= scale or not score.is_integer():
        raise BadRow(f"score {score:g} is none of {lowest} to {scale}")
    answers = row.count("answers") if row.has("answers") else 1
    if answers is None:
        raise BadRow("has no n")
    if answers:
        yield SurveyAnswers(kind, row.day(), score, scale, answers, row.network())


def _kind(row: Row) -> Literal["csat", "nps"]:
    text = row.label("kind").casefold()
    if text == "csat":
        return "csat"
    if text == "nps":
        return "nps"
    raise BadRow(f"kind is {text[:20]!r}; write csat or nps")


def _scale(row: Row) -> int:
    """How many steps a CSAT question had: four of five is content, four of ten is not, so it is never guessed."""
    scale = row.count("scale") or row.wish.scale
    if scale is None:
        raise BadRow("nothing says how many steps the CSAT question had; add a column scale, or --scale 5")
    if scale not in _SCALES:
        raise BadRow(f"scale is {scale}; those of {', '.join(map(str, _SCALES))} steps are known")
    return scale


FORMS = (
    Form(
        "a table of answers",
        {
            "date": ("date",),
            "kind": ("kind",),
            "score": ("score",),
            "answers": ("n", "answers"),
            "scale": ("scale",),
            "network": ("network",),
        },
        ("date", "kind", "score"),
        _answers,
        ("kind", "day", "network"),
        by_map=True,
    ),
)
