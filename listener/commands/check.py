"""listener check: configuration and store, offline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from alerts.channels import notice_of
from alerts.format import day, plural
from alerts.goal_sets import vanity_hint
from alerts.goals import vanity_alone
from alerts.report.wording import figure
from alerts.routing.routes import channels_of
from listener import room
from listener.collectors import terms_of
from listener.commands.options import config_option, now, open_store, read_config
from listener.config import Config
from listener.engine import hindrance
from listener.matching.searches import searches
from storage import browse, polling, rollups
from storage.base import Rows
from storage.durations import format_duration
from storage.kpi import KPIS
from storage.lock import DaemonLock
from storage.sqlite import SqliteStore


@click.command("check")
@config_option
@click.option("--deep", is_flag=True, help="Count everything again and compare: minutes on a large store.")
@click.option("--repair", is_flag=True, help="Make all sums anew from the mentions; no daemon may run.")
def command(config_file: Path, deep: bool, repair: bool) -> None:
    """Check the configuration and the store, without the network.

    All mistakes are told at once, with their places. Exit 2 when there is one. --deep also counts every mention again,
    and compares that with the sums from which numbers are read.
    """
    config = read_config(config_file)
    for line in describe(config):
        click.echo(line)
    with open_store(config) as store:
        if repair:
            _repair(config, store)
        sources = polling.states(store)
        problems = [*store.damage(), *(_differences(store, config.zone) if deep else ())]
        # An import's sources stand in no configuration: only the store knows them.
        known = {*browse.sources(store), *config.sources}
        taken = [room.told(config, store), *room.growing(config, store, now())]
        too_large = room.too_large(config, store)
    why = hindrance(config)
    if why and config.fallback:
        click.echo(f"sentiment: {why}\n  {config.fallback.engine} judges instead.", err=True)
    elif why:
        click.echo(f"sentiment: {why}", err=True)
    for goal in config.goals:
        if goal.source is not None and goal.source not in known:
            click.echo(f"goal: {goal.name}: nothing was ever heard of a source {goal.source!r}", err=True)
    for goal in vanity_alone(config.goals):
        click.echo(vanity_hint(goal), err=True)
    for problem in problems:
        click.echo(f"store: {problem}", err=True)
    if deep and not problems:
        click.echo("store: counted again, every sum is what its mentions come to")
    posts = sum(source.posts for source in sources)
    held = f"{plural(posts, 'post')} from {plural(len(sources), 'source')}"
    click.echo(f"store: {config.database} opens, {held}")
    for line in taken:
        click.echo(f"disk: {line}")
    if too_large:
        click.echo(f"disk: {too_large}", err=True)
    raise SystemExit(1 if problems or (why and not config.fallback) else 0)


def describe(config: Config) -> list[str]:
    """The configuration as it was understood."""
    own = [brand.name for brand in config.brands if brand.own]
    others = [brand.name for brand in config.brands if not brand.own and not brand.topic]
    topics = [brand.name for brand in config.brands if brand.topic]
    lines = [
        f"configuration: {config.file} is good",
        f"brands: {', '.join(own) or 'none of ours'}; competitors: {', '.join(others) or 'none'}",
        *([f"topics: {', '.join(topics)}"] if topics else []),
        f"sources: {', '.join(config.sources) or 'none (only imports)'}",
        f"sentiment: {config.engine}{f', or else {config.fallback.engine}' if config.fallback else ''}",
        f"channels: {', '.join(config.channels)}",
    ]
    lines += [f"channel: {name}: {notice}" for name in config.channels if (notice := notice_of(name))]
    lines += [f"terms: {kind}: {terms}" for kind in config.sources if (terms := terms_of(kind))]
    if unsought := [brand.name for brand in config.brands if not searches([brand])]:
        lines.append(
            f"history: cannot be searched, because no word must stand in what these queries find: {', '.join(unsought)}"
        )
    lines += [
        f"money: {kind}: {options.costs(len(config.brands))}"
        for kind, options in config.sources.items()
        if hasattr(options, "costs")
    ]
    lines += _unheard(config)
    for rule in config.rules:
        hold = f" for {format_duration(rule.hold)}" if rule.hold else ""
        lines.append(
            f"rule: {rule.name}: {rule.brand or rule.source or 'any source'}: {rule.condition.words()} "
            f"over {format_duration(rule.over)}{hold}, n at least {rule.min_n}, {rule.severity}, "
            f"to {', '.join(channels_of(config.routing, rule))}"
        )
    lines += [
        f"goal: {goal.name}: {goal.brand} {goal.kpi} {figure(goal.target, KPIS[goal.kpi].unit, goal.kpi)} "
        f"by {goal.by}, {goal.owner}"
        for goal in config.goals
    ]
    lines += [
        f"digest{f' {one.name}' if one.name else ''}: {one.cron} ({one.zone or config.zone.key}) "
        f"to {', '.join(one.channels)}"
        for one in config.letters
    ]
    for name, seconds in config.storage.kept_for.items():
        when = (
            "kept for good"
            if seconds is None
            else f"dropped {format_duration(seconds)} after they were fetched"
        )
        lines.append(f"retention: {name}: texts are {when}")
    return lines


def _unheard(config: Config) -> Iterator[str]:
    """Which sources hear nothing because a search needs words and a query has none, a line for each set of brands."""
    found: dict[str, list[str]] = {}
    for kind, options in config.sources.items():
        if getattr(options, "needs_words", False):
            wordless = ", ".join(brand.name for brand in config.brands if not searches([brand], kind))
            found.setdefault(wordless, []).append(kind)
    for brands, kinds in found.items():
        if brands:
            yield (
                f"search: nothing is heard of {', '.join(kinds)}, because these search for words and no word "
                f"must stand in what these queries find: {brands}"
            )


def _repair(config: Config, store: SqliteStore) -> None:
    # The daemon waits half a minute for another writer, and this may take longer.
    with DaemonLock(config.database), store.writing() as db:
        rollups.rebuild(db, config.zone)
    click.echo("store: all sums were made anew")


def _differences(store: Rows, zone: ZoneInfo) -> Iterator[str]:
    """What roll-ups say otherwise than the mentions that they are made of, a line each."""
    for one in rollups.differences(store):
        yield (
            f"{one.rollup}: {plural(one.cells, 'sum')} of the {one.unit} from {day(one.start, zone)} "
            "are not what its mentions come to; `listener check --repair` makes all sums anew"
        )
