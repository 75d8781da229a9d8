"""What the doctor finds on the machine itself: clock, disk, database, fonts, the keys in its environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from statistics import median

from alerts.charts.pictures import FONTS, broken_fonts
from alerts.format import plural
from listener.finding import Finding
from listener.room import LITTLE
from storage.condition import Condition

SOON = 14
"""Days until the disk is full below which the doctor warns, as it does below LITTLE."""
OFF = 30.0
"""Seconds by which the clock may differ from others: signed requests are refused by five minutes, often by one."""
_LONG_LOG = 256_000_000
_YEARS = 3_650


def told_time(headers: Mapping[str, str]) -> float | None:
    """What time it was for the server that answered, in seconds since 1970; None where it does not say.

    A cache hands on the Date of when the answer was made, and says in Age how long ago that was (RFC 9111, 5.1).
    """
    age = headers.get("Age", "").strip()
    try:
        made = parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None
    return made + (int(age) if age.isascii() and age.isdigit() and len(age) < 9 else 0)


def clock(offsets: Sequence[float]) -> Finding:
    """Compare our clock with theirs: `offsets` are the seconds by which it is ahead of each server that answered."""
    if not offsets:
        return Finding("clock", True, "cannot be compared: no server said what time it is")
    # Of several the middle one: a server's clock may be the one that is wrong.
    ahead = median(offsets)
    of = f"of {plural(len(offsets), 'answer')}"
    if abs(ahead) <= OFF:
        return Finding("clock", True, f"within {OFF:.0f} s {of}")
    return Finding(
        "clock",
        False,
        f"{abs(ahead):.0f} s {'ahead' if ahead > 0 else 'behind'} {of}: windows, alerts and signatures will be wrong",
        "let the machine set it by the network (NTP), as with: timedatectl set-ntp true",
    )


def disk(free: int, a_day: float | None) -> Finding:
    """Say how much is free, and for how long that does at the pace of the last days (bytes; None: not known)."""
    says = f"{_size(free)} free"
    if a_day:
        days = free / a_day
        much = "more than ten years" if days > _YEARS else plural(int(days), "day")
        says += f"; {_size(a_day)} a day lately, so it is full in {much}"
    if free < LITTLE or (a_day and free / a_day < SOON):
        remedy = (
            "free some space, or keep texts for a shorter time (storage.retention) and less of the sample"
        )
        return Finding("disk", False, says, remedy)
    return Finding("disk", True, says)


def database(path: Path, found: Condition) -> list[Finding]:
    """Say how the store is."""
    says = f"{path} can be written; {_size(found.size)}, schema {found.schema}, {found.journal.upper()}"
    if found.damage:
        remedy = "stop the daemon and restore a backup; what can be saved without one: sqlite3 FILE .recover"
        first = f"{path} is damaged: {found.damage[0]}"
        more = f" (and {len(found.damage) - 1} more)" if len(found.damage) > 1 else ""
        return [Finding("store", False, first + more, remedy)]
    if found.journal != "wal":
        remedy = "move it to a local disk: on a network's file system SQLite can lose what it keeps"
        return [Finding("store", False, f"{says} instead of WAL", remedy)]
    if found.log > _LONG_LOG:
        remedy = (
            "somebody reads from it without a pause: close database browsers and the like, then wait a minute"
        )
        return [Finding("store", False, f"{says}; its log has grown to {_size(found.log)}", remedy)]
    return [Finding("store", True, f"{says}, sound")]


def fonts() -> Finding:
    """Say whether charts and PDF have their letters."""
    broken = broken_fonts()
    if broken:
        remedy = "install Listener again: charts in mail and PDF would have no letters"
        return Finding("fonts", False, f"cannot be loaded: {', '.join(broken)}", remedy)
    return Finding("fonts", True, f"{len(FONTS)} for charts and PDF")


def keys(named: Collection[str], environment: Mapping[str, str]) -> Finding:
    """Say which variables the configuration names, and which are missing; never what they hold."""
    missing = [name for name in named if not environment.get(name)]
    if missing:
        exports = "; ".join(f"export {name}=..." for name in missing)
        remedy = f"{exports} (a service takes them from its EnvironmentFile)"
        return Finding("keys", False, f"not set: {', '.join(missing)}", remedy)
    return Finding("keys", True, f"all set: {', '.join(named)}" if named else "none is needed")


def _size(count: float) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e3:.0f} kB"
