"""Shares of topics as the KPIs estimate them from an engine: how far off they are, and whether the intervals hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from sentiment.calibration import card
from sentiment.tone import Tone
from sentiment.training.corpus import Row
from sentiment.training.scoring import FEWEST
from storage.stats.expected import Stratum, Sums
from storage.stats.shares import Shares, estimate


@dataclass(frozen=True, slots=True)
class Intervals:
    """Over `topics`: the mean error of the estimated shares, how many 95 % intervals hold the true one, their width.

    `held` is over both shares of each topic, a ratio; `width` from end to end, as a mean over both.
    """

    topics: int
    positive_error: float
    negative_error: float
    held: float
    width: float


def intervals(rows: Sequence[Row], tones: Sequence[Tone]) -> Intervals | None:
    """Estimate each topic's shares from judgements alone, no text corrected, and compare them with what people said.

    As in a KPI, texts that the engine left open are in neither. None where the engine was never measured, or no topic
    has rows enough.
    """
    topics: defaultdict[str, list[tuple[Row, Tone]]] = defaultdict(list)
    for row, tone in zip(rows, tones, strict=True):
        if row.target and tone.label is not None:
            topics[row.target.casefold()].append((row, tone))
    found = [
        (shares, [row for row, _ in judged])
        for judged in topics.values()
        if len(judged) >= FEWEST and (shares := shares_of([tone for _, tone in judged]))
    ]
    if not found:
        return None
    positive = [(shares.positive, _share(texts, "positive")) for shares, texts in found]
    negative = [(shares.negative, _share(texts, "negative")) for shares, texts in found]
    both = [*positive, *negative]
    return Intervals(
        len(found),
        positive_error=fmean(abs(one.value - true) for one, true in positive),
        negative_error=fmean(abs(one.value - true) for one, true in negative),
        held=fmean(one.low <= true <= one.high for one, true in both),
        width=fmean(one.high - one.low for one, _ in both),
    )


def shares_of(tones: Iterable[Tone]) -> Shares | None:
    """Estimate shares as a KPI does: each engine and language by what was measured of them."""
    strata: defaultdict[tuple[str, str | None], Sums] = defaultdict(Sums)
    for tone in tones:
        good, bad = tone.p_positive, tone.p_negative
        strata[tone.engine, tone.lang] += Sums(1, good, bad, good**2, bad**2, good * bad)
    measured = [(card(engine), language, sums) for (engine, language), sums in strata.items()]
    return estimate(
        [Stratum(sums, made.of(language) if made else None) for made, language, sums in measured], []
    )


def _share(rows: Sequence[Row], label: str) -> float:
    return sum(row.label == label for row in rows) / len(rows)
