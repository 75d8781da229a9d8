"""What engines must show, figure by figure, and the tables in which it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Protocol

from benchmarks.tone_cost import Cost
from benchmarks.tone_intervals import Intervals
from sentiment.training.scoring import Score

LANGUAGES = tuple(f"{lang}_umsab" for lang in ("ar", "de", "en", "es", "fr", "hi-Latn", "it", "pt"))
TOPICS = "en_topics_5point_folded"


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found of one engine: its scores by set, and what its shares of topics are worth, where it has a card."""

    sets: Mapping[str, Score]
    intervals: Intervals | None = None


class Goal(Protocol):
    """What an engine must show in one figure; written as must/aim."""

    def met(self, value: float) -> bool: ...


@dataclass(frozen=True, slots=True)
class AtLeast:
    """What a known recipe reaches, and what is aimed at."""

    must: float
    aim: float

    def met(self, value: float) -> bool:
        return value >= self.must

    def __str__(self) -> str:
        return f"{short(self.must)}/{short(self.aim)}"


@dataclass(frozen=True, slots=True)
class AtMost:
    """An error that must not be larger."""

    must: float

    def met(self, value: float) -> bool:
        return value <= self.must

    def __str__(self) -> str:
        return f"< {short(self.must)}"


@dataclass(frozen=True, slots=True)
class Within:
    """From where to where it must be: an interval that always holds the truth says nothing either."""

    low: float
    high: float

    def met(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{short(self.low, 2)}-{short(self.high, 2)}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: how it is worked out (None where it cannot be), over how many texts or topics, and engines' goals."""

    name: str
    value: Callable[[Findings], float | None]
    n: Callable[[Findings], int]
    goals: Mapping[str, Goal] = field(default_factory=dict)


Working = Callable[[Score], float | None]


def recall(score: Score) -> float:
    return score.macro_recall


def accuracy(score: Score) -> float:
    return score.accuracy


def calibration(score: Score) -> float:
    return score.calibration_error


def positive_error(score: Score) -> float | None:
    return score.shares.positive if score.shares else None


def negative_error(score: Score) -> float | None:
    return score.shares.negative if score.shares else None


def over(
    name: str,
    sets: Sequence[str],
    of: Working,
    builtin: Goal | None = None,
    neural: Goal | None = None,
    together: Callable[[list[float]], float] = fmean,
) -> Figure:
    """A figure over sets: their mean, each as heavy as the others, unless they are put `together` in another way."""

    def value(found: Findings) -> float | None:
        values = [of(found.sets[one]) for one in sets if one in found.sets]
        told = [one for one in values if one is not None]
        return together(told) if len(told) == len(sets) else None

    def n(found: Findings) -> int:
        return sum(found.sets[one].n for one in sets if one in found.sets)

    return Figure(name, value, n, _goals(builtin, neural))


def topics(name: str, of: Callable[[Intervals], float], goal: Goal | None = None) -> Figure:
    """A figure over the topics whose shares were estimated."""
    return Figure(
        name,
        lambda found: of(found.intervals) if found.intervals else None,
        lambda found: found.intervals.topics if found.intervals else 0,
        _goals(goal, goal),
    )


def _goals(builtin: Goal | None, neural: Goal | None) -> dict[str, Goal]:
    return {engine: goal for engine, goal in (("builtin", builtin), ("neural", neural)) if goal}


RECALLS = (
    over("English posts", ["en_posts"], recall, AtLeast(0.65, 0.67), AtLeast(0.70, 0.725)),
    over("8 languages, mean accuracy", LANGUAGES, accuracy, AtLeast(0.59, 0.60), AtLeast(0.65, 0.68)),
    over("Romanian posts", ["ro_sart"], recall, AtLeast(0.72, 0.74), AtLeast(0.74, 0.78)),
    over("Persian sentences", ["fa_deepsentipers"], recall, AtLeast(0.65, 0.68), AtLeast(0.68, 0.72)),
    over("Catalan sentences", ["ca_multibooked"], recall, AtLeast(0.58, 0.66), AtLeast(0.66, 0.72)),
    over("Swedish posts", ["sv_social"], recall, AtLeast(0.62, 0.65), AtLeast(0.65, 0.70)),
    over("News, towards who is named", ["en_news_people"], recall, AtLeast(0.53, 0.54), AtLeast(0.60, 0.68)),
    over(
        "Tweets, towards one target", ["en_targets_tweets"], recall, AtLeast(0.53, 0.55), AtLeast(0.62, 0.68)
    ),
)
_SCORED = (
    "en_posts",
    *LANGUAGES,
    "ro_sart",
    "fa_deepsentipers",
    "ca_multibooked",
    "sv_social",
    "en_news_people",
)
CALIBRATION = (
    over("Calibration error, mean", _SCORED, calibration, AtMost(0.05), AtMost(0.05)),
    over("Calibration error, worst set", _SCORED, calibration, together=max),
)
SHARES = (
    over("Positive share, counted: error", [TOPICS], positive_error, AtMost(0.08), AtMost(0.06)),
    over("Negative share, counted: error", [TOPICS], negative_error, AtMost(0.12), AtMost(0.10)),
    topics("Positive share, estimated: error", lambda found: found.positive_error),
    topics("Negative share, estimated: error", lambda found: found.negative_error),
    topics("95 % intervals that hold", lambda found: found.held, Within(0.92, 0.98)),
    topics("Their mean width", lambda found: found.width),
)
FIGURES = (*RECALLS, *CALIBRATION, *SHARES)
"""What must be shown."""
BESIDE = (
    over("Swedish opinions", ["sv_absabank"], recall),
    over("Norwegian review sentences", ["no_norec"], recall),
    over("Spanish review sentences", ["es_opener"], recall),
    over("English rated sentences", ["en_rated_reviews_news"], recall),
    *(over(f"{name.removesuffix('_umsab')}, accuracy", [name], accuracy) for name in LANGUAGES),
)
"""What is of use beside it."""


def short(value: float, digits: int = 3) -> str:
    """Write a ratio as .652."""
    written = f"{value:.{digits}f}"
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
            yield f"| {' | '.join(cell.strip() for cell in line)} |"
            if not number:
                yield "|---" + "|---:" * (len(self.header) - 1) + "|"


def quality(figures: Sequence[Figure], found: Mapping[str, Findings]) -> Table:
    """Return the table of figures: a column for each engine and, where it has goals, one for these.

    A figure that misses its must has a ! behind it; one that cannot be worked out is a dash.
    """
    aimed = [engine for engine in found if any(engine in figure.goals for figure in figures)]
    header = ["", "n"]
    for engine in found:
        header += [engine, "must/aim"] if engine in aimed else [engine]
    rows = []
    for figure in figures:
        row = [figure.name, f"{max(map(figure.n, found.values()), default=0):,}"]
        for engine, findings in found.items():
            goal = figure.goals.get(engine)
            row.append(_cell(figure.value(findings), goal))
            if engine in aimed:
                row.append(str(goal or ""))
        rows.append(row)
    return Table(header, rows)


def recorded(figures: Sequence[Figure], scored: Mapping[str, Mapping[str, float | None]]) -> Table:
    """Return the table of figures that were written down, a column for each engine by its full name and its goals."""
    family = {engine: engine.split("-")[0] for engine in scored}
    aimed = {engine for engine in scored if any(family[engine] in figure.goals for figure in figures)}
    header = [""]
    for engine in scored:
        header += [engine, "must/aim"] if engine in aimed else [engine]
    rows = []
    for figure in figures:
        row = [figure.name]
        for engine, values in scored.items():
            goal = figure.goals.get(family[engine])
            row.append(_cell(values.get(figure.name), goal))
            if engine in aimed:
                row.append(str(goal or ""))
        rows.append(row)
    return Table(header, rows)


def _cell(value: float | None, goal: Goal | None) -> str:
    if value is None:
        return "- "
    return short(value) + ("!" if goal is not None and not goal.met(value) else " ")


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
