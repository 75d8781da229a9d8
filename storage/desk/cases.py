"""Cases: conversations that somebody takes care of. What was done to each is kept, and its state follows from that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from storage.base import Row, Rows, Transaction

Kind = Literal["open", "assign", "touch", "solve", "reopen"]
State = Literal["open", "solved"]
STATES: tuple[State, ...] = ("open", "solved")

_CASES = """SELECT c.id, b.name, c.post_id, p.source_id, s.name, p.language, e.kind, e.at, e.assignee, e.by, e.why
    FROM cases c JOIN brands b ON b.id = c.brand_id JOIN posts p ON p.id = c.post_id
    JOIN sources s ON s.id = p.source_id JOIN case_events e ON e.case_id = c.id
    WHERE {which} ORDER BY c.id, e.at, e.id"""
_TURNS = """SELECT p.source_id, p.language, e.kind, count(*)
    FROM cases c JOIN case_events e ON e.case_id = c.id JOIN posts p ON p.id = c.post_id
    WHERE c.brand_id = ? AND e.kind IN ('open', 'solve', 'reopen') AND e.at < ? {tagged}
    GROUP BY p.source_id, p.language, e.kind"""
_TAGGED = """AND EXISTS (
    SELECT 1 FROM tags g WHERE g.tag = ? AND g.brand_id = c.brand_id AND g.post_id = c.post_id)"""
_POSTS = """SELECT p.id, p.title, p.text, p.author, p.url, p.published_at, p.erased_at IS NOT NULL FROM posts p
    WHERE p.id IN (SELECT value FROM json_each(?))"""
# A reply to a brand's own post speaks to it without naming it: it is no mention, and may well need care.
_CONCERNED = """SELECT p.id, b.name FROM posts p JOIN brands b
    WHERE p.id IN (SELECT value FROM json_each(?)) AND (
        EXISTS (SELECT 1 FROM mentions m WHERE m.brand_id = b.id AND m.post_id = p.id)
        OR EXISTS (SELECT 1 FROM turns t WHERE t.brand_id = b.id AND t.post_id = p.id AND t.role = 0))
    ORDER BY p.id, b.name"""


class Refused(Exception):
    """The case does not allow it; the message says why, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Event:
    """What was done: to whom it was given (`assignee`), who did it and why, as far as somebody said so."""

    kind: Kind
    at: int
    assignee: str | None = None
    by: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A post of one brand, and what was done about it, in order. `language` is that of the post."""

    id: int
    brand: str
    post_id: int
    source_id: int
    source: str
    language: str | None
    events: tuple[Event, ...]

    @property
    def state(self) -> State:
        """Solved, or open: never solved, or opened again."""
        return "open" if self.solved_at is None else "solved"

    @property
    def opened_at(self) -> int:
        return self.events[0].at

    @property
    def solved_at(self) -> int | None:
        """When it was closed for the last time; None while it is open."""
        last = next((e for e in reversed(self.events) if e.kind in ("open", "solve", "reopen")), None)
        return last.at if last is not None and last.kind == "solve" else None

    @property
    def assignee(self) -> str | None:
        """Who has it now, also when it is solved."""
        return next((event.assignee for event in reversed(self.events) if event.kind == "assign"), None)

    def before(self, at: int) -> Case:
        """The case as it stood at a time after it was opened: without what was done then and later."""
        return replace(self, events=tuple(event for event in self.events if event.at < at))


@dataclass(frozen=True, slots=True)
class CasePost:
    """The post of a case, as a stranger wrote it; `erased` where they took it back: then there is no text."""

    title: str | None
    text: str
    author: str | None
    url: str | None
    published_at: int
    erased: bool


def open_case(
    db: Transaction,
    brand: str,
    post_id: int,
    *,
    now: int,
    assignee: str | None = None,
    by: str | None = None,
    why: str | None = None,
) -> Case:
    """Open a case on a post of a brand, and give it to somebody where `assignee` says so.

    Raises Refused where there is one already, or no such brand or post.
    """
    there = _cases(db, "b.name = ? AND c.post_id = ?", (brand, post_id))
    if there:
        known = there[0]
        remedy = f"; `listener case reopen {known.id}` opens it again" if known.state == "solved" else ""
        raise Refused(f"post {post_id} of {brand} is case {known.id} already, which is {known.state}{remedy}")
    made = db.rows(
        """INSERT INTO cases (brand_id, post_id) SELECT b.id, p.id FROM brands b, posts p
        WHERE b.name = ? AND p.id = ? RETURNING id""",
        (brand, post_id),
    )
    if not made:
        raise Refused(f"there is no post {post_id} of {brand}")
    number = int(made[0][0])
    _write(db, number, Event("open", now, None, by, why))
    if assignee is not None:
        _write(db, number, Event("assign", now, assignee, by))
    return case(db, number)


def act(
    db: Transaction,
    number: int,
    kind: Kind,
    *,
    now: int,
    assignee: str | None = None,
    by: str | None = None,
    why: str | None = None,
) -> Case:
    """Do something about a case: assign it (to `assignee`), touch it, solve it, open it again.

    Raises Refused where there is no such case, or where its state does not allow that.
    """
    known = case(db, number)
    if refusal := _refusal(known, kind, assignee):
        raise Refused(refusal)
    # A clock that was set back must not turn the order of what was done round.
    at = max(now, known.events[-1].at)
    _write(db, number, Event(kind, at, assignee if kind == "assign" else None, by, why))
    return case(db, number)


def _refusal(known: Case, kind: Kind, assignee: str | None) -> str | None:
    """Why that cannot be done to a case; None where it can."""
    solved = known.state == "solved"
    if kind == "open" or (kind == "reopen" and not solved):
        return f"case {known.id} is open already"
    if kind == "solve" and solved:
        return f"case {known.id} is solved already; `listener case reopen {known.id}` opens it again"
    if kind != "reopen" and solved:
        return f"case {known.id} is solved; open it again first: `listener case reopen {known.id}`"
    if kind == "assign" and assignee is None:
        return f"say to whom case {known.id} is given: `listener case assign {known.id} NAME`"
    if kind == "assign" and assignee == known.assignee:
        return f"case {known.id} is with {assignee} already"
    return None


def _write(db: Transaction, number: int, event: Event) -> None:
    db.run(
        "INSERT INTO case_events (case_id, kind, at, assignee, by, why) VALUES (?, ?, ?, ?, ?, ?)",
        (number, event.kind, event.at, event.assignee, event.by, event.why),
    )


def case(store: Rows, number: int) -> Case:
    """One case by its number. Raises Refused where there is none."""
    found = _cases(store, "c.id = ?", (number,))
    if not found:
        raise Refused(f"there is no case {number}; `listener case list` shows them")
    return found[0]


def all_cases(store: Rows, brand: str | None = None) -> list[Case]:
    """All cases, the oldest first; of one brand, or of all."""
    return _cases(store, "b.name = ?", (brand,)) if brand is not None else _cases(store, "1 = 1", ())


def of_posts(store: Rows, post_ids: Sequence[int]) -> list[Case]:
    """The cases of these posts."""
    return _cases(store, "c.post_id IN (SELECT value FROM json_each(?))", (json.dumps(list(post_ids)),))


def done_between(
    store: Rows, brand: int, kind: Kind, since: int, until: int, tag: str | None = None
) -> list[Case]:
    """The cases of a brand (its number) to which that was done in [since, until), with all that was ever done.

    With a `tag` only those whose post bears it.
    """
    which = (
        "c.brand_id = ? AND c.id IN (SELECT case_id FROM case_events WHERE kind = ? AND at >= ? AND at < ?)"
    )
    if tag is None:
        return _cases(store, which, (brand, kind, since, until))
    return _cases(store, f"{which} {_TAGGED}", (brand, kind, since, until, tag))


def turns_before(
    store: Rows, brand: int, at: int, tag: str | None = None
) -> list[tuple[int, str | None, str, int]]:
    """(source number, language, kind, how often) cases of a brand (its number) were opened, solved or opened again.

    Counted up to a time, itself not included; with a `tag` only cases whose post bears it. In each case an opening and
    a closing take turns, so that openings less closings are the cases that were open then.
    """
    sql = _TURNS.format(tagged="" if tag is None else _TAGGED)
    rows = store.rows(sql, (brand, at) if tag is None else (brand, at, tag))
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def concerned(store: Rows, post_ids: Sequence[int]) -> list[tuple[int, str]]:
    """(post, brand) of these posts: the brands that they mention or speak to."""
    return [(row[0], row[1]) for row in store.rows(_CONCERNED, (json.dumps(list(post_ids)),))]


def posts(store: Rows, post_ids: Sequence[int]) -> Mapping[int, CasePost]:
    """The posts with these numbers."""
    rows = store.rows(_POSTS, (json.dumps(list(post_ids)),))
    return {
        number: CasePost(title, text, author, url, at, bool(erased))
        for number, title, text, author, url, at, erased in rows
    }


def _cases(store: Rows, which: str, parameters: Sequence[object]) -> list[Case]:
    rows = store.rows(_CASES.format(which=which), parameters)
    return list(_grouped(rows))


def _grouped(rows: Sequence[Row]) -> Iterator[Case]:
    for (number, brand, post, source, name, language), events in groupby(rows, key=lambda row: row[:6]):
        done = tuple(Event(*row[6:]) for row in events)
        yield Case(number, brand, post, source, name, language, done)
