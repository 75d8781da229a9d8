"""The outbox against real receivers: every message arrives, none twice once its 200 was recorded."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import SecretStr
from servers import FaultServer, Reply, Seen

from alerts import dispatch
from alerts.blocks import payload
from alerts.channels.base import NOTHING, Past, Undelivered
from alerts.channels.webhook import Webhook
from alerts.dispatch import Dispatcher
from alerts.message import Letter, Message
from alerts.render import html_page, templates
from alerts.transport import Transport
from storage import deliveries, outbox
from storage.base import Transaction
from storage.deliveries import Delivery
from storage.outbox import OutboxRow
from storage.sqlite import SqliteStore

T = TypeVar("T")
START = 1_790_000_000


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Post:
    """An outbox with its receivers: `a` and `b` are webhooks on the same local server."""

    server: FaultServer
    store: SqliteStore
    clock: Clock
    dispatcher: Dispatcher

    def lay_out(self, key: str, *channels: str, together: str | None = None) -> None:
        with self.store.writing() as db:
            outbox.put(db, channels or ("a",), key, "alert", {}, [], int(self.clock()), together=together)

    def state(self, key: str, channel: str = "a") -> Delivery:
        (found,) = (d for d in deliveries.newest(self.store) if (d.key, d.channel) == (key, channel))
        return found

    def keys(self, path: str = "/a") -> list[str]:
        return [seen.headers["Idempotency-Key"] for seen in self.server.seen(path)]

    async def try_until(self, key: str, states: Sequence[str], tries: int = 40, channel: str = "a") -> None:
        """Let time pass to each next attempt until the message is in one of these states."""
        for _ in range(tries):
            await self.dispatcher.deliver_due(channel)
            found = self.state(key, channel)
            if found.state in states:
                return
            self.clock.now = max(self.clock.now, found.next_at)
        raise AssertionError(f"still {found}")


def _to_message(row: OutboxRow) -> Message:
    return Message(row.key, "test", "title", "summary", None, None, "2026-01-01T00:00:00Z")


@asynccontextmanager
async def opened(folder: Path, server: FaultServer, transport: Transport) -> AsyncIterator[Post]:
    store, clock = SqliteStore(folder / "listener.db"), Clock()

    async def write(work: Callable[[Transaction], T]) -> T:
        with store.writing() as db:
            return work(db)

    channels = {name: Webhook(SecretStr(server.url(f"/{name}")), None, transport) for name in ("a", "b")}
    yield Post(server, store, clock, Dispatcher(write, store, channels, _to_message, clock, random.Random(7)))
    store.close()


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[Post]:
    async with (
        FaultServer() as server,
        Transport() as transport,
        opened(tmp_path, server, transport) as post,
    ):
        yield post


async def test_what_is_laid_out_is_delivered_once_oldest_first(mail: Post) -> None:
    mail.server.script("/a", Reply(200))
    for key in ("one", "two", "three"):
        mail.lay_out(key)
    await mail.dispatcher.deliver_due("a")
    await mail.dispatcher.deliver_due("a")
    assert mail.keys() == ["one", "two", "three"]
    done = mail.state("two")
    assert (done.state, done.attempts, done.unknown, done.done_at) == ("delivered", 1, 0, START)


async def test_a_key_laid_out_again_is_not_sent_again(mail: Post) -> None:
    mail.server.script("/a", Reply(200))
    mail.lay_out("one")
    await mail.dispatcher.deliver_due("a")
    mail.lay_out("one")
    await mail.dispatcher.deliver_due("a")
    assert mail.keys() == ["one"]


async def test_each_channel_goes_its_own_way(mail: Post) -> None:
    gate = asyncio.Event()
    mail.server.script("/a", Reply(200, gate=gate))
    mail.server.script("/b", Reply(200))
    mail.lay_out("one", "a", "b")
    async with asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(mail.dispatcher.deliver_due("a"))
        await mail.server.got("/a")
        await mail.dispatcher.deliver_due("b")
        assert mail.state("one", "b").state == "delivered"
        assert mail.state("one", "a").state == "sending"
        assert not slow.done()
        gate.set()
    assert mail.state("one", "a").state == "delivered"


@pytest.mark.parametrize("bad", [Reply(500), Reply(503), Reply(429), Reply(408)])
async def test_a_passing_failure_is_tried_again_later_with_the_same_key(mail: Post, bad: Reply) -> None:
    mail.server.script("/a", bad, bad, Reply(200))
    mail.lay_out("one")
    await mail.dispatcher.deliver_due("a")
    await mail.dispatcher.deliver_due("a")
    waiting = mail.state("one")
    assert (waiting.state, waiting.attempts, waiting.unknown) == ("waiting", 1, 0)
    assert str(bad.status) in (waiting.error or "")
    assert waiting.next_at > START
    assert "a" in mail.dispatcher.failing
    await mail.try_until("one", ["delivered"])
    assert mail.keys() == ["one", "one", "one"]
    assert mail.state("one").unknown == 0
    assert mail.dispatcher.failing == {}


async def test_pauses_grow_and_are_capped(mail: Post) -> None:
    mail.server.script("/a", Reply(500))
    mail.lay_out("one")
    pauses = []
    for _ in range(12):
        await mail.dispatcher.deliver_due("a")
        due = mail.state("one").next_at
        pauses.append(due - mail.clock.now)
        mail.clock.now = due
    assert 3 < pauses[0] < 9
    assert all(later > earlier for earlier, later in zip(pauses[:6:2], pauses[2:8:2], strict=True))
    assert max(pauses) <= dispatch.LONGEST_PAUSE * 1.25 + 2


async def test_retry_after_is_honoured(mail: Post) -> None:
    mail.server.script("/a", Reply(429, headers={"Retry-After": "3600"}), Reply(200))
    mail.lay_out("one")
    await mail.dispatcher.deliver_due("a")
    assert 3600 <= mail.state("one").next_at - START <= 3602
    mail.clock.now = START + 3599
    await mail.dispatcher.deliver_due("a")
    assert len(mail.keys()) == 1
    mail.clock.now = START + 3602
    await mail.dispatcher.deliver_due("a")
    assert mail.state("one").state == "delivered"


async def test_retry_after_of_a_moment_does_not_shorten_our_own_pause(mail: Post) -> None:
    mail.server.script("/a", Reply(503, headers={"Retry-After": "0"}))
    mail.lay_out("one")
    await mail.dispatcher.deliver_due("a")
    assert mail.state("one").next_at >= START + 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 302])
async def test_what_will_not_change_is_kept_as_failed_shown_and_not_sent_again(
    mail: Post, status: int
) -> None:
    mail.server.script("/a", Reply(status), Reply(200))
    mail.lay_out("one")
    mail.lay_out("two")
    await mail.dispatcher.deliver_due("a")
    failed = mail.state("one")
    assert (failed.state, failed.attempts, failed.done_at) == ("failed", 1, START)
    assert str(status) in (failed.error or "")
    assert [d.key for d in deliveries.newest(mail.store, undelivered=True)] == ["one"]
    # One message that the receiver refuses holds up no other.
    assert mail.state("two").state == "delivered"
    mail.clock.now += 86_400
    await mail.dispatcher.deliver_due("a")
    assert mail.keys() == ["one", "two"]


@pytest.mark.parametrize("lost", [Reply(reset=True), Reply(body=b"x" * 100, cut=10)])
async def test_a_lost_answer_is_counted_as_unknown_and_sent_again_with_the_same_key(
    mail: Post, lost: Reply
) -> None:
    mail.server.script("/a", lost, Reply(200))
    mail.lay_out("one")
    await mail.try_until("one", ["delivered"])
    done = mail.state("one")
    assert (done.attempts, done.unknown) == (2, 1)
    assert mail.keys() == ["one", "one"]


async def test_what_came_of_each_attempt_is_counted(mail: Post) -> None:
    mail.server.script("/a", Reply(503), Reply(reset=True), Reply(200))
    mail.server.script("/b", Reply(410))
    mail.lay_out("one", "a", "b")
    await mail.try_until("one", ["delivered"])
    await mail.try_until("one", ["failed"], channel="b")
    assert mail.dispatcher.outcomes == {
        ("a", "tried_again"): 1,
        ("a", "unknown"): 1,
        ("a", "delivered"): 1,
        ("b", "given_up"): 1,
    }


async def test_an_answer_that_never_comes_is_unknown_too(mail: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.channels.posting.TIMEOUT", 0.2)
    mail.server.script("/a", Reply(hang=True), Reply(200))
    mail.lay_out("one")
    await mail.try_until("one", ["delivered"])
    assert (mail.state("one").attempts, mail.state("one").unknown) == (2, 1)


async def test_a_receiver_that_is_not_there_is_no_unknown_delivery(mail: Post) -> None:
    await mail.server.stop()
    mail.lay_out("one")
    await mail.dispatcher.deliver_due("a")
    waiting = mail.state("one")
    assert (waiting.state, waiting.unknown) == ("waiting", 0)
    assert "cannot be reached" in (waiting.error or "")


async def test_after_three_days_it_is_given_up_and_shown(mail: Post) -> None:
    mail.server.script("/a", Reply(500))
    mail.lay_out("one")
    await mail.try_until("one", ["failed"], tries=800)
    failed = mail.state("one")
    assert failed.done_at is not None
    assert 3 * 86_400 < failed.done_at - START < 3 * 86_400 + 1200
    assert "500" in (failed.error or "")
    asked = len(mail.keys())
    mail.clock.now += 86_400
    await mail.dispatcher.deliver_due("a")
    assert len(mail.keys()) == asked


async def test_what_was_being_sent_when_the_process_died_is_sent_again_and_counted(
    mail: Post, tmp_path: Path
) -> None:
    gate = asyncio.Event()
    mail.server.script("/a", Reply(200, gate=gate), Reply(200))
    mail.lay_out("one")
    sending = asyncio.create_task(mail.dispatcher.deliver_due("a"))
    await mail.server.got("/a")
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await mail.dispatcher.deliver_due("a")
    assert mail.keys() == ["one"], "nothing but a new start may send it again"
    with mail.store.writing() as db:
        assert outbox.recover(db, START) == 1
    await mail.dispatcher.deliver_due("a")
    done = mail.state("one")
    assert (done.state, done.attempts, done.unknown) == ("delivered", 2, 1)
    assert mail.keys() == ["one", "one"]


async def test_an_answer_is_recorded_although_the_program_is_told_to_end(mail: Post) -> None:
    mail.server.script("/a", Reply(200))
    mail.lay_out("one")
    writer = ThreadPoolExecutor(1)
    busy, queued = threading.Event(), asyncio.Event()
    pieces = 0

    def run(work: Callable[[Transaction], T]) -> T:
        with mail.store.writing() as db:
            return work(db)

    async def write(work: Callable[[Transaction], T]) -> T:
        nonlocal pieces
        pieces += 1
        if pieces == 2:
            writer.submit(busy.wait)  # a large page is being written
            queued.set()
        return await asyncio.get_running_loop().run_in_executor(writer, run, work)

    mail.dispatcher._write = write
    sending = asyncio.create_task(mail.dispatcher.deliver_due("a"))
    await queued.wait()
    await asyncio.sleep(0)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    busy.set()
    await asyncio.to_thread(writer.shutdown)
    assert mail.keys() == ["one"]
    assert mail.state("one").state == "delivered"


async def test_what_was_recorded_as_delivered_is_not_sent_after_a_new_start(mail: Post) -> None:
    mail.server.script("/a", Reply(200))
    mail.lay_out("one")
    await mail.dispatcher.deliver_due("a")
    with mail.store.writing() as db:
        assert outbox.recover(db, START) == 0
    mail.clock.now += 86_400
    await mail.dispatcher.deliver_due("a")
    assert mail.keys() == ["one"]


async def test_the_running_dispatcher_sends_what_is_there_what_is_laid_out_and_what_comes_due(
    mail: Post,
) -> None:
    def answer(seen: Seen) -> Reply:
        # Time passes while the receiver is busy, so that the retry is due as soon as it is written down.
        mail.clock.now += 100
        return Reply(200 if len(mail.server.seen("/a")) != 2 else 500)

    mail.server.script("/a", answer)
    mail.lay_out("there")
    running = asyncio.create_task(mail.dispatcher.run("a"))
    try:
        await mail.server.got("/a", 1)
        mail.lay_out("laid out")
        mail.dispatcher.wake_all()
        await mail.server.got("/a", 2)
        async with asyncio.timeout(5):
            while mail.state("laid out").state != "waiting":
                await asyncio.sleep(0.01)
        mail.clock.now += 100
        mail.dispatcher.wake_all()
        await mail.server.got("/a", 3)
        assert mail.keys() == ["there", "laid out", "laid out"]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_running_dispatcher_wakes_by_itself_when_something_comes_due(mail: Post) -> None:
    mail.server.script("/a", Reply(200))
    with mail.store.writing() as db:
        outbox.put(db, ["a"], "later", "alert", {}, [], START + 1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    mail.dispatcher._clock = lambda: START + (loop.time() - began)
    running = asyncio.create_task(mail.dispatcher.run("a"))
    try:
        await mail.server.got("/a", 1)
        assert loop.time() - began >= 0.9
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_faults_in_any_order_lose_nothing_and_double_nothing_that_was_recorded(mail: Post) -> None:
    rng = random.Random(3)
    faults = [
        Reply(500),
        Reply(429),
        Reply(reset=True),
        Reply(200),
        Reply(200),
        Reply(body=b"x" * 99, cut=3),
    ]
    good: list[str] = []

    def answer(seen: Seen) -> Reply:
        reply = rng.choice(faults)
        if reply.status == 200 and not reply.reset and reply.cut is None:
            good.append(seen.headers["Idempotency-Key"])
        return reply

    mail.server.script("/a", answer)
    keys = [f"k{number}" for number in range(25)]
    for key in keys:
        mail.lay_out(key)
    for key in keys:
        await mail.try_until(key, ["delivered"], tries=200)
    assert sorted(good) == sorted(keys)
    repeated = len(mail.keys()) - len(keys)
    attempts = sum(mail.state(key).attempts for key in keys)
    assert attempts == len(keys) + repeated
    lost = sum(mail.state(key).unknown for key in keys)
    assert 0 < lost <= repeated


def test_pauses_differ_so_that_channels_do_not_march_in_step() -> None:
    rng = random.Random(1)
    assert len({round(dispatch.pause(1, rng), 6) for _ in range(20)}) == 20
    assert dispatch.pause(10_000, rng) <= dispatch.LONGEST_PAUSE * 1.25


class Scripted:
    """A channel that does as it is told, and writes down what it was given."""

    def __init__(self, *outcomes: str | Undelivered | None, pace: float = 0.0) -> None:
        self.pace = pace
        self.given: list[tuple[str, Past]] = []
        self._outcomes = list(outcomes)

    async def send(self, item: Message | Letter, past: Past = NOTHING) -> str | None:
        self.given.append((item.key, past))
        outcome = self._outcomes.pop(0) if self._outcomes else None
        if isinstance(outcome, Undelivered):
            raise outcome
        return outcome


async def test_a_receiver_that_asks_to_wait_is_left_alone_by_every_message(mail: Post) -> None:
    mail.server.script("/a", Reply(429, headers={"Retry-After": "600"}), Reply(200))
    mail.server.script("/b", Reply(200))
    for key in ("one", "two", "three"):
        mail.lay_out(key, "a", "b")
    await mail.dispatcher.deliver_due("a")
    await mail.dispatcher.deliver_due("b")
    mail.clock.now += 599
    await mail.dispatcher.deliver_due("a")
    assert (mail.keys(), mail.keys("/b")) == (["one"], ["one", "two", "three"])
    mail.clock.now += 2
    await mail.dispatcher.deliver_due("a")
    assert sorted(mail.keys()) == ["one", "one", "three", "two"]


async def test_a_pause_of_our_own_holds_up_no_other_message(mail: Post) -> None:
    mail.server.script("/a", Reply(500), Reply(200))
    for key in ("one", "two"):
        mail.lay_out(key)
    await mail.dispatcher.deliver_due("a")
    assert mail.keys() == ["one", "two"]


async def test_the_pace_of_a_channel_is_kept_over_a_restart(
    mail: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        mail.clock.now += seconds

    monkeypatch.setattr(dispatch.asyncio, "sleep", sleep)
    channel = mail.dispatcher._channels["a"] = Scripted(pace=1.0)  # type: ignore[index]
    for key in ("one", "two", "three"):
        mail.lay_out(key)
    await mail.dispatcher.deliver_due("a")
    assert [key for key, _ in channel.given] == ["one", "two", "three"]
    assert sum(slept) == pytest.approx(2.0)
    # A dispatcher that begins anew reads the store, as this one does.
    mail.lay_out("four")
    await mail.dispatcher.deliver_due("a")
    assert sum(slept) == pytest.approx(3.0)


async def test_who_has_it_is_not_sent_it_again_and_the_rest_is_told_beneath(mail: Post) -> None:
    some = Undelivered("number 2 is full", taken={"ada"})
    more = Undelivered("number 3 is full", taken={"bob"})
    channel = mail.dispatcher._channels["a"] = Scripted(some, more, "C1 7.5", None)  # type: ignore[index]
    with mail.store.writing() as db:
        outbox.put(db, ["a"], "one", "alert", {}, [], START, thread="one")
        outbox.put(db, ["a"], "over", "alert", {}, [], START, thread="one")
    await mail.try_until("one", ["delivered"])
    assert mail.state("over").state == "delivered"
    assert channel.given == [
        ("one", Past()),
        ("one", Past(taken=frozenset({"ada"}))),
        ("one", Past(taken=frozenset({"ada", "bob"}))),
        ("over", Past(first="C1 7.5")),
    ]


async def test_what_was_given_up_is_sent_again_when_somebody_asks_and_has_its_three_days_anew(
    mail: Post,
) -> None:
    mail.server.script("/a", Reply(404), Reply(500), Reply(200))
    mail.lay_out("one")
    await mail.dispatcher.deliver_due("a")
    mail.clock.now += 10 * 86_400
    with mail.store.writing() as db:
        assert deliveries.resend(db, int(mail.clock.now)) == [("one", "a")]
    await mail.dispatcher.deliver_due("a")
    assert mail.state("one").state == "waiting"
    await mail.try_until("one", ["delivered"])
    assert mail.keys() == ["one"] * 3


async def test_a_message_that_cannot_be_made_is_kept_and_holds_up_no_other(mail: Post) -> None:
    mail.server.script("/a", Reply(200))

    def made(row: OutboxRow) -> Message:
        if row.key == "old":
            raise KeyError("words of a post")
        return _to_message(row)

    mail.dispatcher._to_send = made
    for key in ("old", "new"):
        mail.lay_out(key)
    await mail.dispatcher.deliver_due("a")
    assert mail.keys() == ["new"]
    failed = mail.state("old")
    assert failed.state == "failed"
    assert "KeyError in alerts/test_dispatch.py:" in (failed.error or "")
    assert "words of a post" not in (failed.error or "")


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        # A template that is given nothing to put in.
        (lambda: html_page("message.html"), "UndefinedError in templates/message.html:"),
        (lambda: templates().from_string("{{ 1 / 0 }}").render(), "ZeroDivisionError in <template>:1"),
        (lambda: EmailMessage(policy=SMTP).__setitem__("Subject", "a\nb"), "ValueError in email/"),
        (lambda: payload("", [{"type": "header", "text": "x" * 151}]), "SlackObjectFormationError in "),
    ],
)
async def test_wherever_a_message_cannot_be_made_its_place_is_told(
    mail: Post, mistake: Callable[[], object], told: str
) -> None:
    mail.server.script("/a", Reply(200))

    def made(row: OutboxRow) -> Message:
        if row.key == "bad":
            mistake()
        return _to_message(row)

    mail.dispatcher._to_send = made
    for key in ("bad", "good"):
        mail.lay_out(key)
    await mail.dispatcher.deliver_due("a")
    assert (mail.keys(), mail.state("bad").state) == (["good"], "failed")
    assert told in (mail.state("bad").error or "")


async def test_of_several_that_cannot_be_one_message_each_goes_by_itself(mail: Post) -> None:
    mail.server.script("/a", Reply(200))

    def made(row: OutboxRow) -> Message:
        if "bad" in (row.key, *(one.key for one in row.rest)):
            raise KeyError("words of a post")
        return _to_message(row)

    mail.dispatcher._to_send = made
    for key in ("one", "bad", "two"):
        mail.lay_out(key, together="g")
    await mail.dispatcher.deliver_due("a")
    assert mail.keys() == ["one", "two"]
    assert [mail.state(key).state for key in ("one", "bad", "two")] == ["delivered", "failed", "delivered"]
    assert [mail.state(key).unknown for key in ("one", "bad", "two")] == [0, 0, 0]
