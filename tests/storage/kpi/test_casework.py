"""KPIs of cases: by hand, each in the window where it belongs, and NULL where nobody keeps cases."""

from __future__ import annotations

import pytest
from keeping import DAY, FORUM, HOUR, NEWS, T0, asks, keep, post, value, values

from storage.desk import cases, tags
from storage.kpi import KpiValue
from storage.mention import Source
from storage.sqlite import SqliteStore

WEEK = (T0, T0 + 7 * DAY)
LATER = (T0 + 7 * DAY, T0 + 14 * DAY)
NOW = T0 + 30 * DAY
KPIS = ("solutions", "solutions_growth", "time_to_solve", "cases_open", "case_completion")


def of(
    store: SqliteStore, kpi: str, window: tuple[int, int] = WEEK, now: int = NOW, **ask: object
) -> KpiValue:
    return value(store, kpi, window, now=now, **ask)


def case(
    store: SqliteStore,
    name: str,
    *done: tuple[str, int],
    source: Source = NEWS,
    language: str | None = None,
    brand: str = "Acme",
) -> None:
    """A case of which this was done at these seconds after T0; "assign ann" names to whom."""
    keep(store, [post(name, T0 - HOUR, asks(brand), language=language)], source, heard=(T0 - DAY, NOW))
    (number,) = store.rows("SELECT max(id) FROM posts")[0]
    with store.writing() as db:
        made = cases.open_case(db, brand, number, now=T0 + done[0][1])
        for kind, at in done[1:]:
            verb, _, assignee = kind.partition(" ")
            cases.act(db, made.id, verb, now=T0 + at, assignee=assignee or None)  # type: ignore[arg-type]


def test_where_nobody_keeps_cases_nothing_is_zero(store: SqliteStore) -> None:
    keep(store, [post("1", T0, asks("Acme"))], heard=(T0, NOW))
    reasons = [of(store, kpi).reason for kpi in KPIS]
    assert reasons == [
        "no case was opened yet",
        "none solved in the period before",
        "no case was opened in the window",
        "no case was opened yet",
        "no case was assigned in the window",
    ]
    assert all(of(store, kpi).value is None for kpi in KPIS)
    # Another brand's cases are no cases of this one; nor are those of a later time.
    case(store, "b", ("open", 0), brand="Bolt")
    case(store, "c", ("open", 8 * DAY))
    assert [of(store, kpi).reason for kpi in KPIS] == reasons


def test_solutions_by_hand(store: SqliteStore) -> None:
    case(store, "a", ("open", 0), ("solve", HOUR))
    case(store, "b", ("open", 0), ("solve", 7 * DAY - 1))
    case(store, "c", ("open", 0), ("solve", HOUR), ("reopen", 2 * HOUR))  # open at the end of the week
    case(
        store, "d", ("open", 0), ("solve", HOUR), ("reopen", 2 * HOUR), ("solve", 3 * HOUR)
    )  # once, not twice
    case(store, "e", ("open", -DAY), ("solve", 7 * DAY))  # the next week's
    case(store, "f", ("open", 0))
    found = of(store, "solutions")
    assert (found.value, found.n, found.unit, found.reason) == (3, 3, "cases", None)
    assert found.more == {"closed": 4, "reopened": 1}
    assert of(store, "solutions", LATER).value == 1
    assert (
        of(store, "solutions", (T0 + 14 * DAY, T0 + 21 * DAY)).value == 0
    )  # cases, and none solved: a true zero


def test_what_is_opened_again_later_was_solved_then(store: SqliteStore) -> None:
    case(store, "a", ("open", 0), ("solve", HOUR), ("reopen", 8 * DAY), ("solve", 9 * DAY))
    assert of(store, "solutions").value == 1
    assert of(store, "solutions", LATER).value == 1
    assert of(store, "solutions", (T0, T0 + 14 * DAY)).value == 1
    case(store, "b", ("open", 0), ("solve", HOUR), ("reopen", 8 * DAY))  # and is open to this day
    assert of(store, "solutions").value == 2
    assert of(store, "solutions", (T0, T0 + 14 * DAY)).value == 1


