"""SIGHUP: the configuration is to be read again; or the terminal was closed, and whoever sat there is gone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

_OUTPUTS = (1, 2)


def hold() -> None:
    """Let a SIGHUP wait until `listen`, from the first moment on: without a handler it ends the process."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])


def listen(reload: Callable[[], None], stop: Callable[[], None]) -> None:
    """From now on call `reload` for each SIGHUP, or `stop` where it says that our terminal was closed.

    Whoever closes the window of a program ends it. Not what was started by nohup, nor what was started in the
    background with its log in a file. To be called inside of the running loop.
    """
    terminal = _Terminal()

    def hung_up() -> None:
        if terminal.was_closed():
            terminal.fall_silent()
            stop()
        else:
            reload()

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hung_up)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])


class _Terminal:
    """The terminal in which we were started, if there is one and we live and die with it."""

    def __init__(self) -> None:
        self._outputs = [output for output in _OUTPUTS if os.isatty(output)]
        nohup = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        self._ours = not nohup and (2 in self._outputs or _foreground() == os.getpgrp())

    def was_closed(self) -> bool:
        return self._ours and _foreground() is None

    def fall_silent(self) -> None:
        """Write to a closed terminal no more: it would fail, and stopping politely with it."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for output in self._outputs:
            os.dup2(nowhere, output)
        os.close(nowhere)


def _foreground() -> int | None:
    """The process group in the foreground of our terminal; None without a terminal, or when it was closed."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return None
    try:
        return os.tcgetpgrp(terminal)
    except OSError:
        return None
    finally:
        os.close(terminal)
