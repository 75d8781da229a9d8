"""What a message of Jetstream, or a post in an answer, becomes: fields, times, and what is nothing of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bluesky_listening import NOW, US
from ears import TestEar
from hypothesis import given, settings
from hypothesis import strategies as st
from jetstream_stub import POST, Bluesky, account, commit, did, iso

from listener.collectors import read_items
from listener.collectors.bluesky.events import read_batch, to_event
from listener.collectors.bluesky.posts import BACKDATED, MOST_TEXT
from listener.collectors.post import AccountGone, Delete, Edit, Post

AT = NOW * US


def uri(number: int, rkey: str, collection: str = POST) -> str:
    return f"at://{did(number)}/{collection}/{rkey}"


def read_post(**record: Any) -> Post:
    event = to_event(commit(did(1), "aaa", AT, **record))
    assert isinstance(event, Post)
    return event


def test_a_post_with_everything() -> None:
    reply = {"root": {"uri": uri(2, "r"), "cid": "c"}, "parent": {"uri": uri(3, "p"), "cid": "c"}}
    post = read_post(text=" hello\nworld ", langs=["pt-BR", "en"], reply=reply)
    assert post == Post(
        native_id=uri(1, "aaa"),
        text="hello\nworld",
        published_at=NOW,
        author=did(1),
        url=f"https://bsky.app/profile/{did(1)}/post/aaa",
        language="pt",
        in_reply_to=uri(3, "p"),
        thread=uri(2, "r"),
        author_id=did(1),
    )


def test_a_post_that_answers_nobody_begins_its_conversation() -> None:
    post = read_post(text="hello", langs=[])
    assert (post.thread, post.in_reply_to, post.language) == (uri(1, "aaa"), None, None)


def test_a_picture_without_words_is_a_post() -> None:
    assert read_post(text="").text == ""
    assert read_post().text == ""


@pytest.mark.parametrize(
    ("written", "published"),
    [
        (iso(NOW - 30), NOW - 30),
        ("2026-11-18T12:26:10.123456789Z", None),
        (iso(NOW - BACKDATED), NOW - BACKDATED),
        (iso(NOW - BACKDATED - 1), NOW),
        ("2012-01-01T00:00:00Z", NOW),
        (iso(NOW + 5), NOW),
        ("9999-12-31T23:59:59Z", NOW),
        ("0001-01-01T00:00:00+23:59", NOW),
        ("yesterday", NOW),
        ("", NOW),
    ],
)
def test_when_it_was_written(written: str, published: int | None) -> None:
    found = read_post(text="x", createdAt=written).published_at
    assert found == (published if published is not None else found)
    assert found is not None and NOW - BACKDATED <= found <= NOW


def test_what_nobody_would_be_shown_of_a_text_is_cut() -> None:
    assert read_post(text="x" * 1_000_000).text == "x" * MOST_TEXT


def test_nobody_is_asked_about_more_of_a_text_than_is_kept() -> None:
    asked: list[int] = []

    class Ear(TestEar):
        __test__ = False

        def wanted(self, text: str, author_id: str | None = None, parent_id: str | None = None) -> bool:
            asked.append(len(text))
            return True

    read_batch([json.dumps(commit(did(1), "aaa", AT, text="x" * 100_000))], Ear())
    assert asked == [MOST_TEXT]


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_an_address_that_leads_elsewhere_is_none(operation: str) -> None:
    for author, rkey in ((did(1), "../x"), (did(1), ""), ("did:plc:a/b", "x"), ("ann.example", "x")):
        with pytest.raises(ValueError, match="address"):
            to_event(commit(author, rkey, AT, operation=operation, text="x"))


def test_what_is_no_character_does_not_get_through() -> None:
    message = json.dumps(commit(did(1), "aaa", AT, text="TEXT")).replace("TEXT", "a\\ud800b\\u0000c")
    batch = read_batch([message], TestEar())
    assert [event.text for event in batch.events if isinstance(event, Post)] == ["a\ufffdb\ufffdc"]


def test_a_reply_to_what_has_no_address_is_a_post_of_its_own() -> None:
    reply = {"root": {"uri": "https://elsewhere.example"}, "parent": {"uri": "x" * 100_000}}
    post = read_post(text="hello", reply=reply)
    assert (post.in_reply_to, post.thread) == (None, uri(1, "aaa"))


def test_the_other_kinds_of_events() -> None:
    assert to_event(commit(did(1), "aaa", AT, operation="delete")) == Delete(uri(1, "aaa"))
    assert isinstance(to_event(commit(did(1), "aaa", AT, operation="update", text="x")), Edit)
    assert to_event(account(did(1), AT, status="takendown")) == AccountGone(did(1))
    assert to_event(account(did(1), AT, active=True)) is None
    assert to_event({"did": did(1), "time_us": AT, "kind": "identity", "identity": {"handle": "a.b"}}) is None
    assert to_event({"did": did(1), "time_us": AT, "kind": "of tomorrow", "tomorrow": {}}) is None


@pytest.mark.parametrize(
    "record", [{"text": 7}, {"subject": {"uri": uri(2, "b")}}, {"langs": "x", "reply": 1}]
)
def test_records_of_other_kinds_may_hold_anything(record: dict[str, Any]) -> None:
    event = commit(did(1), "aaa", AT, collection="app.bsky.feed.like", **record)
    assert to_event(event) is None
    batch = read_batch([json.dumps(event)], TestEar())
    assert (batch.events, batch.aside) == ([], [])


def test_a_post_as_an_answer_shows_it() -> None:
    world = Bluesky(handles={"ann.example": did(1)})
    view = world.write(did(1), "aaa", NOW, "hello", createdAt=iso(NOW - 9))
    post = to_event(view)
    assert isinstance(post, Post)
    assert (post.native_id, post.author, post.author_id, post.published_at) == (
        uri(1, "aaa"),
        "ann.example",
        did(1),
        NOW - 9,
    )
    lost = to_event(world.write(did(2), "bbb", NOW, "hello"))
    assert isinstance(lost, Post) and lost.author == did(2)
    assert to_event({**view, "uri": uri(1, "aaa", "app.bsky.feed.like")}) is None
    assert to_event({**view, "record": {"$type": "an.app.of.its.own", "text": "x"}}) is None
    with pytest.raises(ValueError, match="address"):
        to_event({**view, "uri": "https://bsky.app/profile/x"})


def test_a_message_set_aside_can_be_read_again() -> None:
    odd = json.dumps(commit(did(1), "aaa", AT, text=7))
    (aside,) = read_batch([odd], TestEar()).aside
    item = json.loads(aside.item)
    item["commit"]["record"]["text"] = "mended"
    (event,), again = read_items([item], to_event)
    assert isinstance(event, Post) and (event.text, again) == ("mended", [])


def test_a_batch_knows_its_times() -> None:
    said = [json.dumps(commit(did(1), f"k{n}", AT + n, text="x")) for n in range(3)]
    batch = read_batch(["{", *said, "{"], TestEar())
    assert (batch.first_us, batch.last_us, len(batch.events), len(batch.aside)) == (AT, AT + 2, 3, 2)
    assert read_batch([], TestEar()).first_us == 0


def test_messages_may_come_as_bytes() -> None:
    batch = read_batch([json.dumps(commit(did(1), "aaa", AT, text="x")).encode(), b"\xff"], TestEar())
    assert (len(batch.events), len(batch.aside)) == (1, 1)


def test_what_was_let_through_before_is_asked_about() -> None:
    fresh: set[str] = set()
    ear = TestEar(words=("acme",))
    first = read_batch([json.dumps(commit(did(1), "aaa", AT, text="acme"))], ear, fresh)
    reply = {"root": {"uri": uri(1, "aaa")}, "parent": {"uri": uri(1, "aaa")}}
    answer = json.dumps(commit(did(2), "bbb", AT, text="yes", reply=reply))
    assert (len(first.events), fresh) == (1, {uri(1, "aaa")})
    assert len(read_batch([answer], ear, fresh).events) == 1
    assert read_batch([answer], ear).events == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    ("did",),
    ("time_us",),
    ("commit",),
    ("commit", "rkey"),
    ("commit", "operation"),
    ("commit", "record"),
]
PLACES += [("commit", "record", name) for name in ("text", "createdAt", "langs", "reply")]
PLACES += [
    ("commit", "record", "reply", "parent"),
    ("commit", "record", "reply", "root", "uri"),
    ("commit", "collection"),
]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), VALUES, st.sampled_from(["create", "update", "delete"]))
def test_whatever_stands_anywhere_nothing_but_setting_aside_comes_of_it(
    place: tuple[str, ...], value: object, operation: str
) -> None:
    reply = {"root": {"uri": uri(2, "r")}, "parent": {"uri": uri(2, "r")}}
    event = commit(did(1), "aaa", AT, operation=operation, text="hello", reply=reply)
    inner: Any = event
    for name in place[:-1]:
        inner = inner.get(name, {})
    inner[place[-1]] = value
    batch = read_batch([json.dumps(event)], TestEar())
    assert len(batch.events) + len(batch.aside) <= 1
    assert all(json.loads(item.item) and "hello" not in item.cause for item in batch.aside)


@settings(max_examples=100, deadline=None)
@given(st.text() | st.binary())
def test_whatever_comes_instead_of_a_message_is_set_aside(message: str | bytes) -> None:
    batch = read_batch([message], TestEar())
    assert len(batch.aside) == 1 and batch.events == []


@pytest.mark.parametrize("as_bytes", [False, True])
def test_what_must_be_read_slowly_and_is_very_long_is_set_aside_unread(
    monkeypatch: pytest.MonkeyPatch, as_bytes: bool
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was parsed, which holds the loop")

    message = json.dumps(commit(did(1), "aaa", AT, text="x", langs=[1] * 330_000))
    monkeypatch.setattr("listener.collectors.bluesky.events._labelled", never)
    batch = read_batch([message.encode() if as_bytes else message], TestEar())
    (aside,) = batch.aside
    assert batch.events == [] and "too long" in aside.cause
    assert json.loads(aside.item)["no JSON"] == message[:8_192]


def test_a_post_that_is_long_and_plain_is_read_all_the_same() -> None:
    batch = read_batch([json.dumps(commit(did(1), "aaa", AT, text="x" * 500_000))], TestEar())
    assert batch.aside == [] and len(batch.events) == 1
