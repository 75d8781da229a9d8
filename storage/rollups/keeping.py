"""How a commit keeps the roll-ups equal to the facts: what is new is added, what may change is counted twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from zoneinfo import ZoneInfo

from storage.authors import drop_unused
from storage.base import Rows, Transaction
from storage.rollups import authors, cells, counted, hashtags, readings, stories
from storage.rollups.counted import Counted
from storage.rollups.periods import Calendar

ZONE = "rollup_zone"
"""The fact that names the zone in which the roll-ups are cut: theirs, whatever a configuration says meanwhile."""


def zone_of(db: Rows) -> ZoneInfo:
    """The zone in which the roll-ups of this store are cut."""
    found = db.rows("SELECT value FROM facts WHERE name = ?", (ZONE,))
    return ZoneInfo(found[0][0]) if found else ZoneInfo("UTC")


def outdated(db: Rows, zone: ZoneInfo | None) -> bool:
    """Whether there are no roll-ups yet, or they are cut in another zone than this one."""
    found = db.rows("SELECT value FROM facts WHERE name = ?", (ZONE,))
    return not found or (zone is not None and found[0][0] != zone.key)


@lru_cache(maxsize=4)
def _calendar(zone: str) -> Calendar:
    return Calendar(ZoneInfo(zone))


def calendar_of(db: Rows) -> Calendar:
    """The calendar of the roll-ups of this store."""
    return _calendar(zone_of(db).key)


def add(db: Transaction, new: Sequence[Counted]) -> None:
    """Count mentions that were written just now."""
    if new:
        calendar = calendar_of(db)
        _change(db, calendar, new, ())
        hashtags.change(db, calendar, hashtags.of_posts(db, {one.post for one in new}), Counter())


@contextmanager
def retold(db: Transaction, posts: Iterable[int]) -> Iterator[None]:
    """Whatever is done inside of the block to the stories of these posts, the roll-up of stories follows."""
    numbers = list(posts)
    before = stories.of_posts(db, numbers)
    yield
    after = stories.of_posts(db, numbers)
    if after != before:
        stories.change(db, calendar_of(db), after, before)


@contextmanager
def reread(db: Transaction, posts: Iterable[int]) -> Iterator[None]:
    """Whatever is written of the counters of these posts inside of the block, the roll-up follows."""
    numbers = list(posts)
    before = readings.of_posts(db, numbers)
    yield
    readings.change(db, calendar_of(db), readings.of_posts(db, numbers), before)


@contextmanager
def recounted(db: Transaction, posts: Iterable[int]) -> Iterator[None]:
    """Whatever is done to the mentions of these posts inside of the block, the roll-ups follow."""
    numbers = list(posts)
    before, bore = counted.of_posts(db, numbers), hashtags.of_posts(db, numbers)
    with reread(db, numbers), retold(db, numbers):
        yield
    after = counted.of_posts(db, numbers)
    had, has = Counter(before), Counter(after)
    new, gone = list((has - had).elements()), list((had - has).elements())
    calendar = calendar_of(db)
    if new or gone:
        _change(db, calendar, new, gone)
    hashtags.change(db, calendar, hashtags.of_posts(db, numbers), bore)


def _change(db: Transaction, calendar: Calendar, new: Sequence[Counted], gone: Sequence[Counted]) -> None:
    cells.change(db, calendar, new, gone)
    authors.change(db, calendar, new, gone)
    if gone:
        drop_unused(db, {one.author for one in gone if one.author is not None})
