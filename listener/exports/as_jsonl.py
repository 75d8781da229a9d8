"""JSON Lines: one object a row, NULL written as null."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from listener.exports.columns import record
from storage.exporting import Exported

_AT_ONCE = 500


def written(rows: Iterable[Exported]) -> Iterator[bytes]:
    """The file in pieces, each of whole lines in UTF-8."""
    encode = msgspec.json.Encoder().encode
    lines: list[bytes] = []
    for one in rows:
        lines.append(encode(record(one)))
        if len(lines) == _AT_ONCE:
            yield b"\n".join([*lines, b""])
            lines.clear()
    if lines:
        yield b"\n".join([*lines, b""])
