"""One alarm an episode: after an alarm there is rest, and for some days the next must be higher."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.anomaly.reading import DAY

REST = DAY // 2
"""Seconds after an alarm in which there is none."""
EXTRA = 1.0
"""By this share of itself the threshold is higher right after an alarm; halves each day."""


@dataclass(slots=True)
class Episodes:
    """Judges surprises in order of time; `last` is the Unix second of the last alarm."""

    threshold: float
    last: int | None = None

    def needed(self, at: int) -> float:
        """The surprise that would alarm at this Unix second; infinite in the rest."""
        if self.last is None:
            return self.threshold
        since = at - self.last
        return float("inf") if since < REST else self.threshold * (1 + EXTRA * 0.5 ** (since / DAY))

    def alarm(self, at: int, surprise: float) -> bool:
        """Whether this surprise is an alarm; it is remembered if so."""
        if surprise < self.threshold or surprise < self.needed(at):
            return False
        self.last = at
        return True
