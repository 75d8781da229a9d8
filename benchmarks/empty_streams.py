"""Streams without events, and with one, made by other rules than those that the detector's calibration knows."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from alerts.anomaly.empty import binomial, poisson
from storage.public_holidays import is_holiday

STEP = 900
PER_DAY = 96
START = 1_735_516_800  # Monday, 30 December 2024
HOLIDAYS = "ES"


@dataclass(frozen=True, slots=True)
class World:
    """How mentions come: a busy evening, quieter weekends, growth, moods that last hours, holidays, bursts.

    Public holidays of Spain are quiet, and the detector is told so as a configuration tells it. `mood` is the
    standard deviation of the logarithm of an hourly autoregression, `lasting` its coefficient; `burst` the dispersion
    of the negative binomial of a quarter hour.
    """

    per_day: float
    mood: float = 0.2
    lasting: float = 0.8
    burst: float = 0.3
    growth_a_week: float = 0.01
    weekend: float = 0.6
    holiday: float = 0.6
    share: float = 0.25
    share_mood: float = 0.2


@dataclass(frozen=True, slots=True)
class Event:
    """From this row on, for so many rows: mentions times `times`, the share plus `share`."""

    row: int
    rows: int
    times: float = 1.0
    share: float = 0.0


def stream(world: World, days: int, seed: int, event: Event | None = None) -> Iterator[tuple[int, int, int]]:
    """(start, count, part) of each quarter hour."""
    chance = random.Random(seed)
    mood = share_mood = 0.0
    fresh = math.sqrt(1 - world.lasting**2)
    closed = 1.0
    for row in range(days * PER_DAY):
        quarter, day = row % PER_DAY, row // PER_DAY
        if quarter == 0:
            off = is_holiday(HOLIDAYS, (datetime.fromtimestamp(START, UTC) + timedelta(days=day)).date())
            closed = world.holiday if off else world.weekend if day % 7 > 4 else 1.0
        if row % 4 == 0:
            mood = world.lasting * mood + fresh * world.mood * chance.gauss(0, 1)
            share_mood = world.lasting * share_mood + fresh * world.share_mood * chance.gauss(0, 1)
        hour = quarter / 4
        rhythm = (
            1
            + 0.7 * math.cos((hour - 17) / 24 * 2 * math.pi)
            + 0.2 * math.cos((hour - 10) / 12 * 2 * math.pi)
        )
        rate = world.per_day / PER_DAY * rhythm * closed
        rate *= (1 + world.growth_a_week) ** (row / PER_DAY / 7) * math.exp(mood - world.mood**2 / 2)
        odds = math.log(world.share / (1 - world.share)) + share_mood
        share = 1 / (1 + math.exp(-odds))
        if event is not None and event.row <= row < event.row + event.rows:
            rate *= event.times
            share = min(1.0, max(0.0, share + event.share))
        if world.burst:
            rate *= chance.gammavariate(1 / world.burst, world.burst)
        count = poisson(chance, rate)
        yield START + row * STEP, count, binomial(chance, count, share)


def positive(rows: Iterable[tuple[int, int, int]], seed: int) -> Iterator[tuple[int, int, int]]:
    """The same mentions with how many are positive: of those that are not negative, a share with moods of its own."""
    chance = random.Random(f"positive {seed}")
    lasting, spread, mood = 0.8, 0.2, 0.0
    for row, (at, count, negative) in enumerate(rows):
        if row % 4 == 0:
            mood = lasting * mood + math.sqrt(1 - lasting**2) * spread * chance.gauss(0, 1)
        share = 1 / (1 + math.exp(0.7 - mood))
        yield at, count, binomial(chance, count - negative, share)


def interactions(rows: Iterable[tuple[int, int, int]], seed: int) -> Iterator[tuple[int, int, int]]:
    """Reactions to the mentions: of each a log-normal number around 3, which for one in a hundred is above 45."""
    chance = random.Random(f"interactions {seed}")
    for at, count, _ in rows:
        yield at, sum(int(chance.lognormvariate(1.1, 1.2)) for _ in range(count)), 0
