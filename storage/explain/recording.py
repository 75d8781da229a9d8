"""A store that remembers what it was asked: every statement that a number was made by, ready for sqlite3."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import dedent

from storage.base import Row, Rows

# What a mark for a parameter cannot stand in, then the mark itself.
_MARK = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|(\?)")


class Recording:
    """Asks a store, and keeps each different statement with its parameters, in the order of its first run."""

    def __init__(self, store: Rows) -> None:
        self._store = store
        self._asked: dict[str, None] = {}

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a query, as the store does."""
        found = self._store.rows(sql, parameters)
        self._asked.setdefault(written(sql, parameters))
        return found

    @property
    def statements(self) -> tuple[str, ...]:
        """What was asked, each as one statement without parameters."""
        return tuple(self._asked)


def written(sql: str, parameters: Sequence[object]) -> str:
    """Put parameters into a statement as literals, so that a shell takes it: it is for reading and trying."""
    left = iter(parameters)
    filled = _MARK.sub(lambda found: _literal(next(left)) if found[1] else found[0], sql)
    first, _, rest = filled.strip().partition("\n")
    return f"{first}\n{dedent(rest)}".strip() + ";"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        # A member of an enumeration, or True, is written as the number that it is.
        return str(int(value))
    if isinstance(value, float):
        return repr(value)
    # A text with a zero in it would end there.
    return "'" + str(value).replace("'", "''").replace("\0", "\ufffd") + "'"
