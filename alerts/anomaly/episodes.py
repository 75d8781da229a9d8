"""One alarm an episode: behind an alarm there is rest until it is calm, and for some days the next must be higher."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import cast

from alerts.anomaly.reading import DAY

REST = DAY // 2
"""Seconds after an alarm in which there is none."""
CALM = 3 * 3600
"""Seconds below the threshold that end an episode of a drop or a share, which may last for days; one of volume ends
with the rest, because the peak itself lifts what it is compared with."""
LONGEST = 3 * DAY
"""... which after so long is told again even without."""
EXTRA = 1.0
"""By this share of itself the threshold is higher right after an alarm; halves each day."""


@dataclass(slots=True)
class Episodes:
    """Judges surprises in order of time.

    `last` is the Unix second of the last alarm, `above` that of the last surprise at the threshold or above, `ended`
    whether it was calm for `calm` seconds in between (0: need not be). Surprises below the
    threshold need not be asked about.
    """

    threshold: float
    last: int | None = None
    above: int | None = None
    ended: bool = True
    calm: int = 0

    def needed(self, at: int) -> float:
        """The surprise that would alarm at this Unix second; infinite while the episode is told already."""
        if self.last is None:
            return self.threshold
        since = at - self.last
        if since < REST or not (since >= LONGEST or self._calmed(at)):
            return math.inf
        return self.threshold * (1 + EXTRA * math.exp2(-since / DAY))

    def _calmed(self, at: int) -> bool:
        return self.ended or self.above is None or at - self.above > self.calm

    def alarm(self, at: int, surprise: float) -> bool:
        """Whether this surprise is an alarm; it is remembered if so."""
        if surprise < self.threshold:
            return False
        needed = self.needed(at)
        self.ended = self._calmed(at)
        self.above = at
        if surprise < needed:
            return False
        self.last, self.ended = at, False
        return True

    def dump(self) -> dict[str, object]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def load(cls, state: Mapping[str, object]) -> Episodes:
        """From what `dump` wrote."""
        last, above = (cast("int | None", state[name]) for name in ("last", "above"))
        return cls(
            float(cast(float, state["threshold"])),
            last,
            above,
            bool(state["ended"]),
            cast(int, state["calm"]),
        )
