"""Tables on a terminal: columns as wide as what stands in them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] = ()
) -> Iterator[str]:
    """The lines of a table, head first; the columns of these numbers are set to the right.

    The last column is never padded, so that a long remark wraps by itself and no line ends in spaces.
    """
    whole = [head, *rows]
    widths = [max(len(row[column]) for row in whole) for column in range(len(head))]
    for row in whole:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
