"""A whole network on one core: what of Jetstream's messages concerns a thousand, or ten thousand, brands."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from ahocorasick_rs import AhoCorasick

from benchmarks import jetstream
from listener.collectors.bluesky.events import read_batch
from listener.hearing import Hearing, NetworkEar
from listener.matching.matcher import Matcher
from sentiment.text import fold
from storage.mention import Brand

PART = 250
"""Messages that the collector reads at a time."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of CPU for a message: what cannot be had for less, then ours with few and with many brands."""

    floor: float
    few: float
    many: float

    @property
    def to_floor(self) -> float:
        return self.few / self.floor

    @property
    def to_few(self) -> float:
        return self.many / self.few


class _Record(msgspec.Struct, gc=False):
    text: str = ""


class _Commit(msgspec.Struct, gc=False):
    operation: str
    collection: str
    rkey: str
    record: _Record | None = None


class _Message(msgspec.Struct, gc=False):
    did: str
    time_us: int
    commit: _Commit | None = None


def floor(brands: Sequence[Brand]) -> Callable[[Sequence[bytes]], None]:
    """Decode each message, fold the text of each post, and go over it once for all names: nothing less will do."""
    decode = msgspec.json.Decoder(_Message).decode
    find = AhoCorasick([fold(brand.name) for brand in brands]).find_matches_as_indexes

    def read(messages: Sequence[bytes]) -> None:
        for message in messages:
            commit = decode(message).commit
            if commit is not None and commit.record is not None and commit.collection == "app.bsky.feed.post":
                find(fold(commit.record.text), overlapping=True)

    return read


def ear_of(brands: Sequence[Brand]) -> NetworkEar:
    """The ear that the daemon would give to the collector."""
    return Hearing(brands, Matcher(brands)).ear("bluesky")


def ours(ear: NetworkEar) -> Callable[[Sequence[bytes]], None]:
    """What the collector does with messages, in the parts in which it does it."""

    def read(messages: Sequence[bytes]) -> None:
        for start in range(0, len(messages), PART):
            read_batch(messages[start : start + PART], ear)

    return read


def measure(
    count: int, repeats: int, *, posts_only: bool = False, few: int = 1_000, many: int = 10_000
) -> Cost:
    """Read the same messages in all three ways, in turns; the best turn of each counts."""
    brands = jetstream.brands(many)
    # All that is spoken of is among the few: whoever listens for many has the same hits.
    messages = jetstream.Messages(brands[:few], posts_only=posts_only).take(count)
    ways = (floor(brands[:few]), ours(ear_of(brands[:few])), ours(ear_of(brands)))
    best = [float("inf")] * len(ways)
    for _ in range(repeats):
        for number, way in enumerate(ways):
            gc.collect()
            began = time.process_time()
            way(messages)
            best[number] = min(best[number], (time.process_time() - began) / count * 1e6)
    return Cost(*best)


def growth(rounds: Sequence[int], *, few: int = 1_000, pool: int = 20_000) -> list[float]:
    """Return the process's memory in MB after so many messages each, read one stretch after the other."""
    brands = jetstream.brands(few)
    hearing = Hearing(brands, Matcher(brands))
    ear = hearing.ear("bluesky")
    messages = jetstream.Messages(brands).take(pool)
    sizes, done = [], 0
    for until in rounds:
        while done < until:
            for start in range(0, pool, PART):
                batch = read_batch(messages[start : start + PART], ear)
                # Posts that were kept are remembered, each time as if they were others.
                hearing.remember("bluesky", (f"{done} {number}" for number in range(len(batch.events))))
            done += pool
        gc.collect()
        sizes.append(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20)
    return sizes


def report(repeats: int, count: int = 30_000, most: int = 5_000_000) -> list[str]:
    """The lines that `make bench` prints."""
    lines = [f"a whole network: {count:,} messages of Jetstream's shape, 1 % hits, best of {repeats}:"]
    for name, posts_only in (("all kinds, as recorded", False), ("posts only", True)):
        cost = measure(count, repeats, posts_only=posts_only)
        lines.append(
            f"  {name}: {1e6 / cost.few:,.0f} a second for 1,000 brands ({cost.few:.2f} µs; "
            f"{cost.to_floor:.2f} times decoding, folding and one pass: {cost.floor:.2f} µs), "
            f"10,000 brands take {cost.to_few:.2f} times that"
        )
    early, late = growth((most // 5, most))
    lines.append(f"  memory: {early:.1f} MB after {most // 5:,} messages, {late:.1f} MB after {most:,}")
    return lines
