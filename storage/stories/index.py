"""Finds the story that a text is a copy of, among those of the last days, in memory. Pure: no store, no clock."""

from __future__ import annotations

from array import array

from storage.stories.fingerprint import KEYS, LEAST_SHARED, Fingerprint, shared

WINDOW = 14 * 86_400
"""Seconds between the first post of a story and its last one, at most."""
MOST = 50_000
"""Stories that are remembered, some 45 MB; the oldest go first."""
_CROWDED = 8
"""Stories under one key that are looked at, the newest: what so many share is a phrase."""


class Index:
    """Stories by number, each with the fingerprint of the text that began it: a chain of copies cannot drift."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        # Numbers and arrays only: the collector of garbage looks at neither, and tuples would be ten times as large.
        self._exact: dict[int, int] = {}
        self._at: dict[int, int] = {}
        self._sketches: dict[int, array[int]] = {}
        self._runs: dict[int, int] = {}
        self._equal: dict[int, int] = {}
        self._keys: dict[int, int | tuple[int, ...]] = {}
        # Of near-copies: their story, and the text that it began with. Who reposts with a button adds the same words.
        self._near: dict[int, tuple[int, int]] = {}
        self.looked_at = 0

    def __len__(self) -> int:
        return len(self._exact)

    def find(self, sought: Fingerprint, at: int) -> int | None:
        """The story that this, published at `at`, is a copy of; of several the one that it shares most with."""
        if sought.exact is None:
            return None
        found = self._equal.get(sought.exact)
        if found is not None and abs(at - self._at[found]) <= WINDOW:
            return found
        near = self._near.get(sought.exact)
        if near is not None and self._exact.get(near[0]) == near[1] and abs(at - self._at[near[0]]) <= WINDOW:
            return near[0]
        best: tuple[float, int] | None = None
        own = frozenset(sought.sketch)
        for story in self._candidates(sought):
            if abs(at - self._at[story]) > WINDOW:
                continue
            self.looked_at += 1
            sketch = self._sketches[story]
            # Most share a phrase and no more, which is seen at once.
            if len(own.intersection(sketch)) < LEAST_SHARED:
                continue
            alike = shared(sought, Fingerprint(None, tuple(sketch), self._runs[story]))
            if alike and (best is None or (alike, -story) > best):
                best = (alike, -story)
        if best is None:
            return None
        if len(self._near) >= self._most:
            self._near.clear()
        self._near[sought.exact] = (-best[1], self._exact[-best[1]])
        return -best[1]

    def _candidates(self, sought: Fingerprint) -> set[int]:
        found: set[int] = set()
        for key in sought.sketch[:KEYS]:
            stories = self._keys.get(key)
            if stories is None:
                continue
            if isinstance(stories, int):
                found.add(stories)
            else:
                found.update(stories)
        return found

    def add(self, story: int, begun: Fingerprint, at: int) -> int | None:
        """Remember the text that a story began with; return the story that is forgotten for it, if one is."""
        if begun.exact is None:
            return None
        self.forget(story)
        self._exact[story] = begun.exact
        self._at[story] = at
        # Of equal texts the newest: the next copy comes after it.
        self._equal[begun.exact] = story
        if begun.sketch:
            self._sketches[story] = array("I", begun.sketch)
            self._runs[story] = begun.runs
        for key in begun.sketch[:KEYS]:
            stories = self._keys.setdefault(key, story)
            if stories is not story:
                before = (stories,) if isinstance(stories, int) else stories
                self._keys[key] = (*before, story)[-_CROWDED:]
        if len(self._exact) <= self._most:
            return None
        oldest = next(iter(self._exact))
        self.forget(oldest)
        return oldest

    def forget(self, story: int) -> None:
        """Remember nothing of a story any more."""
        exact = self._exact.pop(story, None)
        if exact is None:
            return
        del self._at[story]
        if self._equal.get(exact) == story:
            del self._equal[exact]
        self._runs.pop(story, None)
        for key in self._sketches.pop(story, ())[:KEYS]:
            stories = self._keys.get(key)
            if stories == story:
                del self._keys[key]
            elif isinstance(stories, tuple):
                left = tuple(one for one in stories if one != story)
                if left:
                    self._keys[key] = left
                else:
                    del self._keys[key]
