"""Numbers from files: nothing counts twice, a newer file replaces, and what it does not tell stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import measures
from storage.measures import Brought, Counted, Lead, Measure, Scope, SurveyAnswers, Written
from storage.sqlite import SqliteStore

FILE = Brought("ads", "ads.csv", "ab" * 32, 1_700_000_000, 3)
NEWER = Brought("ads", "newer.csv", "cd" * 32, 1_700_000_500, 3)


@pytest.fixture(autouse=True)
def _brands(store: SqliteStore) -> None:
    with store.writing() as db:
        db.run("INSERT INTO brands (name) VALUES ('Acme'), ('Bolt')")


def write(
    store: SqliteStore,
    counted: Sequence[Counted],
    scope: Scope = Scope(),  # noqa: B008
    file: Brought = FILE,
    brand: str = "Acme",
) -> Written:
    with store.writing() as db:
        return measures.write(db, brand, file, counted, scope)


def spend(day: str, value: float, campaign: str = "a") -> Measure:
    return Measure("ads", "spend", day, value, "EUR", "facebook", "", campaign)


def kept(store: SqliteStore) -> list[tuple[Any, ...]]:
    return store.rows(
        """SELECT b.name, m.day, m.campaign, m.value, m.unit, i.name FROM measures m JOIN brands b ON b.id = m.brand_id
        JOIN imports i ON i.id = m.import_id ORDER BY 1, 2, 3"""
    )


def test_the_same_file_twice_changes_nothing_and_leaves_no_trace(store: SqliteStore) -> None:
    counted = [spend("2026-11-01", 5), spend("2026-11-02", 6)]
    assert write(store, counted) == Written(new=2)
    assert measures.imported_at(store, "ads", FILE.sha256) == FILE.at
    again = write(store, counted, file=NEWER)
    assert (again, again.anything) == (Written(same=2), False)
    assert measures.imported_at(store, "ads", NEWER.sha256) is None
    assert store.rows("SELECT count(*) FROM imports") == [(1,)]


def test_a_newer_file_changes_what_it_says_otherwise_and_tells_which_file_said_it(store: SqliteStore) -> None:
    write(store, [spend("2026-11-01", 5), spend("2026-11-02", 6)])
    assert write(
        store, [spend("2026-11-01", 5), spend("2026-11-02", 7), spend("2026-11-03", 8)], file=NEWER
    ) == (Written(new=1, changed=1, same=1))
    assert [row[1:] for row in kept(store)] == [
        ("2026-11-01", "a", 5.0, "EUR", "ads.csv"),
        ("2026-11-02", "a", 7.0, "EUR", "newer.csv"),
        ("2026-11-03", "a", 8.0, "EUR", "newer.csv"),
    ]


def test_what_a_file_tells_whole_loses_what_it_holds_no_longer(store: SqliteStore) -> None:
    write(store, [spend("2026-11-01", 5, "a"), spend("2026-11-01", 6, "b"), spend("2026-11-02", 7, "b")])
    whole = Scope(("kind", "metric", "day"), frozenset({("ads", "spend", "2026-11-01")}))
    assert write(store, [spend("2026-11-01", 5, "a")], whole, NEWER) == Written(gone=1, same=1)
    assert [row[1:4] for row in kept(store)] == [("2026-11-01", "a", 5.0), ("2026-11-02", "b", 7.0)]


def test_brands_do_not_touch_each_other(store: SqliteStore) -> None:
    write(store, [spend("2026-11-01", 5)])
    whole = Scope(("kind", "metric", "day"), frozenset({("ads", "spend", "2026-11-01")}))
    assert write(store, [spend("2026-11-01", 9, "z")], whole, brand="Bolt") == Written(new=1)
    assert [row[:4] for row in kept(store)] == [
        ("Acme", "2026-11-01", "a", 5.0),
        ("Bolt", "2026-11-01", "z", 9.0),
    ]
    with pytest.raises(KeyError):
        write(store, [spend("2026-11-01", 5)], brand="Nobody")


def test_another_currency_of_the_same_number_is_a_change(store: SqliteStore) -> None:
    write(store, [spend("2026-11-01", 5)])
    assert write(store, [Measure("ads", "spend", "2026-11-01", 5, "USD", "facebook", "", "a")]).changed == 1


def test_a_lead_goes_on_and_never_back(store: SqliteStore) -> None:
    def stages() -> list[tuple[Any, ...]]:
        return store.rows("SELECT lead_id, stage, revenue, currency FROM leads ORDER BY 1")

    write(store, [Lead("1", 100, "lead", 100), Lead("2", 100, "lead", 100)])
    assert write(store, [Lead("1", 100, "customer", 300, "x", "c", 50.0, "EUR")], file=NEWER) == Written(
        changed=1
    )
    assert write(store, [Lead("1", 100, "sql", 200), Lead("2", 100, "lead", 100)]) == Written(same=1, older=1)
    assert stages() == [("1", "customer", 50.0, "EUR"), ("2", "lead", None, None)]


def test_answers_are_counts_of_a_score(store: SqliteStore) -> None:
    def answers(number: int) -> SurveyAnswers:
        return SurveyAnswers("nps", "2026-11-01", 9.0, 10, number)

    assert write(store, [answers(3), SurveyAnswers("csat", "2026-11-01", 9.0, 10, 1)]) == Written(new=2)
    assert write(store, [answers(4)], file=NEWER) == Written(changed=1)
    assert store.rows("SELECT kind, answers FROM survey_answers ORDER BY 1") == [("csat", 1), ("nps", 4)]


def test_nothing_is_kept_where_one_row_cannot_be(store: SqliteStore) -> None:
    bad = SurveyAnswers("other", "2026-11-01", 9.0, 10, 1)  # type: ignore[arg-type]
    with pytest.raises(Exception, match="CHECK"):
        write(store, [SurveyAnswers("nps", "2026-11-01", 9.0, 10, 1), bad])
    assert store.rows("SELECT count(*) FROM survey_answers") == [(0,)]
    assert store.rows("SELECT count(*) FROM imports") == [(0,)]


_DAYS = st.sampled_from(["2026-11-01", "2026-11-02", "2026-11-03"])
_FILES = st.lists(
    st.dictionaries(st.tuples(_DAYS, st.sampled_from("ab")), st.integers(0, 3), min_size=1), max_size=6
)


@settings(max_examples=40, deadline=None)
@given(_FILES)
def test_after_any_files_the_newest_word_on_each_day_stands(
    tmp_path_factory: pytest.TempPathFactory, files: list[dict[tuple[str, str], int]]
) -> None:
    store = SqliteStore(tmp_path_factory.mktemp("measures") / "listener.db", patience=0.5)
    try:
        with store.writing() as db:
            db.run("INSERT INTO brands (name) VALUES ('Acme') ON CONFLICT (name) DO NOTHING")
        meant: dict[tuple[str, str], float] = {}
        for said in files:
            told = {day for day, _ in said}
            scope = Scope(("metric", "day"), frozenset(("spend", day) for day in told))
            before = dict(meant)
            meant = {key: value for key, value in meant.items() if key[0] not in told}
            meant |= {key: float(value) for key, value in said.items()}
            written = write(store, [spend(*key[:1], value, key[1]) for key, value in said.items()], scope)
            assert written.new == len(meant.keys() - before.keys())
            assert written.gone == len(before.keys() - meant.keys())
            assert written.changed == sum(before[key] != meant[key] for key in before.keys() & meant.keys())
        assert {(row[1], row[2]): row[3] for row in kept(store)} == meant
    finally:
        store.close()
