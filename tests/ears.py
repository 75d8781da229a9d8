"""Ears for collectors under test: what they may ask about whom is listened for, answered without a matcher."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from listener.collectors.base import Purse, Sought


@dataclass
class TestEar:
    """Wants posts that hold one of `words` (every post where there are none), or that a known account wrote."""

    __test__ = False

    words: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()
    sought: tuple[Sought, ...] = ()
    purse: Purse | None = None
    ids: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def know(self, author_ids: Collection[str]) -> None:
        self.known.update(author_ids)

    def wanted(self, text: str, author_id: str | None = None, parent_id: str | None = None) -> bool:
        if author_id in self.known or parent_id in self.ids:
            return True
        return not self.words or any(word in text.lower() for word in self.words)

    def kept(self, native_id: str) -> bool:
        return native_id in self.ids
