"""The authors of a window: from roll-ups for a calendar period, counted for a short one, bounded for a long one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, keep, names, post

from storage.base import Row
from storage.calendar import Window
from storage.kpi import crowd as module
from storage.kpi import evidence
from storage.kpi.crowd import crowd
from storage.mention import KeptPost
from storage.sqlite import SqliteStore

MONDAY = T0 - 2 * DAY
WEEK = Window(MONDAY, MONDAY + 7 * DAY)
ACME, BOLT = 1, 2


def said(id_: str, at: int, author: str | None, *brands: str, label: str | None = "positive") -> KeptPost:
    return post(id_, at, *[names(brand, label) for brand in brands], author=author)  # type: ignore[arg-type]


class Watched:
    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.asked: list[str] = []

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        self.asked.append(sql)
        return self._store.rows(sql, parameters)


def tell(store: SqliteStore) -> None:
    """Ana: Acme three times, Bolt twice. Ben: Acme once. An unknown author: Acme twice. In another source Ana again."""
    keep(store, [said("1", T0, "ana", "Acme", "Bolt"), said("2", T0 + HOUR, "ana", "Acme", label=None)])
    keep(store, [said("3", T0 + DAY, "ana", "Acme", "Bolt", label="negative"), said("4", T0, "ben", "Acme")])
    keep(store, [said("5", T0, None, "Acme"), said("6", T0, None, "Acme")])
    keep(store, [said("7", T0, "ana", "Acme")], FORUM)


def by_hand(found: module.Crowd) -> None:
    of = found.of(ACME, [1])
    assert (of.authors, of.anonymous, of.positive_authors) == (2, 2, 2)
    # 3² + 1² + 1 + 1 mentions, 2² + 1² + 1 + 1 judged.
    assert (of.mentions2, of.judged2) == (12, 7)
    assert found.of(ACME, [1, 2]).authors == 3
    assert found.pair(ACME, BOLT, [1, 2]) == found.pair(BOLT, ACME, [1]) == 3 * 2
    assert found.pair(BOLT, BOLT, [1]) == 4
    assert found.exact
    assert found.clustering(ACME, [1], 5) == 7 / 5


def test_a_calendar_week_comes_from_rollups_alone(store: SqliteStore) -> None:
    tell(store)
    watched = Watched(store)
    by_hand(crowd(watched, [ACME, BOLT], WEEK, 10**9))
    assert not any("FROM mentions m" in sql for sql in watched.asked)


@pytest.mark.parametrize("window", [Window(T0, T0 + 2 * DAY), Window(MONDAY - 9 * DAY, T0 + 2 * DAY)])
def test_a_window_that_leaves_no_mention_of_its_period_out_is_that_period(
    store: SqliteStore, window: Window
) -> None:
    tell(store)
    watched = Watched(store)
    by_hand(crowd(watched, [ACME, BOLT], window, 10**9))
    assert not any("FROM mentions m" in sql for sql in watched.asked)


@pytest.mark.parametrize("at", [MONDAY, WEEK.until - 1])
def test_another_window_is_counted(store: SqliteStore, at: int) -> None:
    tell(store)
    # Left out on one side, so that no week, month or year is the window.
    keep(store, [said("early", at, "cleo", "Acme"), said("old", T0 - 300 * DAY, "x", "Acme")])
    keep(store, [said("next", T0 + 40 * DAY, "x", "Acme"), said("new", T0 + 300 * DAY, "x", "Acme")])
    watched = Watched(store)
    by_hand(crowd(watched, [ACME, BOLT], Window(T0, T0 + 2 * DAY), 8))
    assert any("FROM mentions m" in sql for sql in watched.asked)


def test_a_long_window_is_not_counted_and_clusters_as_the_years_around_it(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_COUNTED", 3)
    tell(store)
    keep(store, [said("new", T0 + 60 * DAY, "ana", "Acme"), said("old", T0 - 400 * DAY, "ana", "Acme")])
    # Of two calendar years: ana 2, ben 1 and two unknown authors in the first, ana 1 in the second.
    found = crowd(store, [ACME, BOLT], Window(T0, T0 + 61 * DAY), 8)
    assert not found.exact
    assert found.clustering(ACME, [1], 6) == (2**2 + 1 + 1 + 1 + 1) / 6
    assert found.clustering(ACME, [9], 0) == 1.0


labels = st.sampled_from(["positive", "negative", None])
histories = st.lists(st.tuples(st.integers(0, 400), st.sampled_from("abc"), labels), min_size=1, max_size=30)


@given(histories, st.integers(0, 300), st.integers(1, 120))
@settings(max_examples=40, deadline=None)
def test_authors_are_those_of_plain_python(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[tuple[int, str, str | None]],
    first: int,
    days: int,
) -> None:
    store = SqliteStore(tmp_path_factory.mktemp("crowd") / "a.db")
    keep(
        store,
        [said(str(n), T0 + at * DAY, who, "Acme", label=label) for n, (at, who, label) in enumerate(history)],
    )
    window = Window(T0 + first * DAY, T0 + (first + days) * DAY)
    whole = crowd(store, [ACME], window, 0)
    assert whole.exact
    authors = {who for at, who, _ in history if first <= at < first + days}
    assert whole.of(ACME, [1]).authors == len(authors)
    store.close()


def test_of_too_many_a_language_clusters_as_all_do(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(store)
    keep(store, [post("es", T0, names("Acme"), author="eva", language="es")])
    monkeypatch.setattr(evidence, "MOST_COUNTED", 0)
    for by_language in (True, False):
        asked = evidence.Evidence(store, [ACME, BOLT], WEEK, by_language=by_language, live_only=False)
        # Not 8 squares of all languages by the one mention in Spanish.
        assert asked.clustering(ACME, [1], "es") == 8 / 6


def test_a_source_that_nobody_wrote_in_has_no_authors(store: SqliteStore) -> None:
    keep(store, [said("1", T0, "ana", "Acme")], NEWS)
    assert crowd(store, [ACME], WEEK, 1).of(ACME, [7]).authors == 0
