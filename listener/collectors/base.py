"""What a collector is, and the two ways in which it may fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from listener.collectors.post import Page
from storage.mention import Cursor, Source


class Collector(Protocol):
    """Reads one source. `poll` is the pause between two readings in seconds."""

    @property
    def source(self) -> Source: ...

    @property
    def poll(self) -> int: ...

    def pages(self, cursor: Cursor | None, now: int) -> AsyncIterator[Page]:
        """Yield what the source said since `cursor` (None on the first poll), up to `now`, oldest first.

        The caller commits each page with its cursor before it asks for the next one, so dying between two
        pages loses nothing. Raises Retriable or Permanent; anything else is a bug and ends the daemon.
        """
        ...


class Retriable(Exception):
    """The source does not answer now. `retry_after` in seconds, when the source said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Permanent(Exception):
    """The source will not answer like this: wrong address, refused, not a feed. It is asked again slowly."""
