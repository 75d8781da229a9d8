"""`python -m benchmarks.backing_up`: how long a backup of a million mentions takes, and whom it holds up meanwhile."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click

from benchmarks import loading
from benchmarks.synthetic import YEAR, Year
from storage import backup, restoring
from storage.mention import Heard, Kept, KeptPost, Mention, Source
from storage.sqlite import SqliteStore

_PAGE, _PAUSE, _BEFORE = 50, 0.02, 3.0
_SOURCE = Source("feeds", "feeds")


class Ingest:
    """Somebody who keeps pages of 50 mentions one after the other; `waits`: seconds that each took."""

    def __init__(self, database: Path) -> None:
        self.waits: list[float] = []
        self._database = database
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def _keep(self) -> None:
        number = 0
        with closing(SqliteStore(self._database)) as store:
            while not self._stop.wait(_PAUSE):
                at = YEAR.until + number
                posts = [
                    KeptPost(
                        f"late-{number}-{n}", f"a post on it, number {n}", at, at, mentions=(Mention("Acme"),)
                    )
                    for n in range(_PAGE)
                ]
                number += 1
                began = time.perf_counter()
                store.commit(Kept(_SOURCE, posts, {"at": number}, Heard(YEAR.until, at + 1)))
                self.waits.append(time.perf_counter() - began)

    def taken(self) -> list[float]:
        """What was waited for since this was last asked, shortest first."""
        found, self.waits = sorted(self.waits), []
        return found

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _waits(said: str, found: list[float]) -> str:
    middle, longest = found[len(found) // 2], found[-1]
    return f"{said}: {len(found)} pages kept, median {middle * 1e3:.0f} ms, longest {longest * 1e3:.0f} ms"


def report(mentions: int, folder: Path) -> Iterator[str]:
    """Fill a store, back it up beside somebody who writes, restore it."""
    database, target = folder / "listener.db", folder / "backup.tar"
    loading.prepare(database).close()
    loading.load(database, Year(mentions).pages())
    with closing(SqliteStore(database)) as store:
        loading.roll_up(store)
        store.checkpoint()
    # What loading left between the rows, for it overwrites nothing, would be overwritten in the copy.
    copy = folder / "cleaned.db"
    backup.copy_store(database, copy)
    copy.replace(database)
    yield f"store: {mentions:,} mentions, {database.stat().st_size / 1e6:.0f} MB"
    ingest = Ingest(database)
    try:
        time.sleep(_BEFORE)
        yield _waits("before", ingest.taken())
        took = _seconds(lambda: backup.make(database, target, "", "0", 0))
        yield _waits("during", ingest.taken())
        yield f"backup: {took:.1f} s"
    finally:
        ingest.end()
    took = _seconds(lambda: restoring.restore(target, folder / "other" / "listener.db", 0))
    yield f"restore: {took:.1f} s, of which most is SQLite's own check of every row and index"


@click.command()
@click.option("--mentions", default=1_000_000, show_default=True)
def main(mentions: int) -> None:
    """Measure; the machine should have nothing else to do."""
    with tempfile.TemporaryDirectory() as folder:
        for line in report(mentions, Path(folder)):
            click.echo(line)


if __name__ == "__main__":
    main()
