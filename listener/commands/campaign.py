"""listener campaign: any KPI before, during and after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean, shorten
from alerts.report import wording
from listener import campaigning
from listener.asking import UsageError, moment, question
from listener.campaigning import Compared, Measured
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
from listener.config import Config
from listener.matching.mistakes import QueryError
from storage.calendar import Window, iso
from storage.desk import campaigns
from storage.desk.campaigns import Campaign, Said
from storage.kpi import CARD, Ask, KpiValue

_LONGEST = 100
# What is itself a comparison with the period before says nothing beside it.
_KPIS = tuple(name for name in CARD if "growth" not in name)
_MARKS = {"before": "*", "after": "†"}
_CHANCE = "≈"


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
    click.echo(f"{_line(campaign, config)}{_tagged(campaign, marked)}")


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
        click.echo(json.dumps([_to_json(one, config) for one in found], ensure_ascii=False))
        return
    if not found:
        click.echo("There is no campaign: `listener campaign add NAME --since DAY --until DAY`.", err=True)
    for one in found:
        click.echo(_line(one, config))


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
        click.echo(json.dumps(_shown(campaign, config, compared, said, measured), ensure_ascii=False))
        return
    _print(campaign, config, ask, compared)
    _print_said(campaign, compared, said)
    _print_measured(measured)


def _line(campaign: Campaign, config: Config) -> str:
    known = [f"query {shorten(campaign.query, 60)}" if campaign.query else ""]
    known += [f"utm {campaign.utm}" if campaign.utm else ""]
    what = "".join(f"  {part}" for part in known if part)
    return f"{campaign.name}  {reading.period(campaign.since, campaign.until, config.zone)}{what}"


def _print(campaign: Campaign, config: Config, ask: Ask, compared: Sequence[Compared]) -> None:
    windows = campaigns.around(campaign.window, config.zone)
    click.echo(_line(campaign, config))
    for word, window in (("before", windows.before), ("after", windows.after)):
        later = "  has not begun" if window.since >= ask.now else ""
        running = "  so far" if window.since < ask.now < window.until else ""
        click.echo(f"{word:6}  {reading.period(window.since, window.until, config.zone)}{later}{running}")
    if campaign.since < ask.now < campaign.until:
        click.echo("It still runs: its values are those so far, and counts do not compare yet.")
    for brand in dict.fromkeys(one.brand for one in compared):
        rows = [_row(one) for one in compared if one.brand == brand]
        click.echo("")
        for line in table((brand, "BEFORE", "DURING", "AFTER", ""), rows, right=(1, 2, 3)):
            click.echo(line)
    _print_marks(compared)


def _row(one: Compared) -> tuple[str, ...]:
    cells = (
        _cell(one.before, _marks(one, one.before, "before" if one.unlike_before else "")),
        _cell(one.during, ""),
        _cell(one.after, _marks(one, one.after, "after" if one.unlike_after else "")),
    )
    return (one.kpi, *cells, "; ".join(_reasons(one)))


def _cell(value: KpiValue | None, marks: str) -> str:
    return "" if value is None else wording.told(value) + marks.ljust(2)


def _marks(one: Compared, side: KpiValue | None, otherwise: str) -> str:
    if one.during is None or side is None:
        return ""
    chance = _CHANCE if wording.by_chance(one.during, side) else ""
    return chance + (_MARKS[otherwise] if otherwise else "")


def _reasons(one: Compared) -> list[str]:
    """Why values are missing: once where it is the same for all, else with the time that it is about."""
    sides = {"before": one.before, "during": one.during, "after": one.after}
    why = {side: wording.reason(value) for side, value in sides.items() if value is not None}
    days = [
        f"{side}: {told}"
        for side, value in sides.items()
        if value is not None and value.value is not None
        for told in wording.days_known(value)
    ]
    if len(set(why.values())) == 1:
        return [reason for reason in list(why.values())[:1] if reason] + days
    return [f"{side}: {reason}" for side, reason in why.items() if reason] + days


def _print_marks(compared: Sequence[Compared]) -> None:
    sides = [(one, side) for one in compared for side in (one.before, one.after) if side and one.during]
    if any(wording.by_chance(one.during, side) for one, side in sides if one.during):
        click.echo(f"\n{_CHANCE} no change that can be told from chance")
    for side, mark in _MARKS.items():
        names = sorted(
            {
                name
                for one in compared
                for name in (one.unlike_before if side == "before" else one.unlike_after)
            }
        )
        if names:
            shown = ", ".join(clean(name) for name in names)
            click.echo(
                f"\n{mark} heard otherwise {side} than during it, so that counts do not compare: {shown}"
            )


def _print_said(campaign: Campaign, compared: Sequence[Compared], said: dict[str, Said]) -> None:
    counted = {one.brand: one.during for one in compared if one.kpi == "mentions" and one.during}
    for brand, of in said.items():
        during = counted.get(brand)
        share = f", {reading.share(of.mentions / during.value)} of all" if during and during.value else ""
        tone = (
            f"; {of.positive} positive, {of.neutral} neutral, {of.negative} negative" if of.mentions else ""
        )
        click.echo(
            f"\n{brand}: {reading.plural(of.mentions, 'mention')} tagged {campaign.tag}{share}, "
            f"by {reading.plural(of.authors, 'known author')}{tone}"
        )


def _print_measured(measured: Sequence[Measured]) -> None:
    rows = [
        (
            one.brand,
            f"{clean(one.kind)} {clean(one.metric)}",
            clean(one.network) or "all networks",
            *(wording.figure(value, one.unit, one.metric) for value in (one.before, one.during, one.after)),
        )
        for one in measured
    ]
    if rows:
        click.echo("")
        for line in table(("IMPORTED", "", "", "BEFORE", "DURING", "AFTER"), rows, right=(3, 4, 5)):
            click.echo(line)


def _to_json(campaign: Campaign, config: Config) -> dict[str, object]:
    return {
        "name": campaign.name,
        "since": iso(campaign.since, config.zone),
        "until": iso(campaign.until, config.zone),
        "query": campaign.query,
        "utm": campaign.utm,
        "tag": campaign.tag,
        "by": campaign.by,
    }


def _shown(
    campaign: Campaign,
    config: Config,
    compared: Sequence[Compared],
    said: dict[str, Said],
    measured: Sequence[Measured],
) -> dict[str, object]:
    zone = config.zone
    return {
        **_to_json(campaign, config),
        "kpis": [
            {
                "kpi": one.kpi,
                "brand": one.brand,
                "before": one.before.to_json(zone) if one.before else None,
                "during": one.during.to_json(zone) if one.during else None,
                "after": one.after.to_json(zone) if one.after else None,
                "heard_otherwise": {"before": list(one.unlike_before), "after": list(one.unlike_after)},
            }
            for one in compared
        ],
        "mentions": {brand: asdict(of) for brand, of in said.items()},
        "measures": [asdict(one) for one in measured],
    }
