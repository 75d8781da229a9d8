"""listener rejudge: the tone engine of today, applied to what is kept."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from alerts import format as reading
from listener.asking import UsageError, brand_named, moment
from listener.commands.judging import make_pipeline
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    now,
    open_store,
    read_config,
)
from listener.commands.progress import progress
from listener.config import Config
from storage import ledger, rejudging
from storage.base import Rows
from storage.calendar import iso
from storage.lock import is_held
from storage.rejudging import Overtaken, Rejudging

_PATIENCE = 10.0
"""Seconds in which a daemon takes up a head that was put in service: it looks every second."""


@click.command("rejudge")
@config_option
@click.option("--since", required=True, metavar="TIME", help="From here on: 2026-11-02, or 30d (ago).")
@click.option("--brand", "brand_name", metavar="BRAND", help="Only mentions of this brand.")
@json_option
def command(config_file: Path, since: str, brand_name: str | None, as_json: bool) -> None:
    """Judge again what is kept, with the engine of today.

    Until that is done, shares over a time in which two engines judged do not compare, and rules do not use them. May
    be ended and begun again: it goes on where it was. What people said with `listener correct` stays. No rule fires by
    what is judged again.
    """
    config = read_config(config_file)
    try:
        start = moment(since, config.zone, now())
        brand = None if brand_name is None else brand_named(brand_name, config.brands)
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    from listener.rejudging import rejudge

    with open_store(config) as store:
        pipeline = make_pipeline(config, store, or_fallback=False)
        _check_daemon(config, store, pipeline.engine_name)
        with store.writing() as db:
            begun = rejudging.begin(db, pipeline.engine_name, brand, start, now())
        left = rejudging.left(store, begun)
        _announce(begun, left, config)
        try:
            with progress("judging again", left) as bar:
                done, erased = rejudge(store, pipeline, begun, now, lambda _, posts: bar.advance(posts))
        except Overtaken:
            raise Failure("another `listener rejudge` is at work on the same; let it end") from None
    if as_json:
        click.echo(json.dumps(_to_json(done, erased, config), ensure_ascii=False))
        return
    _tell(done, erased)


def _check_daemon(config: Config, store: Rows, engine: str) -> None:
    """Raises Failure where a daemon goes on judging by another engine: the break would move with it for ever."""
    deadline = time.monotonic() + _PATIENCE
    while (by := ledger.engine(store)) != engine and is_held(config.database):
        if time.monotonic() > deadline:
            raise Failure(
                f"the daemon still judges by {by}, not by {engine}; send it SIGHUP or restart it, then judge again"
            )
        time.sleep(0.2)


def _announce(begun: Rejudging, left: int, config: Config) -> None:
    since = reading.moment(begun.since, config.zone)
    of = f" of {begun.brand}" if begun.brand else ""
    again = f"; {reading.plural(begun.judged, 'mention')}{of} done before" if begun.position else ""
    click.echo(
        f"judging again by {begun.engine} from {since} on: {reading.plural(left, 'post')} to look at{again}",
        err=True,
    )


def _tell(done: Rejudging, erased: int) -> None:
    click.echo(
        f"{reading.plural(done.judged, 'mention')} judged again by {done.engine}; "
        f"{reading.count(done.changed)} of them have another label now."
    )
    for (before, after), number in _changes(done):
        click.echo(f"  {before or 'no label'} -> {after or 'no label'}: {reading.count(number)}")
    if erased:
        click.echo(
            f"{reading.plural(erased, 'mention')} of posts that their authors took back have no label any more: "
            "nobody can read them again."
        )


def _changes(done: Rejudging) -> list[tuple[rejudging.Pair, int]]:
    changed = [(pair, number) for pair, number in done.pairs.items() if pair[0] != pair[1]]
    return sorted(changed, key=lambda change: (-change[1], str(change[0])))


def _to_json(done: Rejudging, erased: int, config: Config) -> dict[str, object]:
    return {
        "engine": done.engine,
        "brand": done.brand,
        "since": iso(done.since, config.zone),
        "begun_at": iso(done.begun_at, config.zone),
        "judged": done.judged,
        "changed": done.changed,
        "changes": [
            {"before": before, "after": after, "mentions": number}
            for (before, after), number in _changes(done)
        ],
        "erased": erased,
    }
