"""Anomalies of a brand's series: detectors that learn what is usual, and the calibration of their alarm rate."""

from alerts.anomaly.calibrate import Calibration, calibrate, per_series
from alerts.anomaly.episodes import Episodes
from alerts.anomaly.kinds import KINDS, detector, episodes, load
from alerts.anomaly.reading import Bucket, Detector, Reading

__all__ = [
    "KINDS",
    "Bucket",
    "Calibration",
    "Detector",
    "Episodes",
    "Reading",
    "calibrate",
    "detector",
    "episodes",
    "load",
    "per_series",
]
