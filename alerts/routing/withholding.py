"""Why an alert that fires is not told: a silence, a snooze, or another alert that covers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alerts.routing.matching import Labels, Matchers, matches
from alerts.routing.routes import Inhibition
from storage.calendar import iso


class Silence(Protocol):
    """What somebody said not to tell, until when, and why."""

    @property
    def id(self) -> int: ...
    @property
    def matchers(self) -> Matchers: ...
    @property
    def until(self) -> int: ...
    @property
    def by(self) -> str: ...
    @property
    def why(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert that fires since `at`: `key` is that of the event with which it began."""

    key: str
    rule: str
    brand: str
    labels: Labels
    at: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is withheld: `kind` is silenced, snoozed or inhibited; `until` None where nobody knows."""

    kind: str
    text: str


def silenced(labels: Labels, silences: Sequence[Silence]) -> Silence | None:
    """The silence that covers an alert and lasts longest."""
    found = [one for one in silences if matches(one.matchers, labels)]
    return max(found, key=lambda one: (one.until, one.id), default=None)


def inhibited(target: Firing, firing: Sequence[Firing], inhibitions: Sequence[Inhibition]) -> Firing | None:
    """The alert that covers this one. Of two that would cover each other, the one that fired first is told."""
    for source in firing:
        if source.key == target.key or not _covers(source, target, inhibitions):
            continue
        if _covers(target, source, inhibitions) and (target.at, target.key) < (source.at, source.key):
            continue
        return source
    return None


def _covers(source: Firing, target: Firing, inhibitions: Sequence[Inhibition]) -> bool:
    return any(
        matches(one.when, source.labels)
        and matches(one.silences, target.labels)
        and all(source.labels[name] == target.labels[name] for name in one.same)
        for one in inhibitions
    )


def reasons(
    firing: Sequence[Firing],
    silences: Sequence[Silence],
    snoozed: Mapping[str, str],
    inhibitions: Sequence[Inhibition],
    moments: Sequence[Firing] = (),
) -> dict[str, Reason]:
    """Why each alert is withheld now, by its key; those that are told are not in it.

    `silences` are those that are active, `snoozed` by the key of an alert who put it off. `moments` were over at once,
    and cover nothing.
    """
    found: dict[str, Reason] = {}
    for one in (*firing, *moments):
        if silence := silenced(one.labels, silences):
            found[one.key] = Reason(
                "silenced",
                f"silenced by {silence.by} until {iso(silence.until)} (silence {silence.id}): {silence.why}",
            )
        elif one.key in snoozed:
            found[one.key] = Reason("snoozed", f"snoozed by {snoozed[one.key]}")
        elif source := inhibited(one, firing, inhibitions):
            found[one.key] = Reason("inhibited", f"covered by {source.rule} of {source.brand}")
    return found
