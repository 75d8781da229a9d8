"""Measure an engine on labelled texts of many topics, and write its card: `python -m sentiment.training.measure`."""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentiment.calibration import ANY, Card, Line, Measured, to_json
from sentiment.engines import load
from sentiment.lines import towards
from sentiment.tone import LABELS, Engine, EngineUnavailable, Label, Tone
from sentiment.training.corpus import Row, read, training_and_tuning

TOPICS = "en_topics_5point_folded"
MIXED = frozenset({"en_entities", "en_news_people", "en_targets_tweets"})
"""Sets of many targets with few texts each: a topic each."""
LEAST_TEXTS = 20
"""Texts that a topic needs."""
LEAST_TOPICS = 10
"""Topics that a language needs for lines of its own; with fewer, its texts are drawn into topics."""
LEAST_OF_LABEL = 40
"""Texts of each label that a language needs to be measured by itself at all."""

# Where topics are few the line is drawn towards "the share is the mean probability": as if one knew beforehand that
# slopes lie around 1 give or take 1, and levels around 0 give or take 0.25.
_SLOPE_SD, _LEVEL_SD = 1.0, 0.25
_SMALLEST_SPREAD = 0.02
_DRAWN_TOPICS, _DRAWN_TEXTS = 80, 200


@dataclass(frozen=True, slots=True)
class Judged:
    """A text with its true label and what the engine said of it; `topic` None where it belongs to none."""

    label: Label
    said: Label
    p_negative: float
    p_positive: float
    lang: str
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class _Sort:
    """A label with the probability that the engine gives it."""

    label: Label

    def truth(self, one: Judged) -> float:
        return float(one.label == self.label)

    def p(self, one: Judged) -> float:
        return one.p_positive if self.label == "positive" else one.p_negative


_POSITIVE, _NEGATIVE = _Sort("positive"), _Sort("negative")


@dataclass(frozen=True, slots=True)
class _Topic:
    """Of one topic and label: texts, their mean probability and true share, and the noise of that share (variance)."""

    n: int
    mean: float
    share: float
    noise: float


def fit_card(engine: str, measured_on: str, judged: Sequence[Judged], seed: int = 1) -> Card:
    """Make the card of an engine from texts that it was not trained on. The same texts and seed give the same card.

    Languages with LEAST_TOPICS topics of LEAST_TEXTS texts are measured on these, all together for "*". The others
    are drawn into topics by chance, with shares of labels of any size; such topics differ in nothing but their labels,
    so the slope is flattened as much as real topics flatten it where there are some, and the spread is at least
    that of real topics. Raises ValueError where there are too few topics.
    """
    topics: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    languages: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        languages[one.lang].append(one)
        if one.topic is not None:
            topics[one.lang, one.topic].append(one)
    enough = {key: texts for key, texts in topics.items() if len(texts) >= LEAST_TEXTS}
    if len(enough) < LEAST_TOPICS:
        raise ValueError(
            f"{len(enough)} topics with {LEAST_TEXTS} texts or more; to measure how topics differ, "
            f"{LEAST_TOPICS} are needed"
        )
    anyone = _measure(list(enough.values()))
    measured = {ANY: anyone}
    for language, texts in sorted(languages.items()):
        own = [texts for (lang, _), texts in enough.items() if lang == language]
        if len(own) >= LEAST_TOPICS:
            measured[language] = _measure(own)
        elif min(sum(one.label == label for one in texts) for label in LABELS) >= LEAST_OF_LABEL:
            of_topics = [text for topic in enough.values() for text in topic]
            measured[language] = _by_drawing(texts, of_topics, anyone, seed)
    return Card(engine, measured_on, measured)


def _measure(topics: Sequence[Sequence[Judged]]) -> Measured:
    texts = [text for topic in topics for text in topic]
    return Measured(
        _line(topics, _POSITIVE),
        _line(topics, _NEGATIVE),
        _net_spread(topics),
        len(topics),
        len(texts),
        _confusion(texts),
    )


def _line(topics: Sequence[Sequence[Judged]], sort: _Sort) -> Line:
    """Weighted least squares over topics, each by its noise and the spread; the spread by the method of moments."""
    slope = _text_slope(topics, sort)
    found = [_topic(texts, sort, slope) for texts in topics]
    variance = 0.01
    intercept, rise = 0.0, 1.0
    for _ in range(50):
        weights = [1 / (variance + topic.noise) for topic in found]
        intercept, rise = _least_squares(found, weights)
        squares = [(topic.share - intercept - rise * topic.mean) ** 2 for topic in found]
        variance = _spread2(squares, [topic.noise for topic in found], weights, fitted=2)
    within = math.sqrt(
        sum(
            sum((sort.p(one) - topic.mean) ** 2 for one in texts)
            for texts, topic in zip(topics, found, strict=True)
        )
        / sum(topic.n - 1 for topic in found)
    )
    mean = sum(topic.mean for topic in found) / len(found)
    between2 = sum((topic.mean - mean) ** 2 - within**2 / topic.n for topic in found) / (len(found) - 1)
    spread = max(_SMALLEST_SPREAD, math.sqrt(variance * (1 + 2 / len(found))))
    return Line(intercept, rise, slope, spread, mean, math.sqrt(max(between2, 1e-4)), max(within, 1e-3))


