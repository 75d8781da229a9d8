"""listener case: who takes care of what, from the first word to the solution."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean, safe_url, shorten
from alerts.telling import amount
from listener import caring
from listener.asking import UsageError, brand_named, question
from listener.commands.options import (
    WrongUsage,
    config_option,
    json_option,
    now,
    open_reader,
    open_store,
    read_config,
)
from listener.config import Config
from listener.correcting import NoMention
from listener.pipeline import clean as storable
from storage.calendar import iso
from storage.desk import cases
from storage.desk.cases import STATES, Case, CasePost, Kind, Refused
from storage.kpi import KPIS, KpiValue, compute

_SHOWN = 100
_LONGEST = 2_000
_DONE = {
    "open": "opened",
    "assign": "given to",
    "touch": "worked on",
    "solve": "solved",
    "reopen": "opened again",
}
_REPORTED = ("solutions", "solutions_growth", "time_to_solve", "cases_open", "case_completion")

_by_option = click.option("--by", metavar="NAME", help="Who says so.")
_why_option = click.option("--why", metavar="TEXT", help="Why, or what was done.")
_brand_option = click.option("--brand", metavar="BRAND", help="Only this brand.")
_case_argument = click.argument("case", metavar="CASE")


@click.group("case")
def command() -> None:
    """Take care of posts: open a case, give it away, solve it.

    CASE is the number of a case (`listener case list` shows it), or the address of its post.
    """


@command.command("open")
@click.argument("post", metavar="POST")
@config_option
@click.option("--brand", metavar="BRAND", help="The brand that is meant, where a post concerns several.")
@click.option("--assignee", metavar="NAME", help="To whom it is given.")
@_by_option
@_why_option
@json_option
def open_(
    post: str,
    config_file: Path,
    brand: str | None,
    assignee: str | None,
    by: str | None,
    why: str | None,
    as_json: bool,
) -> None:
    """Open a case on a post: its number or its address.

    Example: listener case open 4711 --assignee ann --why "lid broke"
    """
    config = read_config(config_file)
    with open_store(config) as store:
        try:
            number, name = caring.post_of(store, config.brands, post, brand)
            with store.writing() as db:
                made = cases.open_case(
                    db, name, number, now=now(), assignee=_name(assignee), by=_text(by), why=_text(why)
                )
        except (NoMention, Refused) as error:
            raise WrongUsage(clean(str(error))) from None
        _told(config, caring.with_posts(store, [made])[0], as_json)


@command.command("assign")
@_case_argument
@click.argument("assignee", metavar="NAME")
@config_option
@_by_option
@_why_option
@json_option
def assign(
    case: str, assignee: str, config_file: Path, by: str | None, why: str | None, as_json: bool
) -> None:
    """Give a case to somebody, or hand it on."""
    _act(config_file, case, "assign", _name(assignee), by, why, as_json)


@command.command("touch")
@_case_argument
@config_option
@_by_option
@_why_option
@json_option
def touch(case: str, config_file: Path, by: str | None, why: str | None, as_json: bool) -> None:
    """Write down that something was done about a case, without solving it."""
    _act(config_file, case, "touch", None, by, why, as_json)


@command.command("solve")
@_case_argument
@config_option
@_by_option
@_why_option
@json_option
def solve(case: str, config_file: Path, by: str | None, why: str | None, as_json: bool) -> None:
    """Close a case as solved."""
    _act(config_file, case, "solve", None, by, why, as_json)


@command.command("reopen")
@_case_argument
@config_option
@_by_option
@_why_option
@json_option
def reopen(case: str, config_file: Path, by: str | None, why: str | None, as_json: bool) -> None:
    """Open a case again that was solved; it stays with who had it."""
    _act(config_file, case, "reopen", None, by, why, as_json)


@command.command("list")
@config_option
@_brand_option
@click.option(
    "--state",
    type=click.Choice([*STATES, "all"]),
    default="open",
    show_default=True,
    help="Only those in this state.",
)
@click.option("--assignee", metavar="NAME", help="Only those of this assignee.")
@json_option
def listing(config_file: Path, brand: str | None, state: str, assignee: str | None, as_json: bool) -> None:
    """List cases, the newest first."""
    config = read_config(config_file)
    wanted = next((one for one in STATES if one == state), None)
    with open_reader(config) as reader:
        found = caring.pick(cases.all_cases(reader, _brand(config, brand)), wanted, assignee)
        shown = caring.with_posts(reader, found)
    if as_json:
        told = [caring.to_json(case, post, config.zone) for case, post in shown]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    if not shown:
        click.echo("There is no such case.")
    for case, post in shown:
        click.echo(f"{_line(case)}  {reading.moment(case.opened_at, config.zone)}  {_words(post, _SHOWN)}")


@command.command("show")
@_case_argument
@config_option
@json_option
def show(case: str, config_file: Path, as_json: bool) -> None:
    """Show a case: its post, and what was done."""
    config = read_config(config_file)
    with open_reader(config) as reader:
        try:
            found = caring.case_of(reader, case)
        except NoMention as error:
            raise WrongUsage(clean(str(error))) from None
        _told(config, caring.with_posts(reader, [found])[0], as_json)


@command.command("report")
@config_option
@_brand_option
@click.option("--since", default="30d", show_default=True, metavar="TIME", help="From here on.")
@click.option("--until", metavar="TIME", help="Up to here, itself not included; default now.")
@json_option
def report(config_file: Path, brand: str | None, since: str, until: str | None, as_json: bool) -> None:
    """Show what became of cases, in all and by assignee."""
    config = read_config(config_file)
    with open_reader(config) as reader:
        try:
            names = [brand] if brand is not None else [one.name for one in config.brands if one.own]
            ask, asked = question(
                reader, config, now(), kpis=_REPORTED, brands=names, since=since, until=until
            )
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        values = compute(reader, [KPIS[name] for name in asked], ask)
    if as_json:
        click.echo(json.dumps([value.to_json(ask.zone) for value in values], ensure_ascii=False))
        return
    since_at, until_at = (reading.stamp(iso(at, ask.zone)) for at in (ask.window.since, ask.window.until))
    click.echo(f"{since_at} to {until_at}\n")
    for value in values:
        click.echo(f"{value.brand}  {value.kpi}  {_said(value)}")
        if value.kpi == "case_completion":
            _table(value)


def _said(value: KpiValue) -> str:
    if value.value is None:
        return f"– ({value.reason})"
    return f"{amount(value.value, value.unit, value.kpi)} (n = {reading.count(value.n)})"


def _table(value: KpiValue) -> None:
    """The figures by assignee; what has no median says so by a dash."""
    works: Sequence[dict[str, object]] = value.more["assignees"]  # type: ignore[assignment]
    if not works:
        return
    rows = [("ASSIGNEE", "ASSIGNED", "TOUCHED", "SOLVED", "COMPLETED", "FIRST TOUCH", "TIME TO SOLVE")]
    for one in works:
        counts = (str(one[name]) for name in ("assigned", "touched", "solved"))
        medians = (
            "–" if one[name] is None else reading.duration(float(str(one[name])))
            for name in ("first_touch", "time_to_solve")
        )
        ratio = reading.percent(float(str(one["completion_ratio"])), 0)
        rows.append((clean(str(one["assignee"])), *counts, ratio, *medians))  # type: ignore[arg-type]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *rest = row
        cells = [first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(rest, widths[1:], strict=True))]
        click.echo("    " + "  ".join(cells))


def _act(
    config_file: Path,
    case: str,
    kind: Kind,
    assignee: str | None,
    by: str | None,
    why: str | None,
    as_json: bool,
) -> None:
    config = read_config(config_file)
    with open_store(config) as store:
        try:
            number = caring.case_of(store, case).id
            with store.writing() as db:
                done = cases.act(db, number, kind, now=now(), assignee=assignee, by=_text(by), why=_text(why))
        except (NoMention, Refused) as error:
            raise WrongUsage(clean(str(error))) from None
        _told(config, caring.with_posts(store, [done])[0], as_json)


def _told(config: Config, found: tuple[Case, CasePost], as_json: bool) -> None:
    case, post = found
    if as_json:
        click.echo(json.dumps(caring.to_json(case, post, config.zone), ensure_ascii=False))
        return
    click.echo(_line(case))
    who = clean(post.author) if post.author else "somebody"
    when = reading.dated(post.published_at, config.zone)
    click.echo(f"  post {case.post_id}, {clean(case.source)}, {who}, {when}: {_words(post, _LONGEST)}")
    if address := safe_url(post.url):
        click.echo(f"  {address}")
    for event in case.events:
        parts = [reading.moment(event.at, config.zone), _DONE[event.kind]]
        parts += [clean(event.assignee)] if event.assignee else []
        parts += [f"by {clean(event.by)}"] if event.by else []
        click.echo(f"  {' '.join(parts)}" + (f": {clean(event.why)}" if event.why else ""))


def _line(case: Case) -> str:
    held = f"with {clean(case.assignee)}" if case.assignee else "with nobody"
    return f"case {case.id}  {case.brand}  {case.state}  {held}"


def _words(post: CasePost, most: int) -> str:
    if post.erased:
        return "(taken back by its author)"
    said = f"{post.title} — {post.text}" if post.title and not post.text.startswith(post.title) else post.text
    return shorten(clean(said), most)


def _brand(config: Config, brand: str | None) -> str | None:
    try:
        return None if brand is None else brand_named(brand, config.brands)
    except UsageError as error:
        raise WrongUsage(str(error)) from None


def _name(text: str | None) -> str | None:
    """A name of an assignee, without what surrounds it. Raises WrongUsage where nothing is left."""
    if text is None:
        return None
    if not (name := clean(storable(text))):
        raise WrongUsage("an assignee needs a name")
    return name


def _text(text: str | None) -> str | None:
    # What is no UTF-8 on the command line arrives as half surrogate pairs, which no store takes.
    return None if text is None else storable(text)
