"""listener alerts backtest: when a rule, or a changed one, would have fired over what is stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
from click.core import ParameterSource

from alerts import format as reading
from alerts.backtest import Backtest, Episode, backtest
from alerts.render import clean
from alerts.rules import Rule, parse
from alerts.rules.conditions import least
from alerts.telling import amount
from listener.asking import UsageError, moment
from listener.commands.options import WrongUsage, config_option, json_option, now, open_reader, read_config
from listener.commands.tables import table, terminal_width
from listener.config import Config
from storage import browse
from storage.base import Rows
from storage.durations import format_duration, parse_duration

_LATE = (
    "Every post counts from when it was published, whenever it came, with the tone it has now; imports too."
)


@click.command("backtest")
@click.argument("name", metavar="RULE")
@click.option(
    "--since", metavar="TIME", default="30d", show_default=True, help="From here on: 2026-11-02 or 30d (ago)."
)
@click.option("--until", metavar="TIME", help="Up to here, itself not included; default now.")
@click.option("--when", metavar="CONDITION", help='As if it said this, as in "negative_share > 30%".')
@click.option("--over", metavar="TIME", help="As if it looked at so long, as in 2h.")
@config_option
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    name: str,
    since: str,
    until: str | None,
    when: str | None,
    over: str | None,
    config_file: Path,
    as_json: bool,
) -> None:
    """Show when RULE would have fired over what is stored.

    It is judged as every day, step by step through the past; nothing is written and nothing is told.
    """
    here = ctx.get_parameter_source("config_file") == ParameterSource.COMMANDLINE
    config = read_config(config_file if here else ctx.obj)
    rules = _rules(config, name, when, over)
    try:
        end = now() if until is None else min(moment(until, config.zone, now()), now())
        start = moment(since, config.zone, now())
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    if start >= end:
        raise WrongUsage("--since must lie before --until, and before now")
    with open_reader(config) as reader, reader.snapshot() as store:
        found = backtest(store, rules, config.brands, config.zone, start, end, config.routing, config.goals)
        if as_json:
            click.echo(json.dumps(_json(found, rules[0], store), ensure_ascii=False))
            return
        for line in _lines(found, rules[0], store, config.zone):
            click.echo(line)


def _rules(config: Config, name: str, when: str | None, over: str | None) -> list[Rule]:
    found = [rule for rule in config.rules if rule.name == name]
    if not found:
        there = ", ".join(dict.fromkeys(rule.name for rule in config.rules)) or "none"
        raise WrongUsage(f"there is no rule {name!r}; there are: {there}")
    try:
        return [_changed(rule, when, over) for rule in found]
    except ValueError as error:
        raise WrongUsage(str(error)) from None


def _changed(rule: Rule, when: str | None, over: str | None) -> Rule:
    if over is not None:
        rule = replace(rule, over=max(60, parse_duration(over)))
    if when is None:
        return rule
    condition = parse(when)
    # What was not said is what it is for the new condition.
    said = rule.min_n != least(rule.condition)
    changed = replace(rule, condition=condition, min_n=rule.min_n if said else least(condition))
    mistake = getattr(condition, "mistake", lambda options: None)(changed)
    if mistake:
        raise ValueError(mistake)
    return changed


def _lines(found: Backtest, rule: Rule, store: Rows, zone: ZoneInfo) -> Iterator[str]:
    if found.cannot:
        yield f"{rule.name} ({rule.condition.words()}) cannot be tested on the past: {found.cannot}."
        return
    if found.episodes:
        rows = [_row(one, store, zone) for one in found.episodes]
        yield from table(
            ("fired", "brand", "value", "lasted", "posts"), rows, right=(2,), width=terminal_width()
        )
        yield ""
    yield summary(found, rule)
    if found.judged is not None and found.judged < 0.5 and not rule.condition.momentary:
        yield (
            f"Mostly there was too little to judge by: enough was there at {reading.share(found.judged)} of the "
            f"looks (at least {rule.min_n} within {format_duration(rule.over)}: min_n and over)."
        )
    if rule.condition.form == "anomaly":
        yield "Learned from the past as it went by, with the thresholds of today."
    yield _LATE


def summary(found: Backtest, rule: Rule) -> str:
    """How often it would have fired, in a sentence."""
    times, days = len(found.episodes), (found.until - found.since) / 86_400
    span = reading.plural(round(days), "day") if days >= 1.5 else reading.plural(round(days * 24), "hour")
    head = f"{rule.name} ({rule.condition.words()})"
    if not times:
        return f"{head} would not have fired in {span}."
    rate = f" ({found.a_week:.1f} a week)" if days >= 7 else ""
    quiet = f", {found.waited} of them within quiet hours" if found.waited else ""
    return f"{head} would have fired {reading.plural(times, 'time')} in {span}{rate}{quiet}."


def _row(one: Episode, store: Rows, zone: ZoneInfo) -> Sequence[str]:
    lasted = "still" if one.ended is None else format_duration(one.ended - one.fired_at)
    if one.ended == one.fired_at:
        lasted = "–"
    elif one.over == "expired":
        lasted += ", then too little data"
    about = f"{one.brand}, {one.subject}" if one.subject else one.brand
    posts = " ".join(clean(said) for said in _posts(one, store))
    when = reading.dated(one.fired_at, zone) + (" (quiet)" if one.waited else "")
    return when, clean(about), _value(one), lasted, posts


def _value(one: Episode) -> str:
    value: Any = one.numbers.get("value")
    if value is None:
        return "–"
    return amount(value, str(one.numbers.get("unit", "")), str(one.numbers.get("kpi") or ""))


def _posts(one: Episode, store: Rows) -> list[str]:
    """The links of the posts, and the number of what has none."""
    seen = browse.by_ids(store, one.brand or None, one.post_ids[:3]) if one.post_ids else []
    return [post.url or f"#{post.id}" for post in seen]


def _json(found: Backtest, rule: Rule, store: Rows) -> dict[str, object]:
    return {
        "rule": rule.name,
        "when": rule.condition.words(),
        "over": rule.over,
        "since": _utc(found.since),
        "until": _utc(found.until),
        "step": found.step,
        "cannot": found.cannot,
        "judged_share": found.judged,
        "fired": len(found.episodes),
        "a_week": found.a_week,
        "in_quiet_hours": found.waited,
        "episodes": [
            {
                "brand": one.brand,
                "subject": one.subject or None,
                "fired_at": _utc(one.fired_at),
                "ended_at": None if one.ended is None else _utc(one.ended),
                "how": one.over,
                "in_quiet_hours": one.waited,
                "window": [_utc(one.window.since), _utc(one.window.until)],
                # The points of its chart would be most of the document.
                "numbers": {name: value for name, value in one.numbers.items() if name != "points"},
                "post_ids": one.post_ids[:3],
                "posts": _posts(one, store),
            }
            for one in found.episodes
        ],
    }


def _utc(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
