"""What a channel is, and how it says that it could not deliver."""

from __future__ import annotations

from typing import Protocol

from alerts.message import Letter, Message


class Undelivered(Exception):
    """The channel did not take the message.

    `permanent`: trying again will not help (wrong address, revoked webhook). `retry_after` in seconds when the
    receiver said so. `unknown`: the request may have arrived and its answer was lost; it is sent again with the
    same key, and counted.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        unknown: bool = False,
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after
        self.unknown = unknown


class Channel(Protocol):
    """Delivers one message or letter, within this channel's limits. Returns when the receiver took it."""

    async def send(self, item: Message | Letter) -> None:
        """Raise Undelivered when the receiver did not take it; the reason holds no secret and no post's text."""
        ...
