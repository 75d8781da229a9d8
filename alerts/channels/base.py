"""What a channel is, and how it says that it could not deliver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from email.errors import MessageError
from typing import Protocol, runtime_checkable

from alerts.message import Letter, Message


class Undelivered(Exception):
    """The channel did not take the message, or not for everybody.

    `permanent`: trying again will not help (wrong address, revoked webhook). `retry_after` in seconds when the
    receiver said so: until then nothing is sent to it. `unknown`: the request may have arrived and its answer was
    lost; it is sent again with the same key, and counted. `taken`: recipients that have it all the same, by marks
    that the channel knows again; they are not sent it again.
    """

    def __init__(
        self,
        reason: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        unknown: bool = False,
        taken: Iterable[str] = (),
    ) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after
        self.unknown = unknown
        self.taken = frozenset(taken)


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier attempts and messages left.

    `taken`: the marks of the recipients that have this message. `first`: what the receiver called the first message
    of its thread, as `send` returned it; None where there is none, or this is the first.
    """

    taken: frozenset[str] = frozenset()
    first: str | None = None


NOTHING = Past()


class Channel(Protocol):
    """Delivers one message or letter, within the receiver's limits of size.

    `pace`: the fewest seconds from the beginning of one message to that of the next, 0 where the receiver names no
    limit. The dispatcher keeps it, over a restart as well.
    """

    pace: float

    async def send(self, item: Message | Letter, past: Past = NOTHING) -> str | None:
        """Return when the receiver took it: what the receiver calls it, where it says so.

        Raise Undelivered when it did not; the reason holds no secret and no post's text.
        """
        ...


@runtime_checkable
class Repeats(Protocol):
    """A channel whose receiver forgets: what still fires is said again each `repeat` seconds.

    Outside of the outbox: the receiver knows the alert again, so that saying it twice is saying it once.
    """

    repeat: float


@runtime_checkable
class Looks(Protocol):
    """A channel that can tell without sending anything whether its receiver is there."""

    async def reachable(self) -> str:
        """Return what was found, in a few words; raise Undelivered where the receiver is not there."""
        ...


# One message that cannot be made must not end the daemon, at every start again, and with it all the others.
OURS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MessageError,
    RecursionError,
    TypeError,
    ValueError,
)
