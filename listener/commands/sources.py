"""listener sources: what is listened to, and how it fares."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts import format as reading
from listener.commands.options import WrongUsage, config_option, json_option, now, open_reader, read_config
from listener.config import Config
from storage import polling
from storage.calendar import iso
from storage.polling import SourceState


@click.command("sources")
@config_option
@json_option
@click.option("--explain", metavar="NAME", help="One source: its next poll and why.")
def command(config_file: Path, as_json: bool, explain: str | None) -> None:
    """Show each source: its state, last heard, next poll and why."""
    config = read_config(config_file)
    with open_reader(config) as reader:
        states = polling.states(reader)
    if explain is not None:
        states = [state for state in states if state.name == explain]
        if not states:
            raise WrongUsage(f"there is no source {explain!r} yet; `listener sources` lists them")
    if as_json:
        click.echo(json.dumps([_to_json(state, config) for state in states], ensure_ascii=False))
        return
    if not states:
        click.echo("Nothing has been listened to yet: run `listener once` or `listener run`.")
    for state in states:
        for line in _lines(state, config, full=explain is not None):
            click.echo(line)


def state_of(state: SourceState) -> str:
    """One word: down, answers, waiting (never polled), imported, or off (no longer configured)."""
    if state.kind == "import":
        return "imported"
    if not state.active:
        return "off"
    if state.down_since is not None:
        return "down"
    return "answers" if state.last_answer_at else "waiting"


def _lines(state: SourceState, config: Config, *, full: bool) -> list[str]:
    zone, present = config.zone, now()
    through = state.heard_through
    heard = "nothing heard yet" if through is None else f"heard through {reading.moment(through, zone)}"
    lines = [f"{state.name}: {state_of(state)}", f"    {heard}, {reading.plural(state.posts, 'post')} kept"]
    if state.active and state.next_poll_at:
        wait = max(0, state.next_poll_at - present)
        when = f"in {reading.duration(wait)}" if wait else "now due"
        lines.append(f"    next poll {when}: {state.next_reason}")
    if state.error:
        since = f" since {reading.moment(state.down_since, zone)}" if state.down_since else ""
        lines.append(f"    down{since} ({reading.plural(state.failures, 'failure')} in a row): {state.error}")
    if state.set_aside:
        lines.append(f"    {reading.plural(state.set_aside, 'item')} could not be read and set aside")
    if full and state.last_poll_at:
        lines.append(f"    last poll {reading.moment(state.last_poll_at, zone)}")
    return lines


def _to_json(state: SourceState, config: Config) -> dict[str, object]:
    times = {
        name: iso(value, config.zone) if (value := getattr(state, name)) is not None else None
        for name in ("last_poll_at", "last_answer_at", "next_poll_at", "down_since", "heard_through")
    }
    return {
        "source": state.name,
        "kind": state.kind,
        "state": state_of(state),
        **times,
        "next_reason": state.next_reason,
        "failures": state.failures,
        "error": state.error,
        "posts": state.posts,
        "set_aside": state.set_aside,
    }
