"""Which three posts explain an alert best: what is said in them and was not said before, and who is listened to."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sentiment.text import fold
from storage.base import Rows
from storage.browse import Narrow
from storage.calendar import Window
from storage.candidates import Candidate, candidates

if TYPE_CHECKING:
    from alerts.rules import Rule, Transition

SHOWN = 3
_READ = 500
_BEFORE = 7 * 86_400
_PRIOR = 0.5
_TERM = re.compile(r"[^\W\d_]{3,}")
_LONGEST = 2_000
_TONES = {
    "negative_share": "negative",
    "negative_mentions": "negative",
    "net_sentiment": "negative",
    "positive_share": "positive",
    "positive_mentions": "positive",
    "positive_growth": "positive",
}


def explaining(store: Rows, rule: Rule, transition: Transition) -> tuple[int, ...]:
    """Ids of the posts to show with an event; none but where it fired."""
    sample = transition.sample
    if transition.kind != "fired" or sample is None:
        return ()
    if sample.post_ids is not None:
        return sample.post_ids
    label = _TONES.get(getattr(rule.condition, "kpi", None) or str(sample.numbers.get("of")))
    narrow = Narrow(live_only=True, source=rule.source, tag=rule.tag)
    return posts_that_explain(store, rule.brand, Window(sample.since, sample.until), label, narrow)


def tone_of(rule: Rule) -> str | None:
    """The tone of the posts that explain a rule, where it is about one."""
    return _TONES.get(getattr(rule.condition, "kpi", ""))


def posts_that_explain(
    store: Rows, brand: str, window: Window, label: str | None, narrow: Narrow
) -> tuple[int, ...]:
    """The posts of a window that say most of what was not said in the week before it."""
    now = candidates(store, brand, window, label, narrow, _READ)
    if len(now) <= 1:
        return tuple(one.post for one in now)
    earlier = Window(window.since - _BEFORE, window.since)
    then = candidates(store, brand, earlier, None, narrow, _READ)
    return tuple(one.post for one in choose(now, [terms(one.text) for one in then]))


def terms(text: str) -> frozenset[str]:
    """The words of a text, folded; each once."""
    return frozenset(_TERM.findall(fold(text[:_LONGEST])))


def choose(now: Sequence[Candidate], then: Sequence[frozenset[str]], shown: int = SHOWN) -> list[Candidate]:
    """Choose the posts whose words are most surprising, one a story and one an author; each should say something else.

    A post is worth the sum of its words' surprise, of which those that a chosen post has said already count for little,
    and a tenth more for every ten times as many followers; of tones the clearer one.
    """
    said = {one.post: terms(one.text) for one in now}
    surprise = surprises(said.values(), then)
    chosen: list[Candidate] = []
    left, heard = list(now), set[str]()
    while left and len(chosen) < shown:
        best = max(left, key=lambda one: (_worth(one, said[one.post], surprise, heard), one.at, one.post))
        chosen.append(best)
        heard |= said[best.post]
        left = [
            one
            for one in left
            if one.story != best.story and (one.author is None or one.author != best.author)
        ]
    return chosen


def _worth(one: Candidate, said: frozenset[str], surprise: dict[str, float], heard: set[str]) -> float:
    words = sum(surprise[term] * (0.2 if term in heard else 1.0) for term in said)
    # Long posts hold more words of every kind; a root keeps them from winning by length alone.
    return (
        (1e-9 + words / math.sqrt(len(said) + 8))
        * (1 + math.log10(1 + one.followers) / 10)
        * (0.5 + one.clear)
    )


def surprises(now: Collection[frozenset[str]], then: Sequence[frozenset[str]]) -> dict[str, float]:
    """How much more posts say each word now than before: z of the log odds ratio, 0 where it is not more.

    Monroe, Colaresi and Quinn (2008), "Fightin' Words", Political Analysis 16:372-403, with a prior of half a post; a
    word in one post alone is worth little, because anybody may say anything once.
    """
    counted = Counter(term for post in now for term in post)
    before = Counter(term for post in then for term in post)
    posts, posts_before = len(now), len(then)
    found = {}
    for term, a in counted.items():
        b = before[term]
        gain = math.log((a + _PRIOR) / (posts - a + _PRIOR)) - math.log(
            (b + _PRIOR) / (posts_before - b + _PRIOR)
        )
        spread = math.sqrt(1 / (a + _PRIOR) + 1 / (b + _PRIOR))
        found[term] = max(0.0, gain / spread)
    return found
