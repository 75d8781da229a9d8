"""A tenth of the second part of `make soak`: kill -9 between firing and delivery; nothing lost, doubles counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kills import ROUND, Kills


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_twenty_kills_between_firing_and_delivery(tmp_path: Path) -> None:
    report = await Kills(tmp_path, ROUND, seed=5).run()
    print("\n".join(report.lines()))
    assert report.faults == []
    assert report.kills >= ROUND
    # Every way to fail was met, and doubles came of nothing but answers that nobody can know.
    assert {"200", "429", "500", "hangs", "resets"} <= set(report.answers)
    assert report.where["sending"] and report.where["untouched"]
    assert 0 < report.told_again <= report.unknown
    # So were groups and silences, those that ended and one that did not.
    assert 0 < 2 * report.groups <= report.gathered
    assert report.silences > 1 and report.withheld and report.untold
