"""One post while its queries are worked out: what was found in it, and what only some queries need, made once."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from listener.matching import fields
from listener.matching.places import as_written, near, stands_as_written
from listener.matching.said import Said
from listener.matching.snippets import snippet
from listener.matching.tree import Exact, Field, Near, Special, Title, Wild, Words
from storage.mention import Exclude

Key = str | Wild
"""What is found: a literal, or a word with wildcards."""


def key_of(words: Words) -> Key:
    """Return what must have been found before it is worth looking closer."""
    return words if isinstance(words, Wild) else words.literal


class Exclusion:
    """What a brand never counts: authors and sites, and posts of a kind that a ready list knows."""

    def __init__(self, exclude: Exclude) -> None:
        """Raises ValueError for a site or a snippet that cannot be one."""
        self._authors = frozenset(fields.value_of("author", author) for author in exclude.authors)
        self._sites = frozenset(fields.value_of("site", site) for site in exclude.sites)
        self.snippets = {name: snippet(name) for name in exclude.snippets}

    @property
    def words(self) -> AbstractSet[str]:
        """What must be looked for in every text, so that `by_words` can answer."""
        return frozenset(word for one in self.snippets.values() for word in one.words)

    def by_origin(self, said: Said) -> bool:
        """Say whether its author or its site is excluded."""
        return self.by_author(said) or self.by_site(said)

    def by_author(self, said: Said) -> bool:
        return bool(self._authors) and fields.account(said.author) in self._authors

    def by_site(self, said: Said) -> bool:
        return bool(self._sites) and not self._sites.isdisjoint(fields.sites(said.url))

    def by_words(self, found: AbstractSet[object], folded: str) -> bool:
        """Say whether it is a post of an excluded kind."""
        return any(one.excludes(found, folded) for one in self.snippets.values())


class Scene:
    """Answers for everything in a query that is more than a word."""

    # One is made for each post in which something was found, and most are asked nothing.
    __slots__ = ("_as_written", "folded", "found", "said", "titled")

    def __init__(self, said: Said, folded: str, found: AbstractSet[Key], titled: AbstractSet[Key]) -> None:
        self.said = said
        self.folded = folded
        self.found = found
        self.titled = titled
        self._as_written: str | None = None

    @property
    def written(self) -> str:
        if self._as_written is None:
            self._as_written = as_written(self.said.text)
        return self._as_written

    def tells(self, leaf: Special) -> bool:
        """Say whether it is true of this post."""
        match leaf:
            case Wild():
                return leaf in self.found
            case Exact(literal=literal):
                return literal in self.found and stands_as_written(leaf, self.written)
            case Near(left, right):
                return self._any(left) and self._any(right) and near(leaf, self.folded, self.written)
            case Title(words):
                return self._in_title(words)
            case Field():
                return fields.tells(leaf, self.said)

    def _any(self, side: tuple[Words, ...]) -> bool:
        return any(key_of(words) in self.found for words in side)

    def _in_title(self, words: Words) -> bool:
        if key_of(words) not in self.titled:
            return False
        return not isinstance(words, Exact) or stands_as_written(words, as_written(self.said.title or ""))

    def has_words_of(self, exclusion: Exclusion) -> bool:
        """Say whether the post is of a kind that is excluded."""
        return exclusion.by_words(self.found, self.folded)
