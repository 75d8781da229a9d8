"""What a text says of one brand where it names several, in the languages whose connectives are known."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment.engines.builtin.clauses import About, about


def of(text: str) -> About | None:
    """`text` has US where the brand in question stands, THEM for another, @THEM for the account of another."""
    parts, done, ours, others = "", 0, [], []
    for found in re.finditer("US|@?THEM", text):
        parts += text[done : found.start()]
        word = "@user" if found[0] == "@THEM" else "brand"
        (ours if found[0] == "US" else others).append((len(parts), len(parts) + len(word)))
        parts += word
        done = found.end()
    return about(parts + text[done:], ours, others)


def test_a_text_about_one_brand_alone_is_not_cut() -> None:
    assert of("I tried US, but it broke. Never again!") is None
    assert of("love it over there, US") is None


def test_handles_at_the_head_are_addressed_and_not_compared() -> None:
    assert of("@THEM @user US is great") is None
    assert of("US is great, but @THEM is not") == About("brand is great", "", 0)


def test_a_stranger_is_no_other_brand() -> None:
    assert of("US: worst brand on earth, never again") is None
    assert of("My US arrived. @user it is terrible, broken after a day") is None


def test_each_clause_is_about_the_brand_that_it_names() -> None:
    assert of("I love US but THEM is awful") == About("I love brand", "", 0)
    assert of("I love THEM but US is awful") == About("brand is awful", "", 0)
    assert of("US: fine. THEM: a mess. Broken, too.") == About("brand ; fine", "", 0)


def test_a_clause_without_a_name_is_about_the_last_one() -> None:
    assert of("THEM was dear, it broke. US is fine, it just works") == About(
        "brand is fine ; it just works", "", 0
    )
    assert of("So good, so cheap: US. THEM is not") == About("So good ; so cheap ; brand", "", 0)


@pytest.mark.parametrize(
    "text, turned",
    [
        ("THEM is better than US", "brand is better"),
        ("Compared to US, THEM is slow", "brand is slow"),
        ("till skillnad från US fungerar THEM bra", "fungerar brand bra"),
        ("great phones, unlike US", "great phones"),
        ("Unlike US, THEM just works", "brand just works"),
        ("el móvil de THEM es mejor que US", "el móvil de brand es mejor que"),
        ("el mòbil de THEM és millor que el US", "el mòbil de brand és millor que"),
        ("THEM este mai bun decât US", "brand este mai bun"),
        ("THEM är bättre än US", "brand är bättre"),
        ("THEM ist besser als US", "brand ist besser als"),
        ("THEM از US بهتر است", "brand ; بهتر است"),
        ("I prefer THEM over US", "I prefer brand over"),
    ],
)
def test_the_worse_of_two_gets_what_is_said_of_the_other_turned_around(text: str, turned: str) -> None:
    view = of(text)
    assert view is not None
    assert view.turned == turned


def test_the_better_of_two_keeps_what_is_said() -> None:
    assert of("US is so much better than THEM. I love it") == About(
        "brand is so much better ; I love it", "", 1
    )


@pytest.mark.parametrize(
    "text, push",
    [
        ("I switched from US to THEM", -1),
        ("I switched from THEM to US", 1),
        ("he canviat de US a THEM", -1),
        ("bytte från THEM till US", 1),
        ("US beats THEM", 1),
        ("THEM beats US", -1),
        ("US > THEM", 1),
        ("US and THEM", 0),
        ("I ditched US for THEM", -1),
        ("am trecut de la THEM la US", 1),
        ("از US به THEM رفتم", -1),
        ("US is faster than THEM", 1),
        ("THEM lasts longer than the one by US", -1),
        ("THEM is slower than US", 1),
        ("THEM is not better than US", 1),
        ("THEM is not as good as US", 1),
        ("US no es tan bueno como THEM", -1),
        ("US är sämre än THEM", -1),
        ("US از THEM بهتر است", 1),
        ("Compared to US, THEM is slow", 0),
    ],
)
def test_leaving_beating_and_comparing_need_no_word_of_tone(text: str, push: int) -> None:
    view = of(text)
    assert view is not None
    assert view.push == push


spans = st.lists(st.tuples(st.integers(-5, 80), st.integers(-5, 80)), max_size=8)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["brand", "than", ",", ".", "unlike", "@user"])).map(" ".join),
    spans,
    spans,
)
def test_no_text_and_no_spans_fail(
    text: str, ours: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    about(text, ours, others)
