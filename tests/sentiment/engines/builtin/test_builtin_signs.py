"""The signs of tone: words that are liked, words that are graded, denial, and how a text is written."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.engines.builtin.signs import NAMES, Signs
from sentiment.engines.builtin.words import in_order, plain

SIGNS = Signs({"good": 3, "great": 4, "bad": -3}, {"good": (60, 40), "table": (0, -30), "bad": (-90, 50)})


def read(text: str) -> dict[str, float]:
    text = plain(text)
    return dict(zip(NAMES, SIGNS.read(text, in_order(text)), strict=True))


def test_what_is_liked_and_disliked_is_summed() -> None:
    signs = read("good and great")
    assert signs["liked"] == signs["liking"] == pytest.approx(7 / math.sqrt(49 + 15))
    assert signs["disliked"] == signs["liked_denied"] == 0
    assert signs["most_liked"] == 0.8
    assert read("good but bad")["last_liking"] == -0.6


def test_denial_turns_around() -> None:
    signs = read("not good")
    assert signs["liked"] == 0 < signs["liked_denied"]
    assert signs["liking"] < 0
    assert signs["tone"] == 0 < signs["tone_denied"]
    assert signs["tone_sum"] < 0
    assert signs["denials"] == pytest.approx(1 / 3)


def test_graded_words_give_mean_extremes_and_how_many_are_known() -> None:
    signs = read("good table xyzzy bad")
    assert signs["tone"] == pytest.approx((60 - 90) / 3 / 64)
    assert signs["tone_highest"] == pytest.approx(60 / 64)
    assert signs["tone_lowest"] == pytest.approx(-90 / 64)
    assert signs["strength"] == pytest.approx((40 - 30 + 50) / 3 / 64)
    assert signs["known"] == pytest.approx(3 / 5)


def test_how_it_is_written() -> None:
    signs = read("SO gooood!!! why?? ... @user brand #tag https://example.com ")
    assert signs["exclamations"] == 1
    assert signs["questions"] == pytest.approx(2 / 3)
    assert signs["stretched"] == 1
    assert signs["capitals"] > 0 < signs["dots"]
    assert signs["links"] == 0.5
    assert signs["handles"] == pytest.approx(1 / 3)
    assert signs["hashtags"] == 0.25


@given(st.text())
def test_any_text_gives_finite_numbers(text: str) -> None:
    assert all(math.isfinite(value) for value in read(text).values())
