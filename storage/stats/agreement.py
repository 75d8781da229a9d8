"""How far an engine and people agree on labels: accuracy with its interval, recalls, and who said what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from storage.stats.wilson import wilson

L = TypeVar("L", bound=str)


@dataclass(frozen=True, slots=True)
class Agreement:
    """`confusion` counts (what a person said, what the engine said)."""

    confusion: Mapping[tuple[str, str], int]

    @property
    def n(self) -> int:
        return sum(self.confusion.values())

    @property
    def right(self) -> int:
        return sum(number for (said, judged), number in self.confusion.items() if said == judged)

    @property
    def accuracy(self) -> float | None:
        """The share on which they agree; None of nothing."""
        return self.right / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the accuracy."""
        return wilson(self.right, self.n)

    @property
    def recalls(self) -> dict[str, float]:
        """By label that people gave: the share of those that the engine gave too."""
        totals = Counter[str]()
        for (said, _), number in self.confusion.items():
            totals[said] += number
        return {
            said: self.confusion.get((said, said), 0) / total
            for said, total in sorted(totals.items())
            if total
        }

    @property
    def macro_recall(self) -> float | None:
        """The mean of the recalls of the labels that people gave; None of nothing."""
        recalls = self.recalls.values()
        return sum(recalls) / len(recalls) if recalls else None


def agreement(pairs: Iterable[tuple[L, L]]) -> Agreement:
    """Count (what a person said, what the engine said)."""
    return Agreement(Counter(pairs))
