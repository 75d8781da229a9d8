"""Intervals over real topics: 92 to 98 of 100 hold the true share, each topic left out when the card was made."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import shares
from benchmarks.shares import Held, Missing, Trial, cross_validate, judged_topics, report, trials
from sentiment.calibration import Card
from sentiment.tone import Label
from sentiment.training.measure import Judged, fit_card


def world(topics: int = 30) -> list[Judged]:
    """Topics on which an engine is right in seven of ten texts."""
    chance = random.Random(4)
    labels: tuple[Label, ...] = ("negative", "neutral", "positive")
    rows = []
    for number in range(topics):
        share = [chance.random() + 0.1 for _ in labels]
        for _ in range(60):
            label = chance.choices(labels, share)[0]
            said = label if chance.random() < 0.7 else chance.choice(labels)
            p = {said: 0.7}
            rows.append(
                Judged(label, said, p.get("negative", 0.15), p.get("positive", 0.15), "en", str(number))
            )
    return rows


def test_each_topic_is_estimated_once_by_the_others() -> None:
    tried = [Trial(), Trial(20), Trial(None, 10)]
    cross_validate(world(), tried)
    for trial in tried:
        for held in trial.results.values():
            assert held.topics == 30
            assert 0.8 <= held.coverage <= 1
    whole, few, sampled = (trial.results["positive"] for trial in tried)
    assert few.width > whole.width > sampled.width
    assert whole.error < whole.counted


def test_no_topic_is_in_what_its_own_card_is_made_of(monkeypatch: pytest.MonkeyPatch) -> None:
    made_of: list[set[str | None]] = []

    def remembered(engine: str, measured_on: str, judged: Sequence[Judged]) -> Card:
        made_of.append({one.topic for one in judged})
        return fit_card(engine, measured_on, judged)

    monkeypatch.setattr(shares, "fit_card", remembered)
    rows = world()
    cross_validate(rows, [Trial()])
    everything = {one.topic for one in rows}
    left_out = [topic for topics in made_of for topic in everything - topics]
    assert sorted(map(str, left_out)) == sorted(map(str, everything))


def test_without_data_it_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"tone/ and targets/"):
        list(report("vader", tmp_path))


@pytest.mark.data
@pytest.mark.slow
def test_vaders_intervals_hold_on_real_topics() -> None:
    try:
        judged = judged_topics("vader", shares.DATA)
    except Missing as missing:
        pytest.skip(f"real data is not here: it needs {missing}")
    tried = trials()
    cross_validate(judged, tried)
    seen: dict[tuple[str, str], Held] = {
        (trial.name, target): held for trial in tried for target, held in trial.results.items()
    }
    assert {held.topics for held in seen.values()} == {170}
    # Measured: 91.8 to 98.8 %, 95.4 % over all. By chance alone 170 topics stray from 95 % by 1.7 points.
    assert {key: held.coverage for key, held in seen.items() if not 0.91 <= held.coverage <= 0.99} == {}
    everything = sum(held.held for held in seen.values()) / sum(held.topics for held in seen.values())
    assert 0.94 <= everything <= 0.97
    for target in ("positive", "negative"):
        held = seen["whole topics", target]
        assert held.error < held.counted
