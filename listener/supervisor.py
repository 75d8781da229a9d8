"""What systemd is told of us: that we serve, how we are, that we stop, and that the writer is alive (sd_notify(3))."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from listener.writer import Writer
from storage.sqlite import SqliteStore

log = structlog.get_logger(__name__)

STATUS_EVERY = 30.0
"""Seconds between two looks at how we are."""
_PINGS = 4
"""Pings within the watchdog's time: a write may take three quarters of it, and is not yet called stuck."""
_LONGEST = 300
"""Characters of a status: it is read on one line of `systemctl status`."""


@dataclass
class Supervisor:
    """Sends datagrams to the address in NOTIFY_SOCKET; without one, nothing.

    `patience` is the watchdog's time in seconds, None where nobody watches. Not being heard is no reason to end: it is
    logged once.
    """

    address: str | None = None
    patience: float | None = None
    _unheard: bool = field(default=False, init=False)

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Supervisor:
        """The one that started us. Settings meant for another process, or that say nothing, count as none."""
        address = environment.get("NOTIFY_SOCKET", "")
        # A name in the abstract namespace is written with @ instead of its leading NUL. Other kinds (vsock) are for
        # virtual machines.
        if not address.startswith(("/", "@")):
            return cls()
        return cls(address.replace("@", "\0", 1) if address[0] == "@" else address, _patience(environment))

    def starting(self) -> None:
        """The store is being opened, which takes minutes where a large one gets a new shape."""
        self._tell("STATUS=Opening the store")

    def ready(self) -> None:
        """The page is served; or, after a reload, the new configuration is in force."""
        self._tell("READY=1")

    def reloading(self, monotonic: float) -> None:
        """A new configuration is being read, since `monotonic` (seconds of CLOCK_MONOTONIC); `ready` ends it."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={int(monotonic * 1_000_000)}")

    def stopping(self) -> None:
        """SIGTERM arrived."""
        self._tell("STOPPING=1\nSTATUS=Stopping")

    async def watch(self, writer: Writer) -> None:
        """Ping the watchdog for ever, each time after the loop has run and the writer thread has answered.

        A writer that is stuck does not answer, no ping goes out, and systemd starts us again.
        """
        if self.patience is None:
            return
        while True:
            await writer.store(_answer)
            self._tell("WATCHDOG=1")
            await asyncio.sleep(self.patience / _PINGS)

    async def report(self, look: Callable[[], str]) -> None:
        """Keep the status current for ever; `look` reads the store, and runs on a thread."""
        if self.address is None:
            return
        told = ""
        while True:
            status = " ".join((await asyncio.to_thread(look)).split())[:_LONGEST]
            if status != told:
                self._tell(f"STATUS={status}")
                told = status
            await asyncio.sleep(STATUS_EVERY)

    def _tell(self, message: str) -> None:
        if self.address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                # A receiver that reads no more must not stop the loop.
                line.setblocking(False)
                line.sendto(message.encode(), self.address)
        except OSError as error:
            if not self._unheard:
                log.warning("systemd does not hear us", reason=error.strerror)
            self._unheard = True
        else:
            self._unheard = False


def _patience(environment: Mapping[str, str]) -> float | None:
    """The watchdog's time as sd_watchdog_enabled(3) reads it: microseconds, for the process of that pid only."""
    meant_for = environment.get("WATCHDOG_PID", str(os.getpid()))
    time = environment.get("WATCHDOG_USEC", "")
    if meant_for != str(os.getpid()) or not (time.isascii() and time.isdecimal()):
        return None
    return int(time) / 1_000_000 or None


def _answer(_: SqliteStore) -> None:
    """Nothing: that it ran is the answer."""
