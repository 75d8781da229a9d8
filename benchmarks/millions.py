"""A year of a market: what keeping costs beside bare inserts, and how long its whole board takes; DuckDB beside it."""

from __future__ import annotations

import gc
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from benchmarks import duck, loading
from benchmarks.synthetic import BRANDS, PAGE, YEAR, ZONE, Year
from storage import polling, vitals
from storage.base import Rows
from storage.calendar import Window, parse_time, unit_of
from storage.kpi import KPIS, Ask, Kpi, compute
from storage.kpi.scope import Scope
from storage.kpi.value import Reading
from storage.mention import Kept
from storage.posting import counts
from storage.sqlite import Reader, SqliteStore

SIZES = (100_000, 1_000_000)
REPEATS = 5
_LONG = 5.0
"""Seconds after which nothing is measured a third time."""
MOST_TIMED = 40_000
"""Mentions of which keeping is timed, in each of the repeats: they are the last ones of the year."""

_AUTUMN = parse_time("2025-10-15", ZONE)
WINDOWS = {
    "calendar week": unit_of(_AUTUMN, "week", ZONE),
    "calendar month": unit_of(_AUTUMN, "month", ZONE),
    "calendar year": YEAR,
    "any other window": Window(parse_time("2025-03-05T07:13", ZONE), parse_time("2025-09-20T18:41", ZONE)),
}
HEARD = frozenset({"mentions", "tone", "authors", "followers", "hashtags", "counters", "conversations"})
"""The inputs that come of what is heard, not of the desk or of files."""


@dataclass(frozen=True, slots=True)
class Ingest:
    """Seconds for so many mentions: kept by the store with all that follows, and put bare into the same tables.

    `cpu` are those in which keeping really worked: what a busy machine lets wait is not in them.
    """

    mentions: int
    kept: float
    bare: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Board:
    """Seconds for all KPIs of all brands in a window, best of several; and for each KPI in it.

    `cpu` as in `Ingest`.
    """

    window: str
    seconds: float
    cpu: float
    alone: dict[str, float]


def mentions_of(page: Kept) -> int:
    """How many mentions a page brings."""
    return sum(counts(mention) for post in page.posts for mention in post.mentions)


@dataclass(frozen=True, slots=True)
class Filled:
    """A store with most of a year, another with the same facts and no roll-ups, and the pages that are left."""

    store: SqliteStore
    bare: Path
    pages: list[Kept]
    seconds: tuple[float, float]


def fill(folder: Path, year: Year, timed: int) -> Filled:
    """Write all of a year but the last `timed` mentions, and make the roll-ups of that."""
    file, bare = folder / "listener.db", folder / "bare.db"
    loading.prepare(file).close()
    pages = year.pages()
    last: dict[str, Kept] = {}
    loaded = _seconds(lambda: loading.load(file, _until(pages, year.mentions - timed, last)))
    shutil.copyfile(file, bare)
    store = SqliteStore(file)
    rolled = _seconds(lambda: loading.roll_up(store))
    loading.settle(store, list(last.values()))
    store.checkpoint()
    left = list(pages)
    # What only the benchmark holds must not be looked through again and again for garbage while it measures.
    gc.freeze()
    return Filled(store, bare, left, (loaded, rolled))


def _until(pages: Iterable[Kept], mentions: int, last: dict[str, Kept]) -> Iterator[Kept]:
    for page in pages:
        last[page.source.name] = page
        mentions -= mentions_of(page)
        yield page
        if mentions <= 0:
            return


def ingest(store: SqliteStore, bare: SqliteStore, pages: Sequence[Kept]) -> Ingest:
    """Keep pages, and put the rows that came of each bare into a store that has the same facts; in turns."""
    kept = inserted = cpu = 0.0
    for page in pages:
        newest = loading.newest(store)
        began = time.process_time()
        kept += _seconds(lambda page=page: store.commit(page))
        cpu += time.process_time() - began
        rows = loading.written(store, newest)
        # Who is new must stand there before, or the mentions would name nobody.
        loading.insert(bare, rows, loading.BESIDE)
        inserted += _seconds(lambda rows=rows: loading.insert(bare, rows, loading.FACTS))
    return Ingest(sum(map(mentions_of, pages)), kept, inserted, cpu)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def ask(window: Window) -> Ask:
    """The question that a board asks: all brands, all sources, some days after the end of the year."""
    return Ask(window, YEAR.until + 5 * 86400, ZONE, BRANDS)


def fed_by_mentions() -> list[Kpi]:
    """The KPIs that need nothing but what is heard."""
    return [kpi for kpi in KPIS.values() if HEARD.issuperset(kpi.inputs)]


