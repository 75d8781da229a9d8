"""listener outcome: whether sessions or leads move after bursts of mentions."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from alerts import format as reading
from listener.asking import UsageError, question
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    read_config,
)
from storage import outcomes
from storage.calendar import iso, local_day, start_of
from storage.kpi import Ask
from storage.outcomes import Daily
from storage.stats.placebo import LEVEL, Effect

_MEASURES = ("sessions", "leads")
_SHOWN = 12


@click.command("outcome")
@config_option
@click.option("--brand", required=True, metavar="BRAND", help="Whose mentions, sessions and leads.")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    type=click.Choice(_MEASURES),
    help="Sessions or leads; default: both.",
)
@click.option(
    "--network", "networks", multiple=True, help="Only what came from this network; may be repeated."
)
@click.option("--source", "sources", multiple=True, help="Only mentions of this source or kind of source.")
@click.option(
    "--days",
    type=click.IntRange(1, 14),
    default=3,
    show_default=True,
    help="How many days from the beginning of a burst on are looked at.",
)
@click.option("--since", metavar="TIME", help="From here on; default a year ago.")
@click.option("--until", metavar="TIME", help="Up to here, itself not included; default the last midnight.")
@click.option("--timezone", metavar="ZONE", help="Zone for days and for times without one.")
@json_option
def command(
    config_file: Path,
    brand: str,
    measures: tuple[str, ...],
    networks: tuple[str, ...],
    sources: tuple[str, ...],
    days: int,
    since: str | None,
    until: str | None,
    timezone: str | None,
    as_json: bool,
) -> None:
    """Say whether sessions or leads move after mentions do.

    A burst begins on a day with far more mentions than its weekday has in the weeks around it. The imported sessions or
    leads of the days after it are compared in the same way, and the difference with what the same bursts would show at
    every other date. Days with an annotation are left out. Where chance alone does as much, it says: no detectable
    effect.

    What moves together need not be cause and effect: an advertisement may bring both.
    """
    config, present = read_config(config_file), now()
    midnight = start_of(local_day(present, config.zone), "day", config.zone)
    with open_reader(config) as reader:
        try:
            ask, _ = question(
                reader,
                config,
                present,
                brands=(brand,),
                sources=sources,
                since=since or "364d",
                until=until or str(midnight),
                timezone=timezone,
            )
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        asked = list(dict.fromkeys(measures)) or list(_MEASURES)
        series = [outcomes.daily(reader, ask, ask.only[0], measure, networks) for measure in asked]
    found = list(zip(asked, series, outcomes.effects(series, days), strict=True))
    if as_json:
        told = [_to_json(measure, daily, *effect, ask) for measure, daily, effect in found]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if not any(any(value is not None for value in daily.outcome) for daily in series):
        raise Failure(
            f"no {' or '.join(asked)} of {ask.only[0]} are imported for this time; "
            "import them with `listener import FILE --kind ga4` (sessions) or `--kind crm` (leads)"
        )
    click.echo(f"{ask.only[0]}, {reading.period(ask.window.since, ask.window.until, ask.zone)}")
    tests = sum(effect.p is not None for _, _, (effect, _) in found)
    for measure, daily, (effect, adjusted) in found:
        _print(measure, daily, effect, adjusted, tests)


def _print(measure: str, daily: Daily, effect: Effect, adjusted: float | None, tests: int) -> None:
    click.echo(f"\n{measure}: {_verdict(effect, adjusted)}")
    starts = [daily.day(number).isoformat() for number in effect.bursts]
    more = f" and {len(starts) - _SHOWN} more" if len(starts) > _SHOWN else ""
    which = f": {', '.join(starts[:_SHOWN])}{more}" if starts else ""
    click.echo(f"  {reading.plural(len(starts), 'burst')} of mentions{which}")
    if daily.annotated:
        click.echo(f"  {reading.plural(len(daily.annotated), 'annotated day')} left out")
    if effect.effect is None or effect.low is None or effect.high is None or effect.expected is None:
        click.echo(f"  {effect.why}")
        return
    click.echo(
        f"  {_change(effect.effect)} a day over {reading.plural(effect.days, 'day')} from each burst on "
        f"({_change(effect.low)} to {_change(effect.high)}, 95 %), where {effect.expected:,.1f} are expected"
    )
    click.echo(
        f"  {_p(effect.p)}: the same bursts at {reading.plural(effect.placebos, 'other date')} show what chance makes"
    )
    if tests > 1 and adjusted is not None:
        click.echo(f"  {_p(adjusted)} as one of {tests} tests made together (Holm): the verdict goes by this")


def _verdict(effect: Effect, adjusted: float | None) -> str:
    if effect.p is None:
        return "not enough data"
    if adjusted is not None and adjusted >= LEVEL:
        return "no detectable effect"
    return f"{effect.verdict} than expected after bursts of mentions"


def _change(number: float) -> str:
    return f"{number:+,.1f}".replace("-", "\u2212")


def _p(number: float | None) -> str:
    return "p < 0.001" if number is not None and number < 0.001 else f"p = {number:.3f}"


def _to_json(
    measure: str, daily: Daily, effect: Effect, adjusted: float | None, ask: Ask
) -> dict[str, object]:
    return {
        "brand": ask.only[0],
        "measure": measure,
        "since": iso(ask.window.since, ask.zone),
        "until": iso(ask.window.until, ask.zone),
        **asdict(effect),
        "p_adjusted": adjusted,
        "verdict": effect.verdict if adjusted is None or adjusted < LEVEL else "no detectable effect",
        "bursts": [daily.day(number).isoformat() for number in effect.bursts],
        "annotated_days": [daily.day(number).isoformat() for number in sorted(daily.annotated)],
    }
