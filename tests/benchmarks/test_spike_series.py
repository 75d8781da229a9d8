"""The labelled series: our detector does not fall below the best published, at the tool's own reckoning."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.spike_designs import DATA, Missing, labelled, scorer
from listener.commands.spikes import scores

STANDARD, FEW_FALSE = 86.1, 84.5


@pytest.mark.data
def test_labelled_series_score_as_the_best_published(tmp_path: Path) -> None:
    try:
        series = labelled()
        scorer()
    except Missing as missing:
        pytest.skip(f"needs {missing}")
    for name in series:
        with (tmp_path / f"{name}.csv").open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("timestamp", "score"))
            writer.writerows(scores(DATA / "spikes" / f"{name}.csv"))
    windows = DATA / "spikes" / "windows.json"
    assert set(json.loads(windows.read_text())) == set(series)
    tool = DATA.parent / "tools" / "spike_score.py"
    ran = subprocess.run(
        [sys.executable, str(tool), str(tmp_path), str(windows), "--threshold", "0.5"],
        capture_output=True,
        text=True,
        check=True,
    )
    at = {line.split()[0]: float(line.split()[-1]) for line in ran.stdout.splitlines()}
    assert at["standard"] >= STANDARD
    assert at["reward_low_FP"] >= FEW_FALSE
