"""Which words of a text are about one brand: by clause, by contrast, and turned around where it is the worse of two."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from sentiment.engines.builtin.connectives import (
    ARRIVING,
    COMPARED,
    CONNECTIVE,
    DENIED,
    PERSIAN_COMPARED,
    PERSIAN_FROM,
    WORSE,
)
from sentiment.targets import NAME
from sentiment.text import fold_in_place

Span = tuple[int, int]

# Handles at the head of a post say whom it answers, not whom it compares.
_ADDRESSED = re.compile(r"(?:\s*[.]?@user\b[,:]?)*")
# Behind a word that compares, the one that is compared stands at once, after an article or two at most.
_NEAR = 10
_NEAR_COMPARED = 20
_ARRIVAL = 40
# Clauses that are looked back over; a page of commas without a full stop must not take the square of its length.
_REACH = 6


@dataclass(frozen=True, slots=True)
class About:
    """What a text says of one brand: `own` words as they are, `turned` ones that are praise where they blame.

    `push` is +1 where the text says that the brand won, -1 that it lost, without a word of tone.
    """

    own: str
    turned: str
    push: int


@dataclass(slots=True)
class _Clause:
    """A stretch of text between two connectives; `lead` says what the first of them was."""

    start: int
    end: int
    lead: str
    ours: bool = False
    others: bool = False
    owners: set[str] = field(default_factory=set)


def about(text: str, spans: Sequence[Span], others_at: Sequence[Span]) -> About | None:
    """Read what `text` says of the brand that stands at `spans`, with other brands at `others_at`.

    None where nothing in it is about anything else.
    """
    ours = _starts(text, spans)
    others = _others(text, ours, _starts(text, others_at))
    folded = fold_in_place(text)
    clauses = _clauses(folded, sorted([*ours, *others]))
    if not others and all(clause.lead not in _ASIDE for clause in clauses):
        return None
    for clause in clauses:
        clause.ours = _holds(clause, ours)
        clause.others = _holds(clause, others)
    _give_owners(clauses)
    return _gather(text, folded, clauses)


def _starts(text: str, spans: Sequence[Span]) -> list[int]:
    return sorted(start for start, end in spans if 0 <= start < end <= len(text))


def _others(text: str, ours: Sequence[int], places: Sequence[int]) -> list[int]:
    addressed = _ADDRESSED.match(text)
    head = addressed.end() if addressed else 0
    known = set(ours)
    return [start for start in places if start >= head and start not in known]


def _holds(clause: _Clause, places: Sequence[int]) -> bool:
    return bisect_left(places, clause.start) < bisect_left(places, clause.end)


def _clauses(folded: str, places: Sequence[int]) -> list[_Clause]:
    """Cut at every connective; those that compare count only with a brand's name right behind them."""
    cuts: list[tuple[int, int, str]] = []
    for found in CONNECTIVE.finditer(folded):
        kind = found.lastgroup or "comma"
        near = _NEAR_COMPARED if kind == "than" else _NEAR
        if kind in ("than", "beating", "leaving", "above") and not _named_behind(found.end(), places, near):
            continue
        cuts.append((found.start(), found.end(), kind))
        if kind == "leaving":
            cuts += _arrival(folded, found.end(), places)
    for found in COMPARED.finditer(folded):
        if _named_behind(found.end(), places, _NEAR_COMPARED):
            cuts.append((found.end(), found.end(), "than"))
    for found in PERSIAN_FROM.finditer(folded):
        arrival = _arrival(folded, found.end(), places) if _named_behind(found.end(), places) else []
        if arrival:
            cuts += [(found.start(), found.end(), "leaving"), *arrival]
    for found in PERSIAN_COMPARED.finditer(folded):
        if _named_behind(found.start("other"), places):
            cuts += [
                (found.start(), found.start("other"), "than"),
                (found.end("other"), found.end("other"), "back"),
            ]
    return _cut(len(folded), sorted(set(cuts)), places)


def _arrival(folded: str, start: int, places: Sequence[int]) -> list[tuple[int, int, str]]:
    """Where the one that somebody changed to is named, behind the one that was left."""
    found = ARRIVING.search(folded, start, start + _ARRIVAL)
    if found is None or not _named_behind(found.end(), places):
        return []
    return [(found.start(), found.end(), "arriving")]


