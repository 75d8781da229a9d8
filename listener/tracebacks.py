"""A traceback without anybody's words: types, files, lines and functions, and never what an exception says.

What an exception says may quote a post or hold a token: `int(text)` is enough. So its message, its notes and the values
of its frames are left out, wherever a traceback goes: into a log, into a report, to a terminal.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import traceback
from collections.abc import Iterator
from pathlib import PurePath

from sentiment.tone import EngineUnavailable
from storage.base import StoreError

_WRITTEN_FOR_PEOPLE = (StoreError, EngineUnavailable)
"""Ours, whose messages are written for the owner, of files and models alone."""
_LONGEST = 40
"""Lines of a stack that are told at each end: endless recursion fills no disk."""


def told(error: BaseException) -> str:
    """Write an exception with its causes, the first cause first, and of a group all that it holds."""
    return "\n".join(_chain(error, set()))


def named(error: BaseException) -> str:
    """Return its type and what is certainly nobody's words: the number of an operating system's or SQLite's error."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    if isinstance(error, _WRITTEN_FOR_PEOPLE):
        return f"{name}: {error}"
    if isinstance(error, OSError) and isinstance(error.errno, int):
        return f"{name}: [Errno {error.errno}] {os.strerror(error.errno)}"
    if isinstance(error, sqlite3.Error) and (code := getattr(error, "sqlite_errorname", None)):
        return f"{name}: {code}"
    return name


def place(error: BaseException) -> str:
    """Return the innermost of our own lines that an exception passed through, as `storage/base.py:12 in commit`."""
    frames = list(traceback.extract_tb(error.__traceback__))
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
        # One that was made and put into a group has been nowhere itself.
        frames = list(traceback.extract_tb(error.__traceback__)) or frames
    if not frames:
        return "nowhere"
    ours = [frame for frame in frames if _short(frame.filename).startswith(_OURS)]
    frame = (ours or frames)[-1]
    return f"{_short(frame.filename)}:{frame.lineno} in {frame.name}"


def innermost(error: BaseException) -> BaseException:
    """Return the first exception in a group of groups: what fails together fails of the same thing."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


_OURS = tuple(f"{package}/" for package in ("listener", "alerts", "storage", "sentiment"))


def _chain(error: BaseException, seen: set[int]) -> Iterator[str]:
    if id(error) in seen:
        return
    seen.add(id(error))
    if error.__cause__ is not None:
        yield from _chain(error.__cause__, seen)
        yield "\nand from this came:\n"
    elif error.__context__ is not None and not error.__suppress_context__:
        yield from _chain(error.__context__, seen)
        yield "\nand while this was handled came:\n"
    yield from _stack(error)
    if isinstance(error, BaseExceptionGroup):
        yield f"{named(error)} of {len(error.exceptions)}"
        for number, one in enumerate(error.exceptions, 1):
            yield f"  {number}:"
            yield from (f"  {line}".rstrip() for part in _chain(one, seen) for line in part.split("\n"))
    else:
        yield named(error)


def _stack(error: BaseException) -> Iterator[str]:
    """Yield a line for each frame, and below it the line of the source, which holds names and no values."""
    frames = list(traceback.extract_tb(error.__traceback__))
    left_out = max(0, len(frames) - 2 * _LONGEST)
    for number, frame in enumerate(frames):
        if left_out and _LONGEST <= number < len(frames) - _LONGEST:
            if number == _LONGEST:
                yield f"  ... {left_out} more ..."
            continue
        yield f"  {_short(frame.filename)}:{frame.lineno} in {frame.name}"
        if frame.line:
            yield f"    {frame.line}"


def _short(filename: str) -> str:
    """Return a file's path below the folder that it was imported from: where that lies is nobody's business."""
    file = PurePath(filename)
    roots = [PurePath(root) for root in sys.path if root and file.is_relative_to(root)]
    if roots:
        return file.relative_to(max(roots, key=lambda root: len(root.parts))).as_posix()
    return "/".join(file.parts[-2:])
