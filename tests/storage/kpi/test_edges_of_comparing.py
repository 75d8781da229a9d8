"""Where two numbers are set beside one another, and where authors make one less sure: the edges, one by one."""

from __future__ import annotations

from keeping import FORUM, HOUR, T0, keep, names, post, value

from storage.calendar import Window
from storage.desk import tags
from storage.kpi.compare import compared
from storage.kpi.evidence import Evidence
from storage.kpi.sureness import _squared
from storage.kpi.value import NOT_COMPARABLE, Reading
from storage.sqlite import SqliteStore
from storage.stats.clusters import Count

THEN = Window(0, 1)
HOURS = Window(T0, T0 + 3 * HOUR)


def test_amounts_in_two_currencies_are_not_compared() -> None:
    euros, dollars = (Reading(5, 1, None, {"currency": name}) for name in ("EUR", "USD"))
    found = compared(euros, dollars, THEN)
    assert (found.change, found.reason) == (None, "amounts in EUR and USD are not compared")
    assert compared(euros, euros, THEN).change == 0


def test_a_rise_from_below_zero_is_a_growth() -> None:
    assert compared(Reading(1, 1), Reading(-2, 1), THEN).growth == 1.5
    assert compared(Reading(1, 1), Reading(0, 1), THEN).growth is None


def test_squares_are_those_that_so_many_mentions_can_have() -> None:
    assert (_squared(3, 1), _squared(3, 5), _squared(3, 100)) == (Count(3, 3), Count(3, 5), Count(3, 9))


def test_a_window_that_was_hardly_heard_is_not_compared_with_one_that_was(store: SqliteStore) -> None:
    keep(store, [post("0", T0 + 1, names("Acme"))], FORUM, heard=(T0 - 9 * HOUR, T0 + HOUR))
    found = value(store, "mentions", (T0, T0 + 3 * HOUR), compare=True)
    assert found.value == 1
    assert found.before is not None and found.before.reason == NOT_COMPARABLE


def ana(store: SqliteStore) -> None:
    keep(store, [post(str(n), T0 + n, names("Acme"), author="ana") for n in range(3)], FORUM)


def test_what_was_judged_again_clusters_nothing_that_a_rule_sees(store: SqliteStore) -> None:
    ana(store)
    with store.writing() as db:
        db.run("UPDATE mentions SET live = 2 WHERE post_id = 1")
    asked = Evidence(store, [1], HOURS, by_language=False, live_only=True)
    assert asked.clustering(1, [1], None) == 2**2 / 2


def test_what_bears_a_tag_clusters_by_itself(store: SqliteStore) -> None:
    ana(store)
    with store.writing() as db:
        tags.add(db, "vip", "Acme", [1, 2], by="ben", now=T0)
    asked = Evidence(store, [1], HOURS, by_language=False, live_only=False, tag="vip")
    assert asked.clustering(1, [1], None) == 2**2 / 2
