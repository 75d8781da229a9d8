"""Share of voice in followers: of the accounts of all brands of a market, network by network, as files tell them."""

from __future__ import annotations

from dataclasses import replace

from storage.kpi import own
from storage.kpi.declaration import Example, Kpi
from storage.kpi.imported import NOT_ADDED, Imported, Missing
from storage.kpi.scope import Numbered, Scope
from storage.kpi.value import Reading


def followers(scope: Scope) -> Reading:
    """Followers of the brand's accounts / those of the accounts of all brands of its market; n is the denominator.

    Only on networks where files tell those of every brand of the market; several networks are not added up.
    """
    if len(scope.market) < 2:
        return Reading(None, 0, "a market of one brand")
    told = {brand.number: _by_network(scope, brand) for brand in scope.market}
    networks = sorted(set.intersection(*(set(found) for found in told.values())))
    own_, market = told[scope.brand.number], {n: sum(found[n] for found in told.values()) for n in networks}
    shares = {network: own_[network] / market[network] for network in networks if market[network]}
    more: dict[str, object] = {"by_source": shares}
    if not shares:
        reason = "no network of which followers of every brand of the market are known: listener import --kind native"
        return Reading(None, 0, reason, more)
    if len(shares) > 1:
        return Reading(None, 0, NOT_ADDED, more)
    ((network, share),) = shares.items()
    more |= {"own": int(own_[network]), "market": int(market[network])}
    return Reading(share, int(market[network]), None, more)


def _by_network(scope: Scope, brand: Numbered) -> dict[str, float]:
    """Followers at the end of the window by network."""
    mine = replace(scope, brand=brand)
    asked = scope.networks if scope.source is None else frozenset((scope.source,))
    found: dict[str, float] = {}
    for network in Imported(mine, asked).networks(("native",)):
        try:
            found[network or "unknown"] = own.level(Imported(mine, frozenset((network,)))).end
        except Missing:
            continue
    return found


KPIS = (
    Kpi(
        "share_of_voice.followers",
        "ratio",
        "followers of the brand's accounts / followers of the accounts of all brands of its market",
        followers,
        market_wide=True,
        better="up",
        source="Sinnaps",
        inputs=("native",),
        rows=("11", "35"),
        worked="{own} / {market}",
        example=Example({"own": 300, "market": 400}, 0.75, "Acme has 300 followers, Bolt 100"),
        vanity=True,
        additive=False,
    ),
)