def _text_slope(topics: Sequence[Sequence[Judged]], sort: _Sort) -> float:
    """How much more often a text has the label for each step of its probability, inside of topics."""
    products = squares = 0.0
    for texts in topics:
        mean = sum(map(sort.p, texts)) / len(texts)
        products += sum((sort.p(one) - mean) * sort.truth(one) for one in texts)
        squares += sum((sort.p(one) - mean) ** 2 for one in texts)
    return products / squares if squares else 1.0


def _topic(texts: Sequence[Judged], sort: _Sort, slope: float) -> _Topic:
    n = len(texts)
    rests = [sort.truth(one) - slope * sort.p(one) for one in texts]
    share = sum(map(sort.truth, texts)) / n
    return _Topic(n, sum(map(sort.p, texts)) / n, share, _noise(rests))


def _noise(rests: Sequence[float]) -> float:
    """Variance of the mean of residuals; not nothing where all happen to be alike."""
    n = len(rests)
    mean = sum(rests) / n
    return max(sum((rest - mean) ** 2 for rest in rests) / (n - 1), 1 / n) / n


def _least_squares(topics: Sequence[_Topic], weights: Sequence[float]) -> tuple[float, float]:
    """Intercept and slope, drawn towards 0 and 1."""
    whole = sum(weights)
    x = sum(w * t.mean for w, t in zip(weights, topics, strict=True)) / whole
    y = sum(w * t.share for w, t in zip(weights, topics, strict=True)) / whole
    squares = sum(w * (t.mean - x) ** 2 for w, t in zip(weights, topics, strict=True))
    products = sum(w * (t.mean - x) * (t.share - y) for w, t in zip(weights, topics, strict=True))
    slope = (products + 1 / _SLOPE_SD**2) / (squares + 1 / _SLOPE_SD**2)
    level = x + (y - x) * whole / (whole + 1 / _LEVEL_SD**2)
    return level - slope * x, slope


def _spread2(
    squares: Sequence[float], noises: Sequence[float], weights: Sequence[float], fitted: int
) -> float:
    """The variance between topics beyond their noise: DerSimonian and Laird (1986), with the weights of the line."""
    k = len(squares) / (len(squares) - fitted)
    parts = zip(squares, noises, weights, strict=True)
    over = sum(w * w * (square * k - noise) for square, noise, w in parts)
    return max(over / sum(w * w for w in weights), 1e-6)


def _net_spread(topics: Sequence[Sequence[Judged]]) -> float:
    """The spread of positive minus negative around the difference of their lines."""
    lines = [(sort, _line(topics, sort)) for sort in (_POSITIVE, _NEGATIVE)]
    (good, above), (bad, below) = lines
    squares, noises = [], []
    for texts in topics:
        first, second = (_topic(texts, sort, line.text_slope) for sort, line in lines)
        net = first.share - above.intercept - above.slope * first.mean
        net -= second.share - below.intercept - below.slope * second.mean
        squares.append(net**2)
        rests = [
            good.truth(one) - bad.truth(one) - above.text_slope * good.p(one) + below.text_slope * bad.p(one)
            for one in texts
        ]
        noises.append(_noise(rests))
    start = above.spread**2 + below.spread**2
    weights = [1 / (start + noise) for noise in noises]
    variance = _spread2(squares, noises, weights, fitted=2)
    return max(_SMALLEST_SPREAD, math.sqrt(variance * (1 + 2 / len(topics))))


def _confusion(texts: Iterable[Judged]) -> tuple[tuple[int, int, int], ...]:
    counts = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
    for one in texts:
        counts[LABELS.index(one.label)][LABELS.index(one.said)] += 1
    return tuple((first, second, third) for first, second, third in counts)


def _by_drawing(
    texts: Sequence[Judged], of_topics: Sequence[Judged], anyone: Measured, seed: int
) -> Measured:
    """Measure a language without topics on drawn ones, beside what real topics are like in other languages."""
    own, other = (_measure(_drawn(some, random.Random(seed))) for some in (texts, of_topics))
    return Measured(
        _flattened(own.positive, other.positive, anyone.positive),
        _flattened(own.negative, other.negative, anyone.negative),
        max(own.spread_net, anyone.spread_net),
        0,
        len(texts),
        _confusion(texts),
    )


