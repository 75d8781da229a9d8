"""listener goal select: the KPIs that serve a goal, as goals to paste."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts import format as reading
from alerts.goal_sets import GOAL_SETS, Chosen, choose
from alerts.report import wording
from listener.asking import UsageError, brand_named
from listener.commands.options import Failure, WrongUsage, config_option, now, open_reader, read_config
from listener.config import Config
from storage.calendar import Window, local_day, unit_of
from storage.kpi import KPIS, Ask, KpiValue, compute


@click.command("select")
@click.argument("goal", type=click.Choice(list(GOAL_SETS)))
@config_option
@click.option("--brand", metavar="BRAND", help="For this brand; default: the first of yours.")
def command(goal: str, config_file: Path, brand: str | None) -> None:
    """Print the KPIs that serve a goal, as goals to paste into config.yaml.

    A vanity KPI, which may rise while nothing improves, is followed by an outcome to watch with it. Baselines are those
    of the last whole month.
    """
    config, present = read_config(config_file), now()
    own = [one.name for one in config.brands if one.own] or [one.name for one in config.brands]
    try:
        about = brand_named(brand, config.brands) if brand else own[0]
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    month = unit_of(unit_of(present, "month", config.zone).since - 1, "month", config.zone)
    names = list(dict.fromkeys(kpi for one in choose(goal) for kpi in _with_beside(one)))
    if not names:
        raise Failure(f"no KPI is declared for {goal} yet; `listener kpi --list` shows those that are")
    with open_reader(config) as reader:
        ask = Ask(month, present, config.zone, config.brands, only=(about,))
        values = {value.kpi: value for value in compute(reader, [KPIS[name] for name in names], ask)}
    when = reading.period(month.since, month.until, config.zone)
    click.echo(
        f"# {goal}: KPIs to choose from. Set `target`, `by` and `owner` of those that you mean to reach, and"
    )
    click.echo(f"# take the others out. The comments tell what each was from {when}.")
    click.echo("goals:")
    lacking = [name for name in names if values[name].value is None]
    for name in names:
        if name not in lacking:
            click.echo("\n".join(_entry(goal, name, values[name], month, config)))
    if lacking:
        click.echo("# Without a value then, so without a baseline:")
    for name in lacking:
        click.echo(f"#   {name}: {wording.reason(values[name])}{_beside(goal, name)}")


def _with_beside(chosen: Chosen) -> list[str]:
    return [chosen.kpi.name, *([chosen.beside.name] if chosen.beside else [])]


_AS_IN = {"nps": "0.4", "ratio": "40%", "seconds": "2h", "stars": "4.5", "currency": "1200.50"}
"""How a target is written, by KPI or unit."""


def _entry(goal: str, name: str, value: KpiValue, month: Window, config: Config) -> list[str]:
    """One goal to paste: what only a person can say is left empty, and the configuration then asks for it."""
    kpi = KPIS[name]
    how = _AS_IN.get(name) or _AS_IN.get(kpi.unit) or "1200"
    first, end = local_day(month.since, config.zone), local_day(month.until, config.zone)
    return [
        f"  # {wording.named(name)}: {wording.told(value)}{_beside(goal, name)}",
        f"  - name: {json.dumps(f'{goal}: {name}')}",
        f"    kpi: {name}",
        f"    brand: {json.dumps(value.brand, ensure_ascii=False)}",
        f"    target:   # as in {how}",
        "    by:       # the last day, as in 2027-03-31",
        "    owner:",
        f"    baseline: {{since: {first}, until: {end}}}",
    ]


def _beside(goal: str, name: str) -> str:
    """What makes a KPI one of a pair."""
    chosen = choose(goal)
    as_vanity = next((one for one in chosen if one.kpi.name == name and one.kpi.vanity), None)
    if as_vanity is not None:
        beside = (
            f"watch it beside {as_vanity.beside.name}"
            if as_vanity.beside
            else "no declared outcome is beside it"
        )
        return f"; it may rise while nothing improves: {beside}"
    partners = [one.kpi.name for one in chosen if one.beside is not None and one.beside.name == name]
    return f"; the outcome beside {', '.join(partners)}" if partners else ""
