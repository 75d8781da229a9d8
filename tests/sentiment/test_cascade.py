"""The cascade of two engines: who is asked, in which order, within which time, and what stands in the judgement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment.cascade import Budget, Cascade
from sentiment.engines.vader import Vader
from sentiment.tone import Text, Tone

PLENTY = 60.0


@dataclass
class Clock:
    """Stands still until somebody works."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Margins:
    """Reads its margin from the text, as in "0.3"; abstains on anything else."""

    name: str = "margins-1"

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        return [self._judge(text) for text in texts]

    def _judge(self, text: Text) -> Tone:
        try:
            margin = float(text.text)
        except ValueError:
            return Tone(None, 1 / 3, 1 / 3, 1 / 3, self.name, "xx", "unknown_language")
        rest = (1 - margin) / 3
        return Tone("positive", rest, rest, rest + margin, self.name, "en")


@dataclass
class Slow:
    """Says negative to everything, takes a second for each text, and remembers what it was asked."""

    clock: Clock
    name: str = "slow-1"
    abstains: bool = False
    asked: list[list[str]] = field(default_factory=list)

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        self.asked.append([text.text for text in texts])
        self.clock.now += len(texts)
        label = None if self.abstains else "negative"
        return [
            Tone(label, 0.8, 0.1, 0.1, self.name, None, "unsure" if self.abstains else None) for _ in texts
        ]

    @property
    def heard(self) -> list[str]:
        return [text for batch in self.asked for text in batch]


def cascade(better: Slow, threshold: float = 0.2, seconds: float = PLENTY) -> Cascade:
    return Cascade(Margins(), better, threshold, Budget(seconds, better.clock))


def judge(engine: Cascade, *texts: str) -> list[Tone]:
    return engine.judge([Text(text) for text in texts])


def test_only_what_the_fast_one_is_unsure_of_is_judged_again() -> None:
    better = Slow(Clock())
    tones = judge(cascade(better), "0.5", "0.1", "0.21", "?", "0.19")
    assert [tone.label for tone in tones] == ["positive", "negative", "positive", "negative", "negative"]
    assert sorted(better.heard) == ["0.1", "0.19", "?"]


def test_who_is_sure_costs_nothing() -> None:
    better = Slow(Clock())
    engine = cascade(better)
    assert judge(engine) == []
    judge(engine, "0.3", "0.9")
    assert better.asked == []


def test_the_least_sure_come_first_and_abstentions_before_all() -> None:
    better = Slow(Clock())
    tones = judge(cascade(better, seconds=3.5), "0.15", "0.05", "?", "0.1", "0.18", "0.9")
    assert better.heard == ["?", "0.05", "0.1", "0.15"]
    # The fifth had to do with what the fast one said.
    assert [tone.label for tone in tones] == ["negative"] * 4 + ["positive"] * 2


def test_the_budget_is_that_of_any_minute() -> None:
    clock = Clock()
    better = Slow(clock)
    engine = cascade(better, seconds=5.0)
    judge(engine, *["0.1"] * 20)
    assert len(better.heard) == 5
    clock.now += 30
    judge(engine, *["0.1"] * 20)
    assert len(better.heard) == 5
    # A minute after the first piece of work ended, that much may be spent again.
    clock.now += 60
    judge(engine, *["0.1"] * 20)
    assert len(better.heard) == 10


def test_a_text_that_takes_longer_than_the_budget_is_not_the_last() -> None:
    clock = Clock()
    better = Slow(clock)
    engine = cascade(better, seconds=0.5)
    for _ in range(3):
        judge(engine, "0.1", "0.1")
        clock.now += 61
    assert len(better.heard) == 3


def test_the_better_one_is_asked_in_small_pieces() -> None:
    better = Slow(Clock())
    judge(cascade(better), *["0.1"] * 40)
    assert [len(batch) for batch in better.asked] == [1, 16, 16, 7]


def test_every_judgement_bears_one_name_with_both_engines_and_the_threshold() -> None:
    engine = cascade(Slow(Clock()), threshold=0.25)
    assert engine.name == "cascade-1@0.25(margins-1,slow-1)"
    assert {tone.engine for tone in judge(engine, "0.5", "0.1", "?")} == {engine.name}


def test_where_the_better_one_abstains_the_fast_one_stands() -> None:
    tones = judge(cascade(Slow(Clock(), abstains=True)), "0.1", "?")
    assert [tone.label for tone in tones] == ["positive", None]
    assert tones[1].reason == "unknown_language"


def test_the_language_that_only_the_fast_one_heard_is_kept() -> None:
    (tone,) = judge(cascade(Slow(Clock())), "0.1")
    assert (tone.label, tone.lang) == ("negative", "en")


@settings(deadline=None)
@given(texts=st.lists(st.text(max_size=30), max_size=50), seconds=st.floats(0, 60))
def test_any_texts_come_back_in_order(texts: list[str], seconds: float) -> None:
    clock = Clock()
    engine = Cascade(Vader(), Slow(clock), 0.1, Budget(seconds, clock))
    alone = Vader().judge([Text(text) for text in texts])
    for tone, plain in zip(engine.judge([Text(text) for text in texts]), alone, strict=True):
        first, second, _ = sorted((plain.p_negative, plain.p_neutral, plain.p_positive), reverse=True)
        expected = {plain.label} if first - second >= 0.1 else {plain.label, "negative"}
        assert tone.label in expected


def test_a_budget_runs_on_the_time_that_rises() -> None:
    budget = Budget(60.0)
    assert budget.left() == pytest.approx(60.0)
    _, seconds = budget.spend(list)
    assert 0 <= seconds < 5
    assert budget.left() == pytest.approx(60.0 - seconds)
