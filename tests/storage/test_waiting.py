"""Messages that are sent as one, and tried again as exactly that one; and what is withheld."""

from __future__ import annotations

import pytest

from storage import deliveries, outbox, waiting
from storage.outbox import OutboxRow
from storage.sqlite import SqliteStore


def put(
    store: SqliteStore,
    key: str,
    *,
    due: int = 100,
    together: str | None = "g",
    thread: str = "",
    channels: tuple[str, ...] = ("slack",),
) -> None:
    with store.writing() as db:
        outbox.put(
            db,
            channels,
            key,
            "alert",
            {"kind": "fired"},
            (),
            50,
            thread=thread or key,
            together=together,
            due_at=due,
        )


def claim(store: SqliteStore, now: int = 100, channel: str = "slack") -> OutboxRow | None:
    with store.writing() as db:
        return outbox.claim(db, channel, now)


def keys(row: OutboxRow | None) -> list[str]:
    return [] if row is None else [row.key, *(one.key for one in row.rest)]


def states(store: SqliteStore) -> dict[str, tuple[str, int, int]]:
    return {one.key: (one.state, one.attempts, one.unknown) for one in deliveries.newest(store)}


def test_what_is_due_together_is_one_message_with_a_key_of_its_own(store: SqliteStore) -> None:
    for key in ("a", "b"):
        put(store, key)
    put(store, "later", due=101)
    put(store, "elsewhere", together="h")
    put(store, "alone", together=None)
    row = claim(store)
    assert row is not None
    assert keys(row) == ["a", "b"]
    assert row.batch == outbox.batch_key(["a", "b"])
    assert [keys(claim(store)) for _ in range(3)] == [["elsewhere"], ["alone"], []]
    with store.writing() as db:
        outbox.delivered(db, row.id, 105, "place")
    assert states(store)["a"] == states(store)["b"] == ("delivered", 1, 0)
    assert dict(store.rows("SELECT thread, place FROM receipts")) == {"a": "place", "b": "place"}


def test_it_is_tried_again_as_exactly_the_same_whatever_has_come_meanwhile(store: SqliteStore) -> None:
    for key in ("a", "b"):
        put(store, key)
    first = claim(store)
    assert first is not None
    with store.writing() as db:
        outbox.put_off(db, first.id, 160, "timed out", unknown=True, taken=["me"])
    put(store, "c", due=150)
    assert keys(claim(store, 159)) == ["c"]
    put(store, "d", due=150)
    again = claim(store, 160)
    assert again is not None
    assert (keys(again), again.batch, again.attempts) == (["a", "b"], first.batch, 2)
    assert again.taken == {"me"}
    assert states(store)["b"] == ("sending", 2, 1)
    assert keys(claim(store, 160)) == ["d"]


def test_one_that_was_tried_alone_stays_alone(store: SqliteStore) -> None:
    put(store, "a")
    row = claim(store)
    assert row is not None
    assert row.batch == "a"
    with store.writing() as db:
        outbox.put_off(db, row.id, 160, "timed out", unknown=True)
    put(store, "b")
    assert [keys(claim(store, 160)) for _ in range(2)] == [["a"], ["b"]]


def test_after_a_crash_it_is_the_same_message(store: SqliteStore) -> None:
    for key in ("a", "b"):
        put(store, key)
    first = claim(store)
    with store.writing() as db:
        assert outbox.recover(db, 200) == 2
    put(store, "c")
    again = claim(store, 200)
    assert first is not None and again is not None
    assert (keys(again), again.batch) == (keys(first), first.batch)


def test_all_of_it_is_given_up_and_sent_again_as_one(store: SqliteStore) -> None:
    for key in ("a", "b"):
        put(store, key)
    row = claim(store)
    assert row is not None
    with store.writing() as db:
        outbox.give_up(db, row.id, 150, "gone")
    assert states(store)["a"] == states(store)["b"] == ("failed", 1, 0)
    for asked in (None, "b", row.batch):
        with store.writing() as db:
            assert deliveries.resend(db, 160, asked) == [("a", "slack"), ("b", "slack")]
        again = claim(store, 160)
        assert again is not None
        assert (keys(again), again.batch) == (["a", "b"], row.batch)
        with store.writing() as db:
            outbox.give_up(db, again.id, 170, "gone")


