"""Folding: what must be the same word, what must stay another, and where a word ends."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentiment.text import (
    _fold_together,
    fold,
    fold_in_place,
    is_edge,
    is_spaceless,
    is_whole_word,
    is_word_character,
    word_starts,
)


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("ACME Corp", "acme corp"),
        ("Nestlé", "nestle"),
        ("Nestle\u0301", "nestle"),
        ("Straße", "strasse"),
        ("Søren Łódź Œuvre", "soren lodz oeuvre"),
        ("İSTANBUL ığdır", "istanbul igdir"),
        ("ΑΘΉΝΑΣ", "αθηνασ"),
        ("Αθήνας", "αθηνασ"),
        ("Ёлка", "елка"),
        ("ＡＣＭＥ１２", "acme12"),
        ("ｱｯﾌﾟﾙ", "アップル"),
        ("𝗔𝗰𝗺𝗲", "acme"),
        ("don’t", "don't"),
        ("ac\u00adme", "acme"),
        ("acme\ufe0f", "acme"),
        ("\u202bacme\u202c", "acme"),
    ],
)
def test_case_accents_and_width_are_gone(written: str, folded: str) -> None:
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("كيفية", "کیفیه"),
        ("می\u200cخواهم", "میخواهم"),
        ("مُحَمَّد", "محمد"),
        ("جمــيل", "جمیل"),
        ("أحمد", "احمد"),
        ("۱۲۳", "123"),
        ("٤٥٦", "456"),
        ("على", "علی"),
        ("שָׁלוֹם", "שלום"),
    ],
)
def test_variants_of_arabic_persian_and_hebrew_writing_are_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"), [("की", "का"), ("কি", "কা"), ("กิน", "กัน"), ("が", "か"), ("한국", "한극")]
)
def test_vowel_signs_and_voicing_make_another_word(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@pytest.mark.parametrize("sign", ["™", "℠", "²", "¹", "\u200b"])
def test_a_sign_after_a_word_does_not_become_part_of_it(sign: str) -> None:
    assert fold(f"Acmé{sign}").split() == ["acme"]


def test_half_a_surrogate_pair_is_no_text() -> None:
    fold("acme \ud83d").encode()
    fold_in_place("acme \ud83d").encode()


@given(st.text())
@example("ŉ ǰ ΐ ᾳ ﬃ ẞ ﷺ")
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


_ANY_LETTERS = st.text() | st.text(
    st.sampled_from(
        "aßİΣéĳ\u0301\u0345\u0327\u3099かが\u1112\u1161\u11ab한کي\u0653\u064eا\u09c7\u09beकि™² ﷺ\u200dΐŉ😀\ufe0f"
    )
)


@given(_ANY_LETTERS)
@example("ΑΣ ΑΣΑ Σ")
def test_the_short_way_letter_by_letter_gives_what_the_long_way_gives(text: str) -> None:
    assert fold(text) == _fold_together(text)


def test_both_ways_give_the_same_for_every_letter() -> None:
    for first in range(0, 0x110000, 32):
        # Beside a letter that changes, all in one text: none may become one with another, or change twice.
        text = "É".join(map(chr, range(first, first + 32)))
        if fold(text) != _fold_together(text):
            assert [hex(ord(letter)) for letter in text if fold(letter) != _fold_together(letter)] == []
            raise AssertionError(f"together, from {first:x}")


@given(st.text())
def test_case_and_composition_do_not_matter(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_gives_what_the_long_way_gives(text: str) -> None:
    assert fold(text) == fold(text + "é")[:-1]


@given(st.text())
def test_folding_in_place_keeps_the_length(text: str) -> None:
    assert len(fold_in_place(text)) == len(text)


def test_folding_in_place_folds_what_it_can() -> None:
    assert fold_in_place("NESTLÉ ıss Straße کيك") == "nestle iss straße کیک"


def test_word_characters() -> None:
    assert all(is_word_character(character) for character in "aZ9_é字กकि한\u0301")
    assert not any(is_word_character(character) for character in " .#@-'’🎉、")


def test_hangul_has_spaces_and_its_neighbours_have_not() -> None:
    assert all(is_spaceless(character) for character in "字かカกລខမ々ー")
    assert not any(is_spaceless(character) for character in "한aя ا。")


@pytest.mark.parametrize(
    ("text", "word", "whole"),
    [
        ("acme's", "acme", True),
        ("#acme!", "acme", True),
        ("acmes", "acme", False),
        ("my_acme", "acme", False),
        ("acme2", "acme", False),
        ("акмея", "акме", False),
        ("新acme発売", "acme", True),
        ("新アップル社", "アップル", True),
        ("アップルstore", "アップル", True),
        ("กิน", "ก", False),
        ("की बात", "क", False),
        ("한국어", "한국", False),
    ],
)
def test_whole_words_in_any_script(text: str, word: str, whole: bool) -> None:
    start = text.index(word)
    assert is_whole_word(text, start, start + len(word)) is whole


def test_an_edge_inside_that_is_no_letter_needs_no_edge_outside() -> None:
    assert is_edge("+", "x")
    assert not is_edge("c", "x")


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("", []),
        ("a bc  d", [0, 2, 6]),
        ("don't a-b", [0, 6, 8]),
        ("'a' 'b", [1, 5]),
        ("d'été x", [0, 6]),
        ("日本 a", [0, 1, 3]),
        ("a日b", [0, 1, 2]),
        ("กินข้าว", [0, 2, 3, 5, 6]),
        ("अंतर x", [0, 5]),
        ("한국 어", [0, 3]),
        ("🍎a", [1]),
        ("\u0301a", [0]),
    ],
)
def test_where_words_start(text: str, starts: list[int]) -> None:
    assert word_starts(text) == starts


@given(st.text(alphabet="ab'_1 -.", max_size=20))
def test_where_words_start_does_not_depend_on_a_letter_elsewhere(text: str) -> None:
    assert word_starts(text) == word_starts(text + " é")[:-1]
