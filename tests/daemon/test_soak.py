"""A tenth of `make soak`: more than two hours by the daemon's clock under faults and kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.soak import LIBRARY, Soak


@pytest.mark.server
@pytest.mark.slow
@pytest.mark.timeout(420)
@pytest.mark.skipif(not LIBRARY.exists(), reason="needs libfaketime: apt install faketime")
async def test_a_tenth_of_a_day_under_faults(tmp_path: Path) -> None:
    report = await Soak(tmp_path, hours=2.4, seed=2).run()
    print("\n".join(report.lines()))
    assert report.faults == []
    assert report.kills >= 3
    assert report.posts > 300
    # Every kind of source was heard, and failed; a letter fell due on the way.
    assert report.streamed > 50
    assert report.letters
    assert {"outages", "stream broken", "webhook dropped"} <= set(report.world.faults)
