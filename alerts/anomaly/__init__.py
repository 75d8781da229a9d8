"""Anomalies of a brand's series: detectors that learn what is usual, and the calibration of their alarm rate."""

from alerts.anomaly.episodes import Episodes
from alerts.anomaly.peaks import Peaks
from alerts.anomaly.reading import Bucket, Detector, Reading

__all__ = ["Bucket", "Detector", "Episodes", "Peaks", "Reading"]
