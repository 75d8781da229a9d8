"""A tenth of `make soak`: two minutes under faults and kills, nothing lost, nothing told twice, memory flat."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import Soak


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(420)
async def test_two_minutes_under_faults(tmp_path: Path) -> None:
    report = await Soak(tmp_path, minutes=2, seed=2).run()
    print("\n".join(report.lines()))
    assert report.faults == []
    assert report.kills >= 3
    assert report.posts > 300
