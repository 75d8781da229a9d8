"""Numbers of a business that fit no row: each name in a file is a KPI, found in the store and read like others."""

from __future__ import annotations

import pytest
from bringing import BRANDS, WEEK, Row, all_told, bring, row, told

from storage.kpi import KPIS, kpis_of
from storage.sqlite import SqliteStore


def own(
    value: float, day: str = "2026-11-03", unit: str | None = None, name: str = "stores", **more: str
) -> Row:
    return row("custom", name, value, day, unit=unit, **more)  # type: ignore[arg-type]


def test_names_in_files_are_kpis_beside_those_of_the_field(store: SqliteStore) -> None:
    store.register(BRANDS, [])
    assert kpis_of(store) == KPIS
    bring(store, own(3), own(0.4, unit="ratio", name="asset ratio"))
    assert set(kpis_of(store)) - set(KPIS) == {
        *("custom.stores", "custom.stores.mean", "custom.stores.sum"),
        *("custom.asset ratio", "custom.asset ratio.mean"),
    }


def test_a_number_has_a_last_a_mean_and_a_sum(store: SqliteStore) -> None:
    bring(store, own(3), own(9, "2026-11-05"), own(100, "2026-11-20"))
    found = [told(store, f"custom.stores{variant}") for variant in ("", ".mean", ".sum")]
    assert [(one.value, one.n) for one in found] == [(9, 2), (6, 2), (12, 2)]
    assert found[0].more["day"] == "2026-11-05"
    for one in found:
        assert eval(kpis_of(store)[one.kpi].worked.format(**one.more)) == one.value


@pytest.mark.parametrize(
    ("unit", "expected"), [("shops", "shops"), ("ratio", "ratio"), ("EUR", "EUR"), (None, "number")]
)
def test_it_is_told_in_the_unit_of_the_file(store: SqliteStore, unit: str | None, expected: str) -> None:
    bring(store, own(3, unit=unit))
    assert told(store, "custom.stores").unit == expected


def test_files_that_name_different_units_leave_a_number(store: SqliteStore) -> None:
    bring(store, own(3, unit="shops"), own(3, "2026-11-04", unit="houses"))
    assert told(store, "custom.stores").unit == "number"


def test_two_currencies_stay_money_and_are_not_mixed(store: SqliteStore) -> None:
    bring(store, own(3, unit="EUR"), own(3, "2026-11-04", unit="USD"))
    found = told(store, "custom.stores.sum")
    assert (found.value, found.unit, found.reason) == (
        None,
        "currency",
        "amounts in EUR and USD are not added up",
    )
    assert [one.unit for one in all_told(store, "custom.stores", by=("day",)) if one.value] == ["EUR", "USD"]


def test_networks_are_parts_of_a_count_and_not_of_a_ratio(store: SqliteStore) -> None:
    bring(store, own(3, network="x"), own(4, network="meta"))
    assert (told(store, "custom.stores").value, told(store, "custom.stores").more["parts"]) == (
        7,
        {"meta": 4, "x": 3},
    )
    for network, share in (("x", 0.2), ("meta", 0.4)):
        bring(store, own(share, unit="ratio", name="share", network=network))
    found = told(store, "custom.share")
    assert (found.value, found.more["parts"]) == (None, {"meta": 0.4, "x": 0.2})
    assert found.reason == "ratios of several networks or accounts are not added up: ask by source"


def test_a_name_that_another_brand_uses_is_null_here(store: SqliteStore) -> None:
    bring(store, own(3), brand="Bolt")
    found = told(store, "custom.stores")
    assert (found.value, found.reason) == (
        None,
        "nothing imported of custom for these days: listener import --kind custom FILE",
    )
    bring(store, own(3, name="other"))
    assert told(store, "custom.stores", WEEK).reason == "no stores in what was imported of custom"
