"""Two engines as one: the fast one judges everything, the better one what the fast one is unsure of."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from sentiment.tone import Engine, Text, Tone

MINUTE = 60.0

# How many texts are handed to the better engine at once: enough for its own batches, few enough that the budget is
# looked at often.
_AT_ONCE = 16


class Budget:
    """Seconds of work that may be spent in any minute."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds that only ever rise."""
        self._seconds = seconds
        self._clock = clock
        self._spent: deque[tuple[float, float]] = deque()

    def left(self) -> float:
        """Seconds that may still be spent now; below zero where the last piece of work took longer than was left."""
        now = self._clock()
        while self._spent and self._spent[0][0] <= now - MINUTE:
            self._spent.popleft()
        return self._seconds - sum(seconds for _, seconds in self._spent)

    def spend(self, work: Callable[[], list[Tone]]) -> tuple[list[Tone], float]:
        """Do the work, and return what it gave and the seconds that it took."""
        began = self._clock()
        done = work()
        ended = self._clock()
        self._spent.append((ended, ended - began))
        return done, ended - began


class Cascade:
    """Judges by the fast engine, and again by the better one where the fast one abstains or is unsure.

    Unsure: its two largest probabilities differ by less than `threshold`. Those with the smallest difference come
    first, until the better engine's time is used up; the rest keep the fast engine's word. Whichever judged, the
    judgement bears the cascade's name: a series whose posts were judged by both has no break in it.
    """

    def __init__(self, fast: Engine, better: Engine, threshold: float, budget: Budget) -> None:
        self.name = f"cascade-1@{threshold:g}({fast.name},{better.name})"
        self._fast = fast
        self._better = better
        self._threshold = threshold
        self._budget = budget
        # What the better engine takes for a text; learnt with its first work.
        self._seconds_a_text = 0.0

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        """Return one Tone for each text, in the order of the texts."""
        tones = self._fast.judge(texts)
        doubts = {place: _margin(tone) for place, tone in enumerate(tones)}
        unsure = sorted(
            (place for place in doubts if doubts[place] < self._threshold), key=doubts.__getitem__
        )
        while unsure and (fitting := self._fitting()):
            places, unsure = unsure[:fitting], unsure[fitting:]
            for place, tone in zip(places, self._ask([texts[place] for place in places]), strict=True):
                # The better engine may abstain too, and then has nothing to say that is better.
                if tone.label is not None:
                    tones[place] = replace(tone, lang=tone.lang or tones[place].lang)
        return [replace(tone, engine=self.name) for tone in tones]

    def _fitting(self) -> int:
        """How many texts the better engine can judge in the time that is left, at most _AT_ONCE."""
        left = self._budget.left()
        if left <= 0:
            return 0
        # One at least: the first one tells how long a text takes, and a slow one must not be the last for good.
        return max(1, min(_AT_ONCE, int(left / self._seconds_a_text))) if self._seconds_a_text else 1

    def _ask(self, texts: Sequence[Text]) -> list[Tone]:
        done, seconds = self._budget.spend(lambda: self._better.judge(texts))
        self._seconds_a_text = seconds / len(texts)
        return done


def _margin(tone: Tone) -> float:
    """By how much the largest probability leads; below everything for a tone that abstains."""
    if tone.label is None:
        return -1.0
    first, second, _ = sorted((tone.p_negative, tone.p_neutral, tone.p_positive), reverse=True)
    return first - second