def test_the_growth_of_solutions_by_hand(store: SqliteStore) -> None:
    for number in range(4):
        case(store, f"w{number}", ("open", 0), ("solve", HOUR + number))
    for number in range(6):
        case(store, f"l{number}", ("open", 0), ("solve", 8 * DAY + number))
    found = of(store, "solutions_growth", LATER)
    assert (found.value, found.n, found.unit) == (0.5, 4, "ratio")
    assert found.more == {"solved": 6, "solved_before": 4, "change": 2}
    first = of(store, "solutions_growth", WEEK)
    assert (first.value, first.reason, first.more["change"]) == (None, "none solved in the period before", 4)
    after = of(store, "solutions_growth", (T0 + 14 * DAY, T0 + 21 * DAY))
    assert (after.value, after.n) == (-1, 6)


def test_the_time_to_solve_by_hand(store: SqliteStore) -> None:
    case(store, "a", ("open", 0), ("solve", HOUR))
    case(store, "b", ("open", 60), ("solve", 2 * HOUR + 60))
    case(store, "c", ("open", 0))
    # S = 2/3 at one hour, 1/3 at two: who is open counts as waiting, and is not left out.
    found = of(store, "time_to_solve", now=T0 + 3 * HOUR)
    assert (found.value, found.n, found.unit) == (2 * HOUR, 3, "seconds")
    assert found.more == {"p90": None, "half_from": 2 * HOUR, "half_to": 2 * HOUR, "solved": 2}


def test_who_is_open_for_a_shorter_time_is_no_witness_of_a_longer_one(store: SqliteStore) -> None:
    case(store, "a", ("open", 0), ("solve", HOUR))
    case(store, "b", ("open", 0))
    assert of(store, "time_to_solve", now=T0 + HOUR - 1).reason == "the curve does not reach 0.5"
    found = of(store, "time_to_solve", now=T0 + 2 * HOUR)
    assert (found.value, found.more["p90"]) == (HOUR, None)


def test_what_was_opened_again_lasted_until_its_last_closing(store: SqliteStore) -> None:
    case(store, "a", ("open", 0), ("solve", HOUR), ("reopen", 8 * DAY), ("solve", 9 * DAY))
    assert of(store, "time_to_solve").value == 9 * DAY
    # As it stood before: once solved after an hour, then open again.
    assert of(store, "time_to_solve", now=T0 + 2 * DAY).value == HOUR
    again = of(store, "time_to_solve", now=T0 + 8 * DAY + HOUR)
    assert (again.value, again.more["solved"]) == (None, 0)


def test_open_cases_at_the_end_of_the_window_or_now(store: SqliteStore) -> None:
    case(store, "a", ("open", -3 * DAY))
    case(store, "b", ("open", 0), ("solve", HOUR))
    case(store, "c", ("open", 0), ("solve", HOUR), ("reopen", 2 * HOUR))
    case(store, "d", ("open", 0), ("solve", 8 * DAY))
    found = of(store, "cases_open")
    assert (found.value, found.unit) == (3, "cases")
    assert found.more == {"opened": 4, "reopened": 1, "closed": 2}
    assert of(store, "cases_open", LATER).value == 2
    assert of(store, "cases_open", LATER, now=T0 + 7 * DAY + 5).value == 3
    days = values(store, "cases_open", (T0 - 3 * DAY, T0 + DAY), now=NOW, by=("day",))
    assert [v.value for v in days] == [1, 1, 1, 3]


