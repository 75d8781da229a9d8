"""A head learned from corrections: it learns what there is to learn, changes nothing otherwise, and survives damage."""

from __future__ import annotations

import math
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as some

from sentiment.engines.vader import Vader
from sentiment.head import _BUCKETS, DamagedHead, Head, Three, WithHead, fit, largest, words_of
from sentiment.tone import LABELS, Label, Text, Tone

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
CALM: Three = (0.2, 0.6, 0.2)


class Says:
    """An engine that says the same of every text, and abstains of those in Welsh."""

    name = "says-1"

    def judge(self, texts: list[Text]) -> list[Tone]:
        return [
            Tone(None, 1 / 3, 1 / 3, 1 / 3, self.name, "cy", "unknown_language")
            if text.lang == "cy"
            else Tone("neutral", *CALM, self.name, "en")
            for text in texts
        ]


def head_of(texts: list[str], p: list[Three], labels: list[Label]) -> Head:
    return Head.from_bytes(fit(texts, p, labels, engine="says-1"))


def loss(head: Head | None, texts: list[str], p: list[Three], labels: list[Label]) -> float:
    said = [head.probabilities(t, q) if head else q for t, q in zip(texts, p, strict=True)]
    return -sum(math.log(q[LABELS.index(label)]) for q, label in zip(said, labels, strict=True)) / len(labels)


def posts(number: int, seed: int) -> tuple[list[str], list[Three], list[Label]]:
    """Posts of an engine that sees too many positives and does not know what "flimmer" means."""
    rng = random.Random(seed)
    texts, ps, labels = [], [], []
    for n in range(number):
        label = rng.choices(LABELS, (3, 4, 2))[0]
        word = {"negative": "flimmer", "neutral": "brand", "positive": "grand"}[label]
        words = [word if rng.random() < 0.7 else "brand", f"w{n}", rng.choice(["today", "again", "there"])]
        texts.append(" ".join(words))
        guess = rng.choice([label, "positive"])
        ps.append((0.2, 0.2, 0.6) if guess == "positive" else (0.4, 0.4, 0.2))
        labels.append(label)
    return texts, ps, labels


def test_it_does_better_on_what_it_has_not_seen() -> None:
    head = head_of(*posts(300, 1))
    unseen = posts(300, 2)
    assert loss(head, *unseen) < loss(None, *unseen) - 0.2
    _, _, labels = unseen
    right = [largest(head.probabilities(t, p)) for t, p in zip(*unseen[:2], strict=True)]
    assert sum(a == b for a, b in zip(right, labels, strict=True)) > 0.75 * len(labels)
    # The word is what it learned: the engine says the same of both.
    assert head.probabilities("flimmer", CALM)[0] > head.probabilities("brand", CALM)[0] + 0.2


def test_a_few_corrections_hardly_move_it() -> None:
    head = head_of(["so", "la"], [CALM, CALM], ["negative", "negative"])
    moved = [abs(a - b) for a, b in zip(head.probabilities("fa", CALM), CALM, strict=True)]
    assert 0 < max(moved) < 0.2


def test_nothing_learned_leaves_the_engine_as_it_is() -> None:
    head = Head("says-1", IDENTITY, (0.0, 0.0, 0.0), {})
    assert head.probabilities("any words", (0.7, 0.2, 0.1)) == pytest.approx((0.7, 0.2, 0.1))


def test_a_certain_engine_can_be_set_right() -> None:
    sure: Three = (0.0, 0.0, 1.0)
    head = head_of([f"t{n}" for n in range(100)], [sure] * 100, ["negative"] * 100)
    assert largest(head.probabilities("t", sure)) == "negative"


def test_what_is_rare_is_not_given_up_for_what_is_common() -> None:
    texts = [f"t{n}" for n in range(120)]
    ps: list[Three] = [(0.3, 0.4, 0.3)] * 50 + [(0.4, 0.3, 0.3)] * 50 + [(0.4, 0.3, 0.3)] * 20
    head = head_of(texts, ps, ["neutral"] * 100 + ["negative"] * 20)
    # Of 70 that look so only 20 are negative: as often as they come, none of them would be called that.
    p = head.probabilities("t", (0.4, 0.3, 0.3))
    assert 0.35 < p[0] / (p[0] + p[1]) < 0.7


def test_the_same_input_makes_the_same_bytes_and_they_come_back_whole() -> None:
    data = fit(*posts(120, 3), engine="says-1")
    assert data == fit(*posts(120, 3), engine="says-1")
    head = Head.from_bytes(data)
    assert head.to_bytes() == data
    assert head.words
    prefix, _, mark = head.name.partition("+head-")
    assert (prefix, len(mark), int(mark, 16) >= 0) == ("says-1", 8, True)
    assert Head.from_bytes(fit(*posts(121, 3), engine="says-1")).name != head.name


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:40],
        lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
        lambda data: data.replace(b"head 1", b"head 2"),
        lambda data: data + b"\0" * 14,
        lambda data: b"\0" * len(data),
    ],
)
def test_damaged_bytes_are_refused_in_words(damage: object) -> None:
    data = fit(*posts(60, 4), engine="says-1")
    with pytest.raises(DamagedHead, match=r"no head|checksum"):
        Head.from_bytes(damage(data))  # type: ignore[operator]


def test_abstentions_stay_and_every_tone_bears_the_name() -> None:
    engine = WithHead(Says(), head_of(*posts(100, 5)))
    tones = engine.judge([Text("flimmer"), Text("dim byd", "cy")])
    assert {tone.engine for tone in tones} == {engine.name}
    assert (tones[0].label, tones[0].lang) == ("negative", "en")
    assert (tones[1].label, tones[1].reason, tones[1].lang) == (None, "unknown_language", "cy")
    assert engine.judge([]) == []


def test_a_head_serves_only_the_engine_that_it_was_learned_for() -> None:
    head = head_of(*posts(60, 6))
    with pytest.raises(ValueError, match="learned for says-1, not for vader"):
        WithHead(Vader(), head)


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(ValueError, match="nothing to learn"):
        fit([], [], [], engine="says-1")


@given(text=some.text(max_size=300), p=some.tuples(*[some.floats(0, 1)] * 3).filter(lambda p: sum(p) > 0))
def test_no_text_and_no_probability_makes_it_fail(text: str, p: Three) -> None:
    head = Head("says-1", IDENTITY, (0.5, 0.0, -0.5), dict.fromkeys(range(0, _BUCKETS, 3), (1.0, 0.0, -1.0)))
    found = head.probabilities(text, p)
    assert sum(found) == pytest.approx(1)
    assert all(0 <= q <= 1 for q in found)


def test_words_are_the_same_however_they_are_written() -> None:
    assert words_of("Café, CAFE! café") == words_of("cafe")
    assert words_of("1234 ... 🙂") == []


@pytest.mark.slow
def test_two_thousand_corrections_take_seconds() -> None:
    started = time.process_time()
    fit(*posts(2_000, 7), engine="says-1")
    assert time.process_time() - started < 5
