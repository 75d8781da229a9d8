"""How many were erased, and how long it took: by source and month."""

from __future__ import annotations

from keeping import FORUM, MADRID, NEWS, T0, names, post

from storage import erasing, erasures
from storage.erasures import Erased
from storage.mention import Kept
from storage.sqlite import SqliteStore

DAY = 86_400


def filled(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post(str(n), T0, names("Acme")) for n in range(6)], at=T0))
    store.commit(Kept(FORUM, [post("f", T0, names("Acme"))], at=T0))


def settle(store: SqliteStore, now: int) -> None:
    with store.writing() as db:
        erasures.settle(db, erasures.unsettled(db), now)


def test_by_source_and_month_with_the_longest_time(store: SqliteStore) -> None:
    filled(store)
    store.commit(Kept(NEWS, [], deleted=["0"], at=T0 + 1))
    settle(store, T0 + 9)
    store.commit(Kept(NEWS, [], deleted=["1", "2"], at=T0 + 20))
    settle(store, T0 + 23)
    with store.writing() as db:
        erasing.erase(db, 1, ["3"], [], T0 + 20 * DAY, "hand")
    store.commit(Kept(FORUM, [], deleted=["f"], at=T0 + 30))
    assert erasures.by_month(store, MADRID) == [
        Erased("forum", "2023-11", posts=1, open=1),
        Erased("news", "2023-11", posts=3, longest=8),
        Erased("news", "2023-12", posts=1, by_hand=1, open=1),
    ]


def test_what_comes_while_the_file_is_cleaned_is_open_still(store: SqliteStore) -> None:
    filled(store)
    store.commit(Kept(NEWS, [], deleted=["0"], at=T0 + 1))
    those = erasures.unsettled(store)
    # In the same second, after the log was emptied.
    store.commit(Kept(NEWS, [], deleted=["1"], at=T0 + 1))
    with store.writing() as db:
        erasures.settle(db, those, T0 + 5)
    assert [row[3] for row in erasures.unsettled(store)] == [2]
