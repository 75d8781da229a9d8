"""Waits follow the turns, whatever order posts come in, whatever joins, edits or matches them again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, NEWS, T0, UTC, asks, keep, names, own, post

from storage import queries, rematching, rollups
from storage.base import Row
from storage.calendar import Window
from storage.kpi.responses import responses
from storage.mention import Brand, Kept, KeptPost, Mention
from storage.rematching import Rematched
from storage.rollups import waits
from storage.sqlite import SqliteStore

ROLES: dict[str, tuple[Mention, ...]] = {
    "asks": (asks("Acme"),),
    "answers": (own("Acme"),),
    "robot": (own("Acme", automatic=True),),
    "names": (names("Acme"),),
    "both": (asks("Acme"), asks("Bolt")),
    "rival": (own("Bolt"), asks("Acme")),
}
said = st.builds(
    lambda id_, at, role, to, thread: (id_, at, role, to, thread),
    st.sampled_from("abcdefgh"),
    st.integers(0, 30),
    st.sampled_from(sorted(ROLES)),
    st.sampled_from([None, *"abcdefgh"]),
    st.sampled_from([None, None, "x", "y"]),
)
pages = st.lists(
    st.tuples(
        st.sampled_from(["page", "page", "edit", "rematch"]),
        st.sampled_from([NEWS, FORUM]),
        st.lists(said, max_size=4),
    ),
    max_size=8,
)


def kept(what: tuple[str, int, str, str | None, str | None], *, text: str = "") -> KeptPost:
    id_, at, role, to, thread = what
    reply = None if to == id_ else to
    return post(id_, T0 + at, *ROLES[role], in_reply_to=reply, thread=thread, text=f"{id_}{role}{text}")


def rows(store: SqliteStore) -> list[Row]:
    return store.rows("SELECT post_id, brand_id, started, source_id, first, seconds FROM waits ORDER BY 1, 2")


def by_hand(store: SqliteStore) -> list[Row]:
    """The waits straight from the turns of each conversation, in plain Python."""
    turns = store.rows(
        """SELECT p.source_id, coalesce(p.conversation, p.native_id), t.brand_id, t.at, t.post_id, t.role
        FROM turns t JOIN posts p ON p.id = t.post_id"""
    )
    found: list[Row] = []
    for talk in {row[:3] for row in turns}:
        open_, first = None, 1
        for at, number, role in sorted(row[3:] for row in turns if row[:3] == talk):
            if role == 0 and open_ is None:
                open_ = (number, at)
            if role == 1 and open_ is not None and at > open_[1]:
                found.append((open_[0], talk[2], open_[1], talk[0], first, at - open_[1]))
                open_, first = None, 0
        if open_ is not None:
            found.append((open_[0], talk[2], open_[1], talk[0], first, None))
    return sorted(found, key=lambda row: row[:2])


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], SqliteStore]:
    folder, made = tmp_path_factory.mktemp("waits"), iter(range(10_000))

    def make() -> SqliteStore:
        store = SqliteStore(folder / f"{next(made)}.db")
        with store.writing() as db:
            queries.keep_versions(db, [Brand("Acme"), Brand("Bolt")], T0)
        return store

    return make


@given(pages)
@settings(max_examples=40, deadline=None)
def test_they_are_what_plain_python_makes_of_the_turns(
    fresh: Callable[[], SqliteStore],
    history: list[tuple[str, object, list[tuple[str, int, str, str | None, str | None]]]],
) -> None:
    store = fresh()
    for number, (kind, source, things) in enumerate(history):
        once = {one[0]: one for one in things}
        made = [kept(one, text=str(number) if kind == "edit" else "") for one in once.values()]
        if kind == "page":
            keep(store, made, source)  # type: ignore[arg-type]
        elif kind == "edit":
            store.commit(Kept(source, [], edits=made, at=T0 + DAY))  # type: ignore[arg-type]
        else:
            match_again(store, made)
        assert rows(store) == by_hand(store)
        assert waits.wrong(store) == 0
    store.close()


def match_again(store: SqliteStore, wanted: list[KeptPost]) -> None:
    said = {one.native_id: one.mentions for one in wanted}
    standing = [one for page in rematching.pages(store, rematching.kept_posts, 0) for one in page]
    again = [Rematched(one, said[one.post.native_id]) for one in standing if one.post.native_id in said]
    with store.writing() as db:
        rematching.apply(db, {"Acme": "", "Bolt": ""}, again)


# The same by hand, one change after the other


def told(store: SqliteStore) -> list[tuple[int, int | None, bool]]:
    numbers = dict(store.rows("SELECT name, id FROM brands"))
    found = responses(store, numbers.get("Acme", 0), Window(T0 - DAY, T0 + DAY), live_only=False)
    return [(one.started - T0, one.seconds, bool(one.first)) for one in found]


def test_an_answer_that_comes_first_and_a_question_that_comes_last(store: SqliteStore) -> None:
    keep(store, [post("a", T0 + 9, own("Acme"), in_reply_to="q")])
    assert told(store) == []
    keep(store, [post("q", T0, asks("Acme"))])
    assert told(store) == [(0, 9, True)]


def test_a_post_that_joins_two_conversations_without_a_word_to_the_brand(store: SqliteStore) -> None:
    keep(store, [post("q", T0, asks("Acme"))])
    keep(store, [post("a", T0 + 9, own("Acme"), in_reply_to="between")])
    assert told(store) == [(0, None, True)]
    keep(store, [post("between", T0 + 5, names("Bolt"), in_reply_to="q")])
    assert told(store) == [(0, 9, True)]


def test_replies_that_address_the_brand_only_once_its_own_post_is_heard(store: SqliteStore) -> None:
    keep(store, [post("r", T0 + 3, names("Bolt"), in_reply_to="news")])
    assert told(store) == []
    keep(store, [post("news", T0, own("Acme"))])
    assert told(store) == [(3, None, True)]


def test_an_edit_that_takes_the_call_away_ends_the_wait(store: SqliteStore) -> None:
    keep(store, [post("q", T0, asks("Acme"))])
    edited = Kept(NEWS, [], edits=[post("q", T0, names("Acme"), text="no call")], at=T0 + 60)
    store.commit(edited)
    assert told(store) == []


def test_what_is_damaged_is_found_and_made_anew(store: SqliteStore) -> None:
    keep(store, [post("q", T0, asks("Acme")), post("a", T0 + 9, own("Acme"), in_reply_to="q")])
    with store.writing() as db:
        db.run("UPDATE waits SET seconds = 8")
    assert waits.wrong(store) == 2  # one that is not, one that is missing
    assert [one.rollup for one in rollups.differences(store)] == ["waits"]
    with store.writing() as db:
        rollups.rebuild(db, UTC)
    assert (waits.wrong(store), told(store)) == (0, [(0, 9, True)])


def test_a_store_without_waits_gets_them_when_it_is_opened(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "x.db")
    keep(store, [post("q", T0, asks("Acme"))])
    with store.writing() as db:
        db.run("DELETE FROM waits")
        db.run("DELETE FROM facts WHERE name = 'rollup_zone'")
    store.close()
    store = SqliteStore(tmp_path / "x.db")
    assert told(store) == [(0, None, True)]
    store.close()


def test_who_asks_once_more_while_somebody_waits_costs_nothing(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A brand's post that thousands answer would otherwise be counted anew for each of them.
    keep(store, [post("news", T0, own("Acme")), post("r1", T0 + 1, asks("Acme"), in_reply_to="news")])
    counted: list[list[int]] = []
    follow = waits.follow

    def seen(db: object, posts: list[int], conversations: object = ()) -> None:
        counted.append(list(posts))
        follow(db, posts, conversations)  # type: ignore[arg-type]

    monkeypatch.setattr(waits, "follow", seen)
    for number in range(2, 50):
        keep(store, [post(f"r{number}", T0 + number, asks("Acme"), in_reply_to="news")])
    assert counted == []
    assert told(store) == [(1, None, True)]
    keep(store, [post("r0", T0, asks("Acme"), in_reply_to="news")])  # came late, and asked before all others
    assert told(store) == [(0, None, True)]
    keep(store, [post("a", T0 + 60, own("Acme"), in_reply_to="r1")])
    keep(store, [post("r99", T0 + 99, asks("Acme"), in_reply_to="news")])
    assert told(store) == [(0, 60, True), (99, None, False)]
    assert len(counted) == 3


def test_who_asks_in_the_second_of_an_answer_waits_for_the_next(store: SqliteStore) -> None:
    keep(store, [post("a", T0, asks("Acme"), thread="x"), post("b", T0 + 10, own("Acme"), thread="x")])
    keep(store, [post("c", T0 + 10, asks("Acme"), thread="x")])
    assert [(at - T0, seconds) for _, _, at, *_, seconds in rows(store)] == [(0, 10), (10, None)]
    assert rows(store) == by_hand(store)
