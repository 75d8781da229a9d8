"""What each source was heard of a window: hours of hours asked, and every gap with its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from storage import hearing
from storage.base import Rows
from storage.calendar import Window
from storage.coverage import ENOUGH, Ledger
from storage.hearing import Hour
from storage.mention import Gap

_LEAST = 60
"""Seconds below which a stretch that was not heard is the time between two polls, and no gap."""

BY_IMPORT = "by import"


@dataclass(frozen=True, slots=True)
class Listened:
    """One source in one window: seconds heard of seconds asked, and what was not heard, oldest first.

    `counted`: its posts are in the value. `imported`: a file speaks for it, which counts for the whole window.
    """

    source: str
    kind: str
    counted: bool
    imported: bool
    heard: int
    asked: int
    gaps: tuple[Gap, ...]

    @property
    def share(self) -> float:
        return self.heard / self.asked

    @property
    def deaf(self) -> int:
        """Seconds in which nothing was heard."""
        return sum(gap.until - gap.since for gap in self.gaps)


def listened(
    store: Rows, ledgers: Sequence[Ledger], counted: Sequence[str], window: Window, now: int
) -> list[Listened]:
    """Say it of each source that counts, and of each active one that should."""
    lost = hearing.gaps(store, window.since)
    hours = hearing.hours(store, window.since - 3600, window.until)
    found = []
    for ledger in ledgers:
        if ledger.name in counted or ledger.active:
            said = ledger.heard(window.since, window.until, now)
            end = window.since + said.asked
            imported = any(
                span.since < window.until and span.until >= window.since for span in ledger.imports
            )
            silent = [] if imported else _silences(ledger, Window(window.since, end))
            known = lost.get(ledger.name, ())
            gaps = [part for gap in silent for part in _told(gap, known, hours.get(ledger.name, ()), ledger)]
            found.append(
                Listened(
                    ledger.name,
                    ledger.kind,
                    ledger.name in counted,
                    imported,
                    said.heard,
                    said.asked,
                    tuple(gaps),
                )
            )
    return found


def unlike(now: Sequence[Listened], before: Sequence[Listened]) -> list[tuple[str, float, float]]:
    """The sources heard for less than 90 % of one of two windows and not alike in both: (name, share now, share then).

    A number of one window is not to be held against that of the other where these count.
    """
    first, second = ({one.source: one.share for one in period} for period in (now, before))
    both = [(name, first.get(name, 0.0), second.get(name, 0.0)) for name in dict.fromkeys([*first, *second])]
    return [(name, a, b) for name, a, b in both if min(a, b) < ENOUGH and abs(a - b) > 1 - ENOUGH]


def _silences(ledger: Ledger, window: Window) -> list[Window]:
    """The stretches of a window in which this source was not heard live."""
    found, at = [], window.since
    for span in ledger.live:
        if span.until > at and span.since < window.until:
            found.append(Window(at, span.since))
            at = span.until
    found.append(Window(at, window.until))
    return [gap for gap in found if gap.until - gap.since >= _LEAST]


def _told(silent: Window, known: Sequence[Gap], hours: Sequence[Hour], ledger: Ledger) -> list[Gap]:
    """Cut a silence at what is known to be lost, whose reason was written down; the rest is told by the ledger."""
    found, at = [], silent.since
    for gap in known:
        since, until = max(gap.since, at), min(gap.until, silent.until)
        if since < until:
            if since - at >= _LEAST:
                found.append(Gap(at, since, _reason(at, since, hours, ledger)))
            found.append(Gap(since, until, gap.reason))
            at = until
    if silent.until - at >= _LEAST:
        found.append(Gap(at, silent.until, _reason(at, silent.until, hours, ledger)))
    return found


def _reason(since: int, until: int, hours: Sequence[Hour], ledger: Ledger) -> str:
    """Why nothing was heard, as far as the ledger by the hour can tell."""
    first = min((span.since for span in ledger.live), default=None)
    if first is None:
        return "never heard"
    if until <= first:
        return "before the first that was heard of it"
    inside = [hour for hour in hours if hour.hour * 3600 < until and (hour.hour + 1) * 3600 > since]
    requests, errors = sum(hour.requests for hour in inside), sum(hour.errors for hour in inside)
    if errors:
        return f"{errors} of {requests} requests around then failed"
    return (
        "asked, and not answered so far"
        if requests
        else "not asked: Listener did not run, or not this source"
    )
