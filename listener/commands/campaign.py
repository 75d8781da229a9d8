"""listener campaign: any KPI before, during and after."""

from __future__ import annotations

import json
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean
from listener import campaigning
from listener.asking import UsageError, moment, question
from listener.commands import telling_campaigns
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
from listener.config import Config
from listener.matching.mistakes import QueryError
from storage.calendar import Window, iso
from storage.desk import campaigns
from storage.desk.campaigns import Campaign
from storage.kpi import CARD

_LONGEST = 100
# What is itself a comparison with the period before says nothing beside it.
_KPIS = tuple(name for name in CARD if "growth" not in name)


@click.group("campaign")
def command() -> None:
    """Compare any KPI before, during, after a campaign.

    A campaign is known by what its mentions say (--query), by what imported numbers call it (--utm), or by its dates
    alone.
    """


@command.command("add")
@click.argument("name")
@config_option
@click.option("--since", required=True, metavar="TIME", help="When it begins: 2026-11-02.")
@click.option("--until", required=True, metavar="TIME", help="When it is over, itself not included.")
@click.option("--query", metavar="QUERY", help="What the mentions say that belong to it; see docs/query.md.")
@click.option("--utm", metavar="NAME", help="What imported numbers call it: utm_campaign.")
@click.option("--by", metavar="NAME", help="Who says so.")
def add(
    name: str,
    config_file: Path,
    since: str,
    until: str,
    query: str | None,
    utm: str | None,
    by: str | None,
) -> None:
    """Keep a campaign, and tag the mentions that belong to it with campaign:NAME.

    Example: listener campaign add spring --since 2026-03-02 --until 2026-03-16 --query "#acmespring"
    """
    config = read_config(config_file)
    present, label = now(), clean(name)
    if not label or len(label) > _LONGEST:
        raise WrongUsage(f"a campaign needs a name of at most {_LONGEST} characters")
    window = _window(config, since, until, present)
    _check_query(query)
    campaign = Campaign(
        label,
        window.since,
        window.until,
        query,
        clean(utm) if utm else None,
        present,
        clean(by) if by else None,
    )
    with open_store(config) as store:
        try:
            with store.writing() as db:
                campaigns.add(db, campaign)
        except ValueError as error:
            raise WrongUsage(str(error)) from None
        marked = campaigning.mark(store, campaign, config.brands, present)
    click.echo(f"{telling_campaigns.line_of(campaign, config)}{_tagged(campaign, marked)}")


def _window(config: Config, since: str, until: str, present: int) -> Window:
    try:
        window = Window(moment(since, config.zone, present), moment(until, config.zone, present))
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    if window.since >= window.until:
        raise WrongUsage("--since must lie before --until")
    return window


def _check_query(query: str | None) -> None:
    if query is None:
        return
    try:
        campaigning.check(query)
    except QueryError as error:
        raise WrongUsage(f"--query: {error}\n{error.caret()}") from None
    except ValueError as error:
        raise WrongUsage(f"--query: {error}") from None


def _tagged(campaign: Campaign, marked: int) -> str:
    if campaign.query is None:
        return ""
    return f"\n{reading.plural(marked, 'mention')} tagged {campaign.tag}"


@command.command("list")
@config_option
@json_option
def listing(config_file: Path, as_json: bool) -> None:
    """List the campaigns, the latest first."""
    config = read_config(config_file)
    with open_reader(config) as reader:
        found = campaigns.all_campaigns(reader)
    if as_json:
        click.echo(json.dumps([telling_campaigns.to_json(one, config) for one in found], ensure_ascii=False))
        return
    if not found:
        click.echo("There is no campaign: `listener campaign add NAME --since DAY --until DAY`.", err=True)
    for one in found:
        click.echo(telling_campaigns.line_of(one, config))


@command.command("remove")
@click.argument("name")
@config_option
def remove(name: str, config_file: Path) -> None:
    """Forget a campaign, and take its tag off its mentions."""
    config = read_config(config_file)
    with open_store(config) as store, store.writing() as db:
        if not campaigns.remove(db, name):
            raise Failure(f"there is no campaign {name!r}; `listener campaign list` shows them")
    click.echo(f"campaign {clean(name)} is removed, and its tag with it")


@command.command("show")
@click.argument("name")
@config_option
@click.option("--kpi", "kpis", multiple=True, metavar="KPI", help="Only this KPI; may be repeated.")
@click.option("--brand", "brands", multiple=True, help="Only this brand; default: yours. May be repeated.")
@click.option("--source", "sources", multiple=True, help="Only this source or kind of source.")
@json_option
def show(
    name: str,
    config_file: Path,
    kpis: tuple[str, ...],
    brands: tuple[str, ...],
    sources: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show KPIs before, during and after a campaign.

    Before and after are as long as the campaign: as many whole days, or the week or month beside a whole one. Where a
    source was heard otherwise in one of them, the value is marked: counts then do not compare.
    """
    config, present = read_config(config_file), now()
    named = brands or tuple(brand.name for brand in config.brands if brand.own)
    with open_store(config) as store:
        campaign = campaigns.named(store, name)
        if campaign is None:
            raise Failure(f"there is no campaign {name!r}; `listener campaign list` shows them")
        # What was heard since the last look belongs to it too.
        campaigning.mark(store, campaign, config.brands, present)
    with open_reader(config) as reader:
        try:
            ask, asked = question(
                reader,
                config,
                present,
                kpis=kpis or _KPIS,
                brands=named,
                sources=sources,
                since=iso(campaign.since),
                until=iso(campaign.until),
            )
        except UsageError as error:
            raise WrongUsage(str(error)) from None
        compared = campaigning.compare(reader, campaign, asked, ask)
        said = campaigning.said(reader, campaign, list(dict.fromkeys(one.brand for one in compared)))
        measured = campaigning.measured(reader, campaign, ask)
    if as_json:
        click.echo(
            json.dumps(
                telling_campaigns.shown(campaign, config, compared, said, measured), ensure_ascii=False
            )
        )
        return
    telling_campaigns.print_compared(campaign, config, ask, compared)
    telling_campaigns.print_said(campaign, compared, said)
    telling_campaigns.print_measured(measured)
