"""Rule: one condition for one brand, with everything that says when it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alerts.rules.base import Condition

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for one brand; `brand` is empty where it is about the house itself, as an outage is.

    Times in seconds: `hold` is how long the condition must hold, `keep_firing` how long it must be away before the alert
    is over. `channels` is empty where the routes say where it goes.
    """

    name: str
    brand: str
    condition: Condition
    over: int
    min_n: int
    hold: int
    cooldown: int
    expire: int
    channels: tuple[str, ...]
    source: str | None = None
    tag: str | None = None
    severity: Severity = "warning"
    keep_firing: int = 0
