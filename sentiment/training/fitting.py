"""Fitting of the built-in engine's weights: logistic regression over hashed n-grams and signs, and its calibration."""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from sentiment.engines.builtin.weights import (
    EDGE,
    Grams,
    Layer,
    guessable,
    hashes_of_word,
    place_of_pair,
)
from sentiment.engines.builtin.words import Word, in_order, plain
from sentiment.tone import LABELS
from sentiment.training.corpus import Row

_HANDLE = re.compile(r"@\w+(?:[.@-]\w+)*")
_ITERATIONS = 60
_LEAST_SPREAD = 0.1
"""A sign that one text in a thousand shows must not count thirty times as much as one that half of them show."""
_CUT = 0.99999
"""Share of the weights that int8 holds; the largest of 10,000 are cut, so that the rest keep their differences."""


@dataclass(frozen=True)
class Prepared:
    """A row as the engine sees it: the masked, plain text and its words in order."""

    row: Row
    text: str
    words: list[Word]


@dataclass(frozen=True)
class Fitted:
    """One language's weights: `table` of int8 (2 x places, or empty) with its scale, and the layer over the signs."""

    table: Any
    scale: float
    layer: Layer

    @property
    def places(self) -> int:
        return len(self.table) // 2

    def grams(self) -> Grams:
        return Grams(memoryview(self.table.tobytes()).cast("b"), self.scale)


def prepare(rows: Sequence[Row]) -> list[Prepared]:
    """Read rows as the engine reads texts."""
    texts = [(row, plain(masked(row))) for row in rows]
    return [Prepared(row, text, in_order(text)) for row, text in texts]


def masked(row: Row) -> str:
    """Blank out handles and the row's target, as it is done before an engine sees a text."""
    text = _HANDLE.sub("@user", row.text)
    if not row.target:
        return text
    return re.sub(rf"(?<!\w)#?{re.escape(row.target)}(?!\w)", "brand", text, flags=re.IGNORECASE)


def labels_of(texts: Sequence[Prepared]) -> Any:
    """Return the labels as 0, 1 and 2, in the order of LABELS."""
    return np.array([LABELS.index(text.row.label) for text in texts])


def balanced(texts: Sequence[Prepared]) -> Any:
    """Weight texts so that in every set the labels count alike: the measure is the mean of their recalls."""
    of_label = Counter((text.row.set, text.row.label) for text in texts)
    of_set = Counter(text.row.set for text in texts)
    kinds = Counter(name for name, _ in of_label)
    return np.array([of_set[t.row.set] / kinds[t.row.set] / of_label[t.row.set, t.row.label] for t in texts])


def gram_matrix(texts: Sequence[Prepared], places: int) -> Any:
    """Count hashed features, each row divided by the root of its number of features, as `Grams.score` does."""
    known: dict[Word, Any] = {}
    rows = []
    for text in texts:
        parts = []
        pairs = []
        before = EDGE
        for word in text.words:
            if word not in known:
                known[word] = np.array(hashes_of_word(word), np.int64)
            parts.append(known[word] & (places - 1))
            this = int(known[word][0])
            pairs.append(place_of_pair(before, this, places))
            before = this
        pairs.append(place_of_pair(before, EDGE, places))
        rows.append(np.concatenate([*parts, np.array(pairs, np.int64)]))
    return _counted(rows, places)


def _counted(rows: Sequence[Any], places: int) -> Any:
    counts = np.array([len(row) for row in rows])
    values = (1 / np.sqrt(np.repeat(counts, counts))).astype(np.float32)
    ends = np.concatenate([[0], np.cumsum(counts)])
    matrix = sparse.csr_matrix((values, np.concatenate(rows), ends), shape=(len(rows), places))
    matrix.sum_duplicates()
    return matrix


def scored(texts: Sequence[Prepared], grams: Grams) -> Any:
    """Return the two scores of each text by n-grams alone."""
    return np.array([grams.score(text.words) for text in texts]).reshape(-1, 2)


