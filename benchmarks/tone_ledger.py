"""Every time that the held-out part was scored: what is looked at again and again is no longer held out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

LEDGER = Path(__file__).with_name("held_out_scores.jsonl")
MOST = 3


class Spent(Exception):
    """The held-out part was scored as often as it may be."""


def check() -> int:
    """Return which scoring the next one is, from 1. Raises Spent where it would be one too many."""
    done = len(LEDGER.read_text(encoding="utf-8").splitlines()) if LEDGER.is_file() else 0
    if done >= MOST:
        raise Spent(
            f"the held-out part was scored {done} times, and {MOST} are all that it is good for: {LEDGER.name}"
        )
    return done + 1


def newest() -> dict[str, tuple[str, Mapping[str, float | None]]]:
    """Return for each engine, by its full name, when it was scored last, and its figures."""
    found: dict[str, tuple[str, Mapping[str, float | None]]] = {}
    if LEDGER.is_file():
        for line in LEDGER.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            found.update({engine: (entry["at"], figures) for engine, figures in entry["engines"].items()})
    return found


def enter(at: str, figures: Mapping[str, Mapping[str, float | None]]) -> None:
    """Write down one scoring: when (ISO 8601), and each engine's figures by its full name. Raises Spent."""
    check()
    line = json.dumps({"at": at, "engines": figures}, ensure_ascii=False)
    with LEDGER.open("a", encoding="utf-8") as file:
        file.write(line + "\n")
