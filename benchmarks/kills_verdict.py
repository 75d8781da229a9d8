"""What the store and the receivers say after the kills: was an alert lost, told uncounted, or told in a silence?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.wayward import Message, Wayward

LAID_OUT = """SELECT e.rule, o.key, o.channel, o.state, o.attempts, o.unknown, o.withheld, coalesce(o.batch, o.key)
    FROM outbox o JOIN alert_events e ON e.key = o.key"""


@dataclass(frozen=True)
class Laid:
    """An alert on a channel as the store has it in the end. `sent_as`: its key, or that of several sent as one."""

    rule: str
    key: str
    channel: str
    state: str
    attempts: int
    unknown: int
    withheld: str | None
    sent_as: str

    @property
    def message(self) -> Message:
        """What a receiver knows it by."""
        return self.sent_as, self.channel


@dataclass(frozen=True)
class Silence:
    """A silence that was on: from when till when by the monotonic clock, and what the receivers may have had before."""

    rules: frozenset[str]
    began: float
    ended: float
    tried: frozenset[Message]


@dataclass(frozen=True)
class After:
    """All that there is to judge by.

    `due`: rules that fired, each once on each of `channels`. `throughout`: those of them that stayed silenced.
    `recorded`: how often each message had been taken when its delivery was first found recorded.
    """

    laid: Sequence[Laid]
    due: Collection[str]
    channels: Collection[str]
    throughout: Collection[str]
    silences: Sequence[Silence]
    recorded: Mapping[Message, int]
    world: Wayward

    @property
    def told(self) -> list[Laid]:
        """What is to be told in the end."""
        return [one for one in self.laid if one.rule not in self.throughout]

    @property
    def unknown(self) -> dict[Message, int]:
        """Answers that nobody can know, by message."""
        return {one.message: one.unknown for one in self.told}

    @property
    def groups(self) -> dict[Message, int]:
        """Messages that told of several alerts, and of how many."""
        sizes = Counter(one.message for one in self.told)
        return {message: size for message, size in sizes.items() if size > 1}

    def faults(self) -> Iterator[str]:
        """What must not be, a line each."""
        pairs = [(one.rule, one.channel) for one in self.laid]
        if sorted(pairs) != sorted((rule, channel) for rule in self.due for channel in self.channels):
            yield f"{len(self.due)} rules fired and should be laid out on each channel once, {len(pairs)} rows are"
        if lost := [one for one in self.told if one.state != "delivered"]:
            yield f"{len(lost)} alerts were not delivered in the end"
        taken, unknown = self.world.taken, self.unknown
        if missing := set(unknown) - set(taken):
            yield f"{len(missing)} messages never arrived"
        if strange := set(taken) - set(unknown):
            yield f"{len(strange)} messages arrived that were not laid out, or were never to be told"
        if any(one.unknown != unknown[one.message] for one in self.told):
            yield "of alerts that were sent as one some count unknown answers that others do not"
        if uncounted := [one for one, times in taken.items() if times - 1 > unknown.get(one, 0)]:
            yield f"{len(uncounted)} messages were told again without being counted"
        if again := [one for one, times in self.recorded.items() if taken[one] != times]:
            yield f"{len(again)} messages were told again although their delivery was recorded"
        yield from self._silence_faults()

    def _silence_faults(self) -> Iterator[str]:
        hidden = [one for one in self.laid if one.rule in self.throughout]
        if spoken := [one for one in hidden if one.attempts or one.withheld is None]:
            yield f"{len(spoken)} alerts that were silenced throughout were tried, or are not withheld"
        begun_in_silence = [
            one
            for silence in self.silences
            for one in self.told
            if one.rule in silence.rules
            and silence.began <= self.world.first.get(one.message, 0.0) <= silence.ended
            and (one.key, one.channel) not in silence.tried
        ]
        if begun_in_silence:
            yield f"{len(begun_in_silence)} alerts were first told while they were silenced"
