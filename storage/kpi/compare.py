"""Two values of a KPI beside one another: the change, how sure it is, and whether chance alone would make as much."""

from __future__ import annotations

import math
from typing import cast

from storage.calendar import Window
from storage.kpi.value import Compared, Reading

NO_CHANGE = "no change that can be told from chance"


Ends = tuple[float, float] | None


def compared(
    now: Reading,
    then: Reading,
    window: Window,
    left_out: tuple[str, ...] = (),
    chance: tuple[Ends, Ends] = (None, None),
) -> Compared:
    """Compare two readings over the same sources; `window` is that of `then`.

    `chance`: how far chance alone moves each of them, where they bear no interval of their own.
    """
    since, until = window.since, window.until
    if now.value is None or then.value is None:
        reason = now.reason if now.value is None else f"then: {then.reason}"
        return Compared(since, until, now.value, then.value, then.n, reason=reason, left_out=left_out)
    one, other = now.more.get("currency"), then.more.get("currency")
    if one != other:
        reason = f"amounts in {one} and {other} are not compared"
        return Compared(since, until, now.value, then.value, then.n, reason=reason, left_out=left_out)
    change = now.value - then.value
    growth = change / abs(then.value) if then.value else None
    interval = _interval(now, then, *(_ends(one) or by for one, by in zip((now, then), chance, strict=True)))
    unsure = interval is not None and interval[0] <= 0 <= interval[1]
    notes = [*([NO_CHANGE] if unsure else []), *_unlike_days(now, then)]
    note = "; ".join(notes) or None
    return Compared(
        since, until, now.value, then.value, then.n, change, growth, interval, note, left_out=left_out
    )


def _unlike_days(now: Reading, then: Reading) -> list[str]:
    """Where files tell of other parts of the two windows: "ads: 3 of 7 days, then 7 of 7"."""
    told, told_then = (cast("dict[str, int]", reading.more.get("days", {})) for reading in (now, then))
    asked, asked_then = (cast("int", reading.more.get("days_asked", 0)) for reading in (now, then))
    return [
        f"{kind}: {days} of {asked} days, then {told_then[kind]} of {asked_then}"
        for kind, days in told.items()
        if kind in told_then and asked - days != asked_then - told_then[kind]
    ]


def _interval(now: Reading, then: Reading, one: Ends, other: Ends) -> tuple[float, float] | None:
    """The interval of a difference of two independent estimates, from the ends of each one's own.

    MOVER, Zou and Donner (2008), "Construction of confidence limits about effect measures", Statistics in Medicine
    27:1693-1702: L = a - b - √((a - l_a)² + (u_b - b)²), and the same upwards. It needs no symmetry.
    """
    if one is None or other is None or now.value is None or then.value is None:
        return None
    (low, high), (low_then, high_then) = one, other
    change = now.value - then.value
    down = math.hypot(max(0.0, now.value - low), max(0.0, high_then - then.value))
    up = math.hypot(max(0.0, high - now.value), max(0.0, then.value - low_then))
    return change - down, change + up


def _ends(reading: Reading) -> Ends:
    found = cast("list[float] | None", reading.more.get("interval"))
    return (found[0], found[1]) if found else None
