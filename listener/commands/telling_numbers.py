"""How an imported file of numbers is told: what it was taken for, its first rows, sums, and what was not understood."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from alerts.format import count, number, plural
from alerts.render import clean_lines, shorten
from listener.imports.understanding import NOT_SUMMED, Understood
from storage.calendar import local_day
from storage.measures import Counted, Lead, Measure, SurveyAnswers

_SHOWN = 20
_IN_A_ROW = 8


def preview(file: Path, brand: str, found: Understood, zone: ZoneInfo, *, dry_run: bool) -> None:
    """What the file was taken for and what it says, before anything is written; days are those of `zone`."""
    click.echo(f"{file}: {found.form.name}, {plural(found.rows, 'row')} read as {_writing(found)}")
    days = sorted(_day(one, zone) for one in found.counted.values())
    if days:
        ahead = "would be kept" if dry_run else "to keep"
        click.echo(f"{brand}, {days[0]} to {days[-1]}: {plural(len(found.counted), 'number')} {ahead}")
    for line, counted in found.lines:
        click.echo(f"  line {line}: {clean_lines(_first(counted, zone))}")
    for words in _sums(found.counted.values()):
        click.echo(f"  {words}")


def not_understood(found: Understood) -> None:
    """All that is left out, with lines and reasons: on standard error, as the import of posts does."""
    if found.totals:
        click.echo(f"{plural(found.totals, 'row')} of totals left out: they sum up the others")
    for reason, times in found.passed.items():
        click.echo(f"{count(times)} {reason} count nothing")
    if found.unread:
        click.echo(f"other tables in the file are not read: {clean_lines(', '.join(found.unread))}")
    if found.ignored:
        names = ", ".join(repr(shorten(name, 60)) for name in found.ignored[:_SHOWN])
        more = f" and {count(len(found.ignored) - _SHOWN)} more" if len(found.ignored) > _SHOWN else ""
        click.echo(f"columns not read: {clean_lines(names)}{more}")
    if found.left_out:
        _list("cell", found.left_out.items(), sum(found.left_out.values()))
    if found.bad_rows:
        _list("bad row", _by_reason(found.bad), found.bad_rows)


def _list(what: str, reasons: Iterable[tuple[str, int]], total: int) -> None:
    click.echo(f"{plural(total, what)} left out:", err=True)
    told = 0
    for reason, times in list(reasons)[:_SHOWN]:
        again = f" ({count(times)} times)" if times > 1 and not reason.startswith("line") else ""
        click.echo(f"  {reason}{again}", err=True)
        told += times
    if told < total:
        click.echo(f"  and {count(total - told)} more", err=True)


def _by_reason(bad: Sequence[tuple[int, str]]) -> list[tuple[str, int]]:
    """One line for all rows that fail of the same thing."""
    lines: dict[str, list[int]] = {}
    for line, reason in bad:
        lines.setdefault(reason, []).append(line)
    return [
        (f"line{'s' * (len(at) > 1)} {', '.join(map(str, at))}: {reason}", len(at))
        for reason, at in lines.items()
    ]


def _writing(found: Understood) -> str:
    decimal = {".": ", with a decimal point", ",": ", with a decimal comma", None: ""}[found.writing.decimal]
    order = {"dmy": ", the day first in dates", "mdy": ", the month first in dates", None: ""}
    return f"{found.sheet.encoding}{decimal}{order[found.writing.order]}"


def _day(one: Counted, zone: ZoneInfo) -> str:
    return local_day(one.created_at, zone).isoformat() if isinstance(one, Lead) else one.day


def _first(counted: list[Counted], zone: ZoneInfo) -> str:
    """One row as it was understood; what all its numbers share stands in front."""
    one = counted[0]
    if isinstance(one, Lead):
        revenue = "" if one.revenue is None else f", {_number(one.revenue)} {one.currency}"
        return f"{_day(one, zone)} lead {one.lead_id} {one.network or 'of no network'}: {one.stage}{revenue}"
    if isinstance(one, SurveyAnswers):
        return f"{one.day} {one.kind} {one.score:g} of {one.scale}: {plural(one.answers, 'answer')}"
    where = [part for part in (one.network, one.account, one.campaign, one.item) if part]
    numbers = [
        f"{part.metric} {_number(part.value)}{f' {part.unit}' if part.unit else ''}"
        for part in counted
        if isinstance(part, Measure)
    ]
    more = ", ..." if len(numbers) > _IN_A_ROW else ""
    return f"{' '.join([one.day, ' | '.join(where)]).rstrip()}: {', '.join(numbers[:_IN_A_ROW])}{more}"


def _sums(counted: Collection[Counted]) -> list[str]:
    """For each metric and unit its sum; of levels and shares, which have none, how many numbers there are."""
    sums: dict[tuple[str, str], list[float]] = {}
    for one in counted:
        if isinstance(one, Lead):
            sums.setdefault((f"leads at {one.stage}", ""), []).append(1.0)
        elif isinstance(one, SurveyAnswers):
            sums.setdefault((f"answers of {one.kind}", ""), []).append(float(one.answers))
        else:
            sums.setdefault((one.metric, one.unit or ""), []).append(one.value)
    kinds = {one.kind for one in counted if isinstance(one, Measure)}
    told = []
    for (metric, unit), values in sorted(sums.items()):
        if metric in NOT_SUMMED or kinds == {"custom"}:
            ends = dict.fromkeys(_number(value) for value in (min(values), max(values)))
            told.append(f"{metric}: {plural(len(values), 'number')}, {' to '.join(ends)} {unit}")
        else:
            told.append(f"{metric}: {_number(sum(values))} {unit}")
    return [clean_lines(words.rstrip()) for words in told]


def _number(value: float) -> str:
    # Two decimals of a rate say nothing.
    return f"{value:.4g}" if 0 < abs(value) < 1 else number(value)
