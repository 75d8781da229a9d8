"""What goes into an anomaly detector and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

DAY = 86_400
HEARD = 0.9
"""A bucket whose sources were heard for less than this share of it is no data: it is left out."""

State = Literal["no data", "learning", "calm", "surprising"]


@dataclass(frozen=True, slots=True)
class Bucket:
    """One equal step of one series of a brand.

    `start` in Unix seconds; `heard` the share of the step in which its sources were heard, 0 to 1; `count` mentions
    or interactions (for shares: of how many); `part`, for shares, how many of them.
    """

    start: int
    heard: float
    count: int
    part: float = 0.0


@dataclass(frozen=True, slots=True)
class Usual:
    """What was counted over `over` seconds (a ratio for shares), and what is usual; None where nothing is known."""

    expected: float | None
    low: float | None
    high: float | None
    observed: float | None
    over: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a detector makes of a bucket, from it and those before it.

    `score` 0 to 1, 0.5 and above where it alarms at its default setting; `surprise` is held against a calibrated
    threshold (see Episodes); `expected`, `low` and `high`, the usual and its span, stand in what was counted over
    `over` seconds (a ratio for shares), as `observed` does: those of the span that is most surprising now, so that
    a message says what is unusual. `longest` is the same over the longest span: what a chart draws, row after row.
    None where nothing is known.
    """

    start: int
    state: State
    score: float
    surprise: float
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    observed: float | None = None
    over: int = 0
    longest: Usual | None = None


class Detector(Protocol):
    """Reads a series step by step and keeps what it learned in a small state."""

    def feed(self, bucket: Bucket) -> Reading:
        """Read the next bucket. Raises ValueError where it is not later than the last."""
        ...

    def dump(self) -> dict[str, object]:
        """What it has learned, as JSON can hold it; `load(kind, state, ...)` makes it a detector again."""
        ...


LEARNING = 14 * DAY
"""Heard seconds after which a series is known well enough for alerts."""


def no_data(bucket: Bucket) -> bool:
    """Whether too little was heard to say anything."""
    return bucket.heard < HEARD


def in_order(last: int | None, bucket: Bucket) -> int:
    """The start of the bucket. Raises ValueError where it does not lie behind the last."""
    if last is not None and bucket.start <= last:
        raise ValueError(f"buckets must follow each other in time: {bucket.start} came after {last}")
    return bucket.start
