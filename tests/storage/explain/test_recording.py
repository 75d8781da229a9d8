"""What was asked is remembered as statements that sqlite3 takes, and that give the same rows."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from keeping import DAY, T0, UTC, keep, names, post

from storage.calendar import Window
from storage.explain.recording import Recording, written
from storage.kpi import KPIS, Ask, compute
from storage.mention import Brand
from storage.sqlite import SqliteStore

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")),
)


@given(st.lists(values, min_size=1, max_size=4))
@example([1.4364982942081622e-300, -5e-324, 1.7976931348623157e308])
def test_parameters_become_literals_of_the_same_value(parameters: list[object]) -> None:
    db = sqlite3.connect(":memory:")
    sql = "SELECT " + ", ".join("?" * len(parameters)) + ', \'?\', "?" -- ?\n FROM (SELECT 1 AS "?")'
    assert db.execute(written(sql, parameters)).fetchall() == db.execute(sql, parameters).fetchall()


def test_each_statement_is_kept_once_in_order(store: SqliteStore) -> None:
    recording = Recording(store)
    for number in (2, 1, 2):
        assert recording.rows("SELECT ?", (number,)) == [(number,)]
    assert recording.statements == ("SELECT 2;", "SELECT 1;")


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="there is no sqlite3 shell here")
def test_the_shell_runs_all_that_a_card_was_made_by(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("O'Neill", "positive"))], heard=(T0 - DAY, T0 + DAY))
    recording = Recording(store)
    brands = (Brand("O'Neill"), Brand("Bolt"))
    compute(recording, list(KPIS.values()), Ask(Window(T0, T0 + DAY), T0 + DAY, UTC, brands))
    assert len(recording.statements) > 5
    for statement in recording.statements:
        ran = subprocess.run(
            ["sqlite3", "-readonly", store.path, statement],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        assert ran.stderr == ""
        assert len(ran.stdout.splitlines()) == len(store.rows(statement))
