"""Series by quarter hours: what plain Python counts of the same posts, and what was heard meanwhile."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from keeping import DAY, FORUM, HOUR, NEWS, T0, keep, names, post

from storage import series
from storage.mention import Brand, Heard, Kept, Reading
from storage.sqlite import SqliteStore

QUARTER = 900
WEEKS = 14 * DAY


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register([Brand("Acme"), Brand("Bolt")], [NEWS, FORUM])
    return opened


def number(store: SqliteStore, brand: str) -> int:
    return int(store.rows("SELECT id FROM brands WHERE name = ?", (brand,))[0][0])


def test_quarters_are_what_plain_python_counts(store: SqliteStore) -> None:
    random = Random(3)
    said = [
        (f"{n}", T0 + random.randrange(6 * HOUR), random.choice(["negative", "neutral", "positive", None]))
        for n in range(200)
    ]
    keep(store, [post(id_, at, names("Acme", label)) for id_, at, label in said])  # type: ignore[arg-type]
    keep(store, [post(f"old {n}", T0 + n * 60, names("Acme")) for n in range(30)], live=False)
    keep(store, [post("other", T0, names("Bolt"))])
    keep(store, [post("elsewhere", T0, names("Acme"))], FORUM)
    news = store.rows("SELECT id FROM sources WHERE name = 'news'")[0][0]
    found = series.quarters(store, number(store, "Acme"), [news], T0, T0 + 6 * HOUR)
    live = Counter((at - T0) // QUARTER for _, at, _ in said)
    old = Counter(n * 60 // QUARTER for n in range(30))
    assert [one.start for one in found] == list(range(T0, T0 + 6 * HOUR, QUARTER))
    for place, one in enumerate(found):
        here = [label for _, at, label in said if (at - T0) // QUARTER == place]
        assert one.mentions == live[place] + old[place]
        assert one.not_live == old[place] == one.not_judged_live
        assert (one.negative, one.positive) == (here.count("negative"), here.count("positive"))  # type: ignore[arg-type]
        assert one.judged == len(here) - here.count(None) + old[place]  # type: ignore[arg-type]


def test_interactions_are_counted_when_they_are_gained_and_of_live_posts_alone(store: SqliteStore) -> None:
    keep(store, [post("a", T0, names("Acme"))])
    keep(store, [post("b", T0, names("Acme"))], live=False)
    for at, likes in ((T0 + 60, 5), (T0 + HOUR, 9), (T0 + 2 * HOUR, 7)):
        readings = [Reading(one, at, {"likes": likes, "views": 1000}) for one in ("a", "b")]
        store.commit(Kept(NEWS, [], None, None, readings=readings))
    news = store.rows("SELECT id FROM sources WHERE name = 'news'")[0][0]
    found = series.quarters(store, number(store, "Acme"), [news], T0, T0 + 3 * HOUR)
    gained = {(one.start - T0) // QUARTER: one.interactions for one in found if one.interactions}
    assert gained == {0: 5, 4: 4}  # what is taken back takes nothing away from what was gained


def test_each_source_counts_for_what_it_brings(store: SqliteStore) -> None:
    now = T0 + WEEKS
    keep(store, [post(f"n{n}", now - HOUR - n, names("Acme")) for n in range(89)], heard=(T0, now))
    keep(
        store, [post(f"f{n}", now - HOUR - n, names("Acme")) for n in range(9)], FORUM, heard=(T0, now - 450)
    )
    panel = series.panel(store, number(store, "Acme"), now, WEEKS - HOUR)
    # A tenth of the mentions come from where only half of the last quarter hour was heard.
    assert panel.heard(now - 2 * QUARTER, now) == [1.0, pytest.approx(0.95)]
    assert panel.heard(T0 - 2 * QUARTER, T0) == [0.0, 0.0]


def test_a_new_source_is_no_rise(store: SqliteStore) -> None:
    now = T0 + WEEKS
    keep(store, [post("n", now - HOUR, names("Acme"))], heard=(T0, now))
    keep(store, [post("f", now - HOUR, names("Acme"))], FORUM, heard=(now - DAY, now))
    panel = series.panel(store, number(store, "Acme"), now, WEEKS)
    assert [ledger.name for ledger in panel.ledgers] == ["news"]
    found = series.quarters(store, number(store, "Acme"), panel.ids, now - DAY, now)
    assert sum(one.mentions for one in found) == 1


def test_an_import_is_heard_throughout(store: SqliteStore) -> None:
    keep(store, [post("n", T0 + HOUR, names("Acme"))], live=False)
    source = store.rows("SELECT id FROM sources WHERE name = 'news'")[0][0]
    with store.writing() as db:
        from storage import coverage

        coverage.add(db, source, "import", Heard(T0 + 10, T0 + WEEKS + 20))
    panel = series.panel(store, number(store, "Acme"), T0 + WEEKS, WEEKS)
    assert panel.heard(T0 - QUARTER, T0 + QUARTER) == [0.0, 1.0]
