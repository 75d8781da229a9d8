"""Cases: what may follow on what, what a case is now and was then, and what its assignees made of it."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import NEWS, T0, asks, keep, names, own, post

from storage.calendar import Window
from storage.desk import assignments, cases
from storage.desk.cases import Case, Event, Refused
from storage.mention import Kept
from storage.sqlite import SqliteStore

ACTS = ("assign", "touch", "solve", "reopen")


@pytest.fixture
def kept(store: SqliteStore) -> SqliteStore:
    """Post 1 asks Acme, 2 names Acme and Bolt, 3 is Acme's own, 4 answers it without naming it."""
    made = [
        post("1", T0, asks("Acme"), text="my kettle leaks", author="ann", url="https://x.example/1"),
        post("2", T0 + 1, names("Acme"), names("Bolt")),
        post("3", T0 + 2, own("Acme")),
        post("4", T0 + 3, in_reply_to="3"),
    ]
    keep(store, made)
    return store


def opened(store: SqliteStore, post_id: int = 1, at: int = T0, **more: str) -> Case:
    with store.writing() as db:
        return cases.open_case(db, "Acme", post_id, now=at, **more)


def act(store: SqliteStore, kind: str, at: int, number: int = 1, **more: str) -> Case:
    with store.writing() as db:
        return cases.act(db, number, kind, now=at, **more)  # type: ignore[arg-type]


def test_a_case_and_its_events_by_hand(kept: SqliteStore) -> None:
    made = opened(kept, by="eve", why="she is angry", assignee="bob")
    assert made == Case(
        1,
        "Acme",
        1,
        1,
        "news",
        None,
        (Event("open", T0, None, "eve", "she is angry"), Event("assign", T0, "bob", "eve")),
    )
    assert (made.state, made.assignee, made.opened_at, made.solved_at) == ("open", "bob", T0, None)
    act(kept, "touch", T0 + 10, by="bob")
    solved = act(kept, "solve", T0 + 60, by="bob", why="sent a new one")
    assert (solved.state, solved.solved_at, solved.assignee) == ("solved", T0 + 60, "bob")
    again = act(kept, "reopen", T0 + 90)
    assert (again.state, again.solved_at) == ("open", None)
    act(kept, "assign", T0 + 95, assignee="cleo")
    last = act(kept, "solve", T0 + 100)
    assert [e.kind for e in last.events] == ["open", "assign", "touch", "solve", "reopen", "assign", "solve"]
    assert (last.solved_at, last.assignee) == (T0 + 100, "cleo")
    then = last.before(T0 + 90)
    assert (then.state, then.solved_at, then.assignee) == ("solved", T0 + 60, "bob")
    assert cases.case(kept, 1) == last


@pytest.mark.parametrize(
    ("done", "kind", "says"),
    [
        ((), "reopen", "case 1 is open already"),
        ((), "open", "case 1 is open already"),
        (("solve",), "solve", "case 1 is solved already; `listener case reopen 1` opens it again"),
        (("solve",), "touch", "case 1 is solved; open it again first: `listener case reopen 1`"),
        (("solve",), "assign", "case 1 is solved; open it again first"),
        (("solve", "reopen"), "reopen", "case 1 is open already"),
        (("assign",), "assign", "case 1 is with bob already"),
    ],
)
def test_what_its_state_does_not_allow_is_refused_and_not_written(
    kept: SqliteStore, done: tuple[str, ...], kind: str, says: str
) -> None:
    opened(kept)
    for step, before in enumerate(done):
        act(kept, before, T0 + step, assignee="bob")
    stood = cases.case(kept, 1)
    with pytest.raises(Refused) as told:
        act(kept, kind, T0 + 50, assignee="bob")
    assert says in str(told.value)
    assert cases.case(kept, 1) == stood


def test_an_assignment_needs_somebody(kept: SqliteStore) -> None:
    opened(kept)
    with pytest.raises(Refused, match="say to whom case 1 is given: `listener case assign 1 NAME`"):
        act(kept, "assign", T0)


