"""Who had a case, and what became of it in their hands: from the events of cases, for the figures by assignee."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from storage.calendar import Window
from storage.desk.cases import Case, Event
from storage.stats import kaplan_meier


@dataclass(frozen=True, slots=True)
class Assignment:
    """A case in somebody's hands from `since` on, until it was solved or given to somebody else.

    `touched_at`: when something was first done about it, solving it included. A case that was opened again and stayed
    with them is the same assignment, and ends when it is closed for the last time.
    """

    assignee: str
    since: int
    touched_at: int | None = None
    ended_at: int | None = None
    ending: Literal["solved", "reassigned"] | None = None


def assignments(case: Case) -> list[Assignment]:
    """The hands that a case went through, in order."""
    found: list[Assignment] = []
    for event in case.events:
        if found:
            found[-1] = _after(found[-1], event)
        if event.kind == "assign" and event.assignee is not None:
            found.append(Assignment(event.assignee, event.at))
    return found


def _after(current: Assignment, event: Event) -> Assignment:
    touched = event.at if current.touched_at is None else current.touched_at
    if event.kind == "assign":
        return replace(current, ended_at=event.at, ending="reassigned")
    if event.kind == "reopen":
        return replace(current, ended_at=None, ending=None)
    if event.kind == "solve":
        return replace(current, touched_at=touched, ended_at=event.at, ending="solved")
    return replace(current, touched_at=touched)


@dataclass(frozen=True, slots=True)
class Work:
    """What became of the cases that were given to one assignee in a window.

    `completed`: solved or handed on, as in Sprout Social's case report. The medians are Kaplan-Meier's, in seconds from
    the assignment, None where the curve does not reach one half; what has not happened has lasted until the case was
    handed on, or until now.
    """

    assignee: str
    assigned: int
    touched: int
    solved: int
    completed: int
    first_touch: float | None
    time_to_solve: float | None

    def to_json(self) -> dict[str, object]:
        """The fields of the API."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "completion_ratio": self.completed / self.assigned}


def work(cases: Iterable[Case], window: Window, now: int) -> list[Work]:
    """What became of the assignments made in a window, by assignee in the order of their names."""
    by_assignee: dict[str, list[Assignment]] = defaultdict(list)
    for case in cases:
        for one in assignments(case):
            if window.since <= one.since < window.until:
                by_assignee[one.assignee].append(one)
    return [_work(assignee, given, now) for assignee, given in sorted(by_assignee.items())]


def _work(assignee: str, given: Sequence[Assignment], now: int) -> Work:
    solved = [(one, one.ended_at if one.ending == "solved" else None) for one in given]
    touched = [(one, one.touched_at) for one in given]
    return Work(
        assignee,
        assigned=len(given),
        touched=sum(at is not None for _, at in touched),
        solved=sum(at is not None for _, at in solved),
        completed=sum(one.ending is not None for one in given),
        first_touch=_median(touched, now),
        time_to_solve=_median(solved, now),
    )


def _median(happened: Iterable[tuple[Assignment, int | None]], now: int) -> float | None:
    waits = []
    for one, at in happened:
        seen_until = one.ended_at if one.ended_at is not None else max(now, one.since)
        waits.append(((seen_until if at is None else at) - one.since, at is not None))
    return kaplan_meier.median(kaplan_meier.curve(waits))
