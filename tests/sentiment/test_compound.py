"""VADER as it is published, with a bound on emoji."""

from __future__ import annotations

import time

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from sentiment.compound import MOST_EMOJI, scorer

GRIN, RAGE = "\U0001f600", "\U0001f621"


def test_a_text_with_fewer_emoji_is_scored_as_vader_scores_it() -> None:
    published = SentimentIntensityAnalyzer().polarity_scores
    for text in (
        "",
        "I love it",
        f"meh{RAGE}!",
        f"So {GRIN}{GRIN} é",
        GRIN * MOST_EMOJI,
        "é" * 100 + " good",
    ):
        assert scorer()(text) == published(text)


def test_emoji_after_the_fiftieth_are_not_read_and_what_stands_among_them_is() -> None:
    fifty = GRIN * MOST_EMOJI
    assert scorer()(fifty + RAGE * 200) == scorer()(fifty)
    assert scorer()(RAGE + fifty) != scorer()(GRIN + fifty)
    assert scorer()(fifty + f"{GRIN}awful{GRIN}terrible") == scorer()(fifty + " awful terrible")


def test_a_post_of_emoji_costs_no_more_than_another() -> None:
    began = time.process_time()
    scorer()(GRIN * 4_000)
    scorer()("this is great and I love it " + GRIN * 4_000)
    # Read to the end each takes more than two seconds, on whatever machine.
    assert time.process_time() - began < 1.0
