"""X through the whole station: what its author took back loses its text within a day, by a compliance job."""

from __future__ import annotations

from pathlib import Path

import pytest
from collector_contract import Bench
from x_world import XWorld


@pytest.mark.slow
async def test_what_was_deleted_loses_its_text_within_a_day_and_keeps_its_count(tmp_path: Path) -> None:
    async with XWorld() as world:
        bench = Bench(world, tmp_path / "bench")
        world.stub.clock = lambda: float(bench.now)
        for number in range(3):
            await bench.truth.post(number, bench.now - 120 + number)
        assert (await bench.poll()).failure is None and bench.agrees()
        world.stub.gone[world.native_id(1)] = "delete"
        bench.truth.texts[world.native_id(1)] = None
        await bench.look(bench.now + 86_400)
        assert bench.agrees() and bench.count("mentions") == 3
