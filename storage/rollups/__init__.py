"""Counts that each commit keeps up to date, so that a KPI never scans history. Who changes mentions tells it here."""

from storage.rollups.keeping import add, outdated, recounted, reread, retold, zone_of
from storage.rollups.rebuilding import differences, rebuild

__all__ = ["add", "differences", "outdated", "rebuild", "recounted", "reread", "retold", "zone_of"]
