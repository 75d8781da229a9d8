"""A store that remembers what it was asked: every statement that a number was made by, ready for sqlite3."""

from __future__ import annotations

import math
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


def _is_read_exactly(value: float) -> bool:
    """Whether every SQLite reads its decimals right: before 3.43 the last of many may be one off."""
    return not value or (1e-6 < abs(value) < 1e15 and len(repr(abs(value)).replace(".", "").strip("0")) <= 6)


def _in_steps(value: float) -> str:
    """A number as a whole one times or by powers of two, each of which is read and computed without a rest."""
    fraction, exponent = math.frexp(value)
    whole, exponent = int(fraction * 2**53), exponent - 53
    sign, many = ("*", exponent) if exponent > 0 else ("/", -exponent)
    steps = [2 ** (many % 52), *[2**52] * (many // 52)]
    return f"({whole}.0{''.join(f' {sign} {step}.0' for step in steps)})"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        # A member of an enumeration, or True, is written as the number that it is.
        return str(int(value))
    if isinstance(value, float):
        return repr(value) if _is_read_exactly(value) else _in_steps(value)
    # A text with a zero in it would end there.
    return "'" + str(value).replace("'", "''").replace("\0", "\ufffd") + "'"
