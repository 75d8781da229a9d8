"""listener import --kind: numbers that mentions cannot tell, with a preview and all that was not understood."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from alerts.format import count, plural
from listener.asking import UsageError, brand_named
from listener.commands.options import Failure, WrongUsage, now, open_store
from listener.config import Config
from listener.imports.locales import LOCALES
from listener.imports.tables import KINDS

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `--kind`."""

    kind: str
    brand: str | None = None
    dry_run: bool = False
    locale: str | None = None
    year: int | None = None
    network: str | None = None
    account: str | None = None
    currency: str | None = None
    scale: int | None = None
    whole_periods: bool = False


def options(function: F) -> F:
    """The options that only numbers take."""
    for option in reversed(
        [
            click.option(
                "--kind", type=click.Choice(list(KINDS)), help="Numbers of this kind instead of posts."
            ),
            click.option("--brand", help="Whose numbers; default: the only brand with own: true."),
            click.option("--dry-run", is_flag=True, help="Show what would be read, write nothing."),
            click.option(
                "--locale", type=click.Choice(list(LOCALES)), help="How its numbers and dates are written."
            ),
            click.option(
                "--year", type=click.IntRange(1990, 2100), help="Year of a first date that tells none."
            ),
            click.option("--network", help="The network of rows that name none."),
            click.option("--account", help="The account, site or property of rows that name none."),
            click.option("--currency", metavar="CODE", help="Currency of amounts that name none: EUR."),
            click.option("--scale", type=click.Choice(["5", "7", "10"]), help="Steps of a CSAT question."),
            click.option(
                "--whole-periods", is_flag=True, help="Keep sums of several days on the last of them."
            ),
        ]
    ):
        function = option(function)
    return function


def asked_of(given: Mapping[str, Any]) -> Asked | None:
    """The options as one record; None where posts are imported. Raises WrongUsage for options of numbers alone."""
    if given["kind"] is None:
        names = ["--" + name.replace("_", "-") for name, value in given.items() if value]
        if names:
            raise WrongUsage(f"{', '.join(names)}: only with --kind, for numbers")
        return None
    scale = given["scale"]
    return Asked(**{**given, "scale": int(scale) if scale else None})


def bring(file: Path, config: Config, asked: Asked, mapped: Mapping[str, str], zone: ZoneInfo) -> None:
    """Read the file, tell what it says, and keep it unless it is only a preview. Raises WrongUsage, Failure."""
    from listener.commands import telling_numbers as telling
    from listener.imports.forms import Unfit
    from listener.imports.sheet import Unreadable, sheets
    from listener.imports.tables import forms_of
    from listener.imports.understanding import understand

    brand = _brand(config, asked.brand)
    forms = forms_of(asked.kind)
    known = {name for form in forms for name in form.headings}
    if wrong := [name for name in mapped if name not in known]:
        raise WrongUsage(f"--map {wrong[0]}: fields of {asked.kind} are {', '.join(sorted(known))}")
    content = _content(file)
    try:
        found = understand(
            sheets(file.name, content),
            forms,
            _wish(asked, zone),
            mapped=mapped,
            locale=asked.locale,
            year=asked.year,
        )
    except (Unreadable, Unfit) as error:
        raise WrongUsage(f"{file}: {error}") from None
    telling.preview(file, brand, found, zone, dry_run=asked.dry_run)
    telling.not_understood(found)
    if not found.counted:
        raise Failure("nothing was imported")
    if not asked.dry_run:
        _keep(file.name, content, config, brand, asked.kind, found)
        if asked.kind == "reviews":
            _keep_words(file, content, config, brand)


def _keep_words(file: Path, content: bytes, config: Config, brand: str) -> None:
    """Keep what the reviews of an export say as mentions, and the company's replies as answers."""
    from listener.commands import importing
    from listener.imports.history import Wish
    from listener.imports.reviews import posts
    from listener.imports.sheet import sheets

    found = posts(sheets(file.name, content), brand)
    if found is not None:
        network, rows = found
        # Both exports write their times in UTC.
        importing.bring(file, rows, config, Wish(network, {}, ZoneInfo("UTC")))


def _wish(asked: Asked, zone: ZoneInfo) -> Any:
    from listener.imports.networks import network_of
    from listener.imports.row import Wish

    currency = asked.currency.upper() if asked.currency else None
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isalpha()):
        raise WrongUsage(f"--currency {asked.currency!r}: write an ISO 4217 code such as EUR")
    return Wish(
        zone,
        now(),
        network_of(asked.network or ""),
        (asked.account or "").strip().lstrip("@"),
        currency,
        asked.scale,
        asked.whole_periods,
    )


def _brand(config: Config, name: str | None) -> str:
    if name is not None:
        try:
            return brand_named(name, config.brands)
        except UsageError as error:
            raise WrongUsage(str(error)) from None
    own = [brand.name for brand in config.brands if brand.own]
    if len(own) != 1:
        raise WrongUsage(f"whose numbers? {len(own)} brands are own: true; name one with --brand")
    return own[0]


def _content(file: Path) -> bytes:
    from listener.imports.sheet import LARGEST

    with file.open("rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise WrongUsage(f"{file} is larger than {LARGEST // 1024**2} MiB; import it in parts")
    return content


def _keep(name: str, content: bytes, config: Config, brand: str, kind: str, found: Any) -> None:
    from storage import measures, queries

    sha256 = hashlib.sha256(content).hexdigest()
    brought = measures.Brought(kind, name, sha256, now(), found.rows)
    counted: Sequence[measures.Counted] = list(found.counted.values())
    with open_store(config) as store:
        earlier = measures.imported_at(store, kind, sha256)
        with store.writing() as db:
            queries.keep_versions(db, config.brands, brought.at)
            written = measures.write(db, brand, brought, counted, found.scope)
    if not written.anything:
        from alerts.format import moment

        again = f": this very file was imported {moment(earlier, config.zone)}" if earlier else ""
        click.echo(f"Nothing changes{again}; {plural(written.same, 'number')} kept as before.")
    else:
        click.echo(
            f"Kept: {count(written.new)} new, {count(written.changed)} changed, "
            f"{count(written.gone)} gone that the file no longer holds, {count(written.same)} as before."
        )
    if written.older:
        click.echo(f"{plural(written.older, 'lead')} left as kept: a later stage is known of them.")
