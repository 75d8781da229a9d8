"""Do the intervals of shares, growth and share of voice hold? Authors of real posts are drawn 1,000 times.

python -m benchmarks.intervals
"""

from __future__ import annotations

import argparse
import math
import random
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.authors import DATA, Missing, Totals, World, worlds
from storage.stats import clusters
from storage.stats.clusters import Count, Interval, Part, Tones

SIZES = (50, 200, 1000)
RESAMPLES = 1000
LEAST, MOST = 0.92, 0.98
# Of so many of the resamples the width is checked by so many bootstrap samples each.
CHECKED, BOOTSTRAP = 40, 200

Asked = Callable[[Totals, Totals], Interval | None]
T = TypeVar("T")


@dataclass(slots=True)
class Held:
    """Of one interval: in how many resamples it was given, and held the truth.

    `width` and `bootstrap_width` are sums over those in which a bootstrap checked it.
    """

    given: int = 0
    held: int = 0
    width: float = 0.0
    bootstrap_width: float = 0.0

    @property
    def coverage(self) -> float:
        return self.held / self.given

    @property
    def stray(self) -> float:
        """By how much chance moves the coverage: 1.96 standard errors."""
        return 1.96 * math.sqrt(self.coverage * (1 - self.coverage) / self.given)

    @property
    def wider(self) -> float:
        """The widths as a ratio to the bootstrap's; NaN where none was made."""
        return self.width / self.bootstrap_width if self.bootstrap_width else math.nan


@dataclass(frozen=True, slots=True)
class Trial:
    """A world of which about `size` posts are heard in the later period."""

    world: World
    size: int
    results: dict[str, Held] = field(default_factory=dict)


def asked_of(world: World) -> dict[str, Asked]:
    """What is asked: by name, from the totals of the period and of the one before."""
    asked: dict[str, Asked] = {
        "positive": lambda now, _: clusters.share(_tones(now).of_positive),
        "negative": lambda now, _: clusters.share(_tones(now).of_negative),
        "net": lambda now, _: clusters.net(_tones(now)),
        "mentions": lambda now, _: clusters.rate(_count(now, "judged")),
        "growth of mentions": lambda now, before: clusters.growth(
            _count(now, "judged"), _count(before, "judged")
        ),
        "growth of positive mentions": lambda now, before: clusters.growth(
            _count(now, "positive"), _count(before, "positive")
        ),
    }
    if len(world.brands) == 1:
        return asked
    for kind in ("mentions", "authors", "positive"):
        for brand in (world.brands[0], world.brands[-1]):
            part = partial(_part, world, kind, brand)
            asked[f"share of voice, {kind}: {brand}"] = partial(_now, part)
            asked[f"change of share, {kind}: {brand}"] = partial(_change, part)
    return asked


def _now(part: Callable[[Totals], Part], now: Totals, _: Totals) -> Interval | None:
    return clusters.share(part(now))


def _change(part: Callable[[Totals], Part], now: Totals, before: Totals) -> Interval | None:
    one, other = clusters.share(part(now)), clusters.share(part(before))
    return clusters.difference(one, other) if one and other else None


def _part(world: World, kind: str, brand: str, totals: Totals) -> Part:
    pairs = {(key[1], key[2]): value for key, value in totals.items() if key[0] == kind and len(key) == 3}
    return clusters.part_of_market(brand, pairs, {one: totals[kind, one] for one in world.brands})


def _count(totals: Totals, label: str) -> Count:
    return Count(totals["tone", label], totals["tone", label, label])


def _tones(totals: Totals) -> Tones:
    def of(*labels: str) -> int:
        return totals[("tone", *labels)]

    return Tones(
        of("judged"),
        of("positive"),
        of("negative"),
        of("judged", "judged"),
        of("positive", "positive"),
        of("negative", "negative"),
        of("judged", "positive"),
        of("judged", "negative"),
        of("positive", "negative"),
    )


def draw(of: Sequence[T], mean: float, chance: random.Random) -> list[T]:
    """Draw with replacement; how many is a Poisson number with this mean."""
    number, at = -1, 0.0
    while at < mean:
        at += chance.expovariate(1)
        number += 1
    return chance.choices(of, k=number)


