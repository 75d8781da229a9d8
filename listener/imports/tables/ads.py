"""What advertising cost and brought: Meta, Google and LinkedIn, and a table of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from listener.imports.forms import Form
from listener.imports.networks import network_of
from listener.imports.row import BadRow, Row
from storage.measures import Measure

_METRICS = {name: name for name in ("spend", "impressions", "clicks", "leads", "conversions", "revenue")}
_SCOPE = ("kind", "metric", "day", "network", "account")
_META = ("meta", "facebook", "instagram", "messenger", "audience network", "audience_network", "threads")


def _of(network: str) -> Callable[[Row], Iterator[Measure]]:
    """Read rows of a program that places advertisements on one network."""

    def read(row: Row) -> Iterator[Measure]:
        where = {"network": network, "account": row.account(), "campaign": row.label("campaign")}
        yield from row.measures("ads", _METRICS, day=row.day(), **where)

    return read


def _meta(row: Row) -> Iterator[Measure]:
    """With the breakdown by platform each network is told; without it all of them are one sum."""
    day, platform = row.day(), row.label("platform")
    where = {
        "network": network_of(platform) if platform else "meta",
        "account": row.account(),
        "campaign": row.label("campaign"),
    }
    yield from row.measures("ads", _METRICS, day=day, **where)
    # Results are whatever the campaign was made for; only what their indicator names is known.
    indicator = row.label("indicator").casefold()
    metric = "leads" if "lead" in indicator else "conversions" if "purchase" in indicator else None
    if metric and not row.has(metric):
        yield from row.measures("ads", {"results": metric}, day=day, **where)


def _own(row: Row) -> Iterator[Measure]:
    network = row.network()
    if not network:
        raise BadRow("names no network; add a column network, or --network")
    where = {"network": network, "account": row.account(), "campaign": row.label("campaign")}
    yield from row.measures("ads", _METRICS, day=row.day(), **where)


FORMS = (
    Form(
        "Meta Ads Manager",
        {
            "day": ("day", "día"),
            "date": ("reporting starts", "inicio del informe"),
            "until": ("reporting ends", "fin del informe"),
            "campaign": ("campaign name", "nombre de la campaña"),
            "account": ("account name", "nombre de la cuenta"),
            "platform": ("platform", "plataforma"),
            "currency": ("currency", "divisa"),
            "spend": ("amount spent", "importe gastado"),
            "impressions": ("impressions", "impresiones"),
            "clicks": ("link clicks", "clics en el enlace", "clicks (all)", "clics (todos)"),
            "leads": ("leads", "clientes potenciales"),
            "conversions": ("purchases", "compras"),
            "revenue": ("purchases conversion value", "valor de conversión de compras"),
            "results": ("results", "resultados"),
            "indicator": ("result indicator", "result type", "indicador de resultado", "tipo de resultado"),
        },
        ("day|date", "spend"),
        _meta,
        _SCOPE,
        _META,
        of_whole=("campaign",),
    ),
    Form(
        "Google Ads",
        {
            "date": ("day", "date", "día", "fecha"),
            "campaign": ("campaign", "campaña"),
            "account": ("account name", "account", "nombre de la cuenta", "cuenta"),
            "currency": ("currency code", "currency", "código de moneda"),
            "spend": ("cost", "coste", "costo"),
            "impressions": ("impr.", "impressions", "impresiones"),
            "clicks": ("clicks", "clics"),
            "conversions": ("conversions", "conversiones"),
            "revenue": (
                "conv. value",
                "conversion value",
                "total conv. value",
                "valor de conv.",
                "valor conv.",
            ),
        },
        ("campaign", "spend", "clicks"),
        _of("google"),
        _SCOPE,
        of_whole=("campaign",),
    ),
    Form(
        "LinkedIn Campaign Manager",
        {
            "date": ("start date (in utc)", "day (in utc)"),
            "campaign": ("campaign name", "ad set name"),
            "account": ("account name",),
            "currency": ("currency",),
            "spend": ("total spent",),
            "impressions": ("impressions",),
            "clicks": ("clicks",),
            "leads": ("leads",),
            "conversions": ("conversions",),
            "revenue": ("total conversion value",),
        },
        ("date", "campaign", "spend"),
        _of("linkedin"),
        _SCOPE,
        of_whole=("campaign",),
    ),
    Form(
        "a table of advertising",
        {
            "date": ("date",),
            "network": ("network",),
            "campaign": ("campaign",),
            "account": ("account",),
            "currency": ("currency",),
            **{name: (name,) for name in _METRICS},
        },
        ("date", "spend"),
        _own,
        _SCOPE,
        by_map=True,
    ),
)
