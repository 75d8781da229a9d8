"""Run as a program by the tests: holds what argv names (`daemon` or `write`) of a store until it is killed."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from storage.lock import DaemonLock
from storage.sqlite import SqliteStore

if __name__ == "__main__":
    path = Path(sys.argv[2])
    if sys.argv[1] == "daemon":
        with DaemonLock(path):
            print("held", flush=True)
            signal.pause()
    else:
        store = SqliteStore(path)
        with store.writing() as db:
            db.run("INSERT INTO facts (name, value) VALUES ('half', 'written')")
            print("held", flush=True)
            signal.pause()
