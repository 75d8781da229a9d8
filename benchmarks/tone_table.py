"""What engines must show, figure by figure, and the tables in which it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from benchmarks.tone_cost import Cost
from sentiment.training.scoring import Score

LANGUAGES = tuple(f"{lang}_umsab" for lang in ("ar", "de", "en", "es", "fr", "hi-Latn", "it", "pt"))
TOPICS = "en_topics_5point_folded"


@dataclass(frozen=True, slots=True)
class Goal:
    """What a known recipe reaches, and what is aimed at; None where the aim is no other."""

    must: float
    reach: float | None = None

    def __str__(self) -> str:
        return short(self.must) if self.reach is None else f"{short(self.must)}/{short(self.reach)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: what is worked out from the scores of `sets`, and what each engine must reach there."""

    name: str
    sets: tuple[str, ...]
    of: Callable[[Score], float]
    goals: Mapping[str, Goal] = field(default_factory=dict)
    at_most: bool = False
    over: Callable[[Sequence[float]], float] = fmean

    def value(self, scores: Mapping[str, Score]) -> float | None:
        """Return the figure, None where a set is not there."""
        if not all(name in scores for name in self.sets):
            return None
        return self.over([self.of(scores[name]) for name in self.sets])

    def n(self, scores: Mapping[str, Score]) -> int:
        """How many judgements it is worked out from."""
        return sum(scores[name].n for name in self.sets if name in scores)

    def misses(self, engine: str, value: float) -> bool:
        """Say whether the engine does worse there than it must."""
        goal = self.goals.get(engine)
        if goal is None:
            return False
        return value > goal.must if self.at_most else value < goal.must


def recall(score: Score) -> float:
    return score.macro_recall


def accuracy(score: Score) -> float:
    return score.accuracy


def calibration(score: Score) -> float:
    return score.calibration_error


def positive_error(score: Score) -> float:
    """Error of a topic's positive share; no number where no topic has rows enough."""
    return score.shares.positive if score.shares else float("nan")


def negative_error(score: Score) -> float:
    """Error of a topic's negative share; no number where no topic has rows enough."""
    return score.shares.negative if score.shares else float("nan")


def _goals(builtin: Goal, neural: Goal) -> dict[str, Goal]:
    return {"builtin": builtin, "neural": neural}


FIGURES = (
    Figure("English posts", ("en_posts",), recall, _goals(Goal(0.65, 0.67), Goal(0.70, 0.725))),
    Figure("8 languages, mean accuracy", LANGUAGES, accuracy, _goals(Goal(0.59, 0.60), Goal(0.65, 0.68))),
    Figure("Romanian posts", ("ro_sart",), recall, _goals(Goal(0.72, 0.74), Goal(0.74, 0.78))),
    Figure("Persian sentences", ("fa_deepsentipers",), recall, _goals(Goal(0.65, 0.68), Goal(0.68, 0.72))),
    Figure("Catalan sentences", ("ca_multibooked",), recall, _goals(Goal(0.58, 0.66), Goal(0.66, 0.72))),
    Figure("Swedish posts", ("sv_social",), recall, _goals(Goal(0.62, 0.65), Goal(0.65, 0.70))),
    Figure(
        "news, towards who is named",
        ("en_news_people",),
        recall,
        _goals(Goal(0.53, 0.54), Goal(0.60, 0.68)),
    ),
    Figure(
        "tweets, towards one target",
        ("en_targets_tweets",),
        recall,
        _goals(Goal(0.53, 0.55), Goal(0.62, 0.68)),
    ),
    Figure(
        "error of a positive share", (TOPICS,), positive_error, _goals(Goal(0.08), Goal(0.06)), at_most=True
    ),
    Figure(
        "error of a negative share", (TOPICS,), negative_error, _goals(Goal(0.12), Goal(0.10)), at_most=True
    ),
)
_COUNTED = tuple(dict.fromkeys(name for figure in FIGURES for name in figure.sets))
CALIBRATION = (
    Figure("calibration error, mean", _COUNTED, calibration, _goals(Goal(0.05), Goal(0.05)), at_most=True),
    Figure("calibration error, worst", _COUNTED, calibration, at_most=True, over=max),
)
BESIDE = (
    Figure("Swedish opinions", ("sv_absabank",), recall),
    Figure("Norwegian review sentences", ("no_norec",), recall),
    Figure("Spanish review sentences", ("es_opener",), recall),
    Figure("English rated sentences", ("en_rated_reviews_news",), recall),
    *(Figure(f"{name.removesuffix('_umsab')}, accuracy", (name,), accuracy) for name in LANGUAGES),
)


def short(value: float) -> str:
    """Write a ratio as .652."""
    written = f"{value:.3f}"
    return written[1:] if written.startswith("0.") else written


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as they are printed; the first column is words, the others are numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def aligned(self) -> Iterator[str]:
        """Return the lines for a terminal."""
        lines = [self.header, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.header))]
        for first, *others in lines:
            numbers = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
            yield " ".join([f"{first:<{widths[0]}}", *numbers]).rstrip()

    def markdown(self) -> Iterator[str]:
        """Return the lines for a page of the docs."""
        for number, line in enumerate([self.header, *self.rows]):
            yield f"| {' | '.join(line)} |"
            if not number:
                yield "|---" + "|---:" * (len(self.header) - 1) + "|"


def quality(figures: Sequence[Figure], scores: Mapping[str, Mapping[str, Score]]) -> Table:
    """Return the table of figures: a column for each engine and, where it has goals, one for these.

    A figure that misses its must has a ! behind it. A row of which a set is not there shows a dash.
    """
    aimed = [engine for engine in scores if any(engine in figure.goals for figure in figures)]
    header = ["", "n"]
    for engine in scores:
        header += [engine, "must/aim"] if engine in aimed else [engine]
    rows = []
    for figure in figures:
        row = [figure.name, f"{figure.n(next(iter(scores.values()), {})):,}"]
        for engine, judged in scores.items():
            row.append(_cell(figure, engine, figure.value(judged)))
            if engine in aimed:
                row.append(str(figure.goals.get(engine, "")))
        rows.append(row)
    return Table(header, rows)


def _cell(figure: Figure, engine: str, value: float | None) -> str:
    if value is None:
        return "- "
    return short(value) + ("!" if figure.misses(engine, value) else " ")


def costs(found: Mapping[str, Cost]) -> Table:
    """Return the table of speed (with the ratio to vader, where it ran), load time, memory and size."""
    vader = found.get("vader")
    rows = [
        [
            engine,
            f"{cost.speed:,.0f}",
            f"{cost.speed / vader.speed:.3g}" if vader else "-",
            f"{cost.load:.2f} s",
            f"{cost.peak:.0f} MB",
            f"{cost.size:.0f} MB",
        ]
        for engine, cost in found.items()
    ]
    return Table(["", "texts/s", "to vader", "load", "peak memory", "installed"], rows)
