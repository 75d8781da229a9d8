"""What was measured of an engine: how its probabilities lead to a true share, and how far a topic strays from that."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

CARDS = Path(__file__).with_name("engines") / "cards"
"""One JSON file for each family of engines: `vader.json` for `vader-3.3.2`."""

ANY = "*"
"""The language under which stands what holds for languages without a measurement of their own."""

_FAMILY = re.compile(r"[a-z]+")
_HEAD = "+head-"
_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """How the mean probability of a label leads to the true share of it. All but `intercept` and slopes are ratios.

    Of a whole topic: share = intercept + slope * mean probability, give or take `spread`, the standard deviation of
    topics around that line. Of texts within a topic: a text whose probability is higher by d has the label more often
    by `text_slope` * d. `mean` and `between` are mean and standard deviation of the topics' mean probabilities,
    `within` is the standard deviation of probabilities inside of a topic: by them it is told how far the mean over a
    few texts says what the topic is like.
    """

    intercept: float
    slope: float
    text_slope: float
    spread: float
    mean: float
    between: float
    within: float


@dataclass(frozen=True, slots=True)
class Measured:
    """An engine in one language. `spread_net` is that of positive minus negative; `confusion[true][said]` counts texts.

    The order in `confusion` is that of `LABELS`: negative, neutral, positive.
    """

    positive: Line
    negative: Line
    spread_net: float
    topics: int
    texts: int
    confusion: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Card:
    """What was measured of one version of an engine, and on what."""

    engine: str
    measured_on: str
    languages: Mapping[str, Measured]

    def of(self, language: str | None) -> Measured | None:
        """What holds for texts in a language (`en`, `en-GB`), or in one that nobody knows; None where nothing does."""
        code = _LANGUAGE.match(language or "")
        own = self.languages.get(code[1].lower()) if code else None
        return own or self.languages.get(ANY)


def card(engine: str) -> Card | None:
    """The card of an engine by its full name; None where it has none, or only one of another version.

    An engine with a learned head (`builtin-1+head-ab12`) has the card of the engine that the head sits on: what the
    head does better is found by corrections. Raises ValueError for a card that cannot be read.
    """
    base = engine.partition(_HEAD)[0]
    family = _FAMILY.match(base)
    found = _shipped(family[0]) if family else None
    return found if found is not None and found.engine == base else None


@cache
def _shipped(family: str) -> Card | None:
    path = CARDS / f"{family}.json"
    if not path.is_file():
        return None
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"the card {path.name} cannot be read: {error}") from None


def to_json(made: Card) -> dict[str, Any]:
    """Return plain JSON, figures to five decimals; `from_json` reads it."""
    return {
        "engine": made.engine,
        "measured_on": made.measured_on,
        "languages": {language: _rounded(asdict(one)) for language, one in sorted(made.languages.items())},
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 5) if isinstance(value, float) else value


def from_json(plain: object) -> Card:
    """Read a card. Raises ValueError, naming the place, for anything that is not exactly one."""
    read = _object(plain, Card, "card")
    languages = read["languages"]
    if not isinstance(languages, dict) or not languages:
        raise ValueError("card.languages is no object with languages")
    return Card(
        _text(read["engine"], "card.engine"),
        _text(read["measured_on"], "card.measured_on"),
        {str(language): _measured(one, f"card.languages.{language}") for language, one in languages.items()},
    )


def _measured(plain: object, where: str) -> Measured:
    read = _object(plain, Measured, where)
    counts = read["confusion"]
    if not (isinstance(counts, list) and [isinstance(row, list) and len(row) for row in counts] == [3, 3, 3]):
        raise ValueError(f"{where}.confusion is not three rows of three counts")
    first, second, third = (tuple(_count(count, f"{where}.confusion") for count in row) for row in counts)
    return Measured(
        _line(read["positive"], f"{where}.positive"),
        _line(read["negative"], f"{where}.negative"),
        _positive(read["spread_net"], f"{where}.spread_net"),
        _count(read["topics"], f"{where}.topics"),
        _count(read["texts"], f"{where}.texts"),
        (first, second, third),  # type: ignore[arg-type]  # each was just found to be three long
    )


def _line(plain: object, where: str) -> Line:
    read = _object(plain, Line, where)
    numbers = {name: _number(value, f"{where}.{name}") for name, value in read.items()}
    for name in ("spread", "between", "within"):
        _positive(numbers[name], f"{where}.{name}")
    return Line(**numbers)


def _object(plain: object, kind: type[Any], where: str) -> dict[str, Any]:
    wanted = {field.name for field in fields(kind)}
    if not isinstance(plain, dict) or set(plain) != wanted:
        raise ValueError(f"{where} must hold exactly {', '.join(sorted(wanted))}")
    return plain


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where} is no text")
    return value


def _number(value: object, where: str) -> float:
    # JSON knows no NaN, but Python's reader takes it, and every interval made with it would be silently empty.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e6:
        raise ValueError(f"{where} is no number")
    return float(value)


def _positive(value: object, where: str) -> float:
    number = _number(value, where)
    if number <= 0:
        raise ValueError(f"{where} is not above 0")
    return number


def _count(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{where} is no count")
    return value
