"""How right judgements are: recall, shares, and whether the probabilities mean what they say."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentiment.tone import LABELS, Label, Tone
from sentiment.training.corpus import Row

FEWEST = 20
"""Rows of one target from which its shares are compared: of fewer, a share is mostly chance."""
_BINS = 10


@dataclass(frozen=True, slots=True)
class ShareErrors:
    """Mean absolute error of a target's share of positive and of negative rows, over so many `targets` (ratios)."""

    targets: int
    positive: float
    negative: float


@dataclass(frozen=True, slots=True)
class Score:
    """How `n` judgements compare with what people said. All are ratios in 0..1; abstaining is wrong.

    `recalls` holds the labels that people gave, and the macro figures are means over these. `confusion` counts rows by
    (what people said, what the engine said, None where it abstained). `calibration_error` is the expected one: over ten
    bins of the largest probability, the mean distance between it and how often it was right, weighted by rows.
    `shares` is None where no target has FEWEST rows.
    """

    n: int
    accuracy: float
    macro_recall: float
    macro_f1: float
    recalls: Mapping[Label, float]
    abstained: float
    calibration_error: float
    shares: ShareErrors | None
    confusion: Mapping[tuple[Label, Label | None], int]


def score(rows: Sequence[Row], tones: Sequence[Tone]) -> Score:
    """Compare judgements with the rows that they are of, in the same order. Raises ValueError where there are none."""
    if not rows:
        raise ValueError("no rows to score")
    confusion = Counter((row.label, tone.label) for row, tone in zip(rows, tones, strict=True))
    n = len(rows)
    true, said = Counter[Label](), Counter[Label | None]()
    for (truth, label), count in confusion.items():
        true[truth] += count
        said[label] += count
    given = [label for label in LABELS if true[label]]
    recalls = {label: confusion[label, label] / true[label] for label in given}
    f1 = [2 * confusion[label, label] / (true[label] + said[label]) for label in given]
    return Score(
        n,
        accuracy=sum(confusion[label, label] for label in given) / n,
        macro_recall=sum(recalls.values()) / len(given),
        macro_f1=sum(f1) / len(given),
        recalls=recalls,
        abstained=said[None] / n,
        calibration_error=calibration_error(rows, tones),
        shares=share_errors(rows, tones),
        confusion=confusion,
    )


def calibration_error(rows: Sequence[Row], tones: Sequence[Tone]) -> float:
    """Return the expected calibration error (Guo et al. 2017, ten bins of equal width).

    A doubt counts by its largest probability too: an engine that abstains and is sure is not calibrated.
    """
    surplus = [0.0] * _BINS
    for row, tone in zip(rows, tones, strict=True):
        chances = (tone.p_negative, tone.p_neutral, tone.p_positive)
        top = max(chances)
        right = LABELS[chances.index(top)] == row.label
        surplus[min(_BINS - 1, int(_BINS * top))] += top - right
    return sum(map(abs, surplus)) / len(rows)


def share_errors(rows: Sequence[Row], tones: Sequence[Tone]) -> ShareErrors | None:
    """Compare each target's counted shares with its true ones; a row on which the engine abstained stays in both."""
    targets: defaultdict[str, list[tuple[Label, Label | None]]] = defaultdict(list)
    for row, tone in zip(rows, tones, strict=True):
        if row.target:
            targets[row.target].append((row.label, tone.label))
    pairs = [found for found in targets.values() if len(found) >= FEWEST]
    if not pairs:
        return None
    return ShareErrors(len(pairs), _mean_error("positive", pairs), _mean_error("negative", pairs))


def _mean_error(label: Label, targets: Sequence[Sequence[tuple[Label, Label | None]]]) -> float:
    errors = [
        abs(sum(truth == label for truth, _ in pairs) - sum(said == label for _, said in pairs)) / len(pairs)
        for pairs in targets
    ]
    return sum(errors) / len(errors)