def test_what_was_sent_as_one_is_sent_again_only_where_it_was_not_delivered(store: SqliteStore) -> None:
    for key in ("a", "b"):
        put(store, key, channels=("slack", "email"))
    slack, email = claim(store), claim(store, channel="email")
    assert slack is not None and email is not None
    batch = slack.batch
    assert batch == email.batch
    with store.writing() as db:
        outbox.delivered(db, slack.id, 150)
        outbox.give_up(db, email.id, 150, "gone")
        assert deliveries.resend(db, 160, batch) == [("a", "email"), ("b", "email")]
    assert claim(store, 160) is None
    email = claim(store, 160, "email")
    assert email is not None
    with store.writing() as db:
        assert deliveries.resend(db, 160, batch, "email") == [], "it is being sent"
        outbox.delivered(db, email.id, 170)
        # Delivered everywhere: then whoever asks means just that.
        assert len(deliveries.resend(db, 180, batch)) == 4


def test_what_was_closed_is_sent_to_who_names_it_and_never_beside_others(store: SqliteStore) -> None:
    for key in ("a", "b"):
        put(store, key)
    row = claim(store)
    assert row is not None
    with store.writing() as db:
        outbox.give_up(db, row.id, 150, "gone")
        db.run("UPDATE outbox SET state = 'waiting', withheld = 'over' WHERE key = 'b'")
        assert deliveries.resend(db, 160, row.batch) == [("a", "slack")]
        assert deliveries.resend(db, 160, "a") == [("a", "slack")]
        assert deliveries.resend(db, 160, "b") == [("a", "slack"), ("b", "slack")]


def test_the_end_of_a_story_goes_with_its_beginning_and_never_before_it(store: SqliteStore) -> None:
    put(store, "a")
    put(store, "end of a", thread="a")
    assert keys(claim(store)) == ["a", "end of a"]
    put(store, "b", due=100)
    put(store, "end of b", due=90, thread="b")
    assert claim(store, 95) is None
    put(store, "c", together="x")
    row = claim(store, 100)
    put(store, "end of c", together="y", thread="c")
    assert keys(row) == ["b"]
    assert keys(claim(store)) == ["c"]
    assert claim(store) is None


def test_patience_begins_when_it_is_first_due(store: SqliteStore) -> None:
    put(store, "a", due=500_000)
    row = claim(store, 500_000)
    assert row is not None
    assert (row.created_at, row.since) == (50, 500_000)


def test_what_is_withheld_is_not_sent_until_it_is_released(store: SqliteStore) -> None:
    put(store, "a")
    (row,) = waiting.untried(store)
    with store.writing() as db:
        waiting.withhold(db, row.id, "silenced")
    assert claim(store) is None
    assert outbox.next_due(store, "slack", 100) is None
    (shown,) = deliveries.newest(store, undelivered=True)
    assert (shown.state, shown.withheld) == ("withheld", "silenced")
    with store.writing() as db:
        waiting.release(db, row.id, "g", 300)
    assert (claim(store, 299), keys(claim(store, 300))) == (None, ["a"])


@pytest.mark.parametrize("change", ["withhold", "close"])
def test_what_may_have_been_sent_is_not_withheld_any_more(store: SqliteStore, change: str) -> None:
    put(store, "a")
    row = claim(store)
    assert row is not None
    with store.writing() as db:
        outbox.put_off(db, row.id, 160, "timed out", unknown=True)
        if change == "withhold":
            waiting.withhold(db, row.id, "silenced")
        else:
            waiting.close(db, row.id, "over", 155)
    assert keys(claim(store, 160)) == ["a"]


def test_a_group_knows_when_it_is_due_and_when_it_was_sent(store: SqliteStore) -> None:
    assert waiting.group(store, "slack", "g") == (None, None)
    put(store, "a")
    assert waiting.group(store, "slack", "g") == (100, None)
    row = claim(store)
    assert row is not None
    with store.writing() as db:
        outbox.delivered(db, row.id, 105)
    put(store, "b", due=130)
    assert waiting.group(store, "slack", "g") == (130, 105)
