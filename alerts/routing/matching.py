"""Labels of an alert, and matchers that say which alerts are meant: by rule, brand, market, source, tag, severity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LABELS = ("rule", "brand", "market", "source", "tag", "severity")
Labels = Mapping[str, frozenset[str]]
"""What an alert is about, by the names of LABELS. A source goes by its name and its kind; what is missing is empty."""
Matchers = Mapping[str, Sequence[str]]
"""For each label the values of which one must be there. No matchers match everything."""


@dataclass(frozen=True, slots=True)
class Known:
    """What only the configuration knows of an alert: the market of a brand, the kind of a source."""

    markets: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)

    def labels(self, rule: str, brand: str, numbers: Mapping[str, object]) -> Labels:
        """The labels of an event; of an older one that says no severity, a warning."""
        source = numbers.get("source")
        return {
            "rule": frozenset([rule]),
            "brand": frozenset([brand]),
            "market": _some(self.markets.get(brand)),
            "source": _some(source) | _some(self.kinds.get(str(source))),
            "tag": _some(numbers.get("tag")),
            "severity": frozenset([str(numbers.get("severity") or "warning")]),
        }


def _some(value: object) -> frozenset[str]:
    return frozenset() if value is None else frozenset([str(value)])


def matches(matchers: Matchers, labels: Labels) -> bool:
    """Whether each matcher finds one of its values."""
    return all(not labels.get(name, frozenset()).isdisjoint(values) for name, values in matchers.items())