def _cut(length: int, cuts: Sequence[tuple[int, int, str]], places: Sequence[int]) -> list[_Clause]:
    clauses = [_Clause(0, length, "start")]
    for start, end, kind in cuts:
        if start < clauses[-1].start:
            continue
        clauses[-1].end = start
        clauses.append(_Clause(end, length, kind))
    whole: list[_Clause] = []
    for clause in clauses:
        first, behind = bisect_left(places, clause.start), bisect_left(places, clause.end)
        whole.append(clause)
        # "till skillnad fran A fungerar B": without a comma the second name begins the clause that it is told of.
        if clause.lead in ("unlike", "than") and behind - first > 1:
            whole.append(_Clause(places[first] + len(NAME), clause.end, "back"))
            clause.end = places[first] + len(NAME)
    return whole


def _named_behind(end: int, places: Sequence[int], near: int = _NEAR) -> bool:
    at = bisect_left(places, end)
    return at < len(places) and places[at] - end <= near


_ASIDE = frozenset({"than", "unlike", "leaving", "beating", "above"})
"""Connectives behind which a brand is only held against the one that the sentence is about."""


def _give_owners(clauses: Sequence[_Clause]) -> None:
    """A clause that names nobody is about who was named last; before the first name, about the first."""
    main: set[str] = set()
    waiting: list[_Clause] = []
    for clause in clauses:
        named = {"ours"} if clause.ours else set()
        if clause.others:
            named = named | {"others"}
        if clause.lead in _ASIDE:
            clause.owners = named
            continue
        if named:
            main = named
            for earlier in waiting:
                earlier.owners = set(named)
            waiting = []
        clause.owners = set(main)
        if not main:
            waiting.append(clause)


def _gather(text: str, folded: str, clauses: Sequence[_Clause]) -> About:
    own: list[str] = []
    turned: list[str] = []
    pushes = 0
    for at, clause in enumerate(clauses):
        if "ours" in clause.owners and clause.lead != "than":
            own.append(text[clause.start : clause.end].strip())
        if clause.lead in ("than", "unlike") and clause.ours and not clause.others:
            against = _around(clauses, at)
            against += [c for c in clauses[at + 1 : at + 2] if c.lead == "back" and c not in against]
            turned += [text[c.start : c.end].strip() for c in against if "ours" not in c.owners]
        pushes += _push(folded, clause, _before(clauses, at), clauses[at + 1 : at + 2])
    return About(_joined(own), _joined(turned), max(-1, min(1, pushes)))


def _joined(pieces: Sequence[str]) -> str:
    return " ; ".join(piece for piece in pieces if piece)


def _push(folded: str, clause: _Clause, before: Sequence[_Clause], behind: Sequence[_Clause]) -> int:
    if clause.ours == clause.others:
        return 0
    if clause.lead == "than" and any(c.ours or c.others for c in before):
        compared = [*before[-2:], *(c for c in behind if c.lead == "back")]
        words = " ".join(folded[c.start : c.end] for c in compared)
        better = (WORSE.search(words) is None) == (DENIED.search(words) is None)
        if clause.ours:
            return -1 if better else 1
        return (1 if better else -1) if any(c.ours for c in before) else 0
    if clause.lead == "arriving":
        return 1 if clause.ours else 0
    if clause.lead in ("leaving", "beating", "above") and clause.ours:
        return -1
    return 1 if clause.lead in ("beating", "above") and any(c.ours for c in before) else 0


def _before(clauses: Sequence[_Clause], at: int) -> list[_Clause]:
    """The clauses of the same sentence before this one, as many as anybody means."""
    first = at
    while first > max(0, at - _REACH) and clauses[first].lead != "stop":
        first -= 1
    return list(clauses[first:at])


def _around(clauses: Sequence[_Clause], at: int) -> list[_Clause]:
    """The clauses of the same sentence before this one, and where there are none, those behind it."""
    before = [clause for clause in _before(clauses, at) if clause.end - clause.start > 2]
    if before:
        return before
    last = at + 1
    while last < min(len(clauses), at + _REACH) and clauses[last].lead != "stop":
        last += 1
    return list(clauses[at + 1 : last])
