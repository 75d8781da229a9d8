"""VADER's scores of a text, with a bound on what it costs: no post of emoji holds up the rest."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import cache

MOST_EMOJI = 50
"""How many signs of VADER's table of emoji are read: it writes each out as words, and takes the square of their count.

4,000 of them take more than five seconds, 50 take three milliseconds, and nobody's tone hangs on the 51st.
"""

Scores = Callable[[str], dict[str, float]]


@cache
def scorer() -> Scores:
    """Return what gives `compound` (-1..1) and the shares `pos`, `neu`, `neg` of an English text.

    Emoji after the first 50 count as spaces. The length of the text is the caller's to bound.
    """
    # Reading the lexicons takes tens of milliseconds, which a command that judges nothing should not pay.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()

    def scores(text: str) -> dict[str, float]:
        found: dict[str, float] = analyzer.polarity_scores(_with_few(text, analyzer.emojis))
        return found

    return scores


def _with_few(text: str, emoji: Container[str]) -> str:
    if text.isascii():
        return text
    places = [at for at, sign in enumerate(text) if sign in emoji]
    if len(places) <= MOST_EMOJI:
        return text
    first = places[MOST_EMOJI]
    return text[:first] + "".join(" " if sign in emoji else sign for sign in text[first:])
