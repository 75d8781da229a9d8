"""Reads fields of an item as a service sent it: a value of another kind than promised is an error, not a guess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from storage.mention import Reading

MOST = 2**53
"""A count beyond this is no count."""


def text(item: Mapping[str, Any], key: str) -> str | None:
    """The text under `key`; None where there is none. Raises TypeError for anything else."""
    value = item.get(key)
    if not isinstance(value, str | None):
        raise TypeError(f"{key} is no text")
    return value or None


def number(item: Mapping[str, Any], key: str) -> int:
    """The whole number under `key`. Raises KeyError where there is none and TypeError for anything else."""
    value = item[key]
    if type(value) is not int:
        raise TypeError(f"{key} is no whole number")
    return value


def number_or_none(item: Mapping[str, Any], key: str) -> int | None:
    """The whole number under `key`, or None where there is none. Raises TypeError for anything else."""
    return None if item.get(key) is None else number(item, key)


def part(item: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under `key`; an empty one where there is none. Raises TypeError for anything else."""
    value = item.get(key)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{key} is no object")
    return value


def instant(said: str | None) -> int | None:
    """A time as in 2026-11-01T09:00:00.5Z in whole seconds; without a zone it is UTC. Raises ValueError."""
    if said is None:
        return None
    at = datetime.fromisoformat(said)
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def instant_or_none(item: object, key: str) -> int | None:
    """The time under `key` of whatever was sent, where one can be read: to see how far back an answer goes."""
    value = item.get(key) if isinstance(item, Mapping) else None
    try:
        return instant(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def reading(native_id: str, at: int, item: object, names: Mapping[str, str]) -> Reading | None:
    """What is counted of a post: `names` says how we call what the service calls so. None where nothing is."""
    if not isinstance(item, Mapping):
        return None
    counters: dict[str, int] = {}
    for theirs, ours in names.items():
        count = item.get(theirs)
        if type(count) is int and abs(count) < MOST:
            counters[ours] = count
    return Reading(native_id, at, counters) if counters else None
