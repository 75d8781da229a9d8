"""The cards of engines: found by the engine's full name, read strictly, by language with a fallback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from sentiment import calibration
from sentiment.calibration import CARDS, Card, Line, Measured, card, from_json, to_json
from sentiment.engines import load

LINE = Line(0.05, 0.9, 0.7, 0.08, 0.3, 0.1, 0.2)
ENGLISH = Measured(LINE, LINE, 0.1, 40, 4_000, ((3, 2, 1), (1, 5, 1), (0, 1, 9)))
OTHER = Measured(LINE, LINE, 0.2, 0, 900, ((1, 0, 0), (0, 1, 0), (0, 0, 1)))
CARD = Card("swift-1", "what the test says", {"en": ENGLISH, "*": OTHER})


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of cards."""
    calibration._shipped.cache_clear()
    monkeypatch.setattr(calibration, "CARDS", tmp_path)
    yield tmp_path
    calibration._shipped.cache_clear()


def put(shelf: Path, plain: object) -> None:
    (shelf / "swift.json").write_text(json.dumps(plain), encoding="utf-8")


def test_a_card_comes_back_as_it_was() -> None:
    assert from_json(json.loads(json.dumps(to_json(CARD)))) == CARD


@pytest.mark.parametrize(
    ("engine", "found"),
    [
        ("swift-1", True),
        ("swift-1+head-ab12", True),
        ("swift-2", False),
        ("swift-2+head-ab12", False),
        ("swift", False),
        ("swiftly-1", False),
        ("slow-1", False),
        ("../swift-1", False),
        ("", False),
    ],
)
def test_a_card_is_that_of_one_version(shelf: Path, engine: str, found: bool) -> None:
    put(shelf, to_json(CARD))
    assert card(engine) == (CARD if found else None)


@pytest.mark.parametrize(
    ("language", "found"),
    [
        ("en", ENGLISH),
        ("en-GB", ENGLISH),
        ("EN_us", ENGLISH),
        ("sv", OTHER),
        (None, OTHER),
        ("", OTHER),
        ("1", OTHER),
    ],
)
def test_a_language_without_a_measurement_has_the_general_one(language: str | None, found: Measured) -> None:
    assert CARD.of(language) == found
    assert Card("x", "y", {"en": ENGLISH}).of(language) == (found if found is ENGLISH else None)


def broken() -> Iterator[tuple[str, Any]]:
    """Cards of which one thing is wrong, with what is said of it."""

    def changed(*path: str | int, to: object) -> Any:
        plain = deepcopy(to_json(CARD))
        place: Any = plain
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = to
        return json.loads(json.dumps(plain))

    yield "card must hold exactly", []
    yield "card must hold exactly", {**to_json(CARD), "more": 1}
    yield "card.engine", changed("engine", to="")
    yield "card.languages", changed("languages", to={})
    yield "en must hold exactly", changed("languages", "en", to={})
    yield "en.positive must hold exactly", changed("languages", "en", "positive", to={"slope": 1})
    yield "en.positive.slope", changed("languages", "en", "positive", "slope", to="1")
    yield "en.positive.slope", changed("languages", "en", "positive", "slope", to=float("nan"))
    yield "en.negative.spread", changed("languages", "en", "negative", "spread", to=0)
    yield "en.spread_net", changed("languages", "en", "spread_net", to=-0.1)
    yield "en.topics", changed("languages", "en", "topics", to=True)
    yield "en.confusion", changed("languages", "en", "confusion", to=[[1, 2, 3], [1, 2, 3]])
    yield "en.confusion", changed("languages", "en", "confusion", to=[[1, 2, 3], [1, 2, 3], [1, 2, -3]])


@pytest.mark.parametrize(("says", "plain"), list(broken()))
def test_what_is_no_card_is_refused_with_the_place(shelf: Path, says: str, plain: object) -> None:
    with pytest.raises(ValueError, match=says):
        from_json(plain)
    put(shelf, plain)
    with pytest.raises(ValueError, match=r"the card swift\.json cannot be read"):
        card("swift-1")


@pytest.mark.parametrize("path", sorted(CARDS.glob("*.json")), ids=lambda path: path.stem)
def test_every_shipped_card_is_that_of_its_family(path: Path) -> None:
    made = from_json(json.loads(path.read_text(encoding="utf-8")))
    assert made.engine.startswith(path.stem)
    assert card(made.engine) == made
    for language, measured in made.languages.items():
        for line in (measured.positive, measured.negative):
            assert 0 < line.spread < 0.3 and line.slope > 0, (language, line)
        assert sum(map(sum, measured.confusion)) == measured.texts


def test_vader_as_installed_has_its_card() -> None:
    found = card(load("vader").name)
    assert found is not None
    assert found.of("en") is not None and found.of(None) is not None
