"""Measuring an engine: known lines and spreads are found again, and nothing is measured on what is held out."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sentiment.calibration import ANY, Line, from_json
from sentiment.tone import LABELS, Label, Text, Tone
from sentiment.training import corpus, measure
from sentiment.training.corpus import Row
from sentiment.training.measure import Judged, fit_card, judge, main, measured_rows

TOPICS = measure.TOPICS


def world(
    topics: int, texts: int = 150, slope: float = 1.5, spread: float = 0.1, seed: int = 3, lang: str = "en"
) -> list[Judged]:
    """Topics whose share of positive is 0.5 + slope (mean p - 0.4), give or take the spread; negative likewise."""
    chance = random.Random(seed)
    rows = []
    for number in range(topics):
        middle = chance.uniform(0.25, 0.55)
        share = min(0.98, max(0.02, 0.5 + slope * (middle - 0.4) + chance.gauss(0, spread)))
        for _ in range(texts):
            label: Label = "positive" if chance.random() < share else chance.choice(("negative", "neutral"))
            p = min(0.95, max(0.02, middle + chance.gauss(0, 0.1)))
            rows.append(Judged(label, "neutral", (1 - p) / 2, p, lang, f"topic {number}"))
    return rows


def positive(rows: Sequence[Judged], language: str = "en") -> Line:
    return fit_card("x-1", "here", rows).languages[language].positive


def test_a_line_and_its_spread_are_found_again() -> None:
    line = positive(world(150))
    assert line.slope == pytest.approx(1.5, abs=0.2)
    assert line.intercept + line.slope * 0.4 == pytest.approx(0.5, abs=0.03)
    assert line.spread == pytest.approx(0.1, abs=0.02)
    assert (line.mean, line.within) == pytest.approx((0.4, 0.1), abs=0.02)
    assert line.between == pytest.approx(0.3 / 12**0.5, abs=0.01)


def test_chance_is_no_spread() -> None:
    # With 30 texts a topic, chance alone spreads the shares by 0.09.
    assert positive(world(150, texts=30, spread=0.0)).spread < 0.05


def test_the_slope_inside_of_topics_is_another_one() -> None:
    # Inside of a topic the probabilities of this engine say nothing.
    assert positive(world(150)).text_slope == pytest.approx(0, abs=0.1)


def test_few_topics_are_drawn_towards_the_mean_probability() -> None:
    few, many = (positive(world(n, texts=60, slope=3.0, spread=0.15)).slope for n in (10, 200))
    assert 1 < few < many - 0.4
    assert many == pytest.approx(3.0, abs=0.3)


def test_the_same_texts_give_the_same_card() -> None:
    swedish = [replace(one, lang="sv", topic=None) for one in world(1, texts=900)]
    rows = world(12) + swedish
    first, again = fit_card("x-1", "here", rows, seed=4), fit_card("x-1", "here", rows, seed=4)
    assert first == again
    assert first.languages["sv"] != fit_card("x-1", "here", rows, seed=5).languages["sv"]


def spoken(topic_effect: float) -> list[Judged]:
    """Texts in ro without topics, and 60 topics in en whose probabilities stray by `topic_effect`."""
    chance = random.Random(8)
    right: dict[Label, tuple[float, float]] = {
        "negative": (0.6, 0.2),
        "neutral": (0.25, 0.25),
        "positive": (0.2, 0.6),
    }

    def text(label: Label, lang: str, topic: str | None, more: float = 0.0) -> Judged:
        negative, good = (min(0.9, max(0.05, p + more + chance.gauss(0, 0.1))) for p in right[label])
        return Judged(label, label, negative, good, lang, topic)

    rows = [text(chance.choice(LABELS), "ro", None) for _ in range(600)]
    for number in range(60):
        shares, more = [chance.gammavariate(1, 1) for _ in LABELS], chance.gauss(0, topic_effect)
        rows += [text(chance.choices(LABELS, shares)[0], "en", str(number), more) for _ in range(100)]
    return rows


def test_a_language_without_topics_is_measured_where_its_labels_shift() -> None:
    made = fit_card("x-1", "here", spoken(topic_effect=0.0))
    own, real = made.languages["ro"], made.languages[ANY]
    # From no positive to all of them the mean p goes from about 0.22 to 0.6: the slope is about 1 / 0.38.
    assert own.positive.slope == pytest.approx(1 / 0.375, rel=0.1)
    assert (own.topics, own.texts) == (0, 600)
    assert made.languages["en"] == real


def test_such_a_language_strays_as_much_as_real_topics_do() -> None:
    made = fit_card("x-1", "here", spoken(topic_effect=0.15))
    own, real = made.languages["ro"].positive, made.languages[ANY].positive
    assert own.spread == real.spread > 0.1
    assert made.languages["ro"].spread_net == made.languages[ANY].spread_net > 0.1
    # Where topics differ in more than their labels, a high mean p says less: the slope is theirs, not that of labels.
    assert own.slope == pytest.approx(real.slope, rel=0.15)
    assert own.slope < 2


def test_a_language_of_few_texts_has_no_measurement_of_its_own() -> None:
    rows = world(12) + [Judged("positive", "positive", 0.1, 0.8, "sv") for _ in range(500)]
    assert set(fit_card("x-1", "here", rows).languages) == {ANY, "en"}


@pytest.mark.parametrize("rows", [[], world(9), world(30, texts=19)])
def test_too_few_topics_are_refused(rows: list[Judged]) -> None:
    with pytest.raises(ValueError, match="10 are needed"):
        fit_card("x-1", "here", rows)


def test_the_confusion_counts_true_by_said() -> None:
    rows = [Judged("negative", "positive", 0.3, 0.4, "en", one.topic) for one in world(12)]
    assert fit_card("x-1", "here", rows).languages["en"].confusion == ((0, 0, 12 * 150), (0, 0, 0), (0, 0, 0))


# From texts to a card


class Engine:
    """Says positive where "good" stands, and leaves questions open."""

    name = "swift-1"

    def __init__(self) -> None:
        self.seen: list[Text] = []

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        self.seen += texts
        return [self._tone(text) for text in texts]

    def _tone(self, text: Text) -> Tone:
        if "?" in text.text:
            return Tone(None, 1 / 3, 1 / 3, 1 / 3, self.name, reason="unsure")
        good = "good" in text.text
        return Tone("positive" if good else "neutral", 0.1, 0.3 + 0.4 * good, 0.6 - 0.4 * good, self.name)


def test_texts_are_judged_as_the_daemon_would() -> None:
    engine = Engine()
    rows = [
        Row(TOPICS, "good old Acme, says @acme", "positive", "en", "Acme"),
        Row(TOPICS, "Acme?", "neutral", "en", "Acme"),
        Row("de_posts", "good", "positive", "de"),
    ]
    found = judge(engine, rows)
    assert [text.text for text in engine.seen] == ["good old brand, says @user", "brand?", "good"]
    assert [(one.label, one.topic, one.lang) for one in found] == [
        ("positive", "acme", "en"),
        ("positive", None, "de"),
    ]


def test_nothing_is_measured_on_what_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Row(TOPICS, f"text number {n} on it", "neutral", "en", f"topic {n % 60}") for n in range(900)]
    held = frozenset(row.mark for row in rows[:300])
    monkeypatch.setattr(corpus, "held_out", lambda: held)
    tuning, everything = (measured_rows(rows, untrained=untrained) for untrained in (False, True))
    assert {row.mark for row in everything} == {row.mark for row in rows[300:]}
    training, kept = corpus.training_and_tuning(rows)
    assert tuning and {row.mark for row in tuning} < {row.mark for row in kept}
    # Some texts on topics that were trained on are kept for tuning: on those an engine strays less.
    trained_on = {row.target for row in training}
    assert (
        {row.target for row in tuning}
        == {row.target for row in kept} - trained_on
        != {row.target for row in kept}
    )


def test_a_set_of_many_targets_is_one_topic_and_each_brand_of_a_set_is_one() -> None:
    engine = Engine()
    rows = [Row("en_entities", f"a text on {name}", "neutral", "en", name) for name in ("Bolt", "Zap")]
    rows += [Row("tech", f"a text on {name}", "neutral", "en", name) for name in ("Acme", "ACME", "Bolt")]
    assert [one.topic for one in judge(engine, rows)] == ["en_entities"] * 2 + ["tech acme"] * 2 + [
        "tech bolt"
    ]


def write(folder: Path, topics: int) -> None:
    folder.mkdir()
    chance = random.Random(2)
    words = [
        "love",
        "hate",
        "terrible",
        "wonderful",
        "fine",
        "awful",
        "nice",
        "bad",
        "happy",
        "sad",
        "table",
        "chair",
    ]
    lines = [
        {
            "text": f"{chance.choice(words)} {chance.choice(words)} number {n} {t}",
            "label": chance.choice(LABELS),
            "target": f"t{t}",
        }
        for t in range(topics)
        for n in range(40)
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / f"{TOPICS}.jsonl").write_text(text, encoding="utf-8")


def test_the_command_writes_a_card_that_can_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "data", 80)
    out = tmp_path / "vader.json"
    assert (
        main(["--engine", "vader", "--data", str(tmp_path / "data"), "--out", str(out), "--untrained"]) == 0
    )
    made = from_json(json.loads(out.read_text(encoding="utf-8")))
    assert made.engine.startswith("vader-") and set(made.languages) == {ANY, "en"}
    assert "80 topics" in capsys.readouterr().out


def test_brands_that_others_labelled_are_topics_beside_but_no_text_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "data", 20)
    texts = [f"acme is as good as word{n} and number{n}" for n in range(30)]
    rows = [{"text": text, "label": "positive", "brand": "Acme", "lang": "en"} for text in texts]
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "shop.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    asked = [
        "--engine",
        "vader",
        "--untrained",
        "--data",
        str(tmp_path / "data"),
        "--out",
        str(tmp_path / "card.json"),
    ]
    assert main([*asked, "--beside", str(tmp_path / "beside")]) == 0
    assert "21 topics" in capsys.readouterr().out
    copy = {"label": "positive", "lang": "en"}
    for path in (tmp_path / "data").glob("*.jsonl"):
        path.write_text(
            path.read_text() + "".join(json.dumps({**copy, "text": "@someone " + t}) + "\n" for t in texts)
        )
    assert main([*asked, "--beside", str(tmp_path / "beside")]) == 0
    assert "20 topics" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("engine", "topics", "says"), [("vader", 12, "10 are needed"), ("wader", 12, "did you mean 'vader'")]
)
def test_what_cannot_be_measured_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], engine: str, topics: int, says: str
) -> None:
    write(tmp_path / "data", topics)
    asked = ["--engine", engine, "--data", str(tmp_path / "data"), "--out", str(tmp_path / "card.json")]
    assert main(asked) == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "card.json").exists()