def run(trial: Trial, resamples: int, checked: int = 0, seed: int = 1) -> None:
    """Fill in the results."""
    world, chance = trial.world, random.Random(seed)
    asked = asked_of(world)
    rate = trial.size / world.posts
    whole = world.totals(world.now), world.totals(world.before)
    true = {name: _true(ask, whole, rate if name == "mentions" else 1) for name, ask in asked.items()}
    trial.results.update({name: Held() for name in asked})
    for number in range(resamples):
        drawn = _heard(world, rate, chance)
        now, before = map(world.totals, drawn)
        found = {name: one for name, ask in asked.items() if (one := ask(now, before)) is not None}
        for name, one in found.items():
            trial.results[name].given += 1
            trial.results[name].held += one.low <= true[name] <= one.high
        if number < checked:
            _check(
                trial.results, found, _bootstrap(replace(world, now=drawn[0], before=drawn[1]), asked, chance)
            )


def _heard(world: World, rate: float, chance: random.Random) -> list[list[tuple[int, ...]]]:
    """The authors that are heard of the later and of the earlier period."""
    if world.together:
        pairs = draw(list(zip(world.now, world.before, strict=True)), rate * len(world.now), chance)
        return [[pair[period] for pair in pairs] for period in (0, 1)]
    return [draw(of, rate * len(of), chance) for of in (world.now, world.before)]


def _true(ask: Asked, whole: tuple[Totals, Totals], rate: float) -> float:
    found = ask(*whole)
    assert found is not None
    return found.value * rate


def _bootstrap(world: World, asked: Mapping[str, Asked], chance: random.Random) -> dict[str, float]:
    """The width of the middle 95 % of what is found when the authors that were heard are drawn again."""
    again: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(BOOTSTRAP):
        now, before = map(world.totals, _heard(world, 1, chance))
        for name, ask in asked.items():
            if (one := ask(now, before)) is not None:
                again[name].append(one.value)
    widths = {}
    for name, values in again.items():
        values.sort()
        # Where many draws have no answer, the width of the others says little.
        if len(values) > 0.9 * BOOTSTRAP:
            widths[name] = values[round(0.975 * len(values)) - 1] - values[round(0.025 * len(values))]
    return widths


def _check(results: Mapping[str, Held], found: Mapping[str, Interval], widths: Mapping[str, float]) -> None:
    for name, one in found.items():
        # No part of it was heard, so none can be drawn again: the bootstrap then is sure, and nobody else.
        if widths.get(name):
            results[name].width += one.high - one.low
            results[name].bootstrap_width += widths[name]


def report(folder: Path = DATA, resamples: int = RESAMPLES) -> Iterator[str]:
    """Print how often the truth was held, and how wide the intervals are beside a bootstrap's."""
    yield f"95 % intervals over {resamples} resamples of real posts by author: held, and width / a bootstrap's"
    tried = 0
    outside: list[str] = []
    for world in worlds(folder):
        trials = [Trial(world, size) for size in SIZES]
        for trial in trials:
            run(trial, resamples, CHECKED)
        yield f"{world.name} (tones of an author alike: {world.alike:.2f})"
        yield f"  {'':44}" + "".join(f"{f'n = {size}':>15}" for size in SIZES)
        for name in trials[0].results:
            row = [trial.results[name] for trial in trials]
            yield f"  {name:44}" + "".join(f"{one.coverage:8.1%}{one.wider:7.2f}" for one in row)
            tried += len(row)
            outside += [
                f"  {held.coverage:.1%} ± {held.stray:.1%} {name}, n = {trial.size}, {world.name}"
                for trial, held in zip(trials, row, strict=True)
                if not LEAST <= held.coverage <= MOST
            ]
    yield f"{tried - len(outside)} of {tried} hold {LEAST:.0%} to {MOST:.0%} of the time; the others:"
    yield from outside


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intervals", description=__doc__)
    parser.add_argument("--resamples", type=int, default=RESAMPLES)
    try:
        for line in report(resamples=parser.parse_args().resamples):
            print(line, flush=True)
    except Missing as missing:
        sys.exit(f"SKIPPED: needs {missing}")
