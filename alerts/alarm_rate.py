"""How often an anomaly may be a false alarm, as people write it: "1/month", "2/week"."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

from storage.calendar import MONTH

_RATE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(day|week|month|year)\s*")
_MONTHS = {"day": 86_400 / MONTH, "week": 7 * 86_400 / MONTH, "month": 1.0, "year": 12.0}
_LEAST, _MOST = 1 / 12, 31.0


def parse_rate(value: object) -> float:
    """Return the alarms a month of "1/month", "2/week", "6/year". Raises ValueError that says how to write it."""
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"an alarm rate is written as 1/month, 2/week or 6/year; got {value!r}")
    rate = float(match[1]) / _MONTHS[match[2]]
    if not _LEAST <= rate <= _MOST:
        raise ValueError(f"an alarm rate lies between 1/year and 1/day; got {value!r}")
    return rate


AlarmRate = Annotated[float, BeforeValidator(parse_rate)]
"""Alarms in a mean month."""
