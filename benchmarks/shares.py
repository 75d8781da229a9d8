"""Do the intervals of shares hold? Each real topic is estimated by a card that was made without it.

python -m benchmarks.shares --engine vader
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sentiment.engines import load
from sentiment.training.corpus import read
from sentiment.training.measure import LEAST_TEXTS, TOPICS, Judged, fit_card, judge, measured_rows
from storage.mention import LABEL_NUMBERS
from storage.stats.expected import Known, Stratum, Sums
from storage.stats.shares import Shares, estimate

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LISTENER_DATA", ROOT.parent / "shared" / "data"))
TARGETS = ("positive", "negative", "net")
FOLDS = 10


class Missing(Exception):
    """The labelled topics are not here."""


@dataclass(slots=True)
class Held:
    """Of one kind of share: topics, intervals that hold the truth, sums of widths, errors, and errors of counting."""

    topics: int = 0
    held: int = 0
    width: float = 0.0
    error: float = 0.0
    counted: float = 0.0

    @property
    def coverage(self) -> float:
        return self.held / self.topics


@dataclass(frozen=True, slots=True)
class Trial:
    """How a topic is looked at: at most `size` of its texts (None: all), of which people labelled `sampled`."""

    size: int | None = None
    sampled: int = 0
    measured: bool = True
    results: dict[str, Held] = field(default_factory=lambda: {target: Held() for target in TARGETS})

    @property
    def name(self) -> str:
        size = "whole topics" if self.size is None else f"{self.size} texts"
        drawn = f", {self.sampled} of them labelled" if self.sampled else ""
        return f"{size}{drawn}{'' if self.measured else ', without a card'}"


def trials() -> list[Trial]:
    """What is tried."""
    return [
        Trial(),
        Trial(50),
        Trial(20),
        Trial(None, 10),
        Trial(None, 30),
        Trial(None, 30, measured=False),
    ]


def judged_topics(
    engine: str, folder: Path = DATA, options: Mapping[str, object] | None = None, *, trained: bool = False
) -> list[Judged]:
    """What an engine says of the labelled topics that are not held out. Raises Missing.

    An engine that was `trained` on some of them is asked only about those that are kept for tuning.
    """
    parts = [folder / "tone", folder / "targets"]
    if not all(part.is_dir() for part in parts):
        raise Missing("tone/ and targets/ in ../shared/data, or in the folder that LISTENER_DATA names")
    rows = [row for part in parts for row in read(part)]
    topics = [row for row in measured_rows(rows, untrained=not trained) if row.set == TOPICS]
    return judge(load(engine, options), topics)


def cross_validate(judged: Iterable[Judged], tried: Sequence[Trial], seed: int = 1) -> None:
    """Fill in the results: each tenth of the topics by a card of the other nine."""
    topics: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        if one.topic is not None:
            topics[one.topic].append(one)
    names = sorted(name for name, texts in topics.items() if len(texts) >= LEAST_TEXTS)
    chance = random.Random(seed)
    chance.shuffle(names)
    for fold in range(FOLDS):
        left_out = set(names[fold::FOLDS])
        others = [text for name in names if name not in left_out for text in topics[name]]
        measured = fit_card("cross-validated-1", "the other topics", others).of(others[0].lang)
        for name in names[fold::FOLDS]:
            for trial in tried:
                texts = topics[name]
                if trial.size is not None:
                    texts = chance.sample(texts, min(trial.size, len(texts)))
                drawn = chance.sample(texts, min(trial.sampled, len(texts)))
                stratum = Stratum(sums(texts), measured if trial.measured else None)
                known = [
                    Known(LABEL_NUMBERS[one.label], 0, one.p_negative, one.p_positive, sampled=True, at=0)
                    for one in drawn
                ]
                found = estimate([stratum], known)
                if found is not None:
                    _count(trial.results, found, texts)


def _count(results: Mapping[str, Held], found: Shares, texts: Sequence[Judged]) -> None:
    true, counted = (
        _shares(labels) for labels in ([one.label for one in texts], [one.said for one in texts])
    )
    for target, held in results.items():
        one = getattr(found, target)
        held.topics += 1
        # Where all is known the interval is a point, which rounding would miss.
        held.held += one.low - 1e-9 <= true[target] <= one.high + 1e-9
        held.width += one.high - one.low
        held.error += abs(one.value - true[target])
        held.counted += abs(counted[target] - true[target])


def _shares(labels: Sequence[str]) -> dict[str, float]:
    good, bad = (labels.count(label) / len(labels) for label in ("positive", "negative"))
    return {"positive": good, "negative": bad, "net": good - bad}


def sums(texts: Sequence[Judged]) -> Sums:
    """What the store adds up of these."""
    pairs = [(one.p_positive, one.p_negative) for one in texts]
    return Sums(
        len(pairs),
        sum(good for good, _ in pairs),
        sum(bad for _, bad in pairs),
        sum(good * good for good, _ in pairs),
        sum(bad * bad for _, bad in pairs),
        sum(good * bad for good, bad in pairs),
    )


def report(
    engine: str, folder: Path = DATA, options: Mapping[str, object] | None = None, *, trained: bool = False
) -> Iterator[str]:
    """Print coverage, width and errors."""
    tried = trials()
    cross_validate(judged_topics(engine, folder, options, trained=trained), tried)
    yield f"{engine}: 95 % intervals by cards made without the topic; width and mean error in points"
    for trial in tried:
        for target, held in trial.results.items():
            n = held.topics
            yield (
                f"  {trial.name:44} {target:9} {n:4} topics  held {held.coverage:6.1%}  "
                f"width {100 * held.width / n:5.1f}  error {100 * held.error / n:5.1f}  "
                f"of counting {100 * held.counted / n:5.1f}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shares", description=__doc__)
    parser.add_argument("--engine", default="vader")
    parser.add_argument("--options", default="{}", help="the engine's options, as JSON")
    parser.add_argument("--trained", action="store_true", help="ask only about the texts kept for tuning")
    asked = parser.parse_args()
    try:
        for line in report(asked.engine, options=json.loads(asked.options), trained=asked.trained):
            print(line)
    except Missing as missing:
        sys.exit(f"SKIPPED: needs {missing}")
