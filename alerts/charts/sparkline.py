"""A row of numbers as one line of text, for where no picture can be shown."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_UNHEARD = "·"
LONGEST = 60


def sparkline(values: Sequence[float | None]) -> str:
    """Draw numbers, oldest first, as bars from zero (or the lowest, where one is below) to the highest.

    What was not heard (None) is a dot. Of more than LONGEST the last are drawn. Nothing heard at all draws nothing.
    """
    shown = values[-LONGEST:]
    heard = [value for value in shown if value is not None]
    if not heard:
        return ""
    low = min(0.0, *heard)
    span = max(0.0, *heard) - low or 1.0
    return "".join(_UNHEARD if value is None else _bar((value - low) / span) for value in shown)


def _bar(share: float) -> str:
    return _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)]
