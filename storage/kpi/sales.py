"""What social media sold: revenue by where it came from, and the products that sold most."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from storage.kpi.cell import Cell
from storage.kpi.declaration import Example, Input, Kpi
from storage.kpi.imported import Imported, Missing, added, imported_kpi, social, whole
from storage.kpi.value import Reading

LAST_CLICK = "the channel group of the session, by the attribution model of the GA4 property"


def social_revenue(numbers: Imported) -> Reading:
    """Revenue of sessions from social media; n is the count of days with numbers."""
    revenue = numbers.money("ga4", "revenue", social)
    return Reading(revenue, numbers.days("ga4"), None, {"attribution": LAST_CLICK})


def social_revenue_shop(numbers: Imported) -> Reading:
    """Revenue of orders that the shop says came from social networks; n is the count of days with numbers."""
    cells = whole(numbers.cells("shop", "revenue"))
    sold = numbers.of_social("shop", cells)
    numbers.one_currency(cell.unit for cell in sold or cells)
    more = {"revenue": added(sold), "attribution": "the network that the shop names for the order"}
    return Reading(added(sold), numbers.days("shop"), None, more)


def best_selling_products(numbers: Imported) -> Reading:
    """Revenue of the product that sold most through social networks; `products` lists all, by revenue."""
    sold_there = numbers.of_social("shop", numbers.cells("shop", "revenue"))
    cells = [cell for cell in sold_there if cell.item.startswith("product:")]
    if not cells:
        raise Missing("no product sold through a social network")
    numbers.one_currency(cell.unit for cell in cells)
    sold: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        sold[cell.item.removeprefix("product:")].append(cell)
    revenue = {product: added(of_product) for product, of_product in sold.items()}
    products = dict(sorted(revenue.items(), key=lambda one: (-one[1], one[0])))
    best = next(iter(products))
    more = {"products": products, "best": best, "revenue": products[best]}
    return Reading(products[best], len(products), None, more)


def _kpi(
    name: str,
    formula: str,
    of: Callable[[Imported], Reading],
    kind: Input,
    row: str,
    example: Example,
    source: str,
    **more: Any,
) -> Kpi:
    fields = {"better": "up", "kind": ("quantitative", "lagging", "financial"), **more}
    return imported_kpi(
        name,
        "currency",
        formula,
        of,
        (kind,),
        family="conversion",
        rows=(row,),
        worked="{revenue}",
        example=example,
        source=source,
        **fields,
    )


KPIS = (
    _kpi(
        "social_revenue",
        "revenue of sessions from social media",
        social_revenue,
        "ga4",
        "45",
        Example({"revenue": 1500}, 1500, "1 000 Organic Social and 500 Paid Social"),
        "Google Analytics 4, its attribution model",
    ),
    _kpi(
        "social_revenue.shop",
        "revenue of orders that came from social networks",
        social_revenue_shop,
        "shop",
        "45",
        Example({"revenue": 550}, 550, "mugs of 100 and 200, shirts of 250"),
        "the shop, the network of the order",
    ),
    _kpi(
        "best_selling_products",
        "revenue of the product that sold most through social networks",
        best_selling_products,
        "shop",
        "46",
        Example({"revenue": 300}, 300, "mug: 100 and 200; shirt: 250"),
        "Determ, best-selling products by channel",
        better="neither",
    ),
)
