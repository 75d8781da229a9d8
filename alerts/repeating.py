"""What still fires, said again to receivers that forget, such as Alertmanager, which does when it restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

import structlog

from alerts.channels.base import OURS, Channel, Repeats, Undelivered
from alerts.message import Letter, Message
from storage import outbox
from storage.base import Rows
from storage.outbox import OutboxRow

log = structlog.get_logger(__name__)


class Repeating:
    """Keeps when each channel was told last; a restart tells it at once, which does no harm.

    `covered`: keys of what fires and is not to be told at a moment, because somebody silenced or put it off, or another
    alert covers it. The receiver then forgets it in its own time: to say that it is over would not be true.
    """

    def __init__(
        self,
        store: Rows,
        channels: Mapping[str, Channel],
        to_send: Callable[[OutboxRow], Message | Letter],
        clock: Callable[[], float],
        covered: Callable[[int], Collection[str]] = lambda now: (),
    ) -> None:
        self._store = store
        self._channels = channels
        self._to_send = to_send
        self._clock = clock
        self._covered = covered
        self._next: dict[str, float] = {}
        self._failing: set[str] = set()

    async def turn(self, name: str) -> float | None:
        """Say again what fires on a channel, if it is time to; return when the next time is, None for never.

        Called between two messages and never beside one: what was told to be over is not said again after that.
        """
        channel = self._channels[name]
        if not isinstance(channel, Repeats):
            return None
        now = self._clock()
        # A clock that was set back is no reason to be silent until it has caught up.
        if not now < self._next.get(name, 0.0) <= now + channel.repeat:
            self._next[name] = now + channel.repeat
            await self._say(name, channel)
        return self._next[name]

    async def _say(self, name: str, channel: Channel) -> None:
        rows = await asyncio.to_thread(outbox.still_firing, self._store, name)
        try:
            for row in rows:
                # Asked for each of them: from the moment on that somebody has silenced it nothing of it leaves.
                if row.key not in await asyncio.to_thread(self._covered, int(self._clock())):
                    await self._say_one(name, channel, row)
        except Undelivered as failure:
            if name not in self._failing:
                log.warning("channel is not told again what fires", channel=name, reason=str(failure))
            self._failing.add(name)
            return
        if rows and name in self._failing:
            self._failing.remove(name)
            log.info("channel is told again what fires", channel=name)

    async def _say_one(self, name: str, channel: Channel, row: OutboxRow) -> None:
        """Say one of them again, unless it cannot be made, which must hold up none of the others."""
        try:
            await channel.send(await asyncio.to_thread(self._to_send, row))
        except OURS as error:
            log.error("cannot be said again", channel=name, key=row.key, reason=type(error).__name__)
