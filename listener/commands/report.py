"""listener report: a chosen set of KPIs as a page to hand on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from alerts.goal_sets import GOAL_SETS, names
from alerts.report.compose import compose
from alerts.report.content import Report
from alerts.report.gather import Wanted, gather
from alerts.report.render import as_html, as_markdown
from listener.asking import UsageError, one_of, question
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    now,
    number_options,
    open_reader,
    read_config,
)
from listener.config import Config
from storage import imported_sums
from storage.base import Rows
from storage.calendar import UNITS, local_day, start_of
from storage.kpi import CARD

_DAYS = 28
# How each has moved stands beside it anyway.
_KPIS = tuple(name for name in CARD if "growth" not in name)


@click.command("report")
@config_option
@click.option("--kpi", "kpis", multiple=True, metavar="KPI", help="Only this KPI; may be repeated.")
@click.option(
    "--goal-set",
    "goal",
    type=click.Choice(list(GOAL_SETS)),
    help="The KPIs that serve this goal, outcomes beside vanity.",
)
@number_options
@click.option(
    "--account", "accounts", multiple=True, help="Imported numbers of this account alone; may be repeated."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR|FILE",
    help="Write report.html and report.md there, or one file that ends in .html or .md.",
)
def command(
    config_file: Path,
    kpis: tuple[str, ...],
    goal: str | None,
    brands: tuple[str, ...],
    sources: tuple[str, ...],
    since: str | None,
    until: str | None,
    timezone: str | None,
    by: tuple[str, ...],
    accounts: tuple[str, ...],
    out: Path | None,
) -> None:
    """Write a chosen set of KPIs as HTML and Markdown.

    Values and what they compare with, charts, goals, what happened; each network alone beside the total. Without
    --since and --until it is on the last four weeks of whole days. --by day, week or month says what the charts are
    cut by, and --by language adds a table. Without --out Markdown is printed.

    Example: listener report --goal-set visibility --since 2026-10-01 --until 2026-11-01 --out report
    """
    config, present = read_config(config_file), now()
    if out is not None and out.suffix and out.suffix not in (".html", ".md"):
        raise WrongUsage(f"--out {out}: name a folder, or a file that ends in .html or .md")
    if goal and not names(goal):
        raise Failure(f"no KPI is declared for {goal} yet; `listener kpi --list` shows those that are")
    with open_reader(config) as reader, reader.snapshot() as store:
        try:
            ask, asked = question(
                store,
                config,
                present,
                kpis=kpis or (names(goal) if goal else _KPIS),
                brands=brands,
                sources=sources,
                by=by,
                since=since or str(_beginning(config, present)),
                until=until or str(_midnight(config, present)),
                timezone=timezone,
            )
            known = _accounts(store, accounts)
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        wanted = Wanted(
            kpis=tuple(dict.fromkeys(asked)),
            ask=replace(ask, by=(), only=ask.only or _own(config), accounts=known),
            period=next((unit for unit in UNITS if unit in by), None),
            by_language="language" in by,
            title=f"{goal.capitalize()} report" if goal else "Report",
        )
        _tell(compose(gather(store, config.goals, wanted)), out)


def _tell(report: Report, out: Path | None) -> None:
    if out is None:
        click.echo(as_markdown(report), nl=False)
        return
    written = {"report.html": as_html(report), "report.md": as_markdown(report)}
    if out.suffix:
        written = {out.name: written[f"report{out.suffix}"]}
    _write(out.parent if out.suffix else out, written)


def _midnight(config: Config, present: int) -> int:
    return start_of(local_day(present, config.zone), "day", config.zone)


def _beginning(config: Config, present: int) -> int:
    first = local_day(present - _DAYS * 86_400, config.zone)
    return start_of(first, "day", config.zone)


def _own(config: Config) -> tuple[str, ...]:
    """Our brands; all of them where none is ours."""
    return tuple(brand.name for brand in config.brands if brand.own)


def _accounts(store: Rows, accounts: Sequence[str]) -> tuple[str, ...]:
    known = imported_sums.accounts(store) if accounts else []
    return tuple(one_of(name, known, "account") for name in accounts)


def _write(folder: Path, files: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(content, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{folder} cannot be written: {error.strerror}") from None
    click.echo(f"written: {', '.join(str(folder / name) for name in files)}")
