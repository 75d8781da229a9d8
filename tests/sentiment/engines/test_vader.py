"""VADER: its usual cuts, a curve that keeps to them, and no text that hurts it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from sentiment.engines.vader import LONGEST, Options, build, probabilities
from sentiment.tone import LABELS, Text

ENGINE = build(Options())


def expected(compound: float) -> str:
    if compound >= 0.05:
        return "positive"
    return "negative" if compound <= -0.05 else "neutral"


def test_the_name_carries_the_version() -> None:
    assert ENGINE.name == "vader-3.3.2"


def test_the_largest_p_changes_exactly_at_the_usual_cuts() -> None:
    for step in range(-10_000, 10_001):
        compound = step / 10_000
        shares = [round(p, 6) for p in probabilities(compound)]
        assert sorted(shares)[2] > sorted(shares)[1], compound
        assert LABELS[shares.index(max(shares))] == expected(compound), compound


def test_probabilities_sum_to_one_and_rise_with_the_score() -> None:
    rows = [probabilities(step / 100) for step in range(-100, 101)]
    assert all(abs(sum(row) - 1) < 1e-12 for row in rows)
    assert [row[2] for row in rows] == sorted(row[2] for row in rows)
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)


def test_it_is_vader_as_it_is() -> None:
    analyzer = SentimentIntensityAnalyzer()
    texts = [
        "I love this!",
        "It is a table.",
        "The worst phone ever :(",
        "not bad at all",
        "meh 🎉",
        "",
        "AWFUL but fun",
    ]
    tones = ENGINE.judge([Text(text, lang="en") for text in texts])
    for text, tone in zip(texts, tones, strict=True):
        compound = analyzer.polarity_scores(text)["compound"]
        assert tone.label == expected(compound)
        assert (tone.p_negative, tone.p_neutral, tone.p_positive) == probabilities(compound)
        assert tone.engine == "vader-3.3.2"
        assert tone.lang == "en"


def test_no_tone_is_neutral_never_negative() -> None:
    assert [tone.label for tone in ENGINE.judge([Text(""), Text("..."), Text("a table of wood")])] == [
        "neutral"
    ] * 3


def test_only_the_beginning_of_a_long_text_is_judged() -> None:
    plain = "table " * (LONGEST // 6 + 1)
    assert ENGINE.judge([Text(plain[:LONGEST] + " horrible")])[0].label == "neutral"
    assert ENGINE.judge([Text(plain[: LONGEST - 9] + " horrible")])[0].label == "negative"


def test_a_text_of_100_kb_is_judged_in_the_time_of_a_short_one() -> None:
    start = time.perf_counter()
    ENGINE.judge([Text("but good bad " * 8_000)])
    # Read to the end it takes more than ten seconds.
    assert time.perf_counter() - start < 1.0


@given(st.text(alphabet=st.sampled_from("no but good BAD! :) 🎉é\u0301\ud83d\n\0#@?"), max_size=60))
def test_no_text_raises(text: str) -> None:
    (tone,) = ENGINE.judge([Text(text)])
    assert tone.label in LABELS


@pytest.mark.parametrize("lang", ["de", "fa", "pt-BR", "zh_Hant", "cat"])
def test_a_text_declared_to_be_in_another_language_is_not_judged(lang: str) -> None:
    (tone,) = build(Options()).judge([Text("Das ist die Anleitung", lang)])
    assert (tone.label, tone.reason, tone.lang) == (None, "unknown_language", lang)
    assert tone.p_negative + tone.p_neutral + tone.p_positive == pytest.approx(1)


@pytest.mark.parametrize("lang", [None, "en", "en-GB", "EN_us", "eng", "und", "", "english", "7"])
def test_english_and_unknown_languages_are_judged(lang: str | None) -> None:
    (tone,) = build(Options()).judge([Text("I love it", lang)])
    assert tone.label == "positive"
