"""How sure a count, a share or a growth is when some authors speak often: from sums over authors, nothing resampled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from storage.stats import student
from storage.stats.wilson import wilson

_Z = 1.96


@dataclass(frozen=True, slots=True)
class Interval:
    """A value, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def from_chance(self) -> bool:
        """Of a growth or a difference: no change that can be told from chance, because 0 lies within."""
        return self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Count:
    """`n` mentions of one period: the sum over its authors of n_a, and `squares`, the sum of n_a².

    A mention whose author is unknown is an author of its own: it adds 1 to both.
    """

    n: int
    squares: int

    def __post_init__(self) -> None:
        # Cauchy and Schwarz: whole numbers of mentions have no fewer squares, and one author has no more.
        if not 0 <= self.n <= self.squares <= self.n**2:
            raise ValueError(
                f"no authors have {self.n} mentions and {self.squares} as the sum of their squares"
            )


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole, as sums over authors a: of x_a in the part, of y_a in the whole, their squares and product.

    x_a lies in 0 to y_a.
    """

    x: int
    y: int
    xx: int
    xy: int
    yy: int

    def __post_init__(self) -> None:
        if not (0 <= self.x <= self.y <= self.yy and self.x <= self.xx <= self.xy <= self.yy):
            raise ValueError(f"no authors have these sums: {self}")

    @property
    def value(self) -> float:
        return self.x / self.y

    @property
    def spread(self) -> float:
        """The sum over authors of (x_a - s y_a)², s the share: what the ratio estimator's variance is made of."""
        share = self.value
        return max(0.0, self.xx - 2 * share * self.xy + share**2 * self.yy)


@dataclass(frozen=True, slots=True)
class Tones:
    """Sums over authors of their judged, positive and negative mentions, of squares and of products."""

    judged: int
    positive: int
    negative: int
    judged2: int
    positive2: int
    negative2: int
    positive_judged: int
    negative_judged: int
    positive_negative: int

    @property
    def of_positive(self) -> Part:
        return Part(self.positive, self.judged, self.positive2, self.positive_judged, self.judged2)

    @property
    def of_negative(self) -> Part:
        return Part(self.negative, self.judged, self.negative2, self.negative_judged, self.judged2)


def apart(x: int, y: int) -> Part:
    """Return the part of a whole in which each author stands once: x of y distinct authors."""
    return Part(x, y, x, x, y)


def part_of_market(brand: str, pairs: Mapping[tuple[str, str], int], totals: Mapping[str, int]) -> Part:
    """Return the brand's part of its market, from each brand's total and, by pair of brands, sums over authors.

    Of mentions: `totals` is the sum of n_a(b), `pairs` that of n_a(b) n_a(c). Of authors: `totals` is how many named
    b, `pairs` how many named b and c. A brand with itself is a pair; a pair may stand in either order, and no author
    named both where it stands in none. Raises KeyError where the brand is not of the market.
    """

    def both(one: str, other: str) -> int:
        return pairs.get((one, other), pairs.get((other, one), 0))

    return Part(
        totals[brand],
        sum(totals.values()),
        both(brand, brand),
        sum(both(brand, other) for other in totals),
        sum(both(one, other) for one in totals for other in totals),
    )


def share(part: Part) -> Interval | None:
    """The 95 % interval of x / y; None of nothing.

    The ratio of two sums over authors has the variance sum (x_a - s y_a)² / y²: Cochran (1977), Sampling Techniques,
    3rd ed., 3.12. It is the variance of as many independent mentions times the design effect of Kish (1965), Survey
    Sampling, and the interval is Wilson's of y / effect mentions, which covers best at few cases and near 0 and 1:
    Franco et al. (2019), Journal of Survey Statistics and Methodology 7:334-364. It never leaves [0, 1]. Where each
    author has one mention it is Wilson's own.
    """
    if not part.y:
        return None
    n = part.y / _effect(part)
    return Interval(part.value, *wilson(part.value * n, n))


