"""How much room the store takes, in words: for `listener check`, the status page and health."""

from __future__ import annotations

from collections.abc import Iterator

from listener.config import Config
from storage import disk, retention
from storage.base import Rows
from storage.disk import format_size

LITTLE = 500_000_000
"""Bytes of free disk below which somebody should make room."""


def too_large(config: Config, store: Rows) -> str | None:
    """What to say where the store has passed `storage.max_size`; None where it has not, or none is set."""
    limit = config.storage.max_size
    if limit is None or (used := disk.used(store)) <= limit:
        return None
    return (
        f"the store holds {format_size(used)}, more than storage.max_size ({format_size(limit)}); nothing is dropped "
        "for that: shorten storage.retention, or raise the limit"
    )


def told(config: Config, store: Rows) -> str:
    """One line on what is taken now."""
    found = disk.taken(store, config.database)
    parts = [f"{format_size(found.file)} in the store"]
    if found.file - found.used >= max(10**6, found.file // 10):
        parts[0] += f" (of these {format_size(found.file - found.used)} are free for what comes)"
    parts += [
        f"{format_size(size)} in {what}"
        for size, what in ((found.log, "its log"), (found.backups, "backups"), (found.copies, "copies"))
        if size
    ]
    return f"{', '.join(parts)}; {format_size(found.free)} free on the disk"


def growing(config: Config, store: Rows, now: int) -> Iterator[str]:
    """How it grows at the pace of the last week, and to what; nothing where little came."""
    limits = retention.limits(store, config.storage.kept_for)
    found = disk.growth(store, limits, now)
    if found is not None:
        yield (
            f"about {found.posts:,.0f} posts and {format_size(found.bytes)} a day, of which {format_size(found.texts)} "
            f"are texts that go after storage.retention; at this pace about {format_size(found.in_a_year)} in a year"
        )
