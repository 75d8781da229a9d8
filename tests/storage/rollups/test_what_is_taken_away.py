"""What a change takes away from a roll-up of authors: step by step, because random histories seldom come to it."""

from __future__ import annotations

import pytest
from keeping import DAY, FORUM, T0, keep, names, post

from storage import authors, post_hashtags, rejudging, rollups
from storage.mention import Kept
from storage.sqlite import SqliteStore


def edit(store: SqliteStore, native_id: str, brand: str) -> None:
    now = post(native_id, T0, names(brand), text=f"now of {brand}", author="ana")
    store.commit(Kept(FORUM, [], edits=[now], at=T0 + DAY))


def test_followers_are_the_most_that_what_is_left_tells(store: SqliteStore) -> None:
    told = [
        post(str(n), T0 + n, names("Acme"), author="ana", followers=followers)
        for n, followers in enumerate((4_711, 5, 7))
    ]
    keep(store, told, FORUM)
    said = "SELECT DISTINCT mentions, followers FROM author_periods WHERE brand_id = 1"
    assert store.rows(said) == [(3, 4_711)]
    edit(store, "0", "Bolt")
    assert store.rows(said) == [(2, 7)]
    assert store.rows("SELECT DISTINCT followers, followed FROM author_totals WHERE brand_id = 1") == [(7, 1)]
    assert store.rows("SELECT DISTINCT followers, authors FROM author_standings WHERE brand_id = 1") == [
        (7, 1)
    ]
    assert list(rollups.differences(store)) == []


def test_who_says_nothing_of_a_brand_any_more_is_no_author_of_it(store: SqliteStore) -> None:
    keep(store, [post("0", T0, names("Acme"), names("Bolt"), author="ana", text="both #sale")], FORUM)
    edit(store, "0", "Bolt")
    for table in (
        "author_periods",
        "author_totals",
        "author_standings",
        "author_firsts",
        "rollups",
        "rollup_quarters",
        "rollup_hashtags",
    ):
        assert store.rows(f"SELECT * FROM {table} WHERE brand_id = 1") == [], table
    assert store.rows("SELECT * FROM author_pairs") == []
    assert list(rollups.differences(store)) == []


def test_an_author_who_is_heard_of_earlier_is_new_in_the_earlier_period(store: SqliteStore) -> None:
    new = "SELECT start, is_new FROM author_standings WHERE unit = 2 ORDER BY start"
    keep(store, [post("late", T0, names("Acme"), author="ana")], FORUM)
    assert [row[1] for row in store.rows(new)] == [1]
    keep(store, [post("early", T0 - 40 * DAY, names("Acme"), author="ana")], FORUM)
    assert [row[1] for row in store.rows(new)] == [1, 0]
    edit(store, "early", "Bolt")
    assert [row[1] for row in store.rows(f"{new.replace('ORDER', 'AND brand_id = 1 ORDER')}")] == [1]
    assert list(rollups.differences(store)) == []


def test_who_is_in_no_mention_any_more_is_dropped(store: SqliteStore) -> None:
    keep(
        store, [post("0", T0, names("Acme"), author="ana"), post("1", T0, names("Acme"), author="ben")], FORUM
    )
    now = post("0", T0, text="of nobody", author="ana")
    store.commit(Kept(FORUM, [], edits=[now], at=T0 + DAY))
    assert store.rows("SELECT name FROM authors") == [("ben",)]


@pytest.mark.parametrize("sql", [authors._DROP, post_hashtags._DROP])
def test_what_is_dropped_is_not_looked_for_everywhere(store: SqliteStore, sql: str) -> None:
    """Not by the foreign keys that point at it either: there may be millions of authors."""
    plan = [row[3] for row in store.rows(f"EXPLAIN QUERY PLAN {sql}", ("[]",))]
    assert not [step for step in plan if step.startswith("SCAN") and "json_each" not in step], plan


def test_a_standing_of_a_period_without_mentions_is_found(store: SqliteStore) -> None:
    keep(store, [post("0", T0, names("Acme"), author="ana")], FORUM)
    with store.writing() as db:
        db.run("INSERT INTO author_standings VALUES (4, 0, 1, 1, -1, 0, 0, 1)")
    assert [one.rollup for one in rollups.differences(store)] == ["author_standings"]


def test_an_edit_that_tells_the_author_tells_whose_mention_stays(store: SqliteStore) -> None:
    keep(store, [post("0", T0, names("Acme"), title="Acme", text="old #sale")], FORUM)
    # Without the title, in which Acme may stand: the mention stays until history is matched again.
    store.commit(Kept(FORUM, [], edits=[post("0", T0, text="new", author="ana")], at=T0 + DAY))
    assert store.rows("SELECT a.name FROM mentions m JOIN authors a ON a.id = m.author_id") == [("ana",)]
    assert store.rows("SELECT * FROM post_hashtags") == store.rows("SELECT * FROM rollup_hashtags") == []
    assert list(rollups.differences(store)) == []


def test_what_nobody_can_judge_any_more_is_in_no_roll_up_as_judged(store: SqliteStore) -> None:
    keep(store, [post("0", T0, names("Acme", "positive"), author="ana")], FORUM)
    store.commit(Kept(FORUM, [], deleted=["0"], at=T0 + DAY))
    with store.writing() as db:
        assert rejudging.finish(db, rejudging.begin(db, "other-1", None, 0, T0 + DAY), T0 + DAY) == 1
    assert store.rows("SELECT DISTINCT label FROM rollups") == [(2,)]
    assert list(rollups.differences(store)) == []
