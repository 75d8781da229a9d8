"""A rule finds how sure its value is only where it tells of it: what it tells is what the KPI says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pages import ACME, BRANDS, HACKERNEWS, page, post

from alerts import judging
from alerts.rules import Look, Rule, RuleOptions
from storage.alerting import AlertEvent
from storage.base import Row
from storage.calendar import Window
from storage.kpi import KPIS, Ask, compute
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
NOW = 1_790_000_000
HOUR = 3600
ENGINE = "builtin-1"


class Watched:
    """A store that notes whether the authors behind mentions were counted."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self.authors = 0

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        self.authors += "author_id" in sql and "count(*) * count(*)" in sql
        return self._store.rows(sql, parameters)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    # Three authors say everything, so that what they say clusters.
    labels: Any = ("negative", "negative", "neutral", "positive")
    said = [post(f"p{n}", NOW - 60 - n, labels[n % 4], author=f"a{n % 3}", engine=ENGINE) for n in range(60)]
    # Something beside the hour, or it would be read from the roll-up of its week.
    said.append(post("before", NOW - 2 * HOUR, engine=ENGINE))
    opened.commit(page(said, (NOW - 3 * HOUR, NOW)))
    yield opened
    opened.close()


def judged(store: SqliteStore, watched: Watched, when: str, now: int = NOW) -> list[AlertEvent]:
    rule = Rule.of(RuleOptions.model_validate({"name": "r", "when": when, "cooldown": "1m"}), ACME.name)
    found = judging.look(Look(watched, BRANDS, UTC, now), [rule])
    with store.writing() as db:
        return judging.write(db, found, now)


def interval(store: SqliteStore, since: object, until: object) -> object:
    asked = Ask(Window(int(str(since)), int(str(until))), NOW, UTC, BRANDS, (ACME.name,), strict=True)
    return compute(store, [KPIS["negative_share"]], asked)[0].more["interval"]


def test_what_is_not_met_does_not_look_at_the_authors(store: SqliteStore) -> None:
    watched = Watched(store)
    assert judged(store, watched, "negative_share > 99%") == []
    assert watched.authors == 0


def test_what_is_told_when_it_fires_and_when_it_is_over_has_the_interval_of_the_kpi(
    store: SqliteStore,
) -> None:
    watched = Watched(store)
    (fired,) = judged(store, watched, "negative_share > 10%")
    assert watched.authors > 0
    assert fired.numbers["interval"] == interval(store, fired.since, fired.until)
    (over,) = judged(store, watched, "negative_share > 99%", NOW + 60)
    assert over.kind == "resolved"
    assert over.numbers["interval"] == interval(store, over.since, over.until)
    rough = compute(
        store,
        [KPIS["negative_share"]],
        Ask(Window(fired.since, fired.until), NOW, UTC, BRANDS, (ACME.name,), strict=True, rough=True),
    )[0]
    assert rough.value == fired.numbers["value"]
    assert rough.more["interval"] != fired.numbers["interval"]
