"""What is said of a campaign: before, during and after it, its mentions and its imported numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from alerts import format as reading
from alerts.render import clean, shorten
from alerts.report import wording
from listener.campaigning import Compared, Measured
from listener.commands.tables import table
from listener.config import Config
from storage.calendar import iso
from storage.desk import campaigns
from storage.desk.campaigns import Campaign, Said
from storage.kpi import Ask, KpiValue

_MARKS = {"before": "*", "after": "†"}
_CHANCE = "≈"


def line_of(campaign: Campaign, config: Config) -> str:
    """A campaign on one line: its name, its days, and by what it is known."""
    known = [f"query {shorten(campaign.query, 60)}" if campaign.query else ""]
    known += [f"utm {campaign.utm}" if campaign.utm else ""]
    what = "".join(f"  {part}" for part in known if part)
    return f"{campaign.name}  {reading.period(campaign.since, campaign.until, config.zone)}{what}"


def print_compared(campaign: Campaign, config: Config, ask: Ask, compared: Sequence[Compared]) -> None:
    """Print its times, and each KPI before, during and after."""
    windows = campaigns.around(campaign.window, config.zone)
    click.echo(line_of(campaign, config))
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
    return (_CHANCE if _by_chance(one, side) else "") + (_MARKS[otherwise] if otherwise else "")


def _by_chance(one: Compared, side: KpiValue | None) -> bool:
    """Whether chance alone may have moved the value between the campaign and a time beside it."""
    if one.during is None or side is None:
        return False
    later, earlier = (one.during, side) if side is one.before else (side, one.during)
    return wording.by_chance(later, earlier)


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
    if any(_by_chance(one, side) for one in compared for side in (one.before, one.after)):
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


def print_said(campaign: Campaign, compared: Sequence[Compared], said: dict[str, Said]) -> None:
    """Print how much was said of it, by how many people, in which tone."""
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


def print_measured(measured: Sequence[Measured]) -> None:
    """Print the imported numbers that bear its name, as a table."""
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


def to_json(campaign: Campaign, config: Config) -> dict[str, object]:
    """A campaign as JSON tells it, with times in the configured zone."""
    return {
        "name": campaign.name,
        "since": iso(campaign.since, config.zone),
        "until": iso(campaign.until, config.zone),
        "query": campaign.query,
        "utm": campaign.utm,
        "tag": campaign.tag,
        "by": campaign.by,
    }


def shown(
    campaign: Campaign,
    config: Config,
    compared: Sequence[Compared],
    said: dict[str, Said],
    measured: Sequence[Measured],
) -> dict[str, object]:
    """A campaign with all that is compared, as JSON."""
    zone = config.zone
    return {
        **to_json(campaign, config),
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
