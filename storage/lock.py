"""One daemon a store: a lock file that the system releases however the process ends, with the holder's pid in it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from storage.base import StoreBusy, StoreError


def is_held(database: Path) -> bool:
    """Whether a daemon runs on this store."""
    try:
        with DaemonLock(database):
            return False
    except StoreBusy:
        return True


class DaemonLock:
    """Held while the daemon runs. Entering raises StoreBusy with the first daemon's pid, or StoreError."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._file = -1

    def __enter__(self) -> DaemonLock:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be made ({error.strerror}); check storage.url and the folder's owner"
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise StoreBusy(
                f"another daemon (pid {pid}) already runs on {self._path.with_suffix('')}; "
                "stop it first, or give this one another storage.url"
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The file stays: removing it would let two daemons hold locks on two files of the same name.
        os.close(self._file)
