"""Mentions themselves, asked where no roll-up tells: which of them count in a window, and when they are too many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from storage.base import Row
from storage.calendar import Window
from storage.desk.tags import BEARS
from storage.kpi.evidence import Evidence
from storage.kpi.scope import Numbered, Scope
from storage.kpi.tally import Counts
from storage.rollups import zone_of
from storage.rollups.periods import Span, Unit, cover

MOST = 100_000
"""Mentions of one brand in one window that are looked at one by one: more would take longer than anybody waits."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A condition on mentions `m` with its parameters; `spoken` is their language where numbers are cut by it, `label`
    their tone as far as it is news."""

    where: str
    parameters: tuple[object, ...]
    spoken: str
    label: str


def cut(evidence: Evidence, brand: int, window: Window | None = None) -> Cut:
    """The mentions of a brand (its number) that count in a window; another one than that of the evidence if given."""
    window = window or evidence.window
    where = "m.brand_id = ? AND m.published_at >= ? AND m.published_at < ?"
    parameters: tuple[object, ...] = (brand, window.since, window.until)
    if evidence.live_only:
        where += " AND m.live > 0"
    if evidence.tag is not None:
        where += f" AND {BEARS}"
        parameters += (evidence.tag,)
    spoken = "m.language" if evidence.by_language else "NULL"
    # Live and judged again (2): still a mention that came in, but no rule fires by its tone, see `storage.kpi.tally`.
    label = "CASE WHEN m.live = 1 THEN m.label END" if evidence.live_only else "m.label"
    return Cut(where, parameters, spoken, label)


def too_many(evidence: Evidence, brand: int) -> bool:
    """Whether a brand has more mentions in a window than are looked at one by one."""
    return evidence.tally.of_brand(brand) > MOST


def spans(evidence: Evidence, brand: int) -> Sequence[Span] | None:
    """The parts of a window of which roll-ups tell, and those that are counted; None where that is too much to count.

    Roll-ups beside those of mentions know no language, no tag, and not what was heard live.
    """
    window = evidence.window
    if not (evidence.by_language or evidence.live_only or evidence.tag is not None):
        return cover(window, zone_of(evidence.store))
    return None if too_many(evidence, brand) else [Span(Unit.FACTS, window.since, window.until)]


def chosen(scope: Scope, rows: Iterable[Row], sources: frozenset[int] | None = None) -> Iterable[Row]:
    """Of rows that begin with a source and a language those that a scope asks for, without the language."""
    wanted = scope.sources if sources is None else sources
    for source, spoken, *rest in rows:
        if source in wanted and (not scope.by_language or spoken == scope.language):
            yield (source, *rest)


def source_names(evidence: Evidence) -> Mapping[int, str]:
    """Names of all sources by their numbers."""
    return evidence.once("source names", lambda: dict(evidence.store.rows("SELECT id, name FROM sources")))


def source_kinds(evidence: Evidence) -> Mapping[int, str]:
    """Kinds of all sources by their numbers."""
    return evidence.once("source kinds", lambda: dict(evidence.store.rows("SELECT id, kind FROM sources")))


def tones_said(scope: Scope, brand: Numbered) -> Mapping[int, Counts]:
    """A brand's mentions by source and label, as the engine alone says them."""
    found = scope.evidence.tally.by_source(brand.number, scope.language, scope.by_language)
    return {source: counts for source, counts in found.items() if source in scope.sources}


def tones_by_source(scope: Scope, brand: Numbered) -> Mapping[int, Counts]:
    """The same with people's labels instead of the engine's."""
    found = tones_said(scope, brand)
    numbers = {
        source: {-1: one.negative, 0: one.neutral, 1: one.positive, None: one.unjudged}
        for source, one in found.items()
    }
    for one in scope.evidence.corrected(brand.number, scope.sources, scope.language):
        numbers[one.source][one.said] -= 1
        numbers[one.source][one.label] += 1
    return {
        source: Counts(told[-1], told[0], told[1], told[None], found[source].engines)
        for source, told in numbers.items()
    }
