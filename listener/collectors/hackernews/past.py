"""Reads Hacker News back in time for the brands' words only, so that there is something to compare with on day one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog

from listener.collectors.base import Ear
from listener.collectors.hackernews.search import ANYTHING, Found, Search
from storage.mention import Heard

MOST_REQUESTS = 30
"""Requests into the past in one poll; the rest follows in the next ones."""
MOST_WORDS = 1_000
SHORTEST = 60

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Back:
    """How far the reading back has come. Plain JSON in the cursor, so that dying loses no more than one request.

    `done`: hashes of what was asked for already. While a round lasts it reads [since, until); `at` is what is being
    asked and down to when it was read, newest first. `whole`: everything asked for so far shares this round, so that
    its stretch is heard once it ends.
    """

    done: tuple[str, ...] = ()
    since: int | None = None
    until: int = 0
    at: tuple[str, int] | None = None
    whole: bool = True

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Back:
        """Read what `to_json` wrote."""
        at = value.get("at")
        return cls(
            tuple(value.get("done", ())),
            value.get("since"),
            value.get("until", 0),
            None if at is None else (str(at[0]), int(at[1])),
            bool(value.get("whole", True)),
        )

    def to_json(self) -> dict[str, Any]:
        """What is kept in the cursor."""
        done = list(self.done)
        if self.since is None:
            return {"done": done}
        at = None if self.at is None else list(self.at)
        return {"done": done, "since": self.since, "until": self.until, "at": at, "whole": self.whole}


@dataclass(frozen=True, slots=True)
class Step:
    """One answer out of the past (None where a round ends), how far that brings us, and what is heard with it."""

    found: Found | None
    back: Back
    heard: Heard | None = None
    cut: int = 0


def questions(ear: Ear) -> dict[str, dict[str, str]]:
    """Return what to ask for: hash -> parameters of the search. Nothing where words alone cannot say it.

    The brands' own posts are asked for too: without them every question of that time would look unanswered.
    """
    words = [phrase for word in ear.searches if (phrase := " ".join(word.replace('"', " ").split()))]
    if not words:
        return {}
    asked = {f"word:{word}": {"query": f'"{word}"', "advancedSyntax": "true"} for word in words}
    accounts = (handle.lstrip("@") for handle in ear.handles)
    asked |= {f"author:{name}": {"tags": f"{ANYTHING},author_{name}"} for name in accounts}
    return {hashlib.sha256(key.encode()).hexdigest()[:8]: value for key, value in asked.items()}


class Past:
    """Reads back as far as `span` seconds, each word once."""

    def __init__(self, search: Search, span: int) -> None:
        self._search = search
        self._span = span
        self._told = False

    async def steps(self, back: Back, ear: Ear, now: int) -> AsyncGenerator[Step, None]:
        """Yield an answer after the other, as long as this poll's share of requests lasts."""
        everything = questions(ear)
        asked = self._bounded(everything)
        if not asked:
            return
        # What is no longer asked for is forgotten: when it comes back, its past is read again.
        done = tuple(key for key in back.done if key in asked)
        todo = [key for key in asked if key not in done]
        if back.since is None:
            if not todo:
                if done != back.done:
                    yield Step(None, Back(done))
                return
            # The first round reads for everybody, and its stretch counts as heard. A later one reads for a new word:
            # for the others that stretch was heard, or not, when it was the present.
            back = Back(done, max(0, now - self._span), now, None, whole=not done and asked == everything)
        back = replace(back, done=done, at=back.at if back.at and back.at[0] in todo else None)
        if back.at is not None:
            todo.sort(key=lambda key: back.at is None or key != back.at[0])
        left = MOST_REQUESTS
        for key in todo:
            async for step in self._word(key, asked[key], back, left):
                left -= 1
                if step.found is not None:
                    yield step
                back = step.back
            if left <= 0 or key not in back.done:
                return
        heard = Heard(back.since or 0, back.until) if back.whole else None
        yield Step(None, Back(back.done), heard)

    async def _word(
        self, key: str, parameters: Mapping[str, str], back: Back, left: int
    ) -> AsyncGenerator[Step, None]:
        """Read one word from where it was left, newest first; each request is a step, some of them without hits."""
        since, until = back.since or 0, back.at[1] if back.at is not None else back.until
        stretches = [(since, until)]
        while stretches and left > 0:
            left -= 1
            low, high = stretches.pop()
            found = await self._search.ask(low, high, parameters)
            if found.full and high - low > SHORTEST:
                middle = (low + high) // 2
                stretches += [(low, middle), (middle, high)]
                yield Step(None, back)
                continue
            cut = found.cut if found.full else 0
            whole = back.whole and not cut
            if stretches:
                back = replace(back, at=(key, low), whole=whole)
            else:
                back = replace(back, done=(*back.done, key), at=None, whole=whole)
            yield Step(found, back, None, cut)

    def _bounded(self, asked: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        if len(asked) > MOST_WORDS and not self._told:
            self._told = True
            log.warning("too many words to read all of them back", words=len(asked), read=MOST_WORDS)
        return dict(list(asked.items())[:MOST_WORDS])
