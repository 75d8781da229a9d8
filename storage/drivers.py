"""What stands behind a change: sources, stories, words and voices that a brand had more of than before."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sentiment.text import fold
from storage.base import Rows
from storage.calendar import Window
from storage.stats import false_discovery, log_odds
from storage.stories.looking import largest

MOST_TEXTS = 4_000
"""Of each period at most so many texts are read for their words, evenly spread."""
_LEAST_SPEAKERS = 4
_HEARD_FROM = 3
_WELL_KNOWN = 1_000
_WORD = re.compile(r"[^\W\d_]{3,30}")
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|[@/]\w+")

_IN = """m.brand_id = (SELECT id FROM brands WHERE name = ?) AND m.published_at >= ? AND m.published_at < ?
    AND m.source_id IN (SELECT id FROM sources WHERE name IN (SELECT value FROM json_each(?)))"""
_SOURCES = f"""SELECT s.name, sum(m.published_at >= ?), sum(m.published_at < ?) FROM mentions m
    JOIN sources s ON s.id = m.source_id WHERE {_IN} GROUP BY s.name"""
_STORIES_THEN = f"""SELECT s.story_id, count(DISTINCT m.post_id) FROM story_members s JOIN mentions m
    ON m.post_id = s.post_id WHERE s.story_id IN (SELECT value FROM json_each(?)) AND {_IN} GROUP BY s.story_id"""
_FIRST = f"""SELECT s.story_id, min(m.post_id) FROM story_members s JOIN mentions m ON m.post_id = s.post_id
    JOIN posts p ON p.id = m.post_id AND p.erased_at IS NULL
    WHERE s.story_id IN (SELECT value FROM json_each(?)) AND {_IN} GROUP BY s.story_id"""
_VOICES = f"""SELECT a.id, count(*), a.followers FROM mentions m JOIN authors a ON a.id = m.author_id
    WHERE {_IN} AND a.name IS NOT NULL GROUP BY a.id
    HAVING count(*) >= ? OR a.followers >= ?
    ORDER BY coalesce(a.followers, 0) DESC, count(*) DESC, a.id LIMIT ?"""
_NAMES = """SELECT a.id, a.name, s.name FROM authors a JOIN sources s ON s.id = a.source_id
    WHERE a.id IN (SELECT value FROM json_each(?)) AND a.name IS NOT NULL"""
_TEXTS = f"""SELECT coalesce('a' || m.author_id, 'p' || m.post_id), p.title, p.text, m.published_at >= ?
    FROM mentions m JOIN posts p ON p.id = m.post_id WHERE {_IN} AND p.erased_at IS NULL AND m.post_id % ? = 0"""


@dataclass(frozen=True, slots=True)
class FromSource:
    """Mentions of a brand in one source, now and in the period before."""

    source: str
    now: int
    then: int


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A story by the number of its first post that can be read; `now`, `then`: its posts in either period."""

    post: int
    now: int
    then: int


@dataclass(frozen=True, slots=True)
class Voice:
    """An author by number, with mentions in this period and followers, None where nobody knows."""

    author: int
    mentions: int
    followers: int | None


@dataclass(frozen=True, slots=True)
class Term:
    """A word that more people used than the period before, each person counted once."""

    word: str
    now: int
    then: int


@dataclass(frozen=True, slots=True)
class Drivers:
    """What a brand had more of; each list the strongest first. No text of a post and no name of a person."""

    sources: tuple[FromSource, ...] = ()
    stories: tuple[ToldStory, ...] = ()
    terms: tuple[Term, ...] = ()
    voices: tuple[Voice, ...] = ()


@dataclass(frozen=True, slots=True)
class Behind:
    """Whose drivers are asked for: a brand by name, over two periods of which `then` ends where `now` begins.

    `sources` are those heard in both, by name. `own_words` are no news: what the brand is called.
    """

    brand: str
    now: Window
    then: Window
    sources: tuple[str, ...]
    own_words: Collection[str] = ()

    def within(self, since: int, until: int) -> tuple[object, ...]:
        """The parameters of the condition on mentions `m`."""
        return self.brand, since, until, json.dumps(list(self.sources))


def drivers(store: Rows, behind: Behind, limit: int = 3) -> Drivers:
    """Return the drivers of a brand, at most `limit` of a kind."""
    return Drivers(
        tuple(_sources(store, behind)[:limit]),
        tuple(_stories(store, behind, limit)),
        tuple(_terms(store, behind)[:limit]),
        tuple(_voices(store, behind, limit)),
    )


def names(store: Rows, authors: Sequence[int]) -> dict[int, tuple[str, str]]:
    """(name, source) of authors by number; who took back all that they said is not among them."""
    return {row[0]: (row[1], row[2]) for row in store.rows(_NAMES, (json.dumps(list(authors)),))}


def _sources(store: Rows, behind: Behind) -> list[FromSource]:
    asked = (behind.now.since, behind.now.since, *behind.within(behind.then.since, behind.now.until))
    found = [FromSource(*row) for row in store.rows(_SOURCES, asked)]
    return sorted(found, key=lambda one: (-abs(one.now - one.then), one.source))


def _stories(store: Rows, behind: Behind, limit: int) -> list[ToldStory]:
    told = {story.id: story.posts for story in largest(store, [behind.brand], behind.now, limit)}
    numbers = json.dumps(list(told))
    first: dict[int, int] = dict(
        store.rows(_FIRST, (numbers, *behind.within(behind.now.since, behind.now.until)))
    )
    then: dict[int, int] = dict(
        store.rows(_STORIES_THEN, (numbers, *behind.within(behind.then.since, behind.then.until)))
    )
    return [ToldStory(first[id_], posts, then.get(id_, 0)) for id_, posts in told.items() if id_ in first]


def _voices(store: Rows, behind: Behind, limit: int) -> list[Voice]:
    asked = behind.within(behind.now.since, behind.now.until)
    return [Voice(*row) for row in store.rows(_VOICES, (*asked, _HEARD_FROM, _WELL_KNOWN, limit))]


def _terms(store: Rows, behind: Behind) -> list[Term]:
    """The words that stand out, tested together; only those that several people used."""
    counted = sum(max(one.now, one.then) for one in _sources(store, behind))
    every = max(1, -(-counted // MOST_TEXTS))
    asked = (behind.now.since, *behind.within(behind.then.since, behind.now.until), every)
    spoken: dict[tuple[str, bool], set[str]] = {}
    written: Counter[tuple[str, str]] = Counter()
    for speaker, title, text, is_now in store.rows(_TEXTS, asked):
        said = {word.lower() for word in _WORD.findall(_ADDRESS.sub(" ", f"{title or ''} {text}"))}
        spoken.setdefault((speaker, bool(is_now)), set()).update(map(fold, said))
        written.update((fold(word), word) for word in said)
    counts = {
        side: Counter(w for (_, now), said in spoken.items() if now is side for w in said)
        for side in (True, False)
    }
    found = log_odds.words(counts[True], counts[False])
    tested = [one for one in found if one.count >= _LEAST_SPEAKERS and one.word not in behind.own_words]
    told = false_discovery.discoveries([one.p for one in tested])
    best: dict[str, str] = {}
    for (folded, word), _ in written.most_common():
        best.setdefault(folded, word)
    return [
        Term(best[one.word], one.count, one.count_before)
        for one, sure in zip(tested, told, strict=True)
        if sure and one.z > 0
    ]
