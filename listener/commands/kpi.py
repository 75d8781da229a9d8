"""listener kpi: the numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast, get_args

import click

from alerts import format as reading
from alerts.render import clean
from alerts.report.wording import days_known
from alerts.telling import amount, span, why
from listener.asking import UsageError, question
from listener.commands.options import (
    WrongUsage,
    config_option,
    json_option,
    now,
    number_options,
    open_reader,
    read_config,
)
from listener.commands.tables import table, terminal_width
from storage import browse
from storage.calendar import iso
from storage.kpi import KPIS, Ask, Kpi, KpiValue, compute, kpis_of
from storage.kpi.declaration import Family
from storage.kpi.value import NOT_COMPARABLE, OVERLAPPING, Compared

_NAMED = 5
"""Hashtags that are named in a line."""
_OF_ALL = (NOT_COMPARABLE, OVERLAPPING)
"""Reasons of a period, not of one value: told once below the table."""


@click.command("kpi")
@click.argument("names", nargs=-1, metavar="[NAME ...]")
@config_option
@number_options
@json_option
@click.option("--tag", metavar="TAG", help="Only mentions that bear this tag.")
@click.option(
    "--family",
    "families",
    multiple=True,
    type=click.Choice(get_args(Family)),
    help="All KPIs of a family; may be repeated.",
)
@click.option(
    "--compare", is_flag=True, help="Beside each value the period before, and the same a year before."
)
@click.option("--list", "listing", is_flag=True, help="List the KPIs with their units and formulas.")
def command(
    names: tuple[str, ...],
    config_file: Path,
    brands: tuple[str, ...],
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    timezone: str | None,
    by: tuple[str, ...],
    as_json: bool,
    tag: str | None,
    families: tuple[str, ...],
    compare: bool,
    listing: bool,
) -> None:
    """Show KPIs by brand: those named, or the card.

    Without --since they cover everything that is kept. A value that cannot be told is empty, with its reason.

    Example: listener kpi share_of_voice --since 7d --by source
    """
    chosen = [kpi for kpi in KPIS.values() if kpi.family in families]
    if listing:
        _list(chosen or list(KPIS.values()))
        return
    names = (*names, *(kpi.name for kpi in chosen if kpi.name not in names))
    config = read_config(config_file)
    with open_reader(config) as reader, reader.snapshot() as store:
        try:
            ask, asked = question(
                store,
                config,
                now(),
                kpis=names,
                brands=brands,
                sources=sources,
                by=by,
                since=since,
                until=until,
                timezone=timezone,
                tag=tag,
                compare=compare,
            )
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        known = kpis_of(store)
        values = compute(store, [known[name] for name in asked], ask)
        empty = browse.first_kept(store) is None
    if as_json:
        click.echo(json.dumps([value.to_json(ask.zone) for value in values], ensure_ascii=False))
    else:
        _print(values, ask, empty=empty)


def _list(kpis: list[Kpi]) -> None:
    for family in get_args(Family):
        of_family = [kpi for kpi in kpis if kpi.family == family]
        if of_family:
            click.echo(f"{family.upper()}\n")
        for kpi in of_family:
            click.echo(f"{kpi.name}  ({kpi.unit})\n    {kpi.formula}")
        if of_family:
            click.echo()


def _print(values: list[KpiValue], ask: Ask, *, empty: bool) -> None:
    zone = ask.zone
    since, until = (reading.stamp(iso(at, zone)) for at in (ask.window.since, ask.window.until))
    click.echo(f"{since} to {until}" + ("\n" if zone.key == "UTC" else f" ({zone.key})\n"))
    rows = [("", "KPI", "VALUE", "N", "")] if len(values) else []
    last, apart = "", set[tuple[int, int, str]]()
    for value in values:
        where = _where(value, ask)
        text = _value(value)
        # Whoever wrote a file named what is custom in it.
        name, note = clean(value.kpi), clean(_note(value))
        rows.append((where if where != last else "", name, text, reading.count(value.n), note))
        beside = [then for then in (value.before, value.year_before) if then]
        rows += [("", *_beside(value, then, ask)) for then in beside if then.reason not in _OF_ALL]
        apart.update((then.since, then.until, then.reason) for then in beside if then.reason in _OF_ALL)
        last = where
    for line in table(rows[0], rows[1:], right=(2, 3), width=terminal_width()) if rows else ():
        click.echo(line)
    for then_since, then_until, reason in sorted(apart):
        click.echo(f"\nNot compared with {reading.period(then_since, then_until, zone)}: {reason}.")
    missing = sorted({name for value in values for name in value.left_out})
    if missing:
        click.echo(f"\nNot heard in some of these windows, and left out there: {', '.join(missing)}")
    for words in reading.query_changes({change for value in values for change in value.query_changes}, zone):
        click.echo(f"\n{words}")
    for turn in sorted({turn for value in values for turn in value.engine_changes}, key=lambda t: t.at):
        click.echo(f"\n{reading.engine_change(turn.brand, turn.engine, turn.at, zone)}")
    for method in _methods(values):
        click.echo(f"\n{method}")
    if not values:
        click.echo("No source and no network has numbers of this here.")
    # Who lacks a file is told so, with the command that brings it.
    elif empty and all(
        value.value is None and "listener import" not in (value.reason or "") for value in values
    ):
        click.echo(
            "\nNothing to count yet: run `listener once`, or import history with `listener import FILE`."
        )


def _beside(value: KpiValue, then: Compared, ask: Ask) -> tuple[str, str, str, str]:
    """The row of what a value is compared with: when, how much, of how many, and the change."""
    when = f"  {reading.period(then.since, then.until, ask.zone)}"
    if then.then is None or then.change is None:
        return when, "–", reading.count(then.n), then.reason or ""
    notes = [f"change {_difference(then.change, value)}"]
    if then.interval is not None:
        low, high = (_difference(end, value) for end in then.interval)
        notes[0] += f" (95 %: {low.removesuffix(' points')} to {high})"
    if then.growth is not None and value.unit != "ratio":
        notes.append(reading.percent_change(then.growth))
    notes += [then.note] if then.note else []
    notes += [f"without {', '.join(then.left_out)}"] if then.left_out else []
    return when, amount(then.then, value.unit, value.kpi), reading.count(then.n), clean("; ".join(notes))


def _difference(difference: float, value: KpiValue) -> str:
    if value.unit == "ratio" and value.kpi != "net_sentiment":
        return reading.points(difference)
    if value.unit == "seconds":
        return ("\u2212" if difference < 0 else "+") + reading.duration(abs(difference))
    return reading.balance(difference) if value.unit == "ratio" else reading.count_change(difference)


def _where(value: KpiValue, ask: Ask) -> str:
    parts = [value.brand]
    if "source" in ask.by:
        parts.append(clean(value.source or "all"))
    if "language" in ask.by:
        parts.append(clean(value.language or "language unknown"))
    if {"day", "week", "month"} & set(ask.by):
        parts.append(reading.period(value.since, value.until, ask.zone))
    return " · ".join(parts)


def _value(value: KpiValue) -> str:
    """The value, with its interval where it is an estimate: "41.0 % [35, 47]"."""
    if value.value is None:
        return "–"
    text = amount(value.value, value.unit, value.kpi)
    if value.more.get("method") != "adjusted":
        return text
    low, high = cast("list[float]", value.more["interval"])
    if value.kpi == "net_sentiment":
        return f"{text} [{reading.balance(low)}, {reading.balance(high)}]"
    return f"{text} [{low * 100:.0f}, {high * 100:.0f}]"


def _change(value: KpiValue) -> list[str]:
    change: float | None = value.more.get("change")  # type: ignore[assignment]
    return [] if change is None else [f"change {reading.count_change(float(change))}"]


def _methods(values: list[KpiValue]) -> list[str]:
    """By which rule or reckoning numbers were made that nobody can count, each said once."""
    told: dict[str, None] = {}
    for value in values:
        if "how" in value.more:
            told[f"Reach: {value.more['how']}."] = None
        if "rule" in value.more:
            told[f"Tiers of influence: {value.more['rule']}."] = None
            limits: dict[str, dict[str, int | None]] = value.more["thresholds"]  # type: ignore[assignment]
            for source, limit in limits.items():
                known = [f"{part}: {reading.count(n)}" for part, n in limit.items() if n is not None]
                followers = ", ".join(known) or "of too few authors known"
                told[f"  {clean(source)}: followers {followers}"] = None
    return list(told)


def _unsolved(value: KpiValue) -> bool:
    return value.kpi == "time_to_solve" and value.reason == "the curve does not reach 0.5"


def _note(value: KpiValue) -> str:
    if value.reason:
        plainly = "mostly unsolved" if _unsolved(value) else why(value.reason)
        reason = plainly if plainly == value.reason else f"{plainly} ({value.reason})"
        return "; ".join([reason, *days_known(value), *_change(value)])
    parts = days_known(value)
    if "p90" in value.more:
        p90: float | None = value.more["p90"]  # type: ignore[assignment]
        parts.append(f"p90 {'not reached' if p90 is None else amount(p90, 'seconds', value.kpi)}")
    if "answered_share" in value.more:
        parts.append(f"{reading.percent(float(value.more['answered_share']))} answered")  # type: ignore[arg-type]
    parts += _change(value)
    if value.kpi == "hashtags":
        top: list[dict[str, object]] = value.more["top"]  # type: ignore[assignment]
        parts.append(", ".join(f"#{clean(str(one['hashtag']))} {one['mentions']}" for one in top[:_NAMED]))
    if value.more.get("method") == "adjusted":
        raw: float | None = value.more["raw_value"]  # type: ignore[assignment]
        parts.append(
            "adjusted" + (f"; counted {amount(raw, value.unit, value.kpi)}" if raw is not None else "")
        )
    elif value.more.get("interval"):
        ends = span(value.more["interval"], value.unit, value.kpi)  # type: ignore[arg-type]
        parts.append(f"may truly be {ends}" if "method" in value.more else f"95 %: {ends}")
    parts += [str(value.more["note"])] if "note" in value.more else []
    corrections = value.more.get("corrections")
    if corrections:
        parts.append(reading.plural(float(corrections), "correction"))  # type: ignore[arg-type]
    return "; ".join(parts)
