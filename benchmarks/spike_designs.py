"""The detector of volume, and designs beside it, on labelled series: scored by the rules of Lavin & Ahmad (2015)."""

from __future__ import annotations

import csv
import importlib.util
import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from alerts.anomaly import Bucket, peaks

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LISTENER_DATA", ROOT.parent / "shared" / "data"))
STEP = 300
THRESHOLDS = (0.8, 0.9, 1.0, 1.1, 1.2)
SPANS = ((300, 28_800, 57_600), (300, 14_400, 43_200), (900, 28_800, 57_600), (300, 43_200, 86_400))
SPREADS = (0.3, 0.4)
THINNED = (0.5, 0.2, 0.1)
SEEDS = (1, 2, 3)


class Missing(Exception):
    """The labelled series, or the tool that scores them, are not here."""


@dataclass(frozen=True, slots=True)
class Series:
    """One labelled series."""

    times: list[datetime]
    counts: list[int]
    windows: list[list[str]]


def labelled(folder: Path = DATA) -> dict[str, Series]:
    """All of them. Raises Missing."""
    windows = folder / "spikes" / "windows.json"
    if not windows.is_file():
        raise Missing("spikes/ in ../shared/data, or in the folder that LISTENER_DATA names")
    found = {}
    for name, spans in json.loads(windows.read_text(encoding="utf-8")).items():
        with (folder / "spikes" / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        times = [datetime.fromisoformat(row["timestamp"]) for row in rows]
        found[name] = Series(times, [int(row["value"]) for row in rows], spans)
    return found


def scorer(folder: Path = DATA) -> ModuleType:
    """The tool that keeps the rules, beside the data. Raises Missing."""
    tool = folder.parent / "tools" / "spike_score.py"
    if not tool.is_file():
        raise Missing("tools/spike_score.py beside the data")
    spec = importlib.util.spec_from_file_location("spike_score", tool)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def scored(
    rules: Any, series: Mapping[str, Series], scores: Mapping[str, Sequence[float]]
) -> tuple[float, float]:
    """Standard, and with few false positives, 0 to 100, at the threshold 0.5."""
    rows = []
    windows: dict[tuple[str, int], None] = {}
    for name, one in series.items():
        rows += list(rules.detections(name, one.times, scores[name], one.windows))
        index = {at: row for row, at in enumerate(one.times)}
        windows |= dict.fromkeys((name, index[rules.instant(first)]) for first, _ in one.windows)
    keys = len(windows)
    found = []
    for profile in ("standard", "reward_low_FP"):
        weights = rules.PROFILES[profile]
        none, perfect = -weights[2] * keys, weights[0] * keys
        at = [score for threshold, score in rules.sweep(rows, windows, weights) if threshold >= 0.5]
        found.append(100 * (at[-1] - none) / (perfect - none))
    return found[0], found[1]


def read(counts: Sequence[int]) -> list[float]:
    """Scores of the detector that `listener spikes` and the daemon use."""
    detector = peaks.Peaks(step=STEP)
    return [detector.feed(Bucket(row * STEP, 1.0, count)).score for row, count in enumerate(counts)]


Design = tuple[tuple[int, ...], float, float]


def variant(design: Design, counts: Sequence[int]) -> list[float]:
    """Scores of the same detector with other settings."""
    spans, spread, threshold = design
    with (
        mock.patch.object(peaks, "SPANS", spans),
        mock.patch.object(peaks, "_PRIOR_SPREAD", spread),
        mock.patch.object(peaks, "THRESHOLD", threshold),
    ):
        return read(counts)


def report(thinned: Callable[[Sequence[int], float, int], list[int]]) -> Iterator[str]:
    """All five, each left out, thinned copies, and the design chosen anew for each series left out."""
    series, rules = labelled(), scorer()
    ours = {name: read(one.counts) for name, one in series.items()}
    yield f"{'':42} standard  few false positives"
    yield _line("all series", scored(rules, series, ours))
    for name in series:
        rest = {other: one for other, one in series.items() if other != name}
        yield _line(f"without {name}", scored(rules, rest, ours))
        yield _line(f"{name} alone", scored(rules, {name: series[name]}, ours))
    for share, seed in itertools.product(THINNED, SEEDS):
        copies = {name: read(thinned(one.counts, share, seed)) for name, one in series.items()}
        yield _line(f"thinned to {share}, copy {seed}", scored(rules, series, copies))
    designs = list(itertools.product(SPANS, SPREADS, THRESHOLDS))
    tried = {
        design: {name: variant(design, one.counts) for name, one in series.items()} for design in designs
    }
    chosen = {}
    for name in series:
        rest = {other: one for other, one in series.items() if other != name}
        best = max(designs, key=lambda design: sum(scored(rules, rest, tried[design])))
        chosen[name] = tried[best][name]
        yield f"  chosen without {name}: {best}"
    yield _line(f"design chosen anew among {len(designs)}, each left out", scored(rules, series, chosen))


def _line(name: str, score: tuple[float, float]) -> str:
    return f"{name:42} {score[0]:8.1f}  {score[1]:8.1f}"
