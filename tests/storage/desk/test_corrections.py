"""What people say of a mention's tone: one word a mention, the last one stands, and chance stays chance."""

from __future__ import annotations

from collections import Counter

from keeping import HOUR, NEWS, T0, keep, names, post

from storage.desk import corrections
from storage.desk.corrections import Correction
from storage.mention import Kept, Mention
from storage.sqlite import SqliteStore


def correct(store: SqliteStore, post_id: int, label: str, at: int = T0, **more: object) -> bool:
    fields: dict[str, object] = {"sampled": False, "by": None, "now": at, **more}
    with store.writing() as db:
        return corrections.record(db, "Acme", post_id, label, **fields)  # type: ignore[arg-type]


def edit(store: SqliteStore, native_id: str, text: str, at: int) -> None:
    again = post(native_id, T0, names("Acme", "negative"), text=text)
    store.commit(Kept(NEWS, [], edits=[again], at=at))


def test_a_later_word_on_the_same_mention_stands(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme", "positive"), text="so so", language="en")])
    assert correct(store, 1, "negative", by="ann")
    assert correct(store, 1, "neutral", T0 + 5, by="ben")
    assert corrections.all_corrections(store) == [
        Correction(
            "Acme",
            1,
            "neutral",
            "positive",
            ((1 - 0.8) / 2, (1 - 0.8) / 2, 0.8),
            "vader-3.3.2",
            "en",
            "news",
            "so so",
            sampled=False,
            at=T0 + 5,
            by="ben",
        )
    ]


def test_there_is_no_word_on_what_is_no_mention(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Bolt"))])
    assert not correct(store, 1, "negative")
    assert not correct(store, 99, "negative")
    assert corrections.all_corrections(store) == []


def test_a_word_is_taken_back(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), names("Bolt"))])
    correct(store, 1, "negative")
    with store.writing() as db:
        assert not corrections.withdraw(db, "Bolt", 1)
        assert corrections.withdraw(db, "Acme", 1)
        assert not corrections.withdraw(db, "Acme", 1)
    assert corrections.all_corrections(store) == []


def test_corrections_of_one_brand_oldest_first(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), names("Bolt")), post("2", T0, names("Acme"))])
    correct(store, 2, "negative", T0 + 2)
    correct(store, 1, "positive", T0 + 3)
    with store.writing() as db:
        corrections.record(db, "Bolt", 1, "neutral", sampled=True, by=None, now=T0 + 1)
    found = corrections.all_corrections(store, "Acme")
    assert [(one.post_id, one.label) for one in found] == [(2, "negative"), (1, "positive")]
    assert [one.brand for one in corrections.all_corrections(store)] == ["Bolt", "Acme", "Acme"]


def test_what_the_engine_left_open_can_be_said(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme", None)), post("2", T0, Mention("Acme"))])
    assert correct(store, 1, "negative") and correct(store, 2, "negative")
    abstained, unjudged = corrections.all_corrections(store)
    assert (abstained.engine_label, abstained.engine) == (None, "vader-3.3.2")
    assert (unjudged.engine_label, unjudged.engine, unjudged.p) == (None, None, None)


def test_a_word_on_other_words_does_not_count(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme", "negative"), text="awful")])
    correct(store, 1, "negative", T0 + 10)
    edit(store, "1", "awful, but mended", T0 + 20)
    assert corrections.all_corrections(store) == []
    assert [(one.label, one.stands) for one in corrections.all_corrections(store, fallen=True)] == [
        ("negative", False)
    ]
    correct(store, 1, "positive", T0 + 30)
    assert [one.stands for one in corrections.all_corrections(store, fallen=True)] == [True]
    assert [one.label for one in corrections.all_corrections(store)] == ["positive"]


def test_chance_is_settled_by_the_first_word(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), text="awful"), post("2", T0, names("Acme"))])
    correct(store, 1, "negative", T0 + 1, sampled=True)
    correct(store, 1, "positive", T0 + 2, sampled=False)
    correct(store, 2, "negative", T0 + 1, sampled=False)
    correct(store, 2, "positive", T0 + 2, sampled=True)
    assert {one.post_id: one.sampled for one in corrections.all_corrections(store)} == {1: True, 2: False}
    # Other words are another mention, as far as chance goes.
    edit(store, "1", "fine", T0 + 3)
    correct(store, 1, "positive", T0 + 4, sampled=False)
    assert not any(one.sampled for one in corrections.all_corrections(store))


def test_a_word_outlives_the_text(store: SqliteStore) -> None:
    keep(store, [post("1", T0, names("Acme"), text="awful")])
    correct(store, 1, "negative")
    store.commit(Kept(NEWS, [], deleted=["1"]))
    assert [(one.label, one.text) for one in corrections.all_corrections(store)] == [("negative", "")]


def test_only_what_is_open_and_judged_is_drawn(store: SqliteStore) -> None:
    keep(store, [post(str(n), T0 + n, names("Acme", "positive"), author=f"a{n}") for n in range(1, 6)])
    keep(store, [post("unsure", T0, names("Acme", None)), post("other", T0, names("Bolt"))])
    keep(store, [post("late", T0 + HOUR, names("Acme"))])
    correct(store, 1, "negative", T0 + 1)
    store.commit(Kept(NEWS, [], deleted=["2"]))
    correct(store, 3, "negative", T0 + 1)
    edit(store, "3", "other words", T0 + 2)
    found = corrections.draw(store, "Acme", T0, T0 + HOUR, 10, seed=1)
    assert sorted(found) == [3, 4, 5]


def test_each_mention_is_drawn_as_often_as_any_other(store: SqliteStore) -> None:
    keep(store, [post(str(n), T0 + n // 9, names("Acme")) for n in range(10)])
    times = Counter(
        number for seed in range(2_000) for number in corrections.draw(store, "Acme", T0, T0 + HOUR, 3, seed)
    )
    assert sum(times.values()) == 6_000
    assert all(
        530 <= times[number] <= 670 for number in range(1, 11)
    )  # 600 give or take three standard errors
    once = corrections.draw(store, "Acme", T0, T0 + HOUR, 3, seed=7)
    assert once == corrections.draw(store, "Acme", T0, T0 + HOUR, 3, seed=7)
