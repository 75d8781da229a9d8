"""The figures of `make bench` stay within three times their targets, on whatever machine the tests run."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import at_rest, feed_to_kpis

pytestmark = [pytest.mark.server, pytest.mark.slow]

# The targets: 1.8 s of wall time, 2 s of CPU, 120 MB; the daemon at rest under 100 MB, stopped within a second.
LEEWAY = 3
FLOORS = 0.42
"""Seconds of CPU for the floors (parsing, VADER, bare inserts) on the machine for which the targets were set."""


def test_ten_thousand_mentions_from_a_feed_to_kpis(tmp_path: Path) -> None:
    # The better of two, because the machine is noisy; a slower one than that of the targets has as much more time.
    costs, floors, again = feed_to_kpis.measure(10_000, 2, tmp_path)
    cost = min(costs, key=lambda one: one.wall)
    slower = max(1.0, min(sum(one.values()) for one in floors) / FLOORS)
    assert cost.wall < 1.8 * LEEWAY * slower
    assert cost.cpu < 2.0 * LEEWAY * slower
    assert cost.peak < 120 * LEEWAY
    # A feed in which nothing is new costs little more than the start of the program.
    assert again.cpu < cost.cpu / 2


def test_the_daemon_at_rest(tmp_path: Path) -> None:
    found = at_rest.measure(tmp_path / "rest", rest=2.0)
    assert found.code == 0
    assert 0 < found.serving < 1.0 * LEEWAY
    assert found.serving <= found.mention < 2.0 * LEEWAY
    assert 0 < found.memory < 100 * LEEWAY
    assert found.stopped < 1.0
