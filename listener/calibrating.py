"""Calibrates one series in a process of its own: years are replayed, and nothing else may wait for that.

`python -m listener.calibrating` reads the work as lines of JSON from standard input and writes what it found as JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any
from zoneinfo import ZoneInfo

from alerts.anomaly import Bucket, Calibration, calibrate

_COMMAND = (sys.executable, "-m", "listener.calibrating")
_NICE = 15
_PATIENCE = 600.0
_PIECE = 1_000
"""Rows of the history that are written at once."""


async def calibrated(
    kind: str, history: Sequence[Bucket], rate: float, step: int, zone: ZoneInfo, holidays: str | None
) -> Calibration:
    """Find the threshold of a series for `rate` alarms a month of its own. Raises OSError where no process begins.

    Raises RuntimeError where it ended without an answer, TimeoutError after ten minutes.
    """
    work = {"kind": kind, "rate": rate, "step": step, "zone": str(zone), "holidays": holidays}
    text = await asyncio.to_thread(_written, work, history)
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*_COMMAND, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(_PATIENCE):
            out, errors = await child.communicate(text)
    except TimeoutError:
        raise TimeoutError(f"no answer within {_PATIENCE:g} seconds") from None
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode:
        raise RuntimeError(f"its process ended with {child.returncode}{_last_line(errors)}")
    return _read(out)


def _written(work: dict[str, Any], history: Sequence[Bucket]) -> bytes:
    """The work as a line of JSON, the history below in pieces: no other thread runs while one is written."""
    rows = [(one.start, one.heard, one.count, one.part) for one in history]
    pieces = (rows[first : first + _PIECE] for first in range(0, len(rows), _PIECE))
    return "\n".join(json.dumps(piece) for piece in (work, *pieces)).encode()


def _last_line(errors: bytes) -> str:
    lines = errors.decode(errors="replace").strip().splitlines()
    return f": {lines[-1][:200]}" if lines else ""


def _read(out: bytes) -> Calibration:
    try:
        found: dict[str, Any] = json.loads(out)
        if found["threshold"] is None:
            found["threshold"] = math.inf
        return Calibration.load(found)
    except (ValueError, TypeError, KeyError) as error:
        raise RuntimeError(f"its process answered what cannot be read ({type(error).__name__})") from None


def _answer(work: dict[str, Any], history: Sequence[Bucket]) -> dict[str, Any]:
    found = calibrate(
        work["kind"],
        history,
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
    first, *rest = map(json.loads, sys.stdin)
    json.dump(_answer(first, [Bucket(*one) for piece in rest for one in piece]), sys.stdout)
