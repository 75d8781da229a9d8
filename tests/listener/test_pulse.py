"""What the daemon measures of itself: how long things take, how late the loop is, what waits for the writer."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from pathlib import Path

import pytest

from listener import pulse
from listener.pulse import Histogram, Pulse
from listener.writer import Writer


def test_a_bucket_counts_all_that_took_at_most_so_long() -> None:
    histogram = Histogram((0.1, 1.0))
    for seconds in (0.0, 0.1, 0.5, 1.0, 7.0):
        histogram.add(seconds)
    assert histogram.buckets() == [(0.1, 2), (1.0, 4), (float("inf"), 5)]
    assert histogram.sum == pytest.approx(8.6)


async def test_a_loop_that_is_held_up_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse, "BEAT", 0.01)
    measured = Pulse()
    beating = asyncio.create_task(pulse.beat(measured))
    await asyncio.sleep(0.005)
    time.sleep(0.08)
    while measured.lag.buckets()[-1][1] == 0:
        await asyncio.sleep(0.001)
    beating.cancel()
    assert measured.lag.sum > 0.05


async def test_the_writer_knows_what_waits_for_it_and_for_how_long(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "listener.db")
    await writer.open()
    assert (writer.queue, writer.busy) == (0, 0.0)
    begun, gate = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        begun.set()
        gate.wait(10)

    first = asyncio.create_task(writer.store(hold))
    others = [asyncio.create_task(writer.store(lambda store: None)) for _ in range(2)]
    await asyncio.to_thread(begun.wait, 10)
    await asyncio.sleep(0.03)
    assert writer.queue == 3 and writer.busy >= 0.02
    # What is taken back while it waits never runs; what has begun goes on, whoever has ceased to wait for it.
    others[1].cancel()
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await others[1]
    assert writer.queue == 2 and writer.busy > 0
    gate.set()
    await others[0]
    assert (writer.queue, writer.busy) == (0, 0.0)
    writer.close()
