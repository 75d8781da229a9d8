"""What a text is made of: words in order, denial, and features that hang on the word alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.engines.builtin.words import LONGEST, in_order, names_of_word, plain, squeezed


def words(text: str) -> list[str]:
    return [word for word, _ in in_order(plain(text))]


def denied(text: str) -> list[str]:
    return [word for word, denied in in_order(plain(text)) if denied]


def test_words_emoji_emoticons_and_marks() -> None:
    assert words("Café #great :) \U0001f600\U0001f600 so-so?! <3 don't...") == [
        "cafe", "great", ":)", "\U0001f600", "\U0001f600", "so", "so", "?!", "<3", "don't", "...",
    ]  # fmt: skip


def test_writing_without_spaces_is_read_in_runs() -> None:
    assert words("最悪だ") == ["最悪", "悪だ", "最悪だ"]


def test_a_masked_name_is_no_word() -> None:
    assert words("not brand good, brand's brand") == ["not", "good"]


def test_a_link_is_one_word_and_html_is_read() -> None:
    assert words("see https://example.com/why?a=b&c=d now &amp; then") == ["see", "http", "now", "then"]
    assert words("www.example.com") == ["http"]


def test_words_keep_the_signs_on_their_letters() -> None:
    assert words("बहुत अच्छा है") == ["बहुत", "अच्छा", "है"]
    assert words("excel·lent") == ["excellent"]
    assert words("نمی\u200cخواهم") == ["نمیخواهم"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("I do not like this at all", ["like", "this", "at"]),
        ("not good. good", ["good"]),
        ("not good, though nice", ["good"]),
        ("don't buy", ["buy"]),
        ("no me gusta nada", ["me", "gusta", "nada"]),
        ("det är inte bra", ["bra"]),
        ("این خوب نیست واقعا", ["واقعا"]),
        ("fine", []),
    ],
)
def test_a_negator_reaches_three_words_and_no_further_than_a_comma(text: str, expected: list[str]) -> None:
    assert denied(text) == expected


def test_stretched_words_are_squeezed() -> None:
    assert squeezed("soooooo") == squeezed("sooo") == "soo"
    assert "long" in names_of_word(("sooo", False))
    assert "long" not in names_of_word(("soo", False))


def test_a_word_names_itself_its_runs_of_letters_and_its_denial() -> None:
    assert names_of_word(("abc", False)) == ["wabc", " ab", "abc", "bc ", " abc", "abc ", " abc "]
    assert set(names_of_word(("abc", True))) - set(names_of_word(("abc", False))) == {"not", "nabc"}


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert len(plain("a" * 10 * LONGEST)) == LONGEST


@given(st.text())
def test_every_word_of_any_text_can_be_hashed(text: str) -> None:
    for word in in_order(plain(text)):
        assert all(name.encode() for name in names_of_word(word))


def test_no_word_takes_longer_than_it_may() -> None:
    began = time.process_time()
    names_of_word((in_order("ab" * 50_000)[0][0], True))
    assert time.process_time() - began < 1
