"""What a collector is, what it may ask about whom we listen for, and the two ways in which it may fail."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from listener.collectors.post import Event, Page
from storage.mention import Cursor, SetAside, Source

Grade = Literal["gold", "silver", "bronze"]
"""How well a collector is known to work: gold was tested against a real server or recorded answers, silver is
written from a published specification or official samples, bronze from documentation only."""


class Collector(Protocol):
    """Reads one source. `poll` is the pause between two readings in seconds.

    Where `streams` is true, `pages` does not end by itself: it yields what comes as long as the connection holds,
    and raises Retriable when it breaks.
    """

    @property
    def source(self) -> Source: ...

    @property
    def poll(self) -> int: ...

    @property
    def streams(self) -> bool: ...

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what the source said since `cursor` (None on the first poll), up to `now`, oldest first.

        The caller commits each page with its cursor before it asks for the next one, so dying between two
        pages loses nothing; it closes the generator when it stops before the end. Raises Retriable or Permanent;
        anything else is a bug and ends the daemon.
        """
        ...


@dataclass(frozen=True, slots=True)
class Visited:
    """What a look at kept posts brought: readings, edits, deletions.

    `unseen`: native ids that were asked for and not answered; they are asked for again at the next poll.
    """

    events: Sequence[Event] = ()
    aside: Sequence[SetAside] = ()
    unseen: Sequence[str] = ()

    @classmethod
    def together(cls, looks: Sequence[Visited]) -> Visited:
        """What several looks brought, as one."""
        return cls(
            [event for look in looks for event in look.events],
            [broken for look in looks for broken in look.aside],
            [native_id for look in looks for native_id in look.unseen],
        )


@runtime_checkable
class Visitor(Protocol):
    """A collector that can look at kept posts again; `source.visits` says when each of them is due.

    `at_once`: how many native ids one call of `visit` takes; `most_calls`: how many calls one poll may make.
    """

    @property
    def at_once(self) -> int: ...

    @property
    def most_calls(self) -> int: ...

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts: counters as readings, other words as edits, what is gone as deletions.

        Only what the service says is gone may be a deletion: its silence never is. Raises Retriable or Permanent.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sought:
    """What one brand is looked for by on a network that must be asked for each brand by itself.

    `words`: of which at least one stands in every post that its query can be true of, as in `Ear.searches`; empty where
    there are none. `handle`: its own account there, without the @.
    """

    brand: str
    words: tuple[str, ...] = ()
    handle: str | None = None


class Purse(Protocol):
    """The money of a source whose requests cost some: no request without a reservation. Millionths of a dollar.

    `at` is always the time that the server told last (seconds since 1970): its days are the days of the bill.
    """

    async def reserve(self, price: int, budget: int, at: int) -> int | None:
        """Set aside the most that the next request can cost; None where the day's budget has no room for it.

        It is written down for good before this returns. One request after the other: the next reservation takes
        the one before, if it was not settled, for spent.
        """
        ...

    async def settle(self, reservation: int, price: int, at: int) -> None:
        """Write down what the request has cost in truth, and the time of its answer."""
        ...

    async def left(self, budget: int, at: int) -> int:
        """What the budget has left."""
        ...


class Ear(Protocol):
    """What a collector of one network may ask about whom we listen for; never for what.

    `handles` are the brands' own accounts on this network, without the @, as configured.
    """

    @property
    def handles(self) -> Sequence[str]: ...

    @property
    def searches(self) -> Sequence[str]:
        """Words and phrases of which at least one stands in every post that a query can be true of.

        For a search service, to read back in time. Empty where some query has no such words (fields alone).
        """
        ...

    @property
    def sought(self) -> Sequence[Sought]:
        """The same for each brand by itself."""
        ...

    @property
    def purse(self) -> Purse | None:
        """The network's money; None where nobody writes down what is spent: then nothing may be."""
        ...

    def know(self, author_ids: Collection[str]) -> None:
        """Remember what the network calls the brands' own accounts; `wanted` lets their posts through from now on."""
        ...

    def wanted(self, text: str, author_id: str | None = None, parent_id: str | None = None) -> bool:
        """Say whether a post may concern us: its text may match, a brand wrote it, or it answers a kept post.

        Fast enough for each post of a whole network; True for more than what is kept in the end.
        """
        ...

    def kept(self, native_id: str) -> bool:
        """Say whether this post of the network is kept, so that its edits, deletion and counters matter."""
        ...


class Retriable(Exception):
    """The source does not answer now. `retry_after` in seconds, when the source said so.

    `partly`: some of it answers, so that it is asked again at its usual pace instead of ever more slowly.
    """

    def __init__(self, reason: str, retry_after: float | None = None, *, partly: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.partly = partly


class Permanent(Exception):
    """The source will not answer like this: wrong address, refused, not a feed. It is asked again slowly.

    `status` is the HTTP status that said so, where one did, and `answer` the beginning of what came with it: some
    services tell only there what they mean. It may say anything: never show it.
    """

    def __init__(self, reason: str, status: int | None = None, answer: bytes = b"") -> None:
        super().__init__(reason)
        self.status = status
        self.answer = answer
