"""The KPIs of a goal come from declarations, and a vanity KPI has an outcome beside it."""

from __future__ import annotations

from dataclasses import replace

from alerts.goal_sets import GOAL_SETS, choose, choose_for, names
from storage.kpi import KPIS, Kpi


def kpi(name: str, family: str, *, vanity: bool = False, acted: bool = False, unit: str = "people") -> Kpi:
    kind = ("actionable",) if acted else ("quantitative",)
    return replace(KPIS["mentions"], name=name, family=family, vanity=vanity, kind=kind, unit=unit)  # type: ignore[arg-type]


WORLD = {
    one.name: one
    for one in (
        kpi("followers", "visibility", vanity=True),
        kpi("reach", "visibility"),
        kpi("reach.paid", "visibility"),
        kpi("likes", "engagement", vanity=True),
        kpi("rate.first", "engagement"),
        kpi("rate.second", "engagement"),
        kpi("click_rate", "conversion", unit="ratio"),
        kpi("sessions", "conversion"),
        kpi("revenue", "money"),
        kpi("response", "care", acted=True),
        kpi("thanks", "opinion", vanity=True),
    )
}


def test_a_set_is_its_families_in_order_without_variants() -> None:
    assert [one.kpi.name for one in choose("visibility", WORLD)] == ["followers", "reach"]
    # Without a main variant, the first.
    assert [one.kpi.name for one in choose("engagement", WORLD)] == ["likes", "rate.first"]
    assert [one.kpi.name for one in choose("care", WORLD)] == ["response", "thanks"]
    assert [one.kpi.name for one in choose("leads", WORLD)] == ["click_rate", "sessions", "revenue"]


def test_the_outcome_beside_a_vanity_kpi_is_the_nearest() -> None:
    beside = {
        one.kpi.name: one.beside.name if one.beside else None for g in GOAL_SETS for one in choose(g, WORLD)
    }
    # Its own family has none: somebody who does something.
    assert beside["followers"] == "sessions"
    assert beside["likes"] == "sessions"
    assert beside["thanks"] == "response"
    assert beside["reach"] is None and beside["sessions"] is None
    assert names("visibility", WORLD) == ["followers", "sessions", "reach"]


def test_without_any_outcome_there_is_none_beside() -> None:
    alone = {"followers": WORLD["followers"]}
    assert choose("visibility", alone)[0].beside is None
    assert names("visibility", alone) == ["followers"]


def test_every_declared_family_belongs_to_one_goal() -> None:
    assert sorted(family for families in GOAL_SETS.values() for family in families) == sorted(
        {"visibility", "engagement", "conversion", "money", "care", "opinion"}
    )
    for declared in KPIS.values():
        if "." not in declared.name:
            assert declared.name in [one.kpi.name for one in choose_for(declared)]
