"""listener alerts baselines: what was learned of each brand, for the rules that look at anomalies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from alerts import format as reading
from alerts.learned import STAGES, Learned, learned
from alerts.render import clean
from listener.commands.options import WrongUsage, config_option, json_option, now, open_reader, read_config
from listener.commands.tables import table, terminal_width
from listener.config import Config

_HEAD = ("brand", "series", "learned since", "state", "set", "measured", "threshold")


@click.command("baselines")
@click.option("--brand", "only", metavar="BRAND", help="Only this brand.")
@config_option
@json_option
@click.pass_context
def command(ctx: click.Context, only: str | None, config_file: Path, as_json: bool) -> None:
    """Show what is learned for rules on anomalies.

    For each series of a brand: since when, how far it is, false alarms a month as they are set, and as its
    threshold would have made them over the history itself.
    """
    here = ctx.get_parameter_source("config_file") == ParameterSource.COMMANDLINE
    config = read_config(config_file if here else ctx.obj)
    brands = _brands(config, only)
    with open_reader(config) as reader:
        found = learned(reader, brands, config.alarm_rate, now())
    if as_json:
        click.echo(json.dumps([one.to_json(config.zone) for one in found], ensure_ascii=False))
        return
    for line in _lines(found, config):
        click.echo(line)


def _brands(config: Config, only: str | None) -> list[str]:
    """The brands that something is learned of, in the order of the configuration."""
    if only is not None and only not in {brand.name for brand in config.brands}:
        raise WrongUsage(
            f"there is no brand {only!r}; there are: {', '.join(brand.name for brand in config.brands)}"
        )
    named = {rule.brand for rule in config.rules if rule.condition.form == "anomaly"}
    return [brand.name for brand in config.brands if brand.name in named and only in (None, brand.name)]


def _lines(found: Sequence[Learned], config: Config) -> Iterator[str]:
    if not found:
        yield "No rule looks at anomalies here, so nothing is learned: `when: anomaly` in a rule begins it."
        return
    rows = [_row(one, config.zone) for one in found]
    yield from table(_HEAD, rows, right=(4, 5, 6), width=terminal_width())
    yield ""
    yield (
        f"Rates are false alarms a month. alarm_rate is {config.alarm_rate:.3g} a month for each brand, "
        f"in equal parts over its series."
    )
    for brand in dict.fromkeys(one.brand for one in found):
        yield from _sum(brand, [one for one in found if one.brand == brand])
    for stage in dict.fromkeys(one.stage for one in found):
        yield f"{stage}: {STAGES[stage]}."


def _sum(brand: str, found: Sequence[Learned]) -> Iterator[str]:
    if all(one.stage == "waiting" for one in found):
        heard, needed = (f"{seconds / 86_400:.1f}" for seconds in (found[0].heard, found[0].needed))
        yield f"{clean(brand)}: heard for {heard} of the {needed} days that are needed."
    speaking = [one.rate_measured for one in found if one.stage == "calibrated"]
    measured = [rate for rate in speaking if rate is not None]
    if measured:
        yield f"{clean(brand)}: {sum(measured):.2f} a month measured, over {len(measured)} of its series."


def _row(one: Learned, zone: ZoneInfo) -> Sequence[str]:
    return (
        clean(one.brand),
        one.series,
        "–" if one.since is None else reading.dated(one.since, zone),
        one.stage,
        f"{one.rate_set:.2f}",
        "–" if one.rate_measured is None else f"{one.rate_measured:.2f}",
        "–" if one.threshold is None else f"{one.threshold:.2f}",
    )
