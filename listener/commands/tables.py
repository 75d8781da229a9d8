"""Tables on a terminal: columns as wide as what stands in them."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Collection, Iterator, Sequence

_ROOM = 28
"""Characters that a remark needs beside its row; with fewer it goes below."""


def terminal_width() -> int | None:
    """How many characters a line has; None where no terminal shows it, and a line may be of any length."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Collection[int] = (),
    width: int | None = None,
) -> Iterator[str]:
    """The lines of a table, head first; the columns of these numbers are set to the right.

    The last column is never padded, so that no line ends in spaces. Where `width` is given, a remark in it that is too
    long for a line goes on below itself, or below its row where too little room is left beside it.
    """
    whole = [head, *rows]
    widths = [max(len(row[column]) for row in whole) for column in range(len(head))]
    for row in whole:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        line = "  ".join(cells).rstrip()
        if width is None or len(line) <= width:
            yield line
        else:
            yield from _folded("  ".join(cells[:-1]), row[-1], widths[0], width)


def _folded(front: str, remark: str, indent: int, width: int) -> Iterator[str]:
    """A row and its last cell on several lines."""
    beside = len(front) + 2
    if width - beside >= _ROOM:
        first, *more = textwrap.wrap(remark, width - beside) or [""]
        yield f"{front}  {first}".rstrip()
    else:
        beside = min(indent + 4, max(0, width - _ROOM))
        more = textwrap.wrap(remark, width - beside)
        yield front.rstrip()
    yield from (" " * beside + line for line in more)
