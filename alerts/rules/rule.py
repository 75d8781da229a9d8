"""Rule: one condition for one brand, with everything that says when it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from alerts.rules.base import Condition

if TYPE_CHECKING:
    from alerts.rules.options import RuleOptions

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for one brand; `brand` is empty where it is about the house itself, as an outage is.

    Times in seconds: `hold` is how long the condition must hold, `keep_firing` how long it must be away before it is
    over. `channels` is empty where the routes say where it goes.
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

    @classmethod
    def of(cls, options: RuleOptions, brand: str) -> Rule:
        """Make the rule that `options` mean for a brand."""
        from alerts.rules.conditions import least, parse

        condition = parse(options.when)
        return cls(
            options.name,
            brand if condition.about_brand else "",
            condition,
            options.over,
            least(condition) if options.min_n is None else options.min_n,
            options.for_,
            options.cooldown,
            options.expire,
            tuple(options.channels or ()),
            options.source,
            options.tag,
            options.severity,
            options.keep_firing,
        )
