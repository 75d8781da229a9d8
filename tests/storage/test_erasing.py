"""What is taken back: no text, name or address of it is left anywhere in the file, and its counts stay."""

from __future__ import annotations

import json

import pytest
from keeping import FORUM, HOUR, NEWS, T0, asks, names, own, post

from storage import rollups
from storage.mention import Kept, KeptPost, Reading, SetAside, Unmatched
from storage.sqlite import SqliteStore

LATER = T0 + 5 * HOUR
WORDS = ("xylophone", "zeppelin", "annabel", "did:plc:ann", "example.org")


def secret(native_id: str, **more: object) -> KeptPost:
    fields = {
        "title": "xylophone",
        "author": "annabel",
        "author_id": "did:plc:ann",
        "url": "https://example.org/1",
    }
    return post(native_id, T0, asks("Acme"), text="xylophone zeppelin", **{**fields, **more})  # type: ignore[arg-type]


def counts(store: SqliteStore) -> list[int]:
    return [store.rows(f"SELECT count(*) FROM {t}")[0][0] for t in ("posts", "mentions", "turns", "readings")]


@pytest.mark.parametrize("taken_back", [{"deleted": ["1"]}, {"departed": ["did:plc:ann"]}])
def test_a_text_is_wiped_everywhere_and_counts_stay(
    store: SqliteStore, taken_back: dict[str, list[str]]
) -> None:
    item = json.dumps({"id": "1", "did": "did:plc:ann", "text": "zeppelin"})
    reading = Reading("1", T0, {"likes": 3})
    aside = SetAside("1", "KeyError", item)
    store.commit(Kept(NEWS, [secret("1")], set_aside=[aside], readings=[reading], at=T0, live=False))
    store.commit(Kept(NEWS, [], edits=[secret("1", url="https://example.org/2")], at=T0 + 1))
    store.commit(
        Kept(NEWS, [], unmatched=[Unmatched(secret("1x" if "departed" in taken_back else "1"), True)], at=T0)
    )
    before = counts(store)
    done = store.commit(Kept(NEWS, [], at=LATER, **taken_back))  # type: ignore[arg-type]
    assert (done.erased, done.touched, done.posts) == (("1",), frozenset(), 0)
    assert counts(store) == before == [1, 1, 1, 1]
    columns = "native_id, title, text, author, author_id, url, erased_at, published_at"
    assert store.rows(f"SELECT {columns} FROM posts") == [("1", None, "", None, None, None, LATER, T0)]
    assert store.rows("SELECT count(*) FROM quarantine") == [(0,)]
    store.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    content = store.path.read_bytes()
    assert [word for word in WORDS if word.encode() in content] == []


@pytest.mark.parametrize(
    "named",
    [
        {"native_id": "at://did:plc:ann/post/1"},
        {"native_id": "https://old.example/users/annabel/statuses/1", "author": "annabel@old.example"},
        {"native_id": "AnnaBel/tools#1", "author_id": "77"},
    ],
)
def test_an_id_that_names_its_author_does_not_stay(store: SqliteStore, named: dict[str, str]) -> None:
    store.commit(Kept(NEWS, [secret(**named), secret("2")], at=T0))  # type: ignore[arg-type]
    done = store.commit(Kept(NEWS, [], deleted=[named["native_id"], "2"], at=LATER))
    assert set(done.erased) == {named["native_id"], "2"}
    (first,), (second,) = store.rows("SELECT native_id FROM posts ORDER BY id")
    assert first.startswith("hmac:") and second == "2"
    assert store.commit(Kept(NEWS, [secret(**named)], at=LATER)).posts == 0  # type: ignore[arg-type]


def test_who_answered_a_closed_account_names_it_no_more(store: SqliteStore) -> None:
    theirs = {n: f"at://did:plc:ann/post/{n}" for n in "89"}
    answers = [
        post("1", T0, asks("Acme"), author_id="did:plc:ben", in_reply_to=theirs["9"], thread=theirs["8"]),
        post("2", T0, asks("Acme"), author_id="did:plc:eve", in_reply_to="at://did:plc:ann2/post/1"),
    ]
    store.commit(Kept(NEWS, answers, at=T0))
    store.commit(Kept(NEWS, [], departed=["did:plc:ann"], at=LATER))
    rows = store.rows("SELECT in_reply_to, thread, conversation FROM posts ORDER BY id")
    assert "did:plc:ann/" not in str(rows) + str(store.rows("SELECT conversation FROM waits"))
    assert rows[1][0] == "at://did:plc:ann2/post/1"
    assert list(rollups.differences(store)) == []


