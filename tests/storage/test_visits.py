"""When kept posts are looked at again: planned with the post, moved on with what the look found, gone with the text."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeping import DAY, FILE, HOUR, T0, names, post

from storage import posting, retention, visits
from storage.base import Row
from storage.mention import Kept, KeptPost, Reading, Source, Unmatched, Visits
from storage.sqlite import SqliteStore
from storage.visits import Standing, next_due, place_of

AGES = Visits()
DUTY = Visits(every=DAY)
FORUM = Source("forum", "reddit", visits=AGES)


def keep(store: SqliteStore, *posts: KeptPost, source: Source = FORUM, at: int = T0, **more: object) -> None:
    store.commit(Kept(source, posts, at=at, **more))  # type: ignore[arg-type]


def rows(store: SqliteStore) -> list[Row]:
    return store.rows(
        "SELECT p.native_id, v.due_at FROM visits v JOIN posts p ON p.id = v.post_id ORDER BY v.due_at, p.id"
    )


def settle(store: SqliteStore, *sources: Source, now: int = T0) -> list[str]:
    store.register([], sources)
    with store.writing() as db:
        return visits.keep_plans(db, sources, now)


# ---- when


@pytest.mark.parametrize(
    ("plan", "age", "after"),
    [
        (AGES, 0, HOUR),
        (AGES, HOUR - 1, 1),
        # Looked at exactly then: not once more in the same second.
        (AGES, HOUR, DAY - HOUR),
        (AGES, DAY, 6 * DAY),
        (AGES, 7 * DAY, None),
        (AGES, 365 * DAY, None),
        # A clock that runs ahead.
        (AGES, -HOUR, 2 * HOUR),
        # A duty of a day does not wait from the second day to the seventh.
        (DUTY, HOUR, DAY * 9 // 10),
        (DUTY, DAY, DAY * 9 // 10),
        (DUTY, 7 * DAY - HOUR, HOUR),
        (DUTY, 365 * DAY, DAY * 9 // 10),
        (Visits((), None), 0, None),
        (Visits((), 10), 0, 9),
        (Visits((300, 60), None), 100, 200),
    ],
)
def test_the_next_time(plan: Visits, age: int, after: int | None) -> None:
    assert next_due(plan, T0 - age, T0) == (None if after is None else T0 + after)


@given(
    st.lists(st.integers(1, 10**7), max_size=4),
    st.one_of(st.none(), st.integers(60, 10**7)),
    st.integers(-DAY, 10**8),
    st.one_of(st.none(), st.integers(0, 65_535)),
)
def test_the_next_time_lies_ahead_and_within_the_duty(
    ages: list[int], every: int | None, age: int, place: int | None
) -> None:
    due = next_due(Visits(tuple(ages), every), T0 - age, T0, place)
    if due is not None:
        assert due > T0
        assert every is None or due <= T0 + every
    else:
        assert every is None and all(T0 - age + each <= T0 for each in ages)


def test_what_has_no_age_ahead_is_spread_over_what_the_duty_leaves() -> None:
    found = [next_due(DUTY, T0 - 365 * DAY, T0, place_of(number)) for number in range(1_000, 1_900)]
    within = DAY * 9 // 10
    tenths = [0] * 10
    for due in found:
        assert due is not None
        tenths[(due - T0 - 1) * 10 // within] += 1
    assert min(tenths) >= 80 and max(tenths) <= 100, tenths


# ---- planned and moved


def test_a_new_post_is_planned_whether_live_or_history(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme")))
    keep(store, replace(post("2", T0 - 2 * DAY, names("Acme")), fetched_at=T0), live=False)
    keep(store, replace(post("3", T0 - 9 * DAY, names("Acme")), fetched_at=T0), live=False)
    assert rows(store) == [("1", T0 + HOUR), ("2", T0 + 5 * DAY)]


def test_a_source_without_visits_plans_none(store: SqliteStore) -> None:
    keep(store, post("1", T0, names("Acme")), source=Source("news", "feeds"))
    keep(store, post("2", T0, names("Acme")), source=FILE)
    assert rows(store) == []


def test_rows_of_a_file_about_a_source_are_not_looked_at(store: SqliteStore) -> None:
    settle(store, FORUM)
    keep(store, post("made-up-id", T0, names("Acme")), source=replace(FILE, name="forum"))
    assert store.rows("SELECT imported FROM posts") == [(1,)] and rows(store) == []
    settle(store, replace(FORUM, visits=DUTY))
    assert rows(store) == []


def test_what_a_rematch_finds_in_the_sample_is_planned(store: SqliteStore) -> None:
    store.register([], [FORUM])
    stranger = post("1", T0, text="a kettle")
    store.commit(Kept(FORUM, [], unmatched=[Unmatched(stranger, near=True)], at=T0))
    with store.writing() as db:
        posts = [replace(stranger, mentions=(names("Acme"),))]
        (number,) = db.rows("SELECT id FROM sources")[0]
        posting.add(db, number, posts, {}, live=False)
    assert rows(store) == [("1", T0 + HOUR)]


def test_a_look_moves_the_row_to_its_next_time(store: SqliteStore) -> None:
    settle(store, FORUM)
    keep(store, post("1", T0, names("Acme")), post("2", T0 + 1, names("Acme")))
    assert visits.due(store, "forum", T0 + HOUR - 1, 9) == []
    assert visits.due(store, "forum", T0 + HOUR, 9) == ["1"]
    assert visits.due(store, "forum", T0 + HOUR + 1, 9) == ["1", "2"]
    assert visits.due(store, "forum", T0 + HOUR + 1, 1) == ["1"]
    # Late: the age of a day counts from the post, not from the look.
    keep(store, at=T0 + 2 * HOUR, visited=["1", "unknown"])
    assert rows(store) == [("2", T0 + 1 + HOUR), ("1", T0 + DAY)]
    keep(store, at=T0 + 30 * DAY, visited=["1"])
    assert rows(store) == [("2", T0 + 1 + HOUR)]


def test_the_row_moves_with_what_the_look_found_or_not_at_all(store: SqliteStore) -> None:
    settle(store, FORUM)
    keep(store, post("1", T0, names("Acme")))
    found = Kept(FORUM, [], readings=[Reading("1", T0 + HOUR, {"likes": 3})], visited=["1"], at=T0 + HOUR)
    store.rows("CREATE TRIGGER fail BEFORE INSERT ON visits BEGIN SELECT raise(ABORT, 'dies here'); END")
    with pytest.raises(sqlite3.IntegrityError, match="dies here"):
        store.commit(found)
    assert rows(store) == [("1", T0 + HOUR)] and store.rows("SELECT * FROM readings") == []
    store.rows("DROP TRIGGER fail")
    store.commit(found)
    assert rows(store) == [("1", T0 + DAY)] and len(store.rows("SELECT * FROM readings")) == 1


def test_what_lost_its_text_is_asked_for_no_more(store: SqliteStore) -> None:
    settle(store, FORUM)
    keep(store, *(post(id_, T0, names("Acme"), author_id=f"id-{id_}") for id_ in "1234"))
    keep(store, at=T0 + HOUR, deleted=["1"], visited=["1", "4"])
    keep(store, at=T0 + HOUR, departed=["id-2"])
    assert [row[0] for row in rows(store)] == ["3", "4"]
    with store.writing() as db:
        retention.expire(db, {1: DAY}, T0 + 2 * DAY)
    assert rows(store) == []


# ---- another configuration


def test_posts_kept_before_are_planned_once_their_source_is_looked_at(store: SqliteStore) -> None:
    before = replace(FORUM, visits=None)
    for number, age in enumerate((0, 2 * DAY, 30 * DAY)):
        keep(store, replace(post(str(number), T0 - age, names("Acme")), fetched_at=T0 - age), source=before)
    keep(store, post("gone", T0, names("Acme")), source=before)
    keep(store, source=before, deleted=["gone"])
    assert settle(store, before) == []
    assert settle(store, FORUM) == ["forum"]
    assert rows(store) == [("0", T0 + HOUR), ("1", T0 + 5 * DAY)]
    # Only a change is work.
    keep(store, at=T0 + HOUR, visited=["0"])
    assert settle(store, FORUM, now=T0 + HOUR) == []
    assert rows(store) == [("0", T0 + DAY), ("1", T0 + 5 * DAY)]
    assert settle(store, replace(FORUM, visits=DUTY)) == ["forum"]
    assert {row[0] for row in rows(store)} == {"0", "1", "2"}
    assert settle(store, before) == ["forum"] and rows(store) == []


@pytest.mark.parametrize(
    "plan", [AGES, DUTY, Visits((), 60), Visits((), None), Visits((500, 90_000), 700_000)]
)
def test_planning_all_is_planning_each(store: SqliteStore, plan: Visits) -> None:
    ages = [-HOUR, 0, 1, 499, 500, HOUR, 80_000, DAY, 3 * DAY, 7 * DAY - 1, 7 * DAY, 400 * DAY]
    posts = [post(str(n), T0 - age, names("Acme")) for n, age in enumerate(ages)]
    keep(store, *(replace(one, fetched_at=min(one.published_at, T0)) for one in posts),
         source=replace(FORUM, visits=None))  # fmt: skip
    settle(store, replace(FORUM, visits=plan))
    numbers = dict(store.rows("SELECT native_id, id FROM posts"))
    each = {
        one.native_id: next_due(plan, one.published_at, T0, place_of(numbers[one.native_id])) for one in posts
    }
    assert dict(rows(store)) == {key: due for key, due in each.items() if due is not None}


def test_of_a_source_that_is_not_active_nothing_is_due(store: SqliteStore) -> None:
    settle(store, FORUM)
    keep(store, post("1", T0, names("Acme")))
    settle(store)
    assert visits.due(store, "forum", T0 + DAY, 9) == []
    settle(store, FORUM, now=T0 + DAY)
    assert visits.due(store, "forum", T0 + DAY, 9) == ["1"]


# ---- how it stands


def test_what_fell_behind_its_duty_is_counted(store: SqliteStore) -> None:
    kind = replace(FORUM, visits=Visits((HOUR,), DAY))
    settle(store, kind, replace(FORUM, name="calm"), Source("news", "feeds"))
    keep(store, post("1", T0, names("Acme")), post("2", T0 + 60, names("Acme")), source=kind)
    assert visits.standing(store, T0) == {
        "forum": Standing(DAY, 0, None, 0),
        "calm": Standing(None, 0, None, 0),
    }
    # Due, but the tenth of the duty that is held in reserve has not passed.
    late = T0 + HOUR + DAY // 10
    assert visits.standing(store, late)["forum"] == Standing(DAY, 2, T0 + HOUR, 0)
    assert visits.standing(store, late + 1)["forum"] == Standing(DAY, 2, T0 + HOUR, 1)


def test_what_is_due_is_found_by_an_index(store: SqliteStore) -> None:
    plan = [row[3] for row in store.rows("EXPLAIN QUERY PLAN " + visits._DUE, ("forum", T0, 9))]
    assert any("SEARCH v USING PRIMARY KEY (source_id=? AND due_at<?)" in step for step in plan), plan
    plan = [row[3] for row in store.rows("EXPLAIN QUERY PLAN " + visits._FORGET, ("[]",))]
    assert any("visits_post" in step for step in plan), plan
    asked = ("[]", T0, None, 1, 1, 0)
    plan = [row[3] for row in store.rows("EXPLAIN QUERY PLAN " + visits._PLAN_ALL, asked)]
    assert any("posts_readable (source_id=? AND fetched_at>?)" in step for step in plan), plan
