"""The Kaplan-Meier curve of an evidence file, which is SQL, against the one of fractions."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.explain.recompute import Plan, tables, views
from storage.stats import kaplan_meier

MIDDLE = Plan(
    "first_response_time",
    "({half_from} + {half_to}) / 2",
    {"half_from": True, "half_to": True},
    False,
    True,
)
waits = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=30)


def answer(said: list[tuple[int, bool]], plan: Plan = MIDDLE) -> float | None:
    with closing(sqlite3.connect(":memory:")) as db:
        for definition in (*tables().values(), *views(plan).values()):
            db.execute(definition)
        db.executemany("INSERT INTO waits VALUES ('s', '', ?, ?)", said)
        found: float | None = db.execute("SELECT value FROM answer").fetchone()[0]
        return found


@given(waits)
def test_the_median_is_that_of_fractions(said: list[tuple[int, bool]]) -> None:
    assert answer(said) == kaplan_meier.median(kaplan_meier.curve(said))


def test_a_curve_that_lies_on_one_half_gives_the_middle() -> None:
    assert answer([(10, True), (30, True), (7200, True), (9000, False)]) == (30 + 7200) / 2
    assert answer([(10, True), (30, True), (40, False), (50, False)]) == 30
    assert answer([(10, True), (40, False), (50, False)]) is None
    assert answer([]) is None


def test_many_waits_are_counted_fast_and_exactly() -> None:
    said = [(n, n % 3 > 0) for n in range(20_000)]
    assert answer(said) == kaplan_meier.median(kaplan_meier.curve(said))


def test_who_was_answered_is_a_share() -> None:
    plan = Plan(
        "response_rate",
        "{answered} / {needing_reply}",
        {"answered": True, "needing_reply": True},
        False,
        True,
    )
    assert answer([(5, True), (9, False), (9, True)], plan) == pytest.approx(2 / 3)
