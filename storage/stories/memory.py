"""The index of stories beside the store: read from it when it is first needed, and followed from then on."""

from __future__ import annotations

import json
from collections.abc import Iterable

from storage.base import Rows
from storage.stories.fingerprint import Fingerprint, unpacked
from storage.stories.index import Index

_NEWER = "SELECT id, story_id, at, exact, sketch FROM fingerprints WHERE id > ? ORDER BY id"
_THERE = "SELECT story_id FROM fingerprints WHERE story_id IN (SELECT value FROM json_each(?))"


class Memory:
    """What the writer of a store knows of stories by heart, another program's stories among it.

    Whatever a transaction does to it holds for that transaction; `drop` it where the transaction is rolled back.
    """

    def __init__(self) -> None:
        self._index: Index | None = None
        self._last = 0

    def drop(self) -> None:
        """Forget everything: it is read again when it is next needed."""
        self._index, self._last = None, 0

    def follow(self, db: Rows) -> None:
        """Read what others have written since."""
        if self._index is None:
            self._index = Index()
        for number, story, at, exact, sketch in db.rows(_NEWER, (self._last,)):
            self._index.add(story, unpacked(exact, sketch), at)
            self._last = number

    def find(self, sought: Fingerprint, at: int) -> int | None:
        """The story that a text is a copy of; it may be one that another program has wiped meanwhile: ask `wiped`."""
        assert self._index is not None
        return self._index.find(sought, at)

    def wiped(self, db: Rows, stories: Iterable[int]) -> set[int]:
        """Those of these stories that nothing is known of any more, and forget them here."""
        asked = set(stories)
        there = db.rows(_THERE, (json.dumps(sorted(asked)),)) if asked else []
        gone = asked - {row[0] for row in there}
        for story in gone:
            self.forget(story)
        return gone

    def add(self, number: int, story: int, begun: Fingerprint, at: int) -> int | None:
        """Remember a fingerprint that is written under this number; return the story that is forgotten for it."""
        assert self._index is not None
        self._last = max(self._last, number)
        return self._index.add(story, begun, at)

    def forget(self, story: int) -> None:
        """Forget a story whose fingerprint is gone."""
        if self._index is not None:
            self._index.forget(story)
