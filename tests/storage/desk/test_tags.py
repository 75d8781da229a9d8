"""Tags on mentions: a rule's and a person's, which of the two stands, and what becomes of them when posts change."""

from __future__ import annotations

import json

from keeping import HOUR, NEWS, T0, keep, names, own, post

from storage.browse import Filter, mentions
from storage.calendar import Window
from storage.desk import tags
from storage.desk.tags import Tag
from storage.mention import Kept
from storage.sqlite import SqliteStore

WINDOW = Window(T0, T0 + HOUR)


def tag(store: SqliteStore, name: str, *post_ids: int, brand: str = "Acme", by: str | None = "ann") -> int:
    with store.writing() as db:
        return tags.add(db, name, brand, post_ids, by=by, now=T0 + 5)


def untag(store: SqliteStore, name: str, *post_ids: int) -> int:
    with store.writing() as db:
        return tags.remove(db, name, "Acme", post_ids)


def by_rule(store: SqliteStore) -> list[tuple[int, str]]:
    return [(t.post_id, t.tag) for n in (1, 2, 3) for t in tags.of_post(store, n) if t.by is None]


def test_a_person_tags_mentions_and_takes_tags_off(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), names("Bolt")), post("2", T0, names("Bolt"))])
    # Post 2 is no mention of Acme, and there is no post 9.
    assert tag(store, "sales", 1, 2, 9) == 1
    assert tag(store, "sales", 1) == 0
    assert tags.of_post(store, 1) == [Tag("sales", "Acme", 1, T0 + 5, "ann")]
    assert tags.counted(store, "Acme", WINDOW) == {"sales": 1}
    assert tags.counted(store, "Bolt", WINDOW) == {}
    assert tags.counted(store, "Acme", Window(T0 + 1, T0 + 9)) == {}
    assert (untag(store, "sales", 1, 2), untag(store, "sales", 1)) == (1, 0)
    assert tags.of_post(store, 1) == []


def test_a_rule_tags_every_mention_of_a_post_and_nothing_that_is_none(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), names("Bolt"), own("Zap"), tags=("sales", "care"))])
    found = [(t.tag, t.brand, t.by, t.at) for t in tags.of_post(store, 1)]
    assert found == [(name, brand, None, T0) for name in ("care", "sales") for brand in ("Acme", "Bolt")]
    assert tags.any_by_rule(store)


def test_a_persons_tag_stands_where_a_rule_says_the_same(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), tags=("sales",))])
    assert tag(store, "sales", 1, by=None) == 1
    with store.writing() as db:
        tags.give_again(db, [(1, ("sales",), T0 + 9)])
        tags.give_again(db, [(1, (), T0 + 9)])
    assert tags.of_post(store, 1) == [Tag("sales", "Acme", 1, T0 + 5, "")]
    assert not tags.any_by_rule(store)


def test_an_edit_brings_the_tags_of_its_new_words(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), text="old", tags=("sales",)), post("2", T0, names("Acme"))])
    tag(store, "mine", 1)
    edited = post("1", T0, names("Acme"), text="new", tags=("care",))
    store.commit(Kept(NEWS, [], edits=[edited], at=T0 + 9))
    assert [(t.tag, t.by) for t in tags.of_post(store, 1)] == [("care", None), ("mine", "ann")]


def test_a_mention_that_stays_although_the_edit_does_not_bear_it_keeps_its_tags(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), text="old", title="Acme", tags=("sales",))])
    store.commit(Kept(NEWS, [], edits=[post("1", T0, text="new")], at=T0 + 9))
    assert by_rule(store) == [(1, "sales")]


def test_what_is_no_mention_any_more_counts_nowhere(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), text="old")])
    tag(store, "mine", 1)
    store.commit(Kept(NEWS, [], edits=[post("1", T0, text="new")], at=T0 + 9))
    assert tags.counted(store, "Acme", WINDOW) == {}


def test_rules_of_today_take_the_place_of_those_of_yesterday(store: SqliteStore) -> None:
    keep(store, [post(n, T0, names("Acme"), tags=("old",)) for n in "123"])
    with store.writing() as db:
        tags.give_again(db, [(1, ("new",), T0), (2, (), T0)])
    assert by_rule(store) == [(1, "new"), (3, "old")]


def test_mentions_are_filtered_by_their_tags(store: SqliteStore) -> None:
    keep(store, [post(n, T0, names("Acme"), names("Bolt")) for n in "123"])
    tag(store, "sales", 1)
    tag(store, "care", 2)
    found = {
        asked: [(seen.id, seen.brand) for seen in mentions(store, Filter(tags=asked))]
        for asked in (("sales",), ("sales", "care"), ())
    }
    assert found == {("sales",): [(1, "Acme")], ("sales", "care"): [(2, "Acme"), (1, "Acme")], (): []}
    assert len(mentions(store, Filter())) == 6


def test_a_tag_is_data_whatever_it_says(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"))])
    name = "x'); DROP TABLE tags; --\"" + json.dumps(["é"])
    assert tag(store, name, 1) == 1
    assert tags.counted(store, "Acme", WINDOW) == {name: 1}
