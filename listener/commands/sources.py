"""listener sources: what is listened to, and how it fares."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from alerts import format as reading
from listener.collectors import COLLECTORS
from listener.collectors.base import Grade
from listener.commands.options import WrongUsage, config_option, json_option, now, open_reader, read_config
from listener.config import Config
from storage import polling, visits
from storage.base import Rows
from storage.calendar import iso
from storage.hearing import Hour, gaps, hours, last_day
from storage.mention import Gap
from storage.polling import STREAMS, SourceState
from storage.visits import Standing

_GAPS_SHOWN = 7 * 86_400
_SILENT_AFTER = 180


@click.command("sources")
@config_option
@json_option
@click.option("--explain", metavar="NAME", help="One source, or a kind of them: next poll and why.")
def command(config_file: Path, as_json: bool, explain: str | None) -> None:
    """Show each source: its state, last heard, next poll.

    With what the last day brought, what was lost, and its grade.

    Grades: gold is tested against a real server or recorded answers, silver written from a published
    specification, bronze from documentation only.
    """
    config = read_config(config_file)
    with open_reader(config) as reader:
        states = polling.states(reader)
        ledger = _read_ledger(reader, now())
    if explain is not None:
        states = _meant(states, explain)
    if as_json:
        click.echo(json.dumps([_to_json(state, config, ledger) for state in states], ensure_ascii=False))
        return
    if not states:
        click.echo("Nothing has been listened to yet: run `listener once` or `listener run`.")
    for state in states:
        for line in _lines(state, config, ledger, full=explain is not None):
            click.echo(line)


def _meant(states: Sequence[SourceState], name: str) -> list[SourceState]:
    """The source of this name, or all of this kind: forums, sites and feeds are sources of their own."""
    found = [state for state in states if state.name == name] or [s for s in states if s.kind == name]
    if not found:
        raise WrongUsage(f"there is no source {name!r} yet; `listener sources` lists them")
    return found


@dataclass(frozen=True, slots=True)
class _Ledger:
    """By source: what the last 24 hours brought together and hour by hour, what was lost in the last week, and which
    kept posts wait to be looked at again."""

    day: Mapping[str, Hour]
    gaps: Mapping[str, Sequence[Gap]]
    hours: Mapping[str, Sequence[Hour]]
    visits: Mapping[str, Standing]


def _read_ledger(reader: Rows, present: int) -> _Ledger:
    return _Ledger(
        last_day(reader, present),
        gaps(reader, present - _GAPS_SHOWN),
        hours(reader, present - 86_400, present),
        visits.standing(reader, present),
    )


def grade_of(kind: str) -> Grade | None:
    """How well the part that reads this kind of source is known to work; None for imports."""
    if kind not in COLLECTORS:
        return None
    grade: Grade = import_module(COLLECTORS[kind]).GRADE
    return grade


def state_of(state: SourceState) -> str:
    """One word: down, answers, waiting (never polled), imported, or off (no longer configured)."""
    if state.kind == "import":
        return "imported"
    if not state.active:
        return "off"
    if state.down_since is not None:
        return "down"
    return "answers" if state.last_answer_at else "waiting"


def _lines(state: SourceState, config: Config, ledger: _Ledger, *, full: bool) -> list[str]:
    zone, present = config.zone, now()
    through = state.heard_through
    heard = "nothing heard yet" if through is None else f"heard through {reading.moment(through, zone)}"
    grade = f" ({grade})" if (grade := grade_of(state.kind)) else ""
    lines = [
        f"{state.name}: {state_of(state)}{grade}",
        f"    {heard}, {reading.plural(state.posts, 'post')} kept",
    ]
    if state.next_reason == STREAMS:
        # Its row is written once a minute while it goes on; afterwards nobody listens any more.
        streams = present - (state.last_answer_at or 0) < _SILENT_AFTER
        lines.append(f"    {STREAMS}" if streams else "    not streaming now: is the daemon running?")
    elif state.active and state.next_poll_at:
        wait = max(0, state.next_poll_at - present)
        when = f"in {reading.duration(wait)}" if wait else "now due"
        lines.append(f"    next poll {when}: {state.next_reason}")
    if state.error:
        since = f" since {reading.moment(state.down_since, zone)}" if state.down_since else ""
        lines.append(f"    down{since} ({reading.plural(state.failures, 'failure')} in a row): {state.error}")
    if day := ledger.day.get(state.name):
        lines.append(f"    last 24 hours: {_traffic(day)}")
    for gap in ledger.gaps.get(state.name, ()):
        lines.append(f"    lost {_stretch(gap.since, gap.until, zone)}: {gap.reason}")
    if state.set_aside:
        items = reading.plural(state.set_aside, "item")
        lines.append(f"    {items} could not be read and set aside; see `listener quarantine list`")
    standing = ledger.visits.get(state.name)
    if standing is not None and (full or standing.behind):
        lines += _looks(standing, present)
    if full:
        if state.last_poll_at:
            lines.append(f"    last poll {reading.moment(state.last_poll_at, zone)}")
        for hour in ledger.hours.get(state.name, ()):
            lines.append(f"    {reading.moment(hour.hour * 3600, zone)}  {_traffic(hour)}")
    return lines


def _looks(standing: Standing, present: int) -> list[str]:
    """How the looks at kept posts stand, and how many were not done in time for the duty."""
    waits = "waits" if standing.due == 1 else "wait"
    due = f"    {reading.plural(standing.due, 'kept post')} {waits} to be looked at again"
    if standing.oldest is not None:
        due += f", the first for {reading.duration(present - standing.oldest)}"
    if standing.every is None:
        return [due]
    duty = f"the service wants each looked at every {reading.duration(standing.every)}"
    if standing.behind:
        duty += f"; {reading.plural(standing.behind, 'post')} not in time"
    return [due, f"    {duty}"]


def _traffic(hour: Hour) -> str:
    parts = [
        f"{reading.plural(hour.requests, 'request')}, {reading.plural(hour.answers, 'answer')}",
        reading.plural(hour.errors, "error") if hour.errors else "",
        reading.plural(hour.items, "item"),
        f"{reading.plural(hour.cut, 'item')} cut by a limit" if hour.cut else "",
    ]
    return ", ".join(part for part in parts if part)


def _stretch(since: int, until: int, zone: ZoneInfo) -> str:
    return (
        f"{reading.moment(since, zone)} to {reading.moment(until, zone)} ({reading.duration(until - since)})"
    )


def _to_json(state: SourceState, config: Config, ledger: _Ledger) -> dict[str, object]:
    times = {
        name: iso(value, config.zone) if (value := getattr(state, name)) is not None else None
        for name in ("last_poll_at", "last_answer_at", "next_poll_at", "down_since", "heard_through")
    }
    return {
        "source": state.name,
        "kind": state.kind,
        "state": state_of(state),
        "grade": grade_of(state.kind),
        **times,
        "next_reason": state.next_reason,
        "failures": state.failures,
        "error": state.error,
        "posts": state.posts,
        "set_aside": state.set_aside,
        "visits": _visits_to_json(ledger.visits.get(state.name), config),
        "hours": [
            {
                "at": iso(hour.hour * 3600, config.zone),
                **{name: getattr(hour, name) for name in ("requests", "answers", "errors", "items", "cut")},
            }
            for hour in ledger.hours.get(state.name, ())
        ],
        "gaps": [
            {"since": iso(gap.since, config.zone), "until": iso(gap.until, config.zone), "reason": gap.reason}
            for gap in ledger.gaps.get(state.name, ())
        ],
    }


def _visits_to_json(standing: Standing | None, config: Config) -> dict[str, object] | None:
    if standing is None:
        return None
    oldest = None if standing.oldest is None else iso(standing.oldest, config.zone)
    return {"due": standing.due, "oldest": oldest, "every": standing.every, "behind": standing.behind}
