"""Durations as people write them in config.yaml ("30m", "2h", "1d") and as the code counts them: seconds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
LONGEST = 36_500 * 86_400
"""Seconds that a duration may have, a hundred years: beyond it dates run out, and the daemon would end on one."""
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])")
_WHOLE = re.compile(r"\s*(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+")


def parse_duration(value: object) -> int:
    """Return the seconds of "90s", "30m", "1h30m", "2d" or "1w".

    Raises ValueError for anything else: a number without a unit is refused, because nobody can tell
    seconds from minutes a year later, and so is more than a hundred years. Zero may be written as "0s" or 0.
    """
    if value == 0 and not isinstance(value, bool):
        return 0
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        seconds = sum(float(number) * UNITS[unit] for number, unit in _PART.findall(value))
        if seconds > LONGEST:
            raise ValueError(f"a duration is at most {LONGEST // 86_400}d, a hundred years")
        return round(seconds)
    raise ValueError(f"a duration needs a number and a unit, as in 30m, 2h or 1d; got {value!r}")


def format_duration(seconds: float) -> str:
    """Write seconds in the two largest units that say something: 3725 -> "1h 2m", 42 -> "42s"."""
    return " ".join(f"{count}{unit[0]}" for unit, count in duration_parts(seconds))


def duration_parts(seconds: float) -> list[tuple[str, int]]:
    """Cut seconds into their two largest units that say something: 3725 -> [("hour", 1), ("minute", 2)]."""
    rest = round(seconds)
    parts: list[tuple[str, int]] = []
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append((unit, count))
        elif parts:
            break
    return parts[:2] or [("second", 0)]


Duration = Annotated[int, BeforeValidator(parse_duration), Field(ge=0)]
