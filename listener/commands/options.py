"""What the commands have in common: their options, how they open configuration and store, how they fail."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from listener import crash
from listener.commands import failing
from listener.config import Config, ConfigError, load
from sentiment.tone import Engine, EngineUnavailable
from storage import views
from storage.base import StoreError
from storage.sqlite import Reader, SqliteStore

F = TypeVar("F", bound=Callable[..., Any])

WrongUsage, Failure = failing.WrongUsage, failing.Failure


def config_option(function: F) -> F:
    """--config FILE, for every command."""
    option = click.option(
        "--config",
        "config_file",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("config.yaml"),
        show_default=True,
        metavar="FILE",
        help="The configuration.",
    )
    return option(function)


def log_options(function: F) -> F:
    """--log-level and --log-format, for the commands that keep a log."""
    level = click.option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"]),
        default="info",
        show_default=True,
        envvar="LISTENER_LOG_LEVEL",
        show_envvar=True,
        help="Log this and what is worse.",
    )
    form = click.option(
        "--log-format",
        type=click.Choice(["auto", "json", "text"]),
        default="auto",
        show_default=True,
        envvar="LISTENER_LOG_FORMAT",
        show_envvar=True,
        help="auto: text on a terminal, JSON elsewhere.",
    )
    return level(form(function))


def number_options(function: F) -> F:
    """--brand --source --since --until --timezone --by, for every command that shows numbers."""
    options = [
        click.option("--brand", "brands", multiple=True, help="Only this brand; may be repeated."),
        click.option("--source", "sources", multiple=True, help="Only this source or kind of source."),
        click.option(
            "--since", metavar="TIME", help="From here on: 2026-11-02, 2026-11-02T08:00Z or 7d (ago)."
        ),
        click.option("--until", metavar="TIME", help="Up to here, itself not included; default now."),
        click.option("--timezone", metavar="ZONE", help="Zone for days and for times without one."),
        click.option(
            "--by",
            multiple=True,
            type=click.Choice(["source", "language", "day", "week", "month"]),
            help="A row for each; may be repeated.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


json_option = click.option("--json", "as_json", is_flag=True, help="For programs: one JSON document.")


def read_config(file: Path, *, warn: bool = True) -> Config:
    """Read the configuration. Raises WrongUsage with all its mistakes.

    Who keeps a log says by `warn` that it writes the warnings there itself.
    """
    try:
        config = load(file)
    except ConfigError as error:
        raise WrongUsage(str(error)) from None
    crash.remember(config)
    for warning in config.warnings if warn else ():
        click.echo(f"{file}: {warning}", err=True)
    return config


def engine_of(config: Config, *, or_fallback: bool = True) -> Engine:
    """Load the engine, or with a word on standard error its fallback. Raises Failure where neither can be had.

    Without `or_fallback` it is the engine or a Failure: what is written for good must not be the fallback's, which
    stands in for a while.
    """
    from listener.engine import judge_of

    try:
        judge = judge_of(config)
    except EngineUnavailable as error:
        raise Failure(str(error)) from None
    if judge.instead and not or_fallback:
        raise Failure(f"{judge.instead}; its fallback {judge.engine.name} does not do for this")
    if judge.instead:
        click.echo(f"sentiment: {judge.instead}\n  {judge.engine.name} judges instead.", err=True)
    return judge.engine


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error in a group of groups: tasks that fail together fail of the same thing."""
    error = group.exceptions[0]
    return first_of(error) if isinstance(error, BaseExceptionGroup) else error


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the store says into a message for the person at the terminal."""
    try:
        yield
    except StoreError as error:
        raise Failure(str(error)) from None


@contextmanager
def open_reader(config: Config) -> Iterator[Reader]:
    """Open the store for reading; made or migrated first where needed, so that every question works."""
    with store_errors():
        _prepare(config)
        reader = Reader(config.database)
        try:
            yield reader
        finally:
            reader.close()


def _prepare(config: Config) -> None:
    """Bring the store to the shape of this version and configuration."""
    store = SqliteStore(config.database, zone=config.zone)
    try:
        _tell_of_copy(store)
        if views.markets_differ(store, config.brands):
            with store.writing() as db:
                views.keep_markets(db, config.brands)
    finally:
        store.close()


@contextmanager
def open_store(config: Config) -> Iterator[SqliteStore]:
    """Open the store for writing, beside a running daemon if there is one."""
    with store_errors():
        store = SqliteStore(config.database, unmatched=config.storage.unmatched_sample, zone=config.zone)
        try:
            _tell_of_copy(store)
            yield store
        finally:
            store.close()


def _tell_of_copy(store: SqliteStore) -> None:
    """Say that there is a copy now: it keeps texts that are taken back later."""
    if store.copied is not None:
        told = "The store was brought to the shape of this version. As it was before it lies in"
        click.echo(f"{told} {store.copied.name}: remove that once all is well.", err=True)


def tell_of_namesakes(sources: Collection[str]) -> None:
    """Say that one name in several sources may be several people, before data of one are taken for another's."""
    if len(set(sources)) > 1:
        told = "One name in several sources may be several people: check each, and name one with --source."
        click.echo(told, err=True)


def now() -> int:
    """The time in whole seconds."""
    return int(time.time())
