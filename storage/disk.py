"""How much room the store and what belongs to it take, how fast that grows, and to what under `storage.retention`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from storage import backup, copies
from storage.base import Rows

DAY = 86_400
WEEK = 7 * DAY
_UNITS = {"MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([MGT]B)")
_LOOKED_AT = 1_000
"""Newest posts of which the length of texts is taken."""
FEWEST = 100
"""Posts below which nothing is said of the growth."""
_EMPTY = 550_000
"""Bytes that a store takes in which there is nothing."""

_PAGES = (
    "SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)"
)
_PAGE_SIZE = "SELECT page_size FROM pragma_page_size"
_READABLE = "SELECT count(*), min(fetched_at) FROM posts WHERE source_id = ? AND erased_at IS NULL AND fetched_at >= ?"
_POSTS = "SELECT count(*) FROM posts"
_LENGTHS = """SELECT avg(length(CAST(text AS BLOB)) + coalesce(length(CAST(title AS BLOB)), 0)
    + coalesce(length(CAST(url AS BLOB)), 0)) FROM (SELECT text, title, url FROM posts WHERE erased_at IS NULL
    ORDER BY id DESC LIMIT ?) newest"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes on the disk: the store's file and its log, backups in its folder, copies beside it; what is free.

    `used`: of the store's file, what is in use; the rest is used again before the file grows.
    """

    file: int
    log: int
    used: int
    backups: int
    copies: int
    free: int


@dataclass(frozen=True, slots=True)
class Growth:
    """What the last week's pace comes to: posts and bytes a day; how many of these are texts, which go in time.

    `in_a_year`: bytes in use then, if that pace and the retention stay.
    """

    posts: float
    bytes: float
    texts: float
    in_a_year: float


def taken(store: Rows, database: Path) -> Taken:
    """What is taken now: a look at files and at the store's header, so that anybody may ask at any time."""
    log = database.with_name(database.name + "-wal")
    return Taken(
        file=database.stat().st_size,
        log=_size(log),
        used=used(store),
        backups=sum(map(_size, backup.in_folder(backup.folder_of(database)))),
        copies=sum(map(_size, copies.of(database))),
        free=shutil.disk_usage(database.parent).free,
    )


def used(store: Rows) -> int:
    """Bytes of the store's file that are in use."""
    return int(store.rows(_PAGES)[0][0]) * int(store.rows(_PAGE_SIZE)[0][0])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def growth(store: Rows, limits: Mapping[int, int], now: int) -> Growth | None:
    """The pace of the last week, or of as much of it as there was; None where little came.

    `limits`: seconds for which texts are kept, by source. An estimate: every post counts as an average one.
    """
    posts = store.rows(_POSTS)[0][0]
    text = store.rows(_LENGTHS, (_LOOKED_AT,))[0][0] or 0.0
    came, readable, kept_texts, first = 0, 0, 0.0, now
    for (source,) in store.rows("SELECT id FROM sources"):
        count, since = store.rows(_READABLE, (source, now - WEEK))[0]
        readable += store.rows(_READABLE, (source, 0))[0][0]
        came += count
        first = min(first, since or now)
        # Of a source whose texts stay for good a year brings a year of them.
        kept_texts += count * min(limits.get(source, 365 * DAY), 365 * DAY) / DAY
    if came < FEWEST:
        return None
    days = max(1.0, (now - first) / DAY)
    a_day = came / days
    counts = max(0.0, used(store) - _EMPTY - readable * text) / posts
    return Growth(
        a_day,
        a_day * (counts + text),
        a_day * text,
        _EMPTY + counts * (posts + 365 * a_day) + text * kept_texts / days,
    )


def parse_size(value: object) -> int:
    """Return the bytes of "500MB", "2GB" or "1.5 TB" (powers of ten). Raises ValueError."""
    if isinstance(value, str) and (found := _SIZE.fullmatch(value.strip())):
        return round(float(found[1]) * _UNITS[found[2]])
    raise ValueError(f"a size needs a number and a unit, as in 500MB or 2GB; got {value!r}")


def format_size(size: float) -> str:
    """Write bytes in the unit that says something: 2300000000 -> "2.3 GB"."""
    for unit, factor in reversed(_UNITS.items()):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 10**6:.1f} MB"


Size = Annotated[int, BeforeValidator(parse_size)]
