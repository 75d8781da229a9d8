"""Judgements are scored as worked out by hand, and as the shared scorer does it."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sentiment.engines import load
from sentiment.tone import LABELS, Label, Text, Tone
from sentiment.training.corpus import Row, read, training_and_tuning
from sentiment.training.scoring import FEWEST, Score, ShareErrors, score

DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))
TOOL = DATA.parent / "tools" / "tone_score.py"

LETTERS: dict[str, Label | None] = {"-": "negative", "0": "neutral", "+": "positive", "?": None}


def rows(truths: str, target: str | None = None) -> list[Row]:
    found = []
    for letter in truths:
        label = LETTERS[letter]
        assert label is not None
        found.append(Row("own", "a text", label, "en", target))
    return found


def tones(labels: str, top: float = 1.0) -> list[Tone]:
    """Tones whose label has probability `top`, and the two others half of the rest each."""
    made = []
    for letter in labels:
        label = LETTERS[letter]
        p = [top if one == label else (1 - top) / 2 for one in LABELS] if label else [1 / 3] * 3
        made.append(Tone(label, *p, engine="hand-1", reason=None if label else "unsure"))
    return made


def test_by_hand() -> None:
    # Of three negative two are found, of two neutral one, of one positive none; one row is left unjudged.
    found = score(rows("---00+"), tones("--00?-"))
    assert found.n == 6
    assert found.accuracy == pytest.approx(3 / 6)
    assert found.recalls == pytest.approx({"negative": 2 / 3, "neutral": 1 / 2, "positive": 0})
    assert found.macro_recall == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    # Three are called negative, two of them rightly; two neutral, one rightly; none positive.
    assert found.macro_f1 == pytest.approx((2 * 2 / (3 + 3) + 2 * 1 / (2 + 2) + 0) / 3)
    assert found.abstained == pytest.approx(1 / 6)
    assert found.confusion == {
        ("negative", "negative"): 2,
        ("negative", "neutral"): 1,
        ("neutral", "neutral"): 1,
        ("neutral", None): 1,
        ("positive", "negative"): 1,
    }
    assert found.shares is None


def test_a_label_that_nobody_gave_is_in_no_mean() -> None:
    found = score(rows("--++"), tones("-0++"))
    assert found.recalls == {"negative": 0.5, "positive": 1.0}
    assert found.macro_recall == pytest.approx(0.75)
    assert found.macro_f1 == pytest.approx((2 / 3 + 1) / 2)


def test_a_calibrated_engine_is_right_as_often_as_it_says() -> None:
    assert score(rows("++++-"), tones("+++++", top=0.8)).calibration_error == pytest.approx(0)
    assert score(rows("+----"), tones("+++++", top=0.8)).calibration_error == pytest.approx(0.6)
    # Too sure in one bin and too shy in another do not make up for each other: 2 x |0.9 - 0.5| + 2 x |0.5 - 1|.
    mixed = score(rows("+-++"), [*tones("++", top=0.9), *tones("++", top=0.5)])
    assert mixed.calibration_error == pytest.approx((2 * 0.4 + 2 * 0.5) / 4)
    # All is in the last bin, and nothing beyond it.
    assert score(rows("+-"), tones("++")).calibration_error == pytest.approx(0.5)


def test_the_error_of_a_share_is_over_targets_with_enough_rows() -> None:
    many = rows("+" * 10 + "-" * 10, "Acme") + rows("0" * FEWEST, "Globex")
    few = rows("+" * (FEWEST - 1), "Initech") + rows("+" * FEWEST)
    # Acme: 10 positive are called 6, 10 negative 12 (and two are left unjudged). Globex: 5 of 20 are called positive.
    said = tones("+" * 6 + "-" * 12 + "??") + tones("0" * 15 + "+" * 5) + tones("-" * (2 * FEWEST - 1))
    found = score(many + few, said)
    assert found.shares is not None
    assert found.shares.targets == 2
    assert found.shares.positive == pytest.approx((4 / 20 + 5 / 20) / 2)
    assert found.shares.negative == pytest.approx((2 / 20 + 0) / 2)


def test_errors_of_two_targets_do_not_make_up_for_each_other() -> None:
    truths = rows("+" * 20, "Acme") + rows("0" * 20, "Globex")
    found = score(truths, tones("0" * 20 + "+" * 20))
    assert found.shares == ShareErrors(2, positive=1.0, negative=0.0)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        score([], [])
    with pytest.raises(ValueError, match="shorter"):
        score(rows("++"), tones("+"))


def as_the_shared_tool_prints(truths: list[Row], judged: list[Tone], folder: Path) -> dict[str, float]:
    """Run the shared scorer over labels, targets and probabilities; no text is written."""
    gold, predicted = folder / "gold.jsonl", folder / "predicted.jsonl"
    gold.write_text("".join(json.dumps({"label": r.label, "target": r.target}) + "\n" for r in truths))
    fields = ("label", "p_negative", "p_neutral", "p_positive")
    predicted.write_text("".join(json.dumps({f: getattr(t, f) for f in fields}) + "\n" for t in judged))
    done = subprocess.run([sys.executable, TOOL, gold, predicted], capture_output=True, text=True, check=True)
    return {name: float(value) for name, value in re.findall(r"(\w+)[ =]([\d.]+)", done.stdout)}


def as_we_say(found: Score) -> dict[str, float]:
    shares = found.shares
    assert shares is not None
    return {
        "n": found.n,
        "abstain": found.abstained,
        "accuracy": found.accuracy,
        "macro_recall": found.macro_recall,
        "macro_f1": found.macro_f1,
        **found.recalls,
        "targets": shares.targets,
        "positive_share_error": shares.positive,
        "negative_share_error": shares.negative,
        "calibration_error": found.calibration_error,
    }


def tuning_rows() -> list[Row]:
    if not (DATA / "targets").is_dir() or not TOOL.is_file():
        pytest.skip("the labelled texts and their scorer are not here (set LISTENER_DATA)")
    return training_and_tuning(read(DATA / "tone") + read(DATA / "targets"))[1]


@pytest.mark.data
@pytest.mark.parametrize("engine", ["vader", "dice"])
def test_it_agrees_with_the_shared_scorer(engine: str, tmp_path: Path) -> None:
    truths = [row for row in tuning_rows() if row.set in ("en_topics_5point_folded", "ro_sart")]
    if engine == "vader":
        judged = load("vader").judge([Text(row.text, row.lang) for row in truths])
    else:
        rng = random.Random(5)
        drawn = [sorted((rng.random(), rng.random())) for _ in truths]
        judged = [
            Tone(rng.choice([*LABELS, None]), low, high - low, 1 - high, engine="dice") for low, high in drawn
        ]
    printed = as_the_shared_tool_prints(truths, judged, tmp_path)
    ours = as_we_say(score(truths, judged))
    assert ours["targets"] > 20 and ours["abstain"] > 0
    assert {name: printed.pop(name) for name in ours} == pytest.approx(ours, abs=5.1e-4)
    assert set(printed) == {"f1_pn"}