def _flattened(own: Line, drawn: Line, real: Line) -> Line:
    flatter = min(1.0, max(0.0, real.slope / drawn.slope)) if drawn.slope > 0 else 1.0
    slope = own.slope * flatter
    # The line turns around its middle.
    intercept = own.intercept + (own.slope - slope) * own.mean
    spread = max(own.spread, real.spread)
    return Line(intercept, slope, own.text_slope, spread, own.mean, real.between, own.within)


def _drawn(texts: Sequence[Judged], chance: random.Random) -> list[list[Judged]]:
    """Topics whose labels have any shares (uniform over all that add up to 1), their texts drawn with repetition."""
    by_label = [[one for one in texts if one.label == label] for label in LABELS]
    topics = []
    for _ in range(_DRAWN_TOPICS):
        shares = [chance.expovariate(1) for _ in LABELS]
        labels = chance.choices(range(len(LABELS)), shares, k=_DRAWN_TEXTS)
        topics.append([chance.choice(by_label[label]) for label in labels])
    return topics


def judge(engine: Engine, rows: Sequence[Row], batch: int = 512) -> list[Judged]:
    """Let an engine judge labelled texts as the daemon would, the target masked; what it leaves open is left out."""
    found: list[Judged] = []
    for first in range(0, len(rows), batch):
        some = rows[first : first + batch]
        texts = [towards(row.text, row.lang, row.target) for row in some]
        tones = engine.judge(texts)
        found += [one for row, tone in zip(some, tones, strict=True) if (one := _judged(row, tone))]
    return found


def _judged(row: Row, tone: Tone) -> Judged | None:
    if tone.label is None:
        return None
    return Judged(row.label, tone.label, tone.p_negative, tone.p_positive, row.lang, _topic_of(row))


def measured_rows(rows: Sequence[Row], *, untrained: bool) -> list[Row]:
    """The rows that an engine may be measured on: those kept for tuning; all but the held out ones if `untrained`.

    Of topics only those that were kept for tuning as a whole: on a topic that it was trained on an engine strays less
    than it will on yours.
    """
    training, tuning = training_and_tuning(rows)
    trained_on = set() if untrained else {_topic_of(row) for row in training}
    allowed = [*training, *tuning] if untrained else tuning
    return [
        row for row in allowed if row.target is None or row.set in MIXED or _topic_of(row) not in trained_on
    ]


def _topic_of(row: Row) -> str | None:
    """What a row counts towards: its topic, its brand in that set, or its whole set where targets have a few rows each.

    Sets that other people labelled, on other things and in other years, are topics too: a card that knew one set alone
    would promise that yours is like that one.
    """
    if row.target is None:
        return None
    if row.set == TOPICS:
        return row.target.casefold()
    return row.set if row.set in MIXED else f"{row.set} {row.target.casefold()}"


def main(arguments: Sequence[str]) -> int:
    """Measure, and write the card. Exit codes: 0 written, 1 it cannot be measured."""
    parser = argparse.ArgumentParser(prog="python -m sentiment.training.measure", description=__doc__)
    parser.add_argument("--engine", required=True, help="a name of sentiment.engines")
    parser.add_argument("--options", default="{}", help="its options, as JSON")
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, help="folders of JSON Lines, see corpus.read"
    )
    parser.add_argument(
        "--beside",
        type=Path,
        nargs="*",
        default=[],
        help="folders that no engine was trained on, with brands",
    )
    parser.add_argument("--out", type=Path, required=True, help="the card to write")
    parser.add_argument(
        "--untrained", action="store_true", help="the engine was trained on none of these texts"
    )
    asked = parser.parse_args(arguments)
    try:
        options: Mapping[str, object] = json.loads(asked.options)
        engine = load(asked.engine, options)
        rows = [row for folder in asked.data for row in read(folder)]
        beside = [row for folder in asked.beside for row in read(folder)]
        seen = {row.mark for row in rows}
        strange = [row for row in beside if row.mark not in seen]
        judged = judge(engine, [*measured_rows(rows, untrained=asked.untrained), *strange])
        part = "all texts but the held out ones" if asked.untrained else "the texts kept for tuning"
        made = fit_card(engine.name, f"{part}; topics of {TOPICS}", judged)
    except (ValueError, EngineUnavailable, OSError) as error:
        print(f"measure: {error}", file=sys.stderr)
        return 1
    asked.out.write_text(json.dumps(to_json(made), indent=1) + "\n", encoding="utf-8")
    for language, one in sorted(made.languages.items()):
        print(f"{language:4} {one.texts:6} texts {one.topics:4} topics  {_told(one)}")
    return 0


def _told(one: Measured) -> str:
    good, bad = one.positive, one.negative
    return (
        f"positive {good.intercept:+.3f} {good.slope:+.2f} p, spread {good.spread:.3f}; "
        f"negative {bad.intercept:+.3f} {bad.slope:+.2f} p, spread {bad.spread:.3f}; net spread {one.spread_net:.3f}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
