"""A number whose window spans a change of a query says so, and only such a number."""

from __future__ import annotations

from dataclasses import replace

import pytest
from keeping import DAY, HOUR, T0, UTC

from storage import queries
from storage.calendar import Window
from storage.kpi import KPIS, Ask, KpiValue, compute
from storage.mention import Brand
from storage.sqlite import SqliteStore

ACME, BOLT = Brand("Acme", query="acme"), Brand("Bolt", query="bolt")
OTHER = Brand("Other", market="else", query="other")


@pytest.fixture
def changed(store: SqliteStore) -> SqliteStore:
    """Acme's query changed a day after the first."""
    with store.writing() as db:
        queries.keep_versions(db, [ACME, BOLT, OTHER], T0)
        queries.keep_versions(db, [replace(ACME, query="acme NOT street"), BOLT, OTHER], T0 + DAY)
    return store


def value(store: SqliteStore, kpi: str, brand: str, since: int, until: int) -> KpiValue:
    ask = Ask(Window(since, until), T0 + 9 * DAY, UTC, (ACME, BOLT, OTHER), only=(brand,))
    (found,) = compute(store, [KPIS[kpi]], ask)
    return found


@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        (T0, T0 + 2 * DAY, True),
        (T0 + DAY - 1, T0 + DAY + 1, True),
        (T0 + DAY, T0 + 2 * DAY, False),
        (T0, T0 + DAY, False),
    ],
)
def test_only_a_window_with_the_change_inside_is_marked(
    changed: SqliteStore, since: int, until: int, told: bool
) -> None:
    found = value(changed, "mentions", "Acme", since, until).query_changes
    assert [(c.brand, c.at, c.first) for c in found] == ([("Acme", T0 + DAY, False)] if told else [])


def test_a_share_of_voice_changes_with_every_query_of_its_market(changed: SqliteStore) -> None:
    def marked(kpi: str, brand: str) -> bool:
        return bool(value(changed, kpi, brand, T0, T0 + 2 * DAY).query_changes)

    assert not marked("mentions", "Bolt")
    assert marked("share_of_voice", "Bolt")
    assert not marked("share_of_voice", "Other")


def test_the_first_day_is_no_change_but_a_brand_that_comes_later_is(store: SqliteStore) -> None:
    with store.writing() as db:
        queries.keep_versions(db, [ACME], T0)
        queries.keep_versions(db, [ACME, BOLT], T0 + HOUR)
    assert value(store, "mentions", "Acme", T0 - DAY, T0 + DAY).query_changes == ()
    (began,) = value(store, "mentions", "Bolt", T0 - DAY, T0 + DAY).query_changes
    assert (began.at, began.first) == (T0 + HOUR, True)


def test_it_stands_in_the_json(changed: SqliteStore) -> None:
    plain = value(changed, "mentions", "Acme", T0, T0 + 2 * DAY).to_json(UTC)
    assert plain["query_changes"] == [{"brand": "Acme", "at": "2023-11-16T00:00:00Z"}]
