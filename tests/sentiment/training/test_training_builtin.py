"""Training of the built-in engine: what it writes is what the engine reads, twice the same, and nothing of Catalan."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from sentiment.engines.builtin.engine import read
from sentiment.engines.builtin.weights import Weights
from sentiment.tone import Label, Text
from sentiment.training import builtin, fitting
from sentiment.training.corpus import Row

pytest.importorskip("sklearn", reason="needs the dependency group `training`")

THINGS = ("soup", "bread", "tea", "cake", "rice", "fish", "plum", "nut", "leek", "kale", "corn", "oats")
ENGLISH = {
    "positive": ("the {} is grand and tasty", "I adore this {}, grand", "tasty {}, adore it"),
    "negative": ("the {} is vile and stale", "I loathe this {}, vile", "stale {}, loathe it"),
    "neutral": ("the {} costs two coins", "a {} lies in the box", "this {} comes on monday"),
}
SPANISH = {
    "positive": ("la {} es rica y sabrosa", "adoro esta {}, rica", "sabrosa {}, la adoro"),
    "negative": ("la {} es fea y rancia", "odio esta {}, fea", "rancia {}, la odio"),
    "neutral": ("la {} cuesta dos monedas", "una {} en la caja", "esta {} llega el lunes"),
}


def write_set(folder: Path, name: str, sentences: dict[str, tuple[str, ...]], lang: str) -> None:
    folder.mkdir(exist_ok=True)
    records = [
        {"text": form.format(f"{first} {second}"), "label": label, "lang": lang}
        for label, forms in sentences.items()
        for form, first, second in product(forms, THINGS, THINGS)
        if first < second
    ]
    lines = [json.dumps(record) + "\n" for record in records]
    (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables and lists of a size for a few hundred texts."""
    monkeypatch.setattr(builtin, "FEWEST", 50)
    monkeypatch.setattr(builtin, "_PLACES", {"en": 1 << 12, "ca": 1 << 12})
    monkeypatch.setattr(builtin, "_PLACES_OF_OTHERS", 1 << 12)
    graded = {"grand": (60, 50), "vile": (-70, 60), "coins": (0, -40), "tasty": (50, 40), "stale": (-60, 40)}
    monkeypatch.setattr(builtin.word_lists, "tones", lambda: graded)
    likings = {"en": {"adore": 3, "loathe": -3}, "es": {"adoro": 3}, "ca": {"adoro": 3}, "xx": {"zib": 2}}
    monkeypatch.setattr(builtin.word_lists, "likings", lambda: likings)


@pytest.mark.usefixtures("small")
def test_the_engine_reads_what_training_writes(tmp_path: Path) -> None:
    write_set(tmp_path / "data", "en_food", ENGLISH, "en")
    write_set(tmp_path / "more", "es_food", SPANISH, "es")
    out, card = tmp_path / "weights.bin", tmp_path / "card.md"
    folders = ["--data", str(tmp_path / "data"), "--data", str(tmp_path / "more")]
    assert builtin.main([*folders, "--out", str(out), "--card", str(card)]) == 0

    engine = read(out)
    judged = {
        "en": ("what a grand and tasty pie", "a vile and stale pie, I loathe it", "the pie comes on monday"),
        "es": ("qué rica y sabrosa", "qué fea y rancia, la odio", "llega el lunes en la caja"),
    }
    for lang, texts in judged.items():
        labels = [tone.label for tone in engine.judge([Text(text, lang) for text in texts])]
        assert labels == ["positive", "negative", "neutral"]
    # A language with nothing but a word list is judged by the signs; without one not at all.
    assert engine.judge([Text("zib", "xx")])[0].label is not None
    assert engine.judge([Text("zib", "yy")])[0].reason == "unknown_language"

    written = card.read_text(encoding="utf-8")
    assert "| en_food | " in written and "SHA-256" in written
    assert "tasty" not in written


@pytest.mark.usefixtures("small")
def test_training_twice_writes_the_same_bytes(tmp_path: Path) -> None:
    write_set(tmp_path / "data", "en_food", ENGLISH, "en")
    for name in ("one.bin", "two.bin"):
        assert builtin.main(["--data", str(tmp_path / "data"), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.bin").read_bytes() == (tmp_path / "two.bin").read_bytes()


@pytest.mark.usefixtures("small")
def test_catalan_labels_move_no_weight(tmp_path: Path) -> None:
    write_set(tmp_path / "data", "en_food", ENGLISH, "en")
    write_set(tmp_path / "data", "es_food", SPANISH, "es")
    found = []
    for turn in ("straight", "turned"):
        labels = list(SPANISH)
        named = dict(zip(labels, SPANISH.values(), strict=True))
        if turn == "turned":
            named = dict(zip(labels, reversed(SPANISH.values()), strict=True))
        write_set(
            tmp_path / "data",
            "ca_multibooked",
            {k: tuple(f"{f} avui" for f in v) for k, v in named.items()},
            "ca",
        )
        out = tmp_path / f"{turn}.bin"
        assert builtin.main(["--data", str(tmp_path / "data"), "--out", str(out)]) == 0
        weights = Weights(out)
        layer = weights.parts["ca"].layer
        found.append((bytes(weights._block("grams ca")), layer.negative, layer.positive, layer.temperature))
    assert found[0][:3] == found[1][:3]
    # The labels were seen: they calibrate.
    assert found[0][3] != found[1][3]


def test_too_little_and_unreadable_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--data", str(tmp_path), "--out", str(tmp_path / "weights.bin")]
    assert builtin.main(arguments) == 2
    assert "0 English texts" in capsys.readouterr().err
    (tmp_path / "broken.jsonl").write_text("{", encoding="utf-8")
    assert builtin.main(arguments) == 2
    assert "broken.jsonl:1" in capsys.readouterr().err
    assert not (tmp_path / "weights.bin").exists()


def test_the_temperature_makes_sure_scores_of_a_coin_modest() -> None:
    import numpy as np

    labels = np.array([0, 2] * 50)
    assert fitting.temperature_of(np.tile([[8.0, -8.0]], (100, 1)), labels) > 5
    assert fitting.temperature_of(np.array([[1.0, -1.0], [-1.0, 1.0]] * 50), labels) < 0.5


def test_neutral_begins_where_recalls_are_best() -> None:
    import numpy as np

    labels = np.array([0] * 30 + [1] * 30 + [2] * 30)
    scores = np.array([[2.0, -1.0]] * 30 + [[0.6, 0.5]] * 30 + [[-1.0, 2.0]] * 30)
    assert 0.6 < fitting.neutral_shift(scores, labels) < 2.0
    assert fitting.neutral_shift(scores - 1.0, labels) == 0.0


def test_a_sign_that_one_text_shows_stays_small() -> None:
    import numpy as np

    labels: tuple[Label, ...] = ("negative", "neutral", "positive")
    texts = [fitting.Prepared(Row("set", str(n), labels[n % 3], "en"), str(n), []) for n in range(900)]
    signs = np.zeros((900, 1))
    signs[2] = 1.0
    assert abs(fitting.fit(texts, signs, 0, 0.2).layer.positive[0]) < 4


def test_a_text_that_stands_in_several_sets_counts_once() -> None:
    rows = [
        Row("one", "so good", "positive", "en"),
        Row("two", "@x So good!", "positive", "en"),
        Row("topics", "so good", "neutral", "en", "Acme"),
        Row("topics", "not in another set", "neutral", "en", "Acme"),
        Row("topics", "not in another set", "positive", "en", "Globex"),
    ]
    assert builtin.without_copies(rows) == [rows[0], rows[3], rows[4]]
