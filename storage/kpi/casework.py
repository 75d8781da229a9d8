"""What becomes of cases: how many are solved and open, how long that takes, and who completes what they are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction

from storage.calendar import Window
from storage.desk import cases
from storage.desk.assignments import work
from storage.desk.cases import Case, Kind
from storage.kpi.declaration import Example, Kpi
from storage.kpi.scope import Scope
from storage.kpi.value import Reading
from storage.stats import kaplan_meier


def solutions(scope: Scope) -> Reading:
    """Cases closed in the window as solved, and still so at its end; 0 where there were cases and none was solved.

    A case that is opened again and closed again counts in the window of its last closing. n is the value itself.
    """
    closed, reopened = _closed(scope, scope.evidence.window)
    if not closed and not _turns(scope):
        return Reading(None, 0, "no case was opened yet")
    more = {"closed": closed, "reopened": reopened}
    return Reading(closed - reopened, closed - reopened, None, more)


def solutions_growth(scope: Scope) -> Reading:
    """(c - c_before) / c_before, c the solutions; `change` = c - c_before is always given; n is c_before."""
    solved, before = (
        closed - reopened
        for closed, reopened in (
            _closed(scope, scope.evidence.window),
            _closed(scope, scope.evidence_before.window),
        )
    )
    more = {"solved": solved, "solved_before": before, "change": solved - before}
    if not before:
        return Reading(None, 0, "none solved in the period before", more)
    return Reading((solved - before) / before, before, None, more)


def time_to_solve(scope: Scope) -> Reading:
    """Kaplan-Meier median in seconds from opening to the last closing, of cases opened in the window; n counts them.

    Those that are open have lasted until now (censored), those opened again too.
    """
    found = _with(scope, "open", scope.evidence.window)
    if not found:
        return Reading(None, 0, "no case was opened in the window")
    durations = [_lasted(case, scope.now) for case in found]
    steps = kaplan_meier.curve(durations)
    low, high = kaplan_meier.half(steps) or (None, None)
    more = {
        "p90": kaplan_meier.quantile(steps, Fraction(9, 10)),
        "half_from": low,
        "half_to": high,
        "solved": sum(done for _, done in durations),
    }
    median = kaplan_meier.median(steps)
    reason = None if median is not None else "the curve does not reach 0.5"
    return Reading(median, len(found), reason, more)


def cases_open(scope: Scope) -> Reading:
    """Cases that are open at the end of the window, or now where that is earlier; n is the value itself."""
    turns = _turns(scope)
    if not turns:
        return Reading(None, 0, "no case was opened yet")
    more = {"opened": turns["open"], "reopened": turns["reopen"], "closed": turns["solve"]}
    count = turns["open"] + turns["reopen"] - turns["solve"]
    return Reading(count, count, None, more)


def case_completion(scope: Scope) -> Reading:
    """Completed / assigned, of the assignments made in the window; handing a case on counts as completing it.

    `assignees` tells the same, and the medians of the first touch and of solving, by assignee.
    """
    found = work(_with(scope, "assign", scope.evidence.window), scope.evidence.window, scope.now)
    assigned, completed = sum(one.assigned for one in found), sum(one.completed for one in found)
    more = {"assigned": assigned, "completed": completed, "assignees": [one.to_json() for one in found]}
    if not assigned:
        return Reading(None, 0, "no case was assigned in the window", more)
    return Reading(completed / assigned, assigned, None, more)


def _counts(scope: Scope, source: int, language: str | None) -> bool:
    return source in scope.asked and (not scope.by_language or language == scope.language)


def _with(scope: Scope, kind: Kind, window: Window) -> list[Case]:
    """The cases to which something was done in a window, as they stand now."""
    number, end = scope.brand.number, min(window.until, scope.now + 1)
    found: Iterable[Case] = scope.evidence.once(
        ("cases", number, kind, window),
        lambda: cases.done_between(scope.evidence.store, number, kind, window.since, end, scope.evidence.tag),
    )
    return [case.before(scope.now + 1) for case in found if _counts(scope, case.source_id, case.language)]


def _closed(scope: Scope, window: Window) -> tuple[int, int]:
    """How many cases were closed in a window, and how many of them were open again at its end."""
    found = [case.before(window.until) for case in _with(scope, "solve", window)]
    return len(found), sum(case.state == "open" for case in found)


def _lasted(case: Case, now: int) -> tuple[int, bool]:
    solved_at = case.solved_at
    return (now if solved_at is None else solved_at) - case.opened_at, solved_at is not None


def _turns(scope: Scope) -> Counter[str]:
    """How often cases were opened, solved and opened again up to the end of the window; empty where there was none."""
    number, end = scope.brand.number, min(scope.evidence.window.until, scope.now + 1)
    found = scope.evidence.once(
        ("turns of cases", number),
        lambda: cases.turns_before(scope.evidence.store, number, end, scope.evidence.tag),
    )
    turns: Counter[str] = Counter()
    for source, language, kind, times in found:
        if _counts(scope, source, language):
            turns[kind] += times
    return turns


KPIS = (
    Kpi(
        "solutions",
        "cases",
        "number of cases closed as solved in the window and not opened again in it",
        solutions,
        family="care",
        kind=("quantitative", "output", "actionable"),
        better="up",
        source="solutions completed, by our cases",
        inputs=("cases",),
        rows=("61",),
        worked="{closed} - {reopened}",
        example=Example({"closed": 3, "reopened": 1}, 2, "three were closed, and one of them opened again"),
    ),
    Kpi(
        "solutions_growth",
        "ratio",
        "(solutions - those of the period before) / those of the period before",
        solutions_growth,
        family="care",
        kind=("quantitative", "output", "directional"),
        better="up",
        source="solutions growth ratio",
        inputs=("cases",),
        rows=("62",),
        worked="({solved} - {solved_before}) / {solved_before}",
        example=Example(
            {"solved": 6, "solved_before": 4}, 0.5, "six solved in this week, four in the week before"
        ),
    ),
    Kpi(
        "time_to_solve",
        "seconds",
        "Kaplan-Meier median of (last closing - opening), a case each, of those opened in the window",
        time_to_solve,
        family="care",
        kind=("quantitative", "process", "actionable"),
        better="down",
        source="resolution time to the last closing, as Bird counts it; who is open is censored: Kaplan and Meier 1958",
        inputs=("cases",),
        rows=("63",),
        worked="({half_from} + {half_to}) / 2",
        example=Example(
            {"half_from": 7_200, "half_to": 7_200},
            7_200,
            "solved after one hour and after two hours, and one still open after three",
        ),
    ),
    Kpi(
        "cases_open",
        "cases",
        "number of cases that are open at the end of the window",
        cases_open,
        family="care",
        kind=("quantitative", "input", "actionable"),
        better="down",
        source="backlog of a help desk",
        inputs=("cases",),
        rows=("61",),
        worked="{opened} + {reopened} - {closed}",
        example=Example(
            {"opened": 3, "reopened": 1, "closed": 2},
            2,
            "three opened, two closed, one of those opened again",
        ),
    ),
    Kpi(
        "case_completion",
        "ratio",
        "assignments completed (solved or handed on) / assignments made in the window",
        case_completion,
        family="care",
        kind=("quantitative", "process", "practical"),
        better="up",
        source="completion ratio of Sprout Social's case performance report",
        inputs=("cases",),
        rows=("64",),
        worked="{completed} / {assigned}",
        example=Example({"completed": 3, "assigned": 4}, 0.75, "two solved, one handed on, one still open"),
    ),
)
