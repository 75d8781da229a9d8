"""What whoever uses a number must know first: said once, however many brands it concerns."""

from __future__ import annotations

from keeping import T0, UTC

from storage.explain.warnings import warnings
from storage.kpi.value import KpiValue
from storage.queries import QueryChange


def said(*changes: QueryChange) -> list[str]:
    value = KpiValue(
        "mentions", "Acme", None, None, T0, T0 + 9, 1, "mentions", 1, None, {}, (), (), query_changes=changes
    )
    return list(warnings(value, [], {}, UTC))


def test_brands_that_are_listened_for_from_one_time_on_are_told_together() -> None:
    new = [QueryChange(name, T0 + 5, True, "{}") for name in ("Acme", "Bolt", "Cog", "Dot", "Eve")]
    assert said(*new) == [
        "Acme, Bolt, Cog and 2 other brands are listened for only from 2023-11-15T00:00:05Z on: "
        "before and after do not compare."
    ]


def test_another_time_and_another_query_are_other_things() -> None:
    found = said(
        QueryChange("Acme", T0 + 1, True, "{}"),
        QueryChange("Bolt", T0 + 1, False, "{}"),
        QueryChange("Cog", T0 + 2, False, "{}"),
        QueryChange("Dot", T0 + 2, False, "{}"),
    )
    assert [one.split(" from ")[0] for one in found] == [
        "Acme is listened for only",
        "Bolt is looked for by another query",
        "Cog and Dot are looked for by another query",
    ]
