"""What is to be told is told on each channel for itself, and what became of it is known after any crash."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from storage import deliveries, outbox
from storage.base import StoreError, Transaction
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
        for row in deliveries.newest(store)
        if (row.key, row.channel) == (key, channel)
    )


def test_one_row_for_each_channel_and_never_a_second_of_a_key(store: SqliteStore, do: Do) -> None:
    put(do, channels=("slack", "email", "slack"))
    put(do, now=999)
    assert sorted((row.channel, row.created_at) for row in deliveries.newest(store)) == [
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
    assert outbox.next_due(store, "slack", 100) == 160
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
    assert (outbox.next_due(store, "slack", 100), outbox.next_due(store, "email", 100)) == (500, 100)
    assert do(outbox.claim, "email", 100) is not None


def test_given_up_is_kept_and_shown_and_never_sent_again(store: SqliteStore, do: Do) -> None:
    put(do)
    row = do(outbox.claim, "slack", 100)
    do(outbox.give_up, row.id, 105, "webhook revoked")  # type: ignore[attr-defined]
    assert do(outbox.claim, "slack", 10**9) is None
    assert do(outbox.recover, 200) == 0
    shown = deliveries.newest(store, undelivered=True)[0]
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
def test_an_answer_for_what_is_not_being_sent_is_a_mistake(store: SqliteStore, do: Do, late: str) -> None:
    put(do)
    put(do, "other")
    put(do, "never begun")
    id_ = do(outbox.claim, "slack", 100).id  # type: ignore[attr-defined]
    do(outbox.delivered, id_, 101)
    other = do(outbox.claim, "slack", 100).id  # type: ignore[attr-defined]
    do(outbox.recover, 102)
    before = store.rows("SELECT * FROM outbox")
    for wrong in (id_, other, other + 1, 999):
        with pytest.raises(StoreError, match="was to go from sending"):
            if late == "delivered":
                do(outbox.delivered, wrong, 200)
            elif late == "put_off":
                do(outbox.put_off, wrong, 200, "late", unknown=True)
            else:
                do(outbox.give_up, wrong, 200, "late")
    assert store.rows("SELECT * FROM outbox") == before


def test_the_pace_of_a_channel_is_kept_by_the_store(store: SqliteStore, do: Do) -> None:
    for key in ("a", "b", "c"):
        put(do, key, ("slack", "email"))
    assert do(outbox.claim, "slack", 100.4, 1.0) is not None
    assert do(outbox.claim, "slack", 101.3, 1.0) is None
    assert outbox.next_due(store, "slack", 101.3) == 101.4
    assert outbox.next_due(store, "email", 101.3) == 100
    assert do(outbox.claim, "slack", 101.4, 1.0) is not None


def test_what_a_receiver_asked_for_is_longer_than_the_pace_and_not_shortened_by_it(
    store: SqliteStore, do: Do
) -> None:
    put(do)
    do(outbox.hold, "slack", 400.0, 100.0)
    do(outbox.hold, "slack", 101.0, 100.0)
    assert do(outbox.claim, "slack", 399.9) is None
    assert do(outbox.claim, "slack", 400.0) is not None


def test_a_clock_that_was_set_back_holds_nothing_for_years(store: SqliteStore, do: Do) -> None:
    year = 10**9
    put(do, now=year)
    do(outbox.hold, "slack", year + 1.0, float(year))
    assert do(outbox.claim, "slack", 500) is None
    do(outbox.recover, 500)
    assert do(outbox.claim, "slack", 500) is not None


def test_the_rest_of_a_story_waits_until_its_beginning_is_told_or_given_up(
    store: SqliteStore, do: Do
) -> None:
    for key, thread in (("fired", "fired"), ("resolved", "fired"), ("else", "else"), ("alone", None)):
        do(outbox.put, ("slack", "email"), key, "alert", {}, (), 100, thread=thread)
    first = do(outbox.claim, "slack", 100)
    assert [do(outbox.claim, "slack", 100).key for _ in range(2)] == ["else", "alone"]  # type: ignore[attr-defined]
    assert do(outbox.claim, "slack", 100) is None
    assert outbox.next_due(store, "slack", 100) is None, "a busy loop would wait for it"
    do(outbox.put_off, first.id, 160, "down", unknown=False)  # type: ignore[attr-defined]
    assert (do(outbox.claim, "slack", 159), outbox.next_due(store, "slack", 159)) == (None, 160)
    again = do(outbox.claim, "slack", 160)
    assert (again.key, again.first) == ("fired", None)  # type: ignore[attr-defined]
    do(outbox.delivered, again.id, 161, "C1 7.5")  # type: ignore[attr-defined]
    rest = do(outbox.claim, "slack", 161)
    assert (rest.key, rest.first) == ("resolved", "C1 7.5")  # type: ignore[attr-defined]
    # Sent again, the first message does not stand beneath itself.
    do(deliveries.resend, 161, "fired", "slack")
    assert do(outbox.claim, "slack", 161).first is None  # type: ignore[attr-defined]
    # Another channel has a first message of its own.
    email = do(outbox.claim, "email", 161)
    do(outbox.give_up, email.id, 162, "gone")  # type: ignore[attr-defined]
    rest = do(outbox.claim, "email", 162)
    assert (rest.key, rest.first) == ("resolved", None)  # type: ignore[attr-defined]


def test_who_has_a_message_is_remembered_until_all_have_it(store: SqliteStore, do: Do) -> None:
    put(do)
    row = do(outbox.claim, "slack", 100)
    assert row.taken == frozenset()  # type: ignore[attr-defined]
    do(outbox.put_off, row.id, 160, "one refused", unknown=False, taken={"b", "a"})  # type: ignore[attr-defined]
    row = do(outbox.claim, "slack", 160)
    assert row.taken == {"a", "b"}  # type: ignore[attr-defined]
    do(outbox.give_up, row.id, 170, "for good", taken=row.taken)  # type: ignore[attr-defined]
    assert do(deliveries.resend, 200) == [("k", "slack")]
    row = do(outbox.claim, "slack", 200)
    assert (row.taken, row.since, row.created_at) == ({"a", "b"}, 200, 100)  # type: ignore[attr-defined]
    do(outbox.delivered, row.id, 201)  # type: ignore[attr-defined]
    assert do(deliveries.resend, 300, "k") == [("k", "slack")]
    assert do(outbox.claim, "slack", 300).taken == frozenset()  # type: ignore[attr-defined]


def test_all_that_was_given_up_is_sent_again_or_what_is_named(store: SqliteStore, do: Do) -> None:
    for key in ("sent", "lost", "gone", "open"):
        put(do, key, ("slack", "email"))
    for channel in ("slack", "email"):
        do(outbox.delivered, do(outbox.claim, channel, 100).id, 101)  # type: ignore[attr-defined]
        for _ in range(2):
            do(outbox.give_up, do(outbox.claim, channel, 100).id, 101, "no")  # type: ignore[attr-defined]
    assert do(deliveries.resend, 200, None, "email") == [("lost", "email"), ("gone", "email")]
    assert do(deliveries.resend, 200) == [("lost", "slack"), ("gone", "slack")]
    assert do(deliveries.resend, 200) == []
    assert do(deliveries.resend, 200, "sent", "slack") == [("sent", "slack")]
    assert do(deliveries.resend, 200, "no such key") == []
    claimed = [do(outbox.claim, "slack", 200).key for _ in range(4)]  # type: ignore[attr-defined]
    assert claimed == ["sent", "lost", "gone", "open"]
    # What is being sent is not begun a second time beside it.
    assert do(deliveries.resend, 201, "open", "slack") == []


def test_nothing_is_due_where_nothing_waits(store: SqliteStore, do: Do) -> None:
    assert outbox.next_due(store, "slack", 100) is None
    put(do)
    assert outbox.next_due(store, "slack", 100) == 100
    # What another program is sending right now is not due: waiting for it would be a busy loop.
    do(outbox.claim, "slack", 100)
    assert outbox.next_due(store, "slack", 100) is None


def test_undelivered_are_those_that_wait_or_failed(store: SqliteStore, do: Do) -> None:
    for key in ("a", "b", "c"):
        put(do, key)
    do(outbox.delivered, do(outbox.claim, "slack", 100).id, 101)  # type: ignore[attr-defined]
    assert [row.key for row in deliveries.newest(store, undelivered=True)] == ["c", "b"]
    assert [row.key for row in deliveries.newest(store, limit=2)] == ["c", "b"]


def test_a_message_is_laid_out_with_its_transaction_or_not_at_all(store: SqliteStore) -> None:
    def half(db: Transaction) -> None:
        outbox.put(db, ["slack"], "k", "alert", {}, (), 1)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError), store.writing() as db:
        half(db)
    assert deliveries.newest(store) == []


def test_no_number_of_deaths_loses_a_message(store: SqliteStore, do: Do) -> None:
    put(do)
    for death in range(50):
        assert do(outbox.claim, "slack", 200 + death) is not None
        do(outbox.recover, 200 + death)
    assert state(store) == ("waiting", 50, 50)