def board(reader: Rows, name: str, repeats: int) -> Board:
    """Time the whole board of a window, and what each KPI takes of it: the first that needs a number fetches it."""
    question = ask(WINDOWS[name])
    found: list[Board] = []
    # The first look at a store reads it from the disk.
    while len(found) < repeats and (len(found) < 2 or min(one.seconds for one in found) < _LONG):
        alone: dict[str, float] = dict.fromkeys(KPIS, 0.0)
        kpis = [_timed(kpi, alone) for kpi in fed_by_mentions()]
        began = time.process_time()
        seconds = _seconds(lambda kpis=kpis: compute(reader, kpis, question))
        cpu = time.process_time() - began
        found.append(Board(name, seconds, cpu, {kpi.name: alone[kpi.name] for kpi in kpis}))
    return min(found, key=lambda one: one.seconds)


def _timed(kpi: Kpi, alone: dict[str, float]) -> Kpi:
    def read(scope: Scope) -> Reading:
        began = time.perf_counter()
        try:
            return kpi.read(scope)
        finally:
            alone[kpi.name] += time.perf_counter() - began

    return replace(kpi, read=read)


def measure_ingest(filled: Filled, repeats: int) -> list[Ingest]:
    """Keep the pages that are left in as many parts as there are repeats."""
    bare, pages = SqliteStore(filled.bare), filled.pages
    part = -(-len(pages) // repeats)
    parts = [ingest(filled.store, bare, pages[first : first + part]) for first in range(0, len(pages), part)]
    bare.close()
    filled.bare.unlink()
    filled.store.checkpoint()
    return parts


def report(mentions: int, folder: Path, repeats: int = REPEATS) -> list[str]:
    """The lines that `make bench` prints."""
    folder.mkdir()
    timed = repeats * min(mentions // 10, MOST_TIMED)
    filled = fill(folder, Year(mentions), timed)
    parts = measure_ingest(filled, repeats)
    filled.store.close()
    file = filled.store.path
    reader = Reader(file)
    boards = [board(reader, name, repeats) for name in WINDOWS]
    compared = {name: WINDOWS[name] for name in ("calendar month", "calendar year")}
    lines = [
        f"{mentions:,} mentions of a year, six brands, eight sources; best of {repeats}:",
        "  all but the last {:,} written in {:.0f} s, rolled up in {:.0f} s".format(timed, *filled.seconds),
        _ingest_line(parts),
        *(_board_line(one) for one in boards),
        _scrape_line(reader, repeats),
        *duck.report(file, reader, compared, repeats),
        _bytes_line(file, mentions),
    ]
    reader.close()
    return lines


def _ingest_line(parts: Sequence[Ingest]) -> str:
    kept = max(part.mentions / part.kept for part in parts)
    bare = max(part.mentions / part.bare for part in parts)
    cpu = max(part.mentions / part.cpu for part in parts)
    return (
        f"  keeping: {kept:,.0f} mentions a second with roll-ups ({cpu:,.0f} a second of CPU),"
        f" {kept / bare:.2f} of bare executemany ({bare:,.0f}),"
        f" in pages of {PAGE}"
    )


def _board_line(one: Board) -> str:
    slowest = sorted(one.alone.items(), key=lambda pair: -pair[1])[:5]
    named = ", ".join(f"{name} {seconds * 1000:.0f}" for name, seconds in slowest)
    return (
        f"  board of a {one.window}: {one.seconds * 1000:.1f} ms ({one.cpu * 1000:.1f} of CPU)"
        f" for {len(one.alone)} KPIs of {len(BRANDS)} brands"
        f" (slowest, ms: {named})"
    )


def _scrape_line(reader: Reader, repeats: int) -> str:
    def scrape() -> None:
        with reader.snapshot() as store:
            for read in (vitals.mentions, vitals.lost, vitals.firing, vitals.letters, polling.states):
                read(store)
            vitals.outbox(store, 0)

    best = min(_seconds(scrape) for _ in range(repeats))
    return f"  what /metrics reads of it: {best * 1000:.1f} ms"


def _bytes_line(file: Path, mentions: int) -> str:
    by_table = loading.sizes(file)
    rolled = sum(size for table, size in by_table.items() if loading.is_rollup(table)) / mentions
    told = f", of which {rolled:.0f} are roll-ups" if by_table else ""
    return f"  on disk: {file.stat().st_size / mentions:.0f} bytes a mention{told}"


@click.command()
@click.option(
    "--mentions", default=SIZES[0], show_default=True, help="How many; ten millions take 10 GB of disk."
)
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Where the stores are made; a temporary folder else."
)
@click.option("--repeats", default=REPEATS, show_default=True, help="Runs of which the best counts.")
def main(mentions: int, folder: Path | None, repeats: int) -> None:
    """Measure, best of several runs, because the machine is noisy."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        for line in report(mentions, Path(made) / str(mentions), repeats):
            click.echo(line)


if __name__ == "__main__":
    main()
