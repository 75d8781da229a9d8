"""How the store itself is: its shape, its journal, what a look over the file finds, how fast it grows."""

from __future__ import annotations

from dataclasses import dataclass

from storage.base import Rows
from storage.schema import MIGRATIONS
from storage.sqlite import SqliteStore

_DAY = 86_400
_LOOK_BACK = 7 * _DAY


@dataclass(frozen=True, slots=True)
class Condition:
    """`journal`: SQLite's mode, `wal` where all is well. `size` and `log` in bytes. `damage`: empty where it is sound.

    `schema`: the newest migration that was applied. `a_day`: bytes by which the file grew in each of the last seven
    days, by the posts that were kept in them; None where it is younger than a day, or nothing was kept.
    """

    journal: str
    schema: str
    size: int
    log: int
    damage: tuple[str, ...]
    a_day: float | None


def condition(store: SqliteStore, now: int) -> Condition:
    """Look at the whole file once, and try whether it can be written. Raises StoreError."""
    with store.writing():
        pass
    log = store.path.with_name(f"{store.path.name}-wal")
    size = store.path.stat().st_size
    return Condition(
        str(store.rows("PRAGMA journal_mode")[0][0]),
        # What is pending was applied when it was opened, and what is unknown was refused.
        list(MIGRATIONS)[-1],
        size,
        log.stat().st_size if log.exists() else 0,
        tuple(store.damage()),
        grown(store, size, now),
    )


def grown(store: Rows, size: int, now: int) -> float | None:
    """Bytes a day by which a file of `size` bytes grew lately; imports are left out, for they come once."""
    posts = store.rows("SELECT count(*) FROM posts")[0]
    born = store.rows("SELECT value FROM facts WHERE name = 'born'")
    age = now - int(born[0][0]) if born else 0
    if not posts[0] or age < _DAY:
        return None
    span = min(age, _LOOK_BACK)
    lately = store.rows(
        """SELECT count(*) FROM sources s JOIN posts p ON p.source_id = s.id
        WHERE s.kind <> 'import' AND p.fetched_at >= ? AND p.erased_at IS NULL""",
        (now - span,),
    )[0][0]
    return float(size / posts[0] * lately / (span / _DAY))
