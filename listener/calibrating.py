"""Calibrates one series in a process of its own: years are replayed, and nothing else may wait for that.

`python -m listener.calibrating` reads the work as JSON from standard input and writes what it found as JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, astuple, replace
from typing import Any
from zoneinfo import ZoneInfo

from alerts.anomaly import Bucket, Calibration, calibrate

_NICE = 15
_PATIENCE = 600


async def calibrated(
    kind: str, history: Sequence[Bucket], rate: float, step: int, zone: ZoneInfo, holidays: str | None
) -> Calibration:
    """Find the threshold of a series for `rate` alarms a month of its own. Raises OSError where no process begins.

    Raises RuntimeError where it ended without an answer, TimeoutError after ten minutes.
    """
    work = {
        "kind": kind,
        "history": [astuple(bucket) for bucket in history],
        "rate": rate,
        "step": step,
        "zone": str(zone),
        "holidays": holidays,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "listener.calibrating",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        text = await asyncio.to_thread(json.dumps, work)
        async with asyncio.timeout(_PATIENCE):
            out, _ = await child.communicate(text.encode())
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode:
        raise RuntimeError(f"the calibration of {kind} ended with {child.returncode}")
    found: dict[str, Any] = json.loads(out)
    if found["threshold"] is None:
        found["threshold"] = math.inf
    return Calibration.load(found)


def _answer(work: dict[str, Any]) -> dict[str, Any]:
    found = calibrate(
        work["kind"],
        [Bucket(*one) for one in work["history"]],
        alarms_per_month=work["rate"],
        step=work["step"],
        zone=ZoneInfo(work["zone"]),
        seed=1,
        holidays=work["holidays"],
    )
    measured = found.measured_rate
    found = replace(found, measured_rate=None if measured is None else round(measured, 4))
    return {**asdict(found), "threshold": None if math.isinf(found.threshold) else found.threshold}


if __name__ == "__main__":
    os.nice(_NICE)
    json.dump(_answer(json.load(sys.stdin)), sys.stdout)