def test_there_is_one_case_for_a_post_and_a_brand(kept: SqliteStore) -> None:
    opened(kept)
    with pytest.raises(Refused, match=r"post 1 of Acme is case 1 already, which is open$"):
        opened(kept)
    act(kept, "solve", T0 + 1)
    with pytest.raises(Refused, match="which is solved; `listener case reopen 1` opens it again"):
        opened(kept)
    with kept.writing() as db:
        assert cases.open_case(db, "Bolt", 2, now=T0).id == 2
    assert opened(kept, 2).id == 3
    assert [c.id for c in cases.all_cases(kept)] == [1, 2, 3]
    assert [c.id for c in cases.all_cases(kept, "Bolt")] == [2]
    assert [c.id for c in cases.of_posts(kept, [2, 9])] == [2, 3]


def test_what_there_is_not_is_refused(kept: SqliteStore) -> None:
    with pytest.raises(Refused, match="there is no post 99 of Acme"):
        opened(kept, 99)
    with pytest.raises(Refused, match="there is no case 7; `listener case list` shows them"):
        act(kept, "solve", T0, 7)
    assert cases.all_cases(kept) == []


def test_a_clock_that_is_set_back_turns_no_order_round(kept: SqliteStore) -> None:
    opened(kept, at=T0 + 100)
    solved = act(kept, "solve", T0 + 50)
    assert (solved.state, solved.solved_at) == ("solved", T0 + 100)


def test_whom_a_post_concerns(kept: SqliteStore) -> None:
    # The reply to Acme's own post names nobody and is no mention; the own post itself is nobody's case.
    assert cases.concerned(kept, [1, 2, 3, 4, 99]) == [(1, "Acme"), (2, "Acme"), (2, "Bolt"), (4, "Acme")]


def test_a_case_outlives_the_words_of_its_post(kept: SqliteStore) -> None:
    opened(kept)
    assert cases.posts(kept, [1])[1] == cases.CasePost(
        None, "my kettle leaks", "ann", "https://x.example/1", T0, False
    )
    kept.commit(Kept(NEWS, [], deleted=["1"], at=T0 + 9))
    assert cases.posts(kept, [1])[1] == cases.CasePost(None, "", None, None, T0, True)
    assert act(kept, "solve", T0 + 10).state == "solved"


def test_cases_of_a_window_come_whole(kept: SqliteStore) -> None:
    opened(kept)
    opened(kept, 2, T0 + 10)
    act(kept, "solve", T0 + 20)
    act(kept, "reopen", T0 + 30)
    (acme,) = kept.rows("SELECT id FROM brands WHERE name = 'Acme'")[0]
    found = cases.done_between(kept, acme, "solve", T0 + 20, T0 + 21)
    assert [(c.id, [e.kind for e in c.events]) for c in found] == [(1, ["open", "solve", "reopen"])]
    assert cases.done_between(kept, acme, "solve", T0, T0 + 20) == []
    assert cases.done_between(kept, acme + 1, "solve", T0, T0 + 99) == []
    assert cases.turns_before(kept, acme, T0 + 30) == [(1, None, "open", 2), (1, None, "solve", 1)]


# Any history of wishes ends in a case that makes sense

wishes = st.lists(
    st.tuples(st.sampled_from(ACTS), st.sampled_from(["ann", "bob"]), st.integers(-2, 9)), max_size=12
)


