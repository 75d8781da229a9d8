"""listener export mentions: what was said, one row a mention, as CSV, JSON Lines or Parquet."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from alerts import format as reading
from listener import __version__
from listener.asking import UsageError, brand_named, moment, sources_named
from listener.commands.options import Failure, WrongUsage, config_option, now, open_reader, read_config
from listener.commands.progress import Progress, progress
from listener.config import Config
from listener.exports import FORMATS
from storage import exporting
from storage.base import Rows
from storage.calendar import iso
from storage.exporting import Exported, Wanted


@click.command("mentions")
@config_option
@click.option("--brand", "brands", multiple=True, help="Only this brand; may be repeated.")
@click.option("--source", "sources", multiple=True, help="Only this source or kind of source.")
@click.option("--since", metavar="TIME", help="From here on: 2026-11-02, 2026-11-02T08:00Z or 7d (ago).")
@click.option("--until", metavar="TIME", help="Up to here, itself not included; default: all.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="Default: by the ending of FILE, else csv.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="The file, replaced once the new one is whole; default: standard output.",
)
@click.option(
    "--conversations",
    is_flag=True,
    help="Also what the brands wrote themselves, and replies to it that name no brand.",
)
@click.option("--raw", is_flag=True, help="CSV for programs: cells that look like formulas as they are.")
@click.option("--bom", is_flag=True, help="CSV for Excel, which takes it for UTF-8 by its first bytes.")
def command(
    config_file: Path,
    brands: tuple[str, ...],
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    form: str | None,
    out: Path | None,
    conversations: bool,
    raw: bool,
    bom: bool,
) -> None:
    """Write mentions, one a row: words, author, tone, tags, counters, under the names that `listener import` takes.

    All is of one moment, also while the daemon runs. Beside a CSV or JSON Lines FILE lies FILE.meta.json: version,
    what was asked, how many rows. Only you may read them (mode 0600); `listener erase` does not reach them.

    Example: listener export mentions --since 30d --brand Acme --out acme.csv
    """
    config = read_config(config_file)
    file = None if out is None or str(out) == "-" else out
    chosen = _form(form, file)
    if (raw or bom) and chosen != "csv":
        raise WrongUsage(f"--raw and --bom are for CSV, not for {chosen}")
    if file is None and chosen == "parquet":
        raise WrongUsage("Parquet needs a file: --out FILE.parquet")
    if file is not None and file.exists() and not file.is_file():
        raise WrongUsage(f"{file} is no plain file; without --out it goes to standard output")
    if chosen == "parquet":
        _check_parquet()
    with open_reader(config) as reader, reader.snapshot() as store:
        wanted = _wanted(config, store, brands, sources, since, until, conversations)
        total = exporting.count(store, wanted)
        with progress("exporting", total) as bar:
            job = _Job(store, wanted, bar)
            if file is None:
                _to_output(job, chosen, raw=raw, bom=bom)
                return
            try:
                _to_file(job, chosen, file, raw=raw, bom=bom)
            except OSError as error:
                raise Failure(f"{file}: {error.strerror or error}; nothing was written") from None
    _tell(job, file)


class _Job:
    """The rows as they go by, counted."""

    def __init__(self, store: Rows, wanted: Wanted, bar: Progress) -> None:
        self._store = store
        self._bar = bar
        self.wanted = wanted
        self.rows = 0
        self.mentions = 0

    def __iter__(self) -> Iterator[Exported]:
        for one in exporting.rows(self._store, self.wanted):
            self.rows += 1
            if one.kind == "mention":
                self.mentions += 1
                self._bar.advance()
            yield one

    def told(self, form: str) -> dict[str, object]:
        """What the export is, for whoever finds it later."""
        return {
            "listener": __version__,
            "exported_at": iso(now()),
            "asked": _asked(self.wanted),
            "format": form,
            "rows": self.rows,
            "mentions": self.mentions,
        }


def _form(form: str | None, file: Path | None) -> str:
    if form is not None:
        return form
    ending = "" if file is None else file.suffix.lower().lstrip(".")
    return {"ndjson": "jsonl"}.get(ending, ending if ending in FORMATS else "csv")


def _check_parquet() -> None:
    from listener.exports import as_parquet

    try:
        as_parquet.check()
    except as_parquet.NeedsDuckdb as error:
        raise Failure(str(error)) from None


def _wanted(
    config: Config,
    store: Rows,
    brands: tuple[str, ...],
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    conversations: bool,
) -> Wanted:
    try:
        start, end = (None if at is None else moment(at, config.zone, now()) for at in (since, until))
        if start is not None and end is not None and start >= end:
            raise UsageError("--since must lie before --until")
        return Wanted(
            start,
            end,
            tuple(brand_named(name, config.brands) for name in brands) or None,
            sources_named(store, sources) or None,
            conversations,
        )
    except UsageError as error:
        raise WrongUsage(str(error)) from None


def _pieces(job: _Job, form: str, *, raw: bool, bom: bool) -> Iterator[bytes]:
    from listener.exports import as_csv, as_jsonl

    if bom:
        yield "\ufeff".encode()
    if form == "csv":
        yield from as_csv.written(job, raw=raw)
    else:
        yield from as_jsonl.written(job)


def _to_output(job: _Job, form: str, *, raw: bool, bom: bool) -> None:
    # Bytes, for the lines of CSV end as its standard says on every system.
    for piece in _pieces(job, form, raw=raw, bom=bom):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def _to_file(job: _Job, form: str, file: Path, *, raw: bool, bom: bool) -> None:
    from listener.exports.files import whole

    if form == "parquet":
        from listener.exports import as_parquet

        with whole(file) as made:
            as_parquet.write(job, made, lambda: job.told(form))
        return
    with whole(file.with_name(f"{file.name}.meta.json")) as meta, whole(file) as made:
        with made.open("wb") as opened:
            opened.writelines(_pieces(job, form, raw=raw, bom=bom))
        meta.write_text(json.dumps(job.told(form), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _asked(wanted: Wanted) -> dict[str, object]:
    return {
        "since": None if wanted.since is None else iso(wanted.since),
        "until": None if wanted.until is None else iso(wanted.until),
        "brands": wanted.brands,
        "sources": wanted.sources,
        "conversations": wanted.conversations,
    }


def _tell(job: _Job, file: Path) -> None:
    others = job.rows - job.mentions
    beside = f" and {reading.plural(others, 'row')} of conversations" if others else ""
    click.echo(f"{file}: {reading.plural(job.mentions, 'mention')}{beside}.")
    if job.rows:
        click.echo(
            "It holds people's words and names, which `listener erase` does not reach: remove it in time."
        )
