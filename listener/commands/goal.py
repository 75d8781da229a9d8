"""listener goal: what is to be reached, and how far it has come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
from pydantic import ValidationError

from alerts import format as reading
from alerts.goal_sets import vanity_hint
from alerts.goals import Goal, GoalOptions, target_of, vanity_alone
from alerts.progress import Measured, measure, value_in, wrong_way
from alerts.render import clean
from alerts.report import wording
from listener.asking import UsageError, brand_named, moment, one_of, sources_named
from listener.commands import goal_select
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    open_store,
    read_config,
)
from listener.commands.tables import table
from listener.config import Config, ConfigError, adding, load
from listener.config.adding import CannotAdd
from listener.config.problems import dotted, say
from storage.base import Rows
from storage.calendar import local_day
from storage.desk import reviews
from storage.kpi import KPIS, KpiValue

_NO_CHANGE = "no change from the baseline that can be told from chance"


@click.group("goal")
def command() -> None:
    """Set goals on KPIs, and see how far they have come.

    Goals stand in config.yaml under `goals`. Each needs a baseline: what the KPI was before.
    """


@command.command("add")
@click.argument("name")
@config_option
@click.option("--kpi", required=True, metavar="KPI", help="A name of `listener kpi --list`.")
@click.option("--brand", required=True, metavar="BRAND", help="The brand that is meant.")
@click.option("--target", required=True, help="What is to be reached: 40%, 2h or 1200.")
@click.option("--by", required=True, metavar="DAY", help="The last day for it: 2027-03-31.")
@click.option("--owner", required=True, metavar="NAME", help="Who answers for it.")
@click.option("--source", metavar="SOURCE", help="Only this source or kind of source.")
@click.option("--since", required=True, metavar="DAY", help="First day of the baseline.")
@click.option("--until", required=True, metavar="DAY", help="End of the baseline, itself not included.")
def add(
    name: str,
    config_file: Path,
    kpi: str,
    brand: str,
    target: str,
    by: str,
    owner: str,
    source: str | None,
    since: str,
    until: str,
) -> None:
    """Add a goal to config.yaml; a copy of the file is kept beside it.

    Refused where the KPI had no value between --since and --until: a goal needs a baseline first.

    Example: listener goal add voice --kpi share_of_voice --brand Acme --target 40% --by 2027-03-31 --owner ana --since
    2026-10-01 --until 2026-11-01
    """
    config, present = read_config(config_file), now()
    with open_reader(config) as reader:
        try:
            known = one_of(kpi, KPIS, "KPI")
            about = brand_named(brand, config.brands)
            days = [_day(text, config, present) for text in (by, since, until)]
            sources_named(reader, [source] if source else [])
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        entry = {"name": name, "kpi": known, "brand": about, "target": target, "by": days[0], "owner": owner}
        entry |= {"source": source} if source else {}
        entry |= {"baseline": {"since": days[1], "until": days[2]}}
        goal = _goal(entry, config)
        value = _baseline(reader, goal, config, present)
    _save(config, entry)
    base = wording.told(value)
    click.echo(
        f"{goal.name}: {wording.named(goal.kpi)} of {goal.brand} from {base} to {_target(goal)} by {goal.by}"
    )
    for one in vanity_alone([*config.goals, goal]):
        if one.name == goal.name:
            click.echo(vanity_hint(one), err=True)


def _day(text: str, config: Config, present: int) -> object:
    return local_day(moment(text, config.zone, present), config.zone)


def _goal(entry: dict[str, object], config: Config) -> Goal:
    """The goal that is asked for. Raises WrongUsage with all that is wrong with it."""
    wrong = [
        f"--{key} {entry[key]!r} cannot be written into config.yaml"
        for key in ("name", "owner")
        if not adding.writable(str(entry[key]))
    ]
    if any(goal.name == entry["name"] for goal in config.goals):
        wrong.append(f"there is a goal {entry['name']!r} already; take another name")
    try:
        target_of(KPIS[str(entry["kpi"])], str(entry["target"]))
    except ValueError as error:
        wrong.append(f"--target: {error}")
    try:
        options = GoalOptions.model_validate(entry)
    except ValidationError as error:
        wrong += [f"{dotted(p['loc'])}: {say(GoalOptions, p, show=True)}" for p in error.errors()]
    if wrong:
        raise WrongUsage("\n  ".join(wrong))
    return Goal.of(options)


def _baseline(reader: Rows, goal: Goal, config: Config, present: int) -> KpiValue:
    """The value in the baseline. Raises Failure or WrongUsage where the goal makes no sense on it."""
    window = goal.baseline(config.zone)
    if window.until > present:
        raise WrongUsage(f"a baseline first: it ends on {goal.until}, which has not come yet")
    if goal.deadline(config.zone) <= present:
        raise WrongUsage(f"--by {goal.by} has passed")
    value = value_in(reader, goal, config.brands, window, present, config.zone)
    if value.value is None:
        raise Failure(
            f"a baseline first: {goal.kpi} of {goal.brand} had no value from "
            f"{reading.period(window.since, window.until, config.zone)}: {wording.reason(value)}. "
            "Listen or import first, or name a window in which it had one with --since and --until"
        )
    if goal.target == value.value or wrong_way(KPIS[goal.kpi], goal.target, value.value):
        what = "no further than" if goal.target == value.value else "worse than"
        raise WrongUsage(f"--target {_target(goal)} is {what} the baseline, {wording.told(value)}")
    return value


def _save(config: Config, entry: dict[str, object]) -> None:
    file = config.file.resolve()
    trial = file.with_name(file.name + ".new")
    try:
        text = adding.with_entries(adding.read(file), "goals", [entry])
        # Read once as it would stand there: a file that no command can read any more helps nobody.
        trial.write_text(text, encoding="utf-8", newline="")
        load(trial)
        adding.replace(file, text)
    except (CannotAdd, ConfigError) as error:
        raise Failure(f"{config.file} could not be changed: {error}") from None
    except OSError as error:
        raise Failure(f"{config.file} could not be changed: {error.strerror}") from None
    finally:
        trial.unlink(missing_ok=True)


@command.command("list")
@config_option
@json_option
def listing(config_file: Path, as_json: bool) -> None:
    """List the goals: baseline, now, target, how much of the way is done, and whether in time.

    Now is the newest window as long as the baseline: the last whole day, week or month for one of these, else the last
    whole days.
    """
    config = read_config(config_file)
    with open_reader(config) as reader:
        found = measure(reader, config.goals, config.brands, now(), config.zone)
    if as_json:
        click.echo(json.dumps([one.to_json(config.zone) for one in found], ensure_ascii=False))
        return
    if not found:
        click.echo(
            "There is no goal: `listener goal add` sets one, `listener goal select` helps to choose.",
            err=True,
        )
        return
    head = ("GOAL", "KPI", "BASELINE", "NOW", "TARGET", "WAY", "PACE", "BY", "OWNER")
    for line in table(head, [_row(one) for one in found], right=(2, 3, 4, 5)):
        click.echo(line)
    if any(_chance(one) for one in found):
        click.echo(f"\n≈ {_NO_CHANGE}")
    _remind(found)


def _row(one: Measured) -> tuple[str, ...]:
    goal, stand = one.goal, one.progress
    way = reading.percent(stand.way, 0) if stand.way is not None else wording.NO_VALUE
    return (
        goal.name,
        f"{goal.brand} {goal.kpi}" + (f" ({goal.source})" if goal.source else ""),
        wording.figure(one.baseline.value, one.baseline.unit, goal.kpi),
        wording.figure(one.current.value if one.current else None, one.baseline.unit, goal.kpi)
        + _chance(one),
        _target(goal),
        way,
        stand.pace,
        goal.by.isoformat(),
        clean(goal.owner),
    )


def _chance(one: Measured) -> str:
    return "≈" if one.current is not None and wording.by_chance(one.current, one.baseline) else ""


def _remind(found: Sequence[Measured]) -> None:
    for one in found:
        if one.due:
            click.echo(
                f"\nReview due: {one.goal.name}: {one.due}; `listener goal review` records that it was done"
            )
        if one.unlike:
            shown = ", ".join(clean(name) for name in one.unlike)
            click.echo(
                f"\n{one.goal.name}: heard otherwise than in the baseline, so that counts do not compare: {shown}"
            )
    for goal in vanity_alone([one.goal for one in found]):
        click.echo(f"\n{vanity_hint(goal)}")


@command.command("show")
@click.argument("name")
@config_option
@json_option
def show(name: str, config_file: Path, as_json: bool) -> None:
    """Show one goal with everything that is known of it."""
    config = read_config(config_file)
    goal = _named(config, name)
    with open_reader(config) as reader:
        found = measure(reader, [goal], config.brands, now(), config.zone)[0]
    if as_json:
        click.echo(json.dumps(found.to_json(config.zone), ensure_ascii=False))
        return
    for what, said in _facts(found, config):
        click.echo(f"{what:9} {said}")
    _remind([found])


def _facts(one: Measured, config: Config) -> list[tuple[str, str]]:
    goal, stand = one.goal, one.progress
    kpi = KPIS[goal.kpi]
    where = f" on {goal.source}" if goal.source else ""
    facts = [
        ("goal", f"{goal.name}: {wording.named(goal.kpi)} of {goal.brand}{where} (better: {kpi.better})"),
        ("baseline", _window_of(one.baseline, config)),
        ("now", _window_of(one.current, config) if one.current else "no window has ended since the baseline"),
        ("target", f"{_target(goal)} by {goal.by}, {clean(goal.owner)}"),
    ]
    if stand.way is not None:
        facts.append(
            (
                "way",
                f"{reading.percent(stand.way, 0)} of the way in {reading.percent(stand.elapsed, 0)} of the time",
            )
        )
    if _chance(one):
        facts.append(("change", _NO_CHANGE))
    if stand.expected is not None and stand.pace in ("on pace", "behind"):
        line = wording.figure(stand.expected, kpi.unit, goal.kpi)
        facts.append(("pace", f"{stand.pace}: on a straight line it would be {line} by now"))
    else:
        facts.append(("pace", stand.pace))
    if one.review:
        note = f": {clean(one.review.note)}" if one.review.note else ""
        who = f" by {clean(one.review.by)}" if one.review.by else ""
        facts.append(("reviewed", f"{reading.day(one.review.at, config.zone)}{who}{note}"))
    return facts


def _window_of(value: KpiValue, config: Config) -> str:
    when = reading.period(value.since, value.until, config.zone)
    if value.value is None:
        return f"{wording.NO_VALUE}  {when}: {wording.reason(value)}"
    return f"{wording.told(value)}  {when}, n = {reading.count(value.n)}"


@command.command("review")
@click.argument("name")
@config_option
@click.option("--by", metavar="NAME", help="Who looked.")
@click.option("--note", metavar="TEXT", help="What was decided.")
def review(name: str, config_file: Path, by: str | None, note: str | None) -> None:
    """Record that somebody asked whether a goal is still the right one, and the right value."""
    config = read_config(config_file)
    goal = _named(config, name)
    with open_store(config) as store, store.writing() as db:
        reviews.record(
            db, goal.name, by=clean(by) if by else None, note=clean(note) if note else None, now=now()
        )
    click.echo(f"{goal.name} is reviewed")


def _named(config: Config, name: str) -> Goal:
    try:
        one_of(name, [goal.name for goal in config.goals], "goal")
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    return next(goal for goal in config.goals if goal.name == name)


def _target(goal: Goal) -> str:
    return wording.figure(goal.target, KPIS[goal.kpi].unit, goal.kpi)


command.add_command(goal_select.command)