@given(wishes)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_openings_and_closings_take_turns_and_the_state_is_the_last(
    kept: SqliteStore, asked: list[tuple[str, str, int]]
) -> None:
    with kept.writing() as db:
        for table in ("case_events", "cases"):
            db.run(f"DELETE FROM {table}")
        number, at = cases.open_case(db, "Acme", 1, now=T0).id, T0
        for kind, assignee, later in asked:
            at += later
            with suppress(Refused):
                cases.act(db, number, kind, now=at, assignee=assignee)  # type: ignore[arg-type]
    case = cases.case(kept, number)
    turns = [e.kind for e in case.events if e.kind in ("open", "solve", "reopen")]
    assert turns == (["open", *["solve", "reopen"] * len(turns)])[: len(turns)]
    assert case.state == ("solved" if turns[-1] == "solve" else "open")
    assert [e.at for e in case.events] == sorted(e.at for e in case.events)
    (acme,) = kept.rows("SELECT id FROM brands WHERE name = 'Acme'")[0]
    counted = {kind: n for *_, kind, n in cases.turns_before(kept, acme, at + 99)}
    still_open = counted["open"] + counted.get("reopen", 0) - counted.get("solve", 0)
    assert still_open == (case.state == "open")
    hands = assignments.assignments(case)
    assert [one.assignee for one in hands] == [e.assignee for e in case.events if e.kind == "assign"]
    assert all(one.ending == "reassigned" for one in hands[:-1])
    assert all(a.ended_at == b.since for a, b in pairwise(hands))


# By assignee


def made(*events: tuple[str, int] | tuple[str, int, str]) -> Case:
    """A case of which this was done; times in seconds."""
    return Case(1, "Acme", 1, 1, "news", None, tuple(Event(*event) for event in events))  # type: ignore[arg-type]


def test_the_work_of_assignees_by_hand() -> None:
    found = assignments.work(
        [
            made(("open", 0), ("assign", 10, "ann"), ("touch", 40), ("solve", 110)),
            # Handed on, which completes it for ann; bob solved it at once, which is a touch too.
            made(("open", 0), ("assign", 20, "ann"), ("assign", 50, "bob"), ("solve", 60)),
            # Opened again: it lasts until the last closing.
            made(("open", 0), ("assign", 0, "bob"), ("solve", 30), ("reopen", 40), ("solve", 90)),
            made(("open", 0), ("assign", 100, "bob")),
            # Given before the window, so that it is not of this cohort; never given to anybody.
            made(("open", -50), ("assign", -50, "cleo"), ("solve", 10)),
            made(("open", 0), ("touch", 5), ("solve", 10)),
        ],
        Window(0, 1000),
        now=500,
    )
    # ann: touched after 30 s, and not within 30 s (censored there, still at risk): 1/2 from 30 s on.
    # Solved after 100 s, handed on after 30 s: censored before, so that the one solution brings the curve to 0.
    ann = assignments.Work("ann", 2, 1, 1, 2, 30.0, 100.0)
    # bob: touched after 10 and 30 s, not within 400 s: 2/3, 1/3. Solved after 10 and 90 s, one open for 400 s.
    bob = assignments.Work("bob", 3, 2, 2, 2, 30.0, 90.0)
    assert found == [ann, bob]
    assert bob.to_json() == {
        "assignee": "bob",
        "assigned": 3,
        "touched": 2,
        "solved": 2,
        "completed": 2,
        "first_touch": 30.0,
        "time_to_solve": 90.0,
        "completion_ratio": 2 / 3,
    }


def test_who_opens_again_what_was_solved_and_hands_it_on_has_completed_it_once() -> None:
    (ann, bob) = assignments.assignments(
        made(("open", 0), ("assign", 1, "ann"), ("solve", 5), ("reopen", 7), ("assign", 9, "bob"))
    )
    assert (ann.touched_at, ann.ended_at, ann.ending) == (5, 9, "reassigned")
    assert (bob.since, bob.touched_at, bob.ended_at, bob.ending) == (9, None, None, None)


def test_what_was_opened_again_is_not_completed() -> None:
    (ann,) = assignments.assignments(made(("open", 0), ("assign", 1, "ann"), ("solve", 5), ("reopen", 7)))
    assert (ann.touched_at, ann.ended_at, ann.ending) == (5, None, None)


def test_an_unfinished_assignment_of_a_later_clock_has_lasted_for_nothing() -> None:
    (found,) = assignments.work([made(("open", 100), ("assign", 100, "ann"))], Window(0, 1000), now=50)
    assert (found.first_touch, found.time_to_solve, found.completed) == (None, None, 0)