def fit(texts: Sequence[Prepared], dense: Any, places: int, strength: float) -> Fitted:
    """Fit n-grams and signs together; a rare n-gram may weigh more than a common one (idf).

    `dense` has a row of signs for each text. With `places` 0 the signs are fitted alone. `strength` is scikit-learn's
    C: the smaller, the closer to zero the weights are held.
    """
    middle, spread = dense.mean(0), np.maximum(dense.std(0), _LEAST_SPREAD)
    columns = sparse.csr_matrix((dense - middle) / spread)
    used: Any = np.zeros(0, int)
    rarity: Any = np.zeros(0)
    if places:
        grams = gram_matrix(texts, places)
        frequency = np.bincount(grams.indices, minlength=places)
        used = np.flatnonzero(frequency)
        rarity = np.log((1 + len(texts)) / (1 + frequency[used])) + 1
        columns = sparse.hstack([grams[:, used] @ sparse.diags(rarity), columns])
    model = LogisticRegression(C=strength, max_iter=_ITERATIONS, tol=1e-3)
    with warnings.catch_warnings():
        # The last steps change no label; without a limit they would take as long as all others together.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(columns.tocsr().astype(np.float32), labels_of(texts), sample_weight=balanced(texts))
    # Only differences matter: neutral is taken for zero, which leaves two numbers for each feature.
    coefficients = (model.coef_[[0, 2]] - model.coef_[1]).astype(np.float64)
    bias = model.intercept_[[0, 2]] - model.intercept_[1]
    rows = coefficients[:, len(used) :] / spread
    weights = np.zeros((2, places))
    weights[:, used] = coefficients[:, : len(used)] * rarity
    return Fitted(*_quantised(weights), _layer(rows, bias - rows @ middle))


def guesses(tones: Mapping[str, tuple[int, int]], places: int = 1 << 16) -> tuple[Any, float]:
    """Learn polarity and strength of a word from its runs of letters; return a table as `Grams` takes it, its scale."""
    words = [word for word in sorted(tones) if guessable(word)]
    rows = [np.array(hashes_of_word((word, False)), np.int64) & (places - 1) for word in words]
    matrix = _counted(rows, places)
    model = Ridge(alpha=1.0, solver="sparse_cg", max_iter=60, fit_intercept=False)
    model.fit(matrix, np.array([tones[word] for word in words], float))
    return _quantised(model.coef_)


def _layer(rows: Any, bias: Any, temperature: float = 1.0) -> Layer:
    negative, positive = (tuple(float(f"{weight:.5g}") for weight in row) for row in rows)
    return Layer(negative, positive, (float(f"{bias[0]:.5g}"), float(f"{bias[1]:.5g}")), temperature)


def _quantised(weights: Any) -> tuple[Any, float]:
    used = np.abs(weights[weights != 0])
    scale = float(np.quantile(used, _CUT)) / 127 if len(used) else 1.0
    return np.clip(np.rint(weights / scale), -127, 127).astype(np.int8).reshape(-1), scale


def temperature_of(scores: Any, labels: Any) -> float:
    """Return what to divide scores by so that their probabilities fit the labels best (log loss)."""
    three = np.stack([scores[:, 0], np.zeros(len(scores)), scores[:, 1]], axis=1)

    def loss(logarithm: float) -> float:
        divided = three / math.exp(logarithm)
        return float((logsumexp(divided, axis=1) - divided[np.arange(len(labels)), labels]).mean())

    return round(math.exp(float(minimize_scalar(loss, bounds=(-2.5, 2.5), method="bounded").x)), 4)


def neutral_shift(scores: Any, labels: Any) -> float:
    """Return what to take off both scores so that the mean of the labels' recalls is largest; 0 where all is equal."""
    shifts = sorted(np.linspace(-1.5, 1.5, 31).round(2), key=abs)

    def recall(shift: float) -> float:
        three = np.stack([scores[:, 0] - shift, np.zeros(len(scores)), scores[:, 1] - shift], axis=1)
        said = three.argmax(1)
        return float(np.mean([(said[labels == label] == label).mean() for label in set(labels.tolist())]))

    # The mean over neighbouring shifts, for a single peak on a few hundred texts is chance.
    return float(max(shifts, key=lambda shift: round(sum(recall(shift + d) for d in (-0.1, 0, 0.1)), 6)))
