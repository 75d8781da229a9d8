"""Whether words still stand in any file of a folder: by looking at every byte, without holding a file in memory."""

from __future__ import annotations

import html
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PIECE = 32
"""Bytes of a text that are looked for as one: in a rest of twice as many one stands whole, wherever it lies."""
SHORTEST = 6
"""Bytes below which nothing is proved by looking: too much else reads the same."""
MOST_SHORT = 100
"""Pieces of less than 31 bytes that are looked for, the longest first: each one takes a look of its own."""
_MOST_PIECES = 64
_STEP = 16
_CHUNK = 1 << 20
_PLACES = [slice(at, at + _STEP) for at in range(0, _CHUNK, _STEP)]
_PACKED = {".gz", ".zip", ".bz2", ".xz", ".zst", ".7z", ".tgz", ".pdf"}
_NOT_OURS = {".venv", ".git", "node_modules", "__pycache__"}


def needles(words: Iterable[str | None]) -> dict[bytes, str]:
    """What to look for, so that no rest of these words stays unseen, by the words that it comes from.

    As UTF-8, as JSON escapes it, and as HTML does.
    """
    found: dict[bytes, str] = {}
    for word in {one.strip() for one in words if one}:
        for form in {
            word,
            json.dumps(word)[1:-1],
            json.dumps(word, ensure_ascii=False)[1:-1],
            html.escape(word),
        }:
            for piece in _pieces(form.encode("utf-8", "replace")):
                found.setdefault(piece, word)
    return found


def _pieces(form: bytes) -> Iterator[bytes]:
    if len(form) < 2 * PIECE:
        if len(form) >= SHORTEST:
            yield form
        return
    places = range(0, len(form) - PIECE + 1, PIECE)
    for at in places[:: -(-len(places) // _MOST_PIECES)]:
        yield form[at : at + PIECE]
    yield form[-PIECE:]


@dataclass(frozen=True, slots=True)
class Searched:
    """What a look at all files found: pieces by file; files that could not be looked into, and why; bytes looked at.

    `left_out`: so many short pieces were not looked for.
    """

    found: Mapping[Path, frozenset[bytes]]
    unread: Mapping[Path, str] = field(default_factory=dict)
    bytes: int = 0
    left_out: int = 0


def search(folder: Path, wanted: Iterable[bytes]) -> Searched:
    """Look for pieces in every file of a folder and of those below it.

    Pieces of 31 bytes and more cost the same however many there are (some 60 MB a second): each holds a whole block
    of 16 bytes of the file, so that blocks are compared and not places. Shorter ones are looked for one by one. No
    program may read the files of a store in which it has a connection open: its locks would be gone.
    """
    look = _Look(wanted)
    found: dict[Path, frozenset[bytes]] = {}
    unread: dict[Path, str] = {}
    total = 0
    for path in files(folder):
        if path.suffix in _PACKED:
            unread[path] = "packed"
            continue
        try:
            there = look.into(path)
            total += path.stat().st_size
        except FileNotFoundError:
            continue
        except OSError as error:
            unread[path] = error.strerror or "cannot be read"
            continue
        if there:
            found[path] = frozenset(there)
    return Searched(found, unread, total, len(look.left_out))


def files(folder: Path) -> Iterator[Path]:
    """All ordinary files, without following links; programs and their histories are left out."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - _NOT_OURS)
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path


class _Look:
    """What is looked for, prepared once."""

    def __init__(self, wanted: Iterable[bytes]) -> None:
        pieces = set(wanted)
        short = sorted((piece for piece in pieces if len(piece) < 2 * _STEP - 1), key=len)
        self._short, self.left_out = short[-MOST_SHORT:], short[:-MOST_SHORT]
        self._blocks: dict[bytes, set[bytes]] = {}
        for piece in pieces.difference(short):
            for at in range(_STEP):
                self._blocks.setdefault(piece[at : at + _STEP], set()).add(piece)
        self._known = frozenset(self._blocks)
        self._overlap = max((len(piece) for piece in pieces), default=1)

    def into(self, path: Path) -> set[bytes]:
        """Which pieces stand in a file."""
        found: set[bytes] = set()
        before = b""
        known = self._known
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                around = before + chunk
                hits = known.intersection(map(chunk.__getitem__, _PLACES))
                suspects = {piece for block in hits for piece in self._blocks[block]}
                if hits:
                    # The rest of a piece may stand in the next chunk.
                    ahead = file.read(self._overlap)
                    file.seek(-len(ahead), os.SEEK_CUR)
                    whole = around + ahead
                    found |= {piece for piece in suspects - found if piece in whole}
                found.update(piece for piece in self._short if piece in around and piece not in found)
                before = chunk[-self._overlap :]
        return found
