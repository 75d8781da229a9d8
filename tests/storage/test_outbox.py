"""What is to be told is told on each channel for itself, and what became of it is known after any crash."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from storage import outbox
from storage.base import Transaction
from storage.sqlite import SqliteStore

Do = Callable[..., object]


@pytest.fixture
def do(store: SqliteStore) -> Do:
    """Run an outbox function in a transaction of its own."""

    def run(function: Callable[..., object], *arguments: object, **more: object) -> object:
        with store.writing() as db:
            return function(db, *arguments, **more)

    return run


def put(do: Do, key: str = "k", channels: tuple[str, ...] = ("slack",), now: int = 100) -> None:
    do(outbox.put, channels, key, "alert", {"value": 0.4, "text": None}, (7, 3), now)


def state(store: SqliteStore, key: str = "k", channel: str = "slack") -> tuple[str, int, int]:
    return next(
        (row.state, row.attempts, row.unknown)
        for row in outbox.deliveries(store)
        if (row.key, row.channel) == (key, channel)
    )


def test_one_row_for_each_channel_and_never_a_second_of_a_key(store: SqliteStore, do: Do) -> None:
    put(do, channels=("slack", "email", "slack"))
    put(do, now=999)
    assert sorted((row.channel, row.created_at) for row in outbox.deliveries(store)) == [
        ("email", 100),
        ("slack", 100),
    ]


def test_what_was_delivered_is_not_laid_out_again(store: SqliteStore, do: Do) -> None:
    put(do)
    row = do(outbox.claim, "slack", 100)
    do(outbox.delivered, row.id, 101)  # type: ignore[attr-defined]
    put(do)
    assert do(outbox.claim, "slack", 999) is None
    assert state(store) == ("delivered", 1, 0)


def test_claiming_takes_the_oldest_due_and_writes_that_its_sending_began(store: SqliteStore, do: Do) -> None:
    put(do, "later", now=200)
    put(do, "first")
    put(do, "second")
    put(do, "elsewhere", ("email",))
    assert do(outbox.claim, "slack", 99) is None
    row = do(outbox.claim, "slack", 150)
    assert isinstance(row, outbox.OutboxRow)
    assert (row.key, row.attempts, row.numbers, row.post_ids) == (
        "first",
        1,
        {"value": 0.4, "text": None},
        (7, 3),
    )
    assert state(store, "first") == ("sending", 1, 0)
    assert [getattr(do(outbox.claim, "slack", 150), "key", None) for _ in range(2)] == ["second", None]
    assert getattr(do(outbox.claim, "slack", 200), "key", None) == "later"


def test_put_off_is_sent_again_with_the_same_key_when_it_is_due(store: SqliteStore, do: Do) -> None:
    put(do)
    row = do(outbox.claim, "slack", 100)
    do(outbox.put_off, row.id, 160, "no answer", unknown=True)  # type: ignore[attr-defined]
    assert outbox.next_due(store, "slack") == 160
    assert do(outbox.claim, "slack", 159) is None
    again = do(outbox.claim, "slack", 160)
    assert (again.key, again.attempts) == ("k", 2)  # type: ignore[attr-defined]
    assert state(store) == ("sending", 2, 1)
    do(outbox.put_off, row.id, 170, "refused", unknown=False)  # type: ignore[attr-defined]
    assert state(store) == ("waiting", 2, 1)


def test_each_channel_retries_alone(store: SqliteStore, do: Do) -> None:
    put(do, channels=("slack", "email"))
    row = do(outbox.claim, "slack", 100)
    do(outbox.put_off, row.id, 500, "down", unknown=False)  # type: ignore[attr-defined]
    assert (outbox.next_due(store, "slack"), outbox.next_due(store, "email")) == (500, 100)
    assert do(outbox.claim, "email", 100) is not None


def test_given_up_is_kept_and_shown_and_never_sent_again(store: SqliteStore, do: Do) -> None:
    put(do)
    row = do(outbox.claim, "slack", 100)
    do(outbox.give_up, row.id, 105, "webhook revoked")  # type: ignore[attr-defined]
    assert do(outbox.claim, "slack", 10**9) is None
    assert do(outbox.recover, 200) == 0
    shown = outbox.deliveries(store, undelivered=True)[0]
    assert (shown.state, shown.error, shown.done_at) == ("failed", "webhook revoked", 105)


def test_recover_sends_again_only_what_was_being_sent_and_counts_it(store: SqliteStore, do: Do) -> None:
    for key in ("done", "sending", "waiting"):
        put(do, key)
    do(outbox.delivered, do(outbox.claim, "slack", 100).id, 101)  # type: ignore[attr-defined]
    do(outbox.claim, "slack", 100)
    assert do(outbox.recover, 300) == 1
    assert state(store, "done") == ("delivered", 1, 0)
    assert state(store, "sending") == ("waiting", 1, 1)
    assert state(store, "waiting") == ("waiting", 0, 0)
    assert do(outbox.recover, 301) == 0


@pytest.mark.parametrize("late", ["delivered", "put_off", "give_up"])
def test_an_answer_for_what_is_not_being_sent_changes_nothing(store: SqliteStore, do: Do, late: str) -> None:
    put(do)
    put(do, "other")
    row = do(outbox.claim, "slack", 100)
    do(outbox.delivered, row.id, 101)  # type: ignore[attr-defined]
    other = next(r.id for r in [do(outbox.claim, "slack", 100)])  # type: ignore[attr-defined]
    do(outbox.recover, 102)
    for id_ in (row.id, other):  # type: ignore[attr-defined]
        if late == "delivered":
            do(outbox.delivered, id_, 200)
        elif late == "put_off":
            do(outbox.put_off, id_, 200, "late", unknown=True)
        else:
            do(outbox.give_up, id_, 200, "late")
    assert (state(store), state(store, "other")) == (("delivered", 1, 0), ("waiting", 1, 1))


def test_nothing_is_due_where_nothing_waits(store: SqliteStore, do: Do) -> None:
    assert outbox.next_due(store, "slack") is None
    put(do)
    assert outbox.next_due(store, "slack") == 100
    # What another program is sending right now is not due: waiting for it would be a busy loop.
    do(outbox.claim, "slack", 100)
    assert outbox.next_due(store, "slack") is None


def test_undelivered_are_those_that_wait_or_failed(store: SqliteStore, do: Do) -> None:
    for key in ("a", "b", "c"):
        put(do, key)
    do(outbox.delivered, do(outbox.claim, "slack", 100).id, 101)  # type: ignore[attr-defined]
    assert [row.key for row in outbox.deliveries(store, undelivered=True)] == ["c", "b"]
    assert [row.key for row in outbox.deliveries(store, limit=2)] == ["c", "b"]


def test_a_message_is_laid_out_with_its_transaction_or_not_at_all(store: SqliteStore) -> None:
    def half(db: Transaction) -> None:
        outbox.put(db, ["slack"], "k", "alert", {}, (), 1)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError), store.writing() as db:
        half(db)
    assert outbox.deliveries(store) == []


def test_no_number_of_deaths_loses_a_message(store: SqliteStore, do: Do) -> None:
    put(do)
    for death in range(50):
        assert do(outbox.claim, "slack", 200 + death) is not None
        do(outbox.recover, 200 + death)
    assert state(store) == ("waiting", 50, 50)