def growth(now: Count, before: Count) -> Interval | None:
    """The 95 % interval of (n - n_before) / n_before between two periods; None where there was nothing before.

    Authors come by chance and each brings his mentions (compound Poisson), so the variance of n is the sum of n_a², and
    by the delta method that of log(n / n_before) is squares / n² + squares_before / n_before². Given n + n_before the
    part of the first is a share, and a ratio is its odds: Przyborowski and Wilenski (1940), Biometrika 31:313-323. So
    it is the odds of `share`'s ends, which has the same variance where counts are large and holds where they are small.
    The two periods count as independent: where the same authors speak in both it is too wide rather than too narrow.
    """
    if not before.n:
        return None
    both = now.squares + before.squares
    found = share(Part(now.n, now.n + before.n, now.squares, now.squares, both))
    assert found is not None
    return Interval(now.n / before.n - 1, _odds(found.low) - 1, _odds(found.high) - 1)


def rate(count: Count) -> Interval:
    """The 95 % interval of the mean of a count, had the period been drawn again: its variance is the sum of n_a².

    The score interval n + z²d/2 ± z √(n d + z²d²/4) of a count whose variance is d times its mean, as Wilson's is of a
    share; d is the mean number of mentions of the author of a mention. Of none, d is taken for 1.
    """
    if not count.n:
        return Interval(0.0, 0.0, _Z**2)
    size = count.squares / count.n
    effect = size * _few(count.n, size)
    middle = count.n + _Z**2 * effect / 2
    reach = _Z * math.sqrt(count.n * effect + (_Z * effect) ** 2 / 4)
    return Interval(count.n, middle - reach, middle + reach)


def net(tones: Tones) -> Interval | None:
    """The 95 % interval of (positive - negative) / judged; None of nothing.

    The difference of two shares of the same mentions, with their correlation as authors show it.
    """
    positive, negative = tones.of_positive, tones.of_negative
    good, bad = share(positive), share(negative)
    if good is None or bad is None:
        return None
    together = (
        tones.positive_negative
        - positive.value * tones.negative_judged
        - negative.value * tones.positive_judged
        + positive.value * negative.value * tones.judged2
    )
    spread = math.sqrt(positive.spread * negative.spread)
    return difference(good, bad, max(-1.0, min(1.0, together / spread)) if spread else 0.0)


def difference(one: Interval, other: Interval, correlation: float = 0.0) -> Interval:
    """The 95 % interval of one share minus another: of two periods, which are independent, or correlated.

    Each end is as far away as the ends of both shares that make it so: Newcombe (1998), Statistics in Medicine
    17:873-890 for independent shares, 17:2635-2650 for paired ones; Zou and Donner (2008), the same 27:1693-1702.
    """
    value = one.value - other.value
    below = _combined(one.value - one.low, other.high - other.value, correlation)
    above = _combined(one.high - one.value, other.value - other.low, correlation)
    return Interval(value, value - below, value + above)


def _combined(first: float, second: float, correlation: float) -> float:
    return math.sqrt(max(0.0, first**2 + second**2 - 2 * correlation * first * second))


def _odds(of: float) -> float:
    return of / (1 - of)


def _effect(part: Part) -> float:
    """By how much an author's mentions being alike makes the variance of a share that of fewer mentions.

    `spread` by what it would be of independent mentions. Where few mentions are in the part, or outside it, they hardly
    tell how alike they are, and the variance comes out too small (Franco et al.): so one author more is added, of
    middling size (Kish's yy / y mentions), all of whose mentions are alike.
    """
    size = part.yy / part.y
    share = (part.x + size) / (part.y + 2 * size)
    added = size * share * (1 - share)
    independent = part.y * part.value * (1 - part.value)
    return (part.spread + added * size) / (independent + added) * _few(part.y, size)


def _few(n: int, size: float) -> float:
    """What an effect grows by because few authors told it: as many as n / size (Kish) of equal size would.

    By Student's t, beside that of as many independent mentions: Korn and Graubard (1998), Survey Methodology
    24:193-201.
    """
    return (student.quantile(max(1.0, n / size - 1)) / student.quantile(max(1.0, n - 1.0))) ** 2
