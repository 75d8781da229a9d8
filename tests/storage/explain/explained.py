"""What the tests of explanations are written with: a question about one brand, explained."""

from __future__ import annotations

from collections.abc import Sequence

from keeping import DAY, T0, UTC

from storage.calendar import Window
from storage.explain import Explanation, explain
from storage.kpi import KPIS, Ask
from storage.mention import Brand
from storage.sqlite import SqliteStore

WINDOW = (T0, T0 + DAY)
MARKET = (Brand("Acme", own=True), Brand("Bolt"), Brand("Other", market="elsewhere"))


def ask(brand: str = "Acme", brands: Sequence[Brand] = MARKET, **more: object) -> Ask:
    fields: dict[str, object] = {"window": Window(*WINDOW), "now": T0 + 9 * DAY, "zone": UTC, **more}
    return Ask(brands=tuple(brands), only=(brand,), **fields)  # type: ignore[arg-type]


def opened(store: SqliteStore, kpi: str, asked: Ask | None = None, **more: object) -> Explanation:
    return explain(store, KPIS[kpi], asked or ask(), **more)  # type: ignore[arg-type]