def test_completion_and_assignees_by_hand(store: SqliteStore) -> None:
    case(store, "a", ("open", 0), ("assign ann", 0), ("touch", 60), ("solve", HOUR))
    case(store, "b", ("open", 0), ("assign ann", 0), ("assign bob", 30), ("solve", HOUR))
    case(store, "c", ("open", 0), ("assign bob", 0))
    found = of(store, "case_completion", now=T0 + DAY)
    assert (found.value, found.n, found.unit) == (3 / 4, 4, "ratio")
    assert (found.more["assigned"], found.more["completed"]) == (4, 3)
    assert found.more["assignees"] == [
        {
            "assignee": "ann",
            "assigned": 2,
            "touched": 1,
            "solved": 1,
            "completed": 2,
            "first_touch": 60.0,
            "time_to_solve": float(HOUR),
            "completion_ratio": 1.0,
        },
        {
            "assignee": "bob",
            "assigned": 2,
            "touched": 1,
            "solved": 1,
            "completed": 1,
            "first_touch": float(HOUR - 30),
            "time_to_solve": float(HOUR - 30),
            "completion_ratio": 0.5,
        },
    ]


def test_what_is_decided_counts_whether_or_not_the_source_was_heard(store: SqliteStore) -> None:
    # Imported history, of July say, is taken care of in November.
    case(store, "a", ("open", 400 * DAY), ("solve", 401 * DAY))
    window = (T0 + 399 * DAY, T0 + 402 * DAY)
    asked = {"now": T0 + 500 * DAY}
    assert value(store, "mentions", window, **asked).reason == "no source heard"
    assert value(store, "solutions", window, **asked).value == 1
    assert value(store, "solutions", window, sources=("forum",), **asked).reason == "no case was opened yet"


def test_by_source_and_language(store: SqliteStore) -> None:
    case(store, "a", ("open", 0), ("solve", HOUR), language="es")
    case(store, "b", ("open", 0), ("solve", HOUR), source=FORUM, language="de")
    case(store, "c", ("open", 0), ("assign ann", 0), source=FORUM, language="de")
    for kpi, expected in (
        ("solutions", {"news": 1, "forum": 1}),
        ("cases_open", {"news": 0, "forum": 1}),
        ("time_to_solve", {"news": HOUR, "forum": HOUR}),
        ("case_completion", {"news": None, "forum": 0}),
    ):
        found = values(store, kpi, WEEK, now=NOW, by=("source",))
        assert {v.source: v.value for v in found} == expected, kpi
    spoken = values(store, "solutions", (T0 - HOUR, T0 + 7 * DAY), now=NOW, by=("language",))
    assert {v.language: v.value for v in spoken} == {"es": 1, "de": 1}


@pytest.mark.parametrize("kpi", KPIS)
def test_what_has_not_happened_yet_does_not_count(store: SqliteStore, kpi: str) -> None:
    case(store, "a", ("open", 0), ("assign ann", 10), ("solve", HOUR))
    before = of(store, kpi, now=T0 + 5)
    case(store, "b", ("open", 6), ("assign ann", 20), ("solve", HOUR))
    assert of(store, kpi, now=T0 + 5) == before


def test_with_a_tag_only_cases_of_posts_that_bear_it(store: SqliteStore) -> None:
    case(store, "a", ("open", 0), ("assign ann", 0), ("solve", HOUR))
    (number,) = store.rows("SELECT max(id) FROM posts")[0]
    case(store, "b", ("open", 0), ("assign ann", 0))
    case(store, "c", ("open", 0), ("assign ann", 0), ("solve", 2 * HOUR))
    with store.writing() as db:
        tags.add(db, "angry", "Acme", [number], by=None, now=NOW)
    values_of = {kpi: of(store, kpi, tag="angry").value for kpi in KPIS}
    assert values_of == {
        "solutions": 1,
        "solutions_growth": None,
        "time_to_solve": HOUR,
        "cases_open": 0,
        "case_completion": 1,
    }
    assert of(store, "solutions", tag="praise").reason == "no case was opened yet"
