"""A bar on standard error for work that takes a while: only on a terminal, and only once half a second has passed."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar, cast

if TYPE_CHECKING:
    from rich import progress as rich_progress

_QUIET = 0.5
"""Seconds of work that need no bar."""
_STEP = 0.1
"""Seconds between two looks of a bar: drawing must not cost more than the work."""


def load_structlog_alone() -> None:
    """Load structlog, before whatever else asks for it, without the `rich` that it takes with it where it can.

    That is 50 ms and 4 MB in each start of the daemon, which draws no bars.
    """
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = cast("ModuleType", None)
    try:
        import_module("structlog")
    finally:
        if hidden:
            del sys.modules["rich"]


class Progress:
    """What the work reports to; where nobody looks at a terminal, nothing comes of it.

    `rich` is loaded with the first bar that is drawn: no command starts slower for it.
    """

    def __init__(
        self, what: str, total: int | None, shown: bool, clock: Callable[[], float], *, counted: bool = True
    ) -> None:
        self._what = what
        self._total = total
        self._counted = counted
        self._shown = shown
        self._clock = clock
        self._due = clock() + _QUIET if shown else math.inf
        self._bar: rich_progress.Progress | None = None
        self.done = 0

    def advance(self, by: int = 1) -> None:
        """Say that so much more is done."""
        self.done += by
        if self._shown and (now := self._clock()) >= self._due:
            self._due = now + _STEP
            self.draw()

    def draw(self) -> None:
        """Show how far it is, at once: for work that cannot say so itself."""
        if not self._shown:
            return
        if self._bar is None:
            self._bar = _bar(known=self._total is not None, counted=self._counted)
            self._bar.add_task(self._what, total=self._total, completed=self.done)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=self.done)

    def close(self) -> None:
        """Take the bar away: what the command has to tell stands alone afterwards."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


@contextmanager
def progress(
    what: str, total: int | None = None, *, counted: bool = True, clock: Callable[[], float] = time.monotonic
) -> Iterator[Progress]:
    """A bar while the work inside lasts, gone when it ends, also by Ctrl-C.

    `what` is done ("exporting"), `total` how often `advance` will be called, None where nobody knows; not
    `counted`: only the share is told. No bar is shown
    where standard error is no terminal, or one that cannot draw (TERM=dumb).
    """
    shown = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    bar = Progress(what, total, shown, clock, counted=counted)
    try:
        yield bar
    finally:
        bar.close()


T = TypeVar("T")


def passing(bar: Progress, found: Iterable[T]) -> Iterator[T]:
    """What was found, as it is, each counted as it goes by."""
    for one in found:
        bar.advance()
        yield one


def _bar(*, known: bool, counted: bool) -> rich_progress.Progress:
    from rich import progress as parts
    from rich.console import Console

    # NO_COLOR is heeded by rich itself; the bar then has no colours, and is drawn all the same.
    console = Console(file=sys.stderr, highlight=False)
    columns: list[parts.ProgressColumn] = [
        parts.TextColumn("{task.description}"),
        parts.BarColumn(bar_width=None if known else 12),
    ]
    if known:
        columns += [parts.TaskProgressColumn()]
        columns += [parts.TextColumn("{task.completed:,} of {task.total:,}")] if counted else []
        columns += [parts.TimeRemainingColumn(compact=True)]
    else:
        columns += [parts.TextColumn("{task.completed:,}"), parts.TimeElapsedColumn()]
    return parts.Progress(
        *columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
    )
