"""Silencing alerts, taking them on, and putting them off: the same for `listener alerts` and the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from alerts.routing import settling
from listener.asking import UsageError, brand_named
from listener.config import Config
from listener.config.problems import did_you_mean
from storage import alerting
from storage.base import Rows, Transaction
from storage.calendar import iso
from storage.desk import acknowledgements, silences
from storage.desk.acknowledgements import Acknowledgement
from storage.desk.silences import Refused, Silence

SEVERITIES = ("info", "warning", "critical")
LONGEST = 366 * 86_400
"""Seconds. What is silenced for longer is better taken out of the configuration."""


def matchers(config: Config, said: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Which alerts are meant, by label. Raises UsageError where a name is none: nothing would be silenced."""
    kinds = config.routing.known.kinds
    known = {
        "rule": sorted({rule.name for rule in config.rules}),
        "source": [*dict.fromkeys([*kinds, *kinds.values()])],
        "tag": sorted({rule.tag for rule in config.rules if rule.tag}),
        "severity": SEVERITIES,
        "market": sorted({brand.market for brand in config.brands}),
    }
    found: dict[str, tuple[str, ...]] = {}
    for label, values in said.items():
        if label == "brand":
            found[label] = tuple(brand_named(value, config.brands) for value in values)
            continue
        for value in values:
            if value not in known[label]:
                what = "no rule is for the tag" if label == "tag" else f"there is no {label}"
                raise UsageError(f"{what} {value[:100]!r}{did_you_mean(value, known[label])}")
        found[label] = tuple(values)
    return {label: values for label, values in found.items() if values}


def lasting(seconds: int) -> int:
    """A time for which somebody wants quiet. Raises UsageError where it is none, or longer than a year."""
    if not 60 <= seconds <= LONGEST:
        raise UsageError("a time from 1m to 366d, as in 4h")
    return seconds


def silence(
    db: Transaction,
    config: Config,
    which: Mapping[str, Sequence[str]],
    lasts: int,
    *,
    by: str,
    why: str,
    now: int,
) -> Silence:
    """Silence alerts from now on; what waits is withheld in the same transaction. Raises Refused."""
    made = silences.add(db, which, now + lasts, by=by, why=why, now=now)
    settling.settle(db, config.routing, now)
    return made


def end(db: Transaction, config: Config, number: int, *, by: str, now: int) -> Silence:
    """End a silence; what still fires is told. Raises Refused."""
    ended = silences.end(db, number, by=by, now=now)
    settling.settle(db, config.routing, now)
    return ended


def answer(
    db: Transaction,
    config: Config,
    key: str,
    *,
    by: str,
    why: str | None,
    now: int,
    lasts: int | None = None,
) -> Acknowledgement:
    """Take an alert on, or put it off for `lasts` seconds. `key`: of any message about it. Raises Refused."""
    until = None if lasts is None else now + lasts
    said = acknowledgements.add(db, _episode(db, key), by=by, why=why, now=now, until=until)
    settling.settle(db, config.routing, now)
    return said


def _episode(store: Rows, key: str) -> str:
    """The key of the event with which an alert began that fires now."""
    firing = [event.key for event in alerting.firing_events(store)]
    meant = [one for one in firing if key == one or key.startswith(f"{one}-")]
    if not meant and len(key) >= 10:
        meant = [one for one in firing if one.startswith(key)]
    if len(meant) != 1:
        said = "fires now" if not meant else "alone is meant"
        raise Refused(f"no alert {key[:60]!r} {said}; `listener alerts` shows what fires, with its key")
    return meant[0]


def silence_json(one: Silence, now: int, zone: ZoneInfo | None = None) -> dict[str, object]:
    """A silence for programs."""
    return {
        "id": one.id,
        "match": {label: list(values) for label, values in one.matchers.items()},
        "since": iso(one.since, zone),
        "until": iso(one.until, zone),
        "by": one.by,
        "why": one.why,
        "active": one.active(now),
        "ended_at": None if one.ended_at is None else iso(one.ended_at, zone),
        "ended_by": one.ended_by,
    }


def answer_json(said: Acknowledgement, zone: ZoneInfo | None = None) -> dict[str, object]:
    """An acknowledgement for programs."""
    return {
        "key": said.episode,
        "by": said.by,
        "why": said.why,
        "at": iso(said.at, zone),
        "until": None if said.until is None else iso(said.until, zone),
    }
