"""Followers are taken by their first digit, by Python and by SQL alike."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.rollups.standings import UNKNOWN, rounded, rounded_sql, standing
from storage.sqlite import SqliteStore


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    made = SqliteStore(tmp_path_factory.mktemp("standings") / "a.db")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("followers", "told"),
    [
        (None, UNKNOWN),
        (-5, 0),
        (0, 0),
        (99, 99),
        (100, 100),
        (199, 100),
        (4_711, 4_000),
        (2**63 - 1, 9 * 10**18),
    ],
)
def test_followers_from_a_hundred_on_are_taken_by_their_first_digit(followers: int | None, told: int) -> None:
    assert rounded(followers) == told


@given(st.one_of(st.none(), st.integers(-1, 1_000), st.integers(-(2**63), 2**63 - 1)))
def test_sql_rounds_like_python(store: SqliteStore, followers: int | None) -> None:
    assert store.rows(f"SELECT {rounded_sql('f')} FROM (SELECT ? AS f)", (followers,)) == [
        (rounded(followers),)
    ]


def test_who_is_new_and_who_praises_again() -> None:
    assert standing((0, 0, 0, 0, None), None, 0, 9) is None
    assert standing((2, 2, 2, 0, 150), 3, 3, 9) == (100, 1, 1)
    assert standing((2, 2, 1, 0, None), 9, 3, 9) == (UNKNOWN, 0, 0)
    assert standing((1, 0, 0, 0, 7), 2, 3, 9) == (7, 0, 0)
