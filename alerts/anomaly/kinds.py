"""The kinds of series that are watched for anomalies, and the detector of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from alerts.anomaly.baseline import Drop, Share
from alerts.anomaly.episodes import CALM, Episodes
from alerts.anomaly.peaks import Peaks

KINDS = (
    "volume.up",
    "volume.down",
    "negative_share.up",
    "negative_share.down",
    "positive_share.up",
    "positive_share.down",
    "interactions.up",
)
_RISES = ("volume.up", "interactions.up")


def detector(kind: str, *, step: int, zone: ZoneInfo, holidays: str | None = None) -> Peaks | Drop | Share:
    """A detector that has seen nothing yet, for buckets of `step` seconds. Raises ValueError for an unknown kind."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is no kind of anomaly; there are {', '.join(KINDS)}")
    if reads_parts(kind):
        return Share(1 if kind.endswith(".up") else -1, step=step, zone=zone, holidays=holidays)
    return Peaks(step=step) if kind in _RISES else Drop(step=step, zone=zone, holidays=holidays)


def reads_parts(kind: str) -> bool:
    """Whether the kind is a share, of which the parts are read; the others read counts alone."""
    return "_share." in kind


def load(
    kind: str, state: Mapping[str, object], *, step: int, zone: ZoneInfo, holidays: str | None = None
) -> Peaks | Drop | Share:
    """The detector that wrote this state with `dump`."""
    made = detector(kind, step=step, zone=zone, holidays=holidays)
    made.load(state)
    return made


def episodes(kind: str, threshold: float) -> Episodes:
    """What judges the surprises of this kind against a calibrated threshold."""
    return Episodes(threshold, calm=0 if kind in _RISES else CALM)


def statistic(
    kind: str, *, step: int, zone: ZoneInfo, holidays: str | None = None
) -> Callable[[int, int, float], float]:
    """Surprise of (start, count, part) alone, row by row: the same detector without its reading, which costs more."""
    made = detector(kind, step=step, zone=zone, holidays=holidays)
    if isinstance(made, Peaks):
        surprise = made.surprise
        return lambda _at, count, _part: surprise(count)
    return made.surprise
