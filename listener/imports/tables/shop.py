"""Orders of a shop, by product and by the channel that they came through: Shopify, and a table of your own."""

from __future__ import annotations

from collections.abc import Iterator

from listener.imports.forms import Form
from listener.imports.networks import network_of
from listener.imports.row import BadRow, Row
from storage.measures import Measure

_SCOPE = ("kind", "metric", "day", "account")
_TAKEN_BACK = frozenset({"refunded", "voided"})


def _shopify(row: Row) -> Iterator[Measure]:
    """One line of an order. What concerns the whole order stands on its first line only."""
    order = row.label("order")
    if not order:
        raise BadRow("has no order")
    first = row.before.get("order") != order
    if first:
        whole = {
            "order": order,
            "day": row.day(),
            "status": row.raw("status").casefold(),
            "currency": row.currency("price"),
            "network": network_of(row.label("source")) or row.wish.network,
        }
        row.before.update(whole)
    day, unit = row.before["day"], row.before["currency"]
    where = {"network": row.before["network"], "account": row.wish.account}
    price, quantity = row.positive("price"), row.count("quantity")
    if price is None or quantity is None:
        raise BadRow("has no price or quantity")
    revenue, orders = price * quantity - (row.positive("discount") or 0.0), 1.0
    if row.before["status"] in _TAKEN_BACK:
        # Nothing, rather than no word of it: an export before this one may have counted it.
        row.pass_by(f"lines of orders that were {row.before['status']}")
        revenue, orders = 0.0, 0.0
    yield Measure("shop", "revenue", day, revenue, unit, item=f"product:{row.label('product')}", **where)
    if first:
        yield Measure("shop", "orders", day, orders, None, **where)


def _own(row: Row) -> Iterator[Measure]:
    day, product = row.day(), row.label("product")
    if not product:
        raise BadRow("has no product")
    where = {"network": row.network(), "account": row.account()}
    yield from row.measures("shop", {"revenue": "revenue"}, day=day, item=f"product:{product}", **where)
    order = row.label("order")
    seen = f"order:{order}"
    if order and seen not in row.before:
        # Of an order with several products each stands on a row of its own.
        row.before[seen] = day
        yield Measure("shop", "orders", day, 1.0, None, **where)


FORMS = (
    Form(
        "Shopify orders",
        {
            "order": ("name",),
            "date": ("created at",),
            "status": ("financial status",),
            "currency": ("currency",),
            "source": ("source",),
            "product": ("lineitem name",),
            "quantity": ("lineitem quantity",),
            "price": ("lineitem price",),
            "discount": ("lineitem discount",),
        },
        ("order", "date", "product", "quantity", "price"),
        _shopify,
        _SCOPE,
    ),
    Form(
        "a table of orders",
        {
            "date": ("date",),
            "order": ("order id", "order"),
            "product": ("product",),
            "network": ("network", "channel"),
            "account": ("account",),
            "revenue": ("revenue",),
            "currency": ("currency",),
        },
        ("date", "product", "revenue"),
        _own,
        _SCOPE,
        by_map=True,
    ),
)
