"""A KPI's arithmetic: worked out and written as SQL it is the same, and each declared example is right."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.kpi import KPIS
from storage.kpi.working import evaluate, names, numbers_of, put_in, to_sql

NUMBERS = {"a": 7.0, "b": 10.0, "c": -2.5}
DECLARED = [kpi for kpi in KPIS.values() if kpi.worked]

leaf = st.sampled_from(["{a}", "{b}", "{c}", "2", "0.5", "0"])
arithmetic = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda part: f"({part[0]} {part[1]} {part[2]})"),
        inner.map(lambda part: f"-{part}"),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
    ),
    max_leaves=8,
)


def by_sql(worked: str, numbers: dict[str, float]) -> float | None:
    sql = to_sql(worked, lambda name: repr(numbers[name]))
    found: float | None = sqlite3.connect(":memory:").execute(f"SELECT {sql}").fetchone()[0]
    return found


@given(arithmetic)
def test_sql_and_python_come_to_the_same(worked: str) -> None:
    here = evaluate(worked, NUMBERS)
    there = by_sql(worked, NUMBERS)
    # A NULL inside of SQL stays one, as a division by zero ends the whole here.
    assert there == (None if here is None else pytest.approx(here))


def test_whole_numbers_are_divided_as_ratios() -> None:
    assert by_sql("{own} / {market}", {"own": 7, "market": 10}) == evaluate(
        "{own} / {market}", {"own": 7, "market": 10}
    )


def test_numbers_are_put_in_where_all_are_known() -> None:
    worked = "({p} - {before}) / {before}"
    assert names(worked) == ["p", "before"]
    assert put_in(worked, {"p": 3, "before": 2}) == "(3 - 2) / 2"
    assert numbers_of(worked, {"p": 3, "before": 2, "other": 9}) == {"p": 3, "before": 2}
    assert numbers_of(worked, {"p": 3}) is None
    assert numbers_of(worked, {"p": 3, "before": None}) is None
    assert numbers_of("", {"p": 3}) is None


@pytest.mark.parametrize(
    "worked", ["{a}.__class__", "open({a}, {b})", "{a} if {b} else {c}", "{a} **", "'x'", "min({a})"]
)
def test_what_is_no_arithmetic_is_refused(worked: str) -> None:
    for work in (lambda: evaluate(worked, NUMBERS), lambda: to_sql(worked, str)):
        with pytest.raises(ValueError, match="no arithmetic"):
            work()


@pytest.mark.parametrize("kpi", DECLARED, ids=lambda kpi: kpi.name)
def test_each_example_comes_out_as_by_hand(kpi: object) -> None:
    example = kpi.example  # type: ignore[attr-defined]
    assert example is not None
    assert evaluate(kpi.worked, example.numbers) == pytest.approx(example.value)  # type: ignore[attr-defined]


def test_the_card_without_response_times_is_declared() -> None:
    assert {"mentions", "share_of_voice", "positive_share", "positive_growth"} <= {
        kpi.name for kpi in DECLARED
    }
    for kpi in DECLARED:
        assert kpi.source and kpi.rows, kpi.name
