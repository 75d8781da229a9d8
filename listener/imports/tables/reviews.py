"""Star ratings: the exports of Trustpilot and Google Play, and a table of your own."""

from __future__ import annotations

from collections.abc import Iterator

from listener.imports.forms import Form
from listener.imports.networks import network_of
from listener.imports.row import BadRow, Row
from storage.measures import Measure

_SCOPE = ("kind", "metric", "day", "network", "account")
_MOST = 5


def _stars(row: Row) -> str:
    stars = row.count("stars")
    if stars is None or not 1 <= stars <= _MOST:
        raise BadRow(f"stars is {row.raw('stars')[:20]!r}; 1 to {_MOST} are known")
    return str(stars)


def _trustpilot(row: Row) -> Iterator[Measure]:
    where = {"network": "trustpilot", "account": row.account(), "item": _stars(row)}
    yield Measure("reviews", "stars", row.day(), 1.0, None, **where)


def _google_play(row: Row) -> Iterator[Measure]:
    account = row.label("account") or row.wish.account
    where = {"network": "googleplay", "account": account, "item": _stars(row)}
    yield Measure("reviews", "stars", row.day(), 1.0, None, **where)


def _own(row: Row) -> Iterator[Measure]:
    network = network_of(row.label("network")) or row.wish.network
    if not network:
        raise BadRow("names no network; add a column network, or --network")
    count = row.count("count") if row.has("count") else 1
    if count is None:
        raise BadRow("has no count")
    where = {"network": network, "account": row.account(), "item": _stars(row)}
    yield Measure("reviews", "stars", row.day(), float(count), None, **where)


FORMS = (
    Form(
        "Trustpilot service reviews",
        {
            "date": ("review created (utc)", "review created"),
            "stars": ("review stars",),
            "account": ("domain url",),
        },
        ("date", "stars"),
        _trustpilot,
        _SCOPE,
    ),
    Form(
        "Google Play reviews",
        {
            "date": ("review submit date and time",),
            "stars": ("star rating",),
            "account": ("package name",),
        },
        ("date", "stars"),
        _google_play,
        _SCOPE,
    ),
    Form(
        "a table of ratings",
        {
            "date": ("date",),
            "network": ("network",),
            "account": ("account",),
            "stars": ("stars", "rating"),
            "count": ("count", "n"),
        },
        ("date", "stars"),
        _own,
        _SCOPE,
        by_map=True,
    ),
)