def test_what_can_be_read_keeps_its_answers_whatever_its_id_is_like(store: SqliteStore) -> None:
    asked = post("ann/tools#1", T0, asks("Acme"), author_id="ben")
    answer = post("ann/tools#2", T0 + 1, asks("Acme"), author_id="eve", in_reply_to="ann/tools#1")
    store.commit(Kept(NEWS, [asked, answer], at=T0))
    before = store.rows("SELECT native_id, in_reply_to, conversation FROM posts")
    store.commit(Kept(NEWS, [], departed=["ann"], at=LATER))
    assert store.rows("SELECT native_id, in_reply_to, conversation FROM posts") == before


def test_what_was_erased_does_not_come_back(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [secret("1")]))
    store.commit(Kept(NEWS, [], deleted=["1"], at=T0))
    stranger = Unmatched(post("1", T0, text="again"), near=False)
    done = store.commit(
        Kept(NEWS, [secret("1")], edits=[secret("1", title="new")], unmatched=[stranger], at=LATER)
    )
    assert (done.posts, done.mentions, done.touched) == (0, 0, frozenset())
    assert store.rows("SELECT text, edited_at, erased_at FROM posts") == [("", None, T0)]
    assert store.rows("SELECT count(*) FROM unmatched") == [(0,)]
    again = store.commit(Kept(NEWS, [], deleted=["1"], departed=["did:plc:ann"], at=LATER))
    assert again.erased == ()
    assert store.rows("SELECT erased_at FROM posts") == [(T0,)]


def test_a_post_and_its_deletion_in_one_page_leave_no_text(store: SqliteStore) -> None:
    page = [secret("1"), secret("2", author_id="did:plc:ben"), secret("3", author_id="did:plc:cid")]
    strangers = [Unmatched(post("8", T0), True), Unmatched(post("9", T0, author_id="did:plc:ann"), True)]
    aside = [SetAside("2", "KeyError", "{}")]
    done = store.commit(
        Kept(NEWS, page, edits=[secret("2", title="new")], deleted=["2", "8"], departed=["did:plc:ann"],
             unmatched=strangers, set_aside=aside, at=LATER)
    )  # fmt: skip
    assert store.rows("SELECT native_id, text <> '' FROM posts ORDER BY 1") == [("1", 0), ("2", 0), ("3", 1)]
    assert (done.posts, done.mentions, done.kept, set(done.erased)) == (3, 3, ("3",), {"1", "2"})
    assert counts(store) == [3, 3, 3, 0]
    assert store.rows("SELECT (SELECT count(*) FROM unmatched), (SELECT count(*) FROM quarantine)") == [
        (0, 0)
    ]
    assert store.rows("SELECT sampled FROM sources") == [(0,)]


def test_others_keep_their_texts(store: SqliteStore) -> None:
    aside = [SetAside("7", "KeyError", json.dumps({"id": "7", "account": "12"})), SetAside("8", "E", "{}")]
    store.commit(Kept(NEWS, [secret("1", author_id=None), secret("2", author_id="12")], set_aside=aside))
    store.commit(Kept(FORUM, [secret("1")], set_aside=aside))
    store.commit(Kept(NEWS, [], deleted=["3", "8"], departed=["did:plc:ann", "1"], at=LATER))
    assert store.rows("SELECT count(*) FROM posts WHERE text <> ''") == [(3,)]
    # An account "1" is no part of the account "12", and another source's items are its own.
    left = store.rows(
        "SELECT s.name, native_id FROM quarantine q JOIN sources s ON s.id = source_id ORDER BY 1, 2"
    )
    assert left == [("forum", "7"), ("forum", "8"), ("news", "7")]


def test_replies_to_an_erased_own_post_still_address_its_brand(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("own", T0, own("Acme"))]))
    store.commit(Kept(NEWS, [], deleted=["own"], at=LATER))
    assert store.commit(Kept(NEWS, [post("reply", T0, in_reply_to="own")])).posts == 1


def test_counters_of_an_erased_post_are_still_counts(store: SqliteStore) -> None:
    store.commit(Kept(NEWS, [post("1", T0, names("Acme"))]))
    store.commit(Kept(NEWS, [], deleted=["1"], readings=[Reading("1", T0, {"likes": 1})], at=LATER))
    assert store.rows("SELECT value FROM readings") == [(1,)]
