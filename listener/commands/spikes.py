"""listener spikes: how unusual each value of a series was, as the daemon's own detector sees it."""

from __future__ import annotations

import csv
import math
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click

from alerts.anomaly import Bucket
from alerts.anomaly.peaks import Peaks
from alerts.anomaly.reading import DAY
from listener.commands.options import Failure, config_option

_COLUMNS = ("timestamp", "value")
_DECIMALS = 4


@click.command("spikes")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@config_option
def command(file: Path, config_file: Path) -> None:
    """Say of each row of a CSV file how unusual it is.

    Writes timestamp,score: 0.5 and above where it would alarm at its default setting, below where it would not,
    or where the episode is told already. A row is judged by itself and those before it.

    Example: listener spikes mentions.csv > scores.csv
    """
    del config_file  # taken as by every command; a file of counts needs nothing of it
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(("timestamp", "score"))
    for stamp, score in scores(file):
        out.writerow((stamp, f"{score:.{_DECIMALS}f}"))


def scores(file: Path) -> Iterator[tuple[str, float]]:
    """Timestamp as it stands in the file, and score, of each row. Raises Failure at the first that is wrong.

    The first two rows say how far rows lie apart. The score of the first is therefore that of a series that
    nothing is known of, whatever its value.
    """
    detector: Peaks | None = None
    first: Bucket | None = None
    step = 0
    for stamp, bucket in _rows(file):
        if first is None:
            first = bucket
            # Whatever the step, a first value can be compared with nothing.
            yield stamp, Peaks(step=300).feed(bucket).score
            continue
        if detector is None:
            step = min(DAY, bucket.start - first.start)
            detector = Peaks(step=step)
            detector.feed(first)
        yield stamp, detector.feed(bucket).score


def _rows(file: Path) -> Iterator[tuple[str, Bucket]]:
    last: int | None = None
    with file.open(newline="", encoding="utf-8-sig") as lines:
        reader = csv.reader(lines)
        try:
            places = _places(file, next(reader, []))
            for row in reader:
                if not row:
                    continue
                where = f"{file.name}, line {reader.line_num}"
                if len(row) <= max(places):
                    raise Failure(f"{where}: needs a timestamp and a value; mend the row, or take it out")
                stamp, at, value = (
                    row[places[0]],
                    _instant(row[places[0]], where),
                    _value(row[places[1]], where),
                )
                if last is not None and at <= last:
                    raise Failure(
                        f"{where}: {stamp} is not later than the row before it; sort the file by time"
                    )
                last = at
                yield stamp, Bucket(at, 1.0, value)
        except (csv.Error, UnicodeDecodeError) as error:
            raise Failure(f"{file.name} is not a CSV file in UTF-8: {error}") from None


def _places(file: Path, header: list[str]) -> tuple[int, int]:
    names = [name.strip().casefold() for name in header]
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise Failure(f"{file.name} lacks the column {missing[0]}: its first line must read timestamp,value")
    return names.index(_COLUMNS[0]), names.index(_COLUMNS[1])


def _instant(text: str, where: str) -> int:
    """Seconds since 1970. A time without a zone is taken for UTC; only differences matter."""
    try:
        at = datetime.fromisoformat(text.strip())
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise Failure(f"{where}: {text[:40]!r} is no timestamp such as 2026-03-01 14:05:00") from None


def _value(text: str, where: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise Failure(f"{where}: {text[:40]!r} is no count; values are numbers from 0 on")
    return round(value)
