"""The outbox on its way out: each channel alone, tried again until the receiver has it, everything written down."""

from __future__ import annotations

import asyncio
import random
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from pathlib import PurePath
from typing import Literal, Protocol, TypeVar

import structlog

from alerts.channels.base import OURS, Channel, Past, Undelivered
from alerts.message import Letter, Message
from alerts.repeating import Repeating
from storage import outbox
from storage.base import Rows, Transaction
from storage.outbox import OutboxRow

log = structlog.get_logger(__name__)

FIRST_PAUSE = 5.0
LONGEST_PAUSE = 900.0
GIVE_UP_AFTER = 3 * 86400
"""Seconds for which a message is tried; then it is kept as failed, shown, and not sent any more."""

Outcome = Literal["delivered", "tried_again", "unknown", "given_up"]
"""What came of sending: `unknown` is tried again too, but the receiver may have it."""

T = TypeVar("T")


class Writer(Protocol):
    """Runs a function in a writing transaction on the writer thread."""

    def __call__(self, work: Callable[[Transaction], T], /) -> Awaitable[T]: ...


def pause(attempts: int, rng: random.Random) -> float:
    """Seconds to wait after that many attempts: doubling, with jitter, so that channels do not march in step."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempts - 1, 20)) * rng.uniform(0.75, 1.25)


def _cause(error: Exception) -> str:
    """Name a mistake of ours and its place. Its own words are left out: they may quote a post."""
    error = root if isinstance(root := error.__cause__, Exception) else error
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    frame = (ours or frames)[-1]
    place = f"{'/'.join(PurePath(frame.filename).parts[-2:])}:{frame.lineno}"
    return f"it cannot be put into words, a mistake of Listener's: {type(error).__name__} in {place}"


class Dispatcher:
    """Sends what is in the outbox. One `deliver_due` a channel at a time.

    `covered`: keys of what fires and is not to be told at a moment; the outbox is laid out without it already.
    """

    def __init__(
        self,
        write: Writer,
        store: Rows,
        channels: Mapping[str, Channel],
        to_send: Callable[[OutboxRow], Message | Letter],
        clock: Callable[[], float],
        rng: random.Random | None = None,
        covered: Callable[[int], Collection[str]] = lambda now: (),
    ) -> None:
        self._write = write
        self._store = store
        self._channels = channels
        self._to_send = to_send
        self._clock = clock
        self._rng = rng or random.Random()
        self._repeating = Repeating(store, channels, to_send, clock, covered)
        self._failing: dict[str, str] = {}
        # Of this run, by (channel, outcome), a message sent with others counting by itself.
        self.outcomes: Counter[tuple[str, Outcome]] = Counter()
        self.wake = {name: asyncio.Event() for name in channels}
        self._under_way = {name: asyncio.Lock() for name in channels}

    @property
    def failing(self) -> dict[str, str]:
        """Channels whose last attempt failed, with the reason."""
        return dict(self._failing)

    async def run(self, channel: str) -> None:
        """Deliver on a channel for ever: what is due now, then whatever is laid out or comes due."""
        wake = self.wake[channel]
        while True:
            wake.clear()
            await self.deliver_due(channel)
            times = (await self._repeating.turn(channel), await self._next_due(channel))
            due = min((time for time in times if time is not None), default=None)
            timeout = None if due is None else max(0.05, due - self._clock())
            try:
                async with asyncio.timeout(timeout):
                    await wake.wait()
            except TimeoutError:
                continue

    def wake_all(self) -> None:
        """Something was laid out."""
        for event in self.wake.values():
            event.set()

    async def deliver_due(self, channel: str) -> None:
        """Send what is due on a channel, one after the other, oldest first, at the channel's pace."""
        pace = self._channels[channel].pace
        while True:
            async with self._under_way[channel]:
                row = await self._write(lambda db: outbox.claim(db, channel, self._clock(), pace))
                if row is not None:
                    await self._deliver(row)
                    continue
            due = await self._next_due(channel)
            if due is None or (wait := due - self._clock()) > pace:
                return
            await asyncio.sleep(wait)

    async def rest(self, patience: float) -> None:
        """Begin no message any more; return once those under way are answered, or after `patience` seconds.

        What is cut off in the middle may have arrived, and would be told twice.
        """
        try:
            async with asyncio.timeout(patience):
                for lock in self._under_way.values():
                    await lock.acquire()
        except TimeoutError:
            log.warning("a message is still under way; it is sent again under the same key")

    async def _next_due(self, channel: str) -> float | None:
        return await asyncio.to_thread(outbox.next_due, self._store, channel, self._clock())

    async def _deliver(self, row: OutboxRow) -> None:
        begun = False
        try:
            item = await asyncio.to_thread(self._to_send, row)
            begun = True
            receipt = await self._channels[row.channel].send(item, Past(row.taken, row.first))
        except Undelivered as failure:
            await self._record_failure(row, failure)
            return
        except OURS as error:
            await self._record_mistake(row, _cause(error), unknown=begun)
            return
        now = int(self._clock())
        await self._record(lambda db: outbox.delivered(db, row.id, now, receipt))
        self._count(row, "delivered")
        log.info("delivered", channel=row.channel, key=row.batch or row.key, attempts=row.attempts)
        if self._failing.pop(row.channel, None):
            log.info("channel works again", channel=row.channel)

    async def _record_mistake(self, row: OutboxRow, reason: str, *, unknown: bool) -> None:
        """Of several that were to be one message each goes by itself then: the others are not to blame."""
        if not row.rest:
            await self._record_failure(row, Undelivered(reason, permanent=True))
            return
        await self._record(lambda db: outbox.apart(db, row.id, reason, unknown=unknown))
        log.warning("sent one by one", channel=row.channel, key=row.batch, reason=reason)

    async def _record_failure(self, row: OutboxRow, failure: Undelivered) -> None:
        now, reason, taken = self._clock(), str(failure), row.taken | failure.taken
        if row.channel not in self._failing:
            log.warning("channel fails", channel=row.channel, reason=reason, permanent=failure.permanent)
        else:
            log.debug("channel still fails", channel=row.channel, reason=reason, attempts=row.attempts)
        self._failing[row.channel] = reason
        if failure.permanent or now - row.since > GIVE_UP_AFTER:
            await self._record(lambda db: outbox.give_up(db, row.id, int(now), reason, taken=taken))
            self._count(row, "given_up")
            log.error("not delivered", channel=row.channel, key=row.batch or row.key, reason=reason)
            return
        asked = failure.retry_after or 0.0
        next_at = int(now + max(asked, pause(row.attempts, self._rng))) + 1

        def put_off(db: Transaction) -> None:
            outbox.put_off(db, row.id, next_at, reason, unknown=failure.unknown, taken=taken)
            if asked:
                # The receiver has had enough of us, not of this message: the others wait as well.
                outbox.hold(db, row.channel, now + asked, now)

        await self._record(put_off)
        self._count(row, "unknown" if failure.unknown else "tried_again")

    def _count(self, row: OutboxRow, outcome: Outcome) -> None:
        self.outcomes[row.channel, outcome] += 1 + len(row.rest)

    async def _record(self, outcome: Callable[[Transaction], None]) -> None:
        # Shielded: a daemon that is told to end would else take back what still waits for the writer thread, and send
        # a message again whose answer it has.
        await asyncio.shield(self._write(outcome))
