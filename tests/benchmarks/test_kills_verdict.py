"""The verdict over the kills finds each thing that must not be, and nothing where all is well."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.kills_verdict import After, Laid, Silence
from benchmarks.wayward import Wayward

ALONE = Laid("r1", "k1", "slack", "delivered", 2, 1, None, "k1")
FIRST = Laid("r2", "k2", "slack", "delivered", 1, 0, None, "b")
SECOND = Laid("r4", "k4", "slack", "delivered", 1, 0, None, "b")
HIDDEN = Laid("r3", "k3", "slack", "waiting", 0, 0, "a silence", "k3")
WORLD = Wayward(
    random.Random(1),
    taken=Counter({("k1", "slack"): 2, ("b", "slack"): 1}),
    first={("k1", "slack"): 10.0, ("b", "slack"): 20.0},
)
GOOD = After(
    [ALONE, FIRST, HIDDEN, SECOND],
    ["r1", "r2", "r3", "r4"],
    ["slack"],
    ["r3"],
    [Silence(frozenset({"r2"}), 5, 15, frozenset())],
    {("k1", "slack"): 2},
    WORLD,
)


def taken(**times: int) -> Wayward:
    return replace(WORLD, taken=Counter({(key, "slack"): count for key, count in times.items()}))


def test_all_is_well() -> None:
    assert list(GOOD.faults()) == []
    assert GOOD.groups == {("b", "slack"): 2}
    assert GOOD.unknown == {("k1", "slack"): 1, ("b", "slack"): 0}


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (replace(GOOD, laid=[ALONE, FIRST, HIDDEN]), "laid out on each channel once"),
        (replace(GOOD, laid=[ALONE, FIRST, HIDDEN, SECOND, SECOND]), "laid out on each channel once"),
        (replace(GOOD, laid=[replace(ALONE, state="failed"), FIRST, HIDDEN, SECOND]), "were not delivered"),
        (replace(GOOD, world=taken(k1=2)), "never arrived"),
        (replace(GOOD, world=taken(k1=2, b=1, k2=1)), "were not laid out"),
        (replace(GOOD, world=taken(k1=2, b=1, k3=1)), "never to be told"),
        (replace(GOOD, laid=[ALONE, replace(FIRST, unknown=1), HIDDEN, SECOND]), "sent as one"),
        (replace(GOOD, world=taken(k1=2, b=2)), "without being counted"),
        (replace(GOOD, recorded={("k1", "slack"): 1}), "although their delivery was recorded"),
        (replace(GOOD, laid=[ALONE, FIRST, replace(HIDDEN, attempts=1), SECOND]), "silenced throughout"),
        (replace(GOOD, laid=[ALONE, FIRST, replace(HIDDEN, withheld=None), SECOND]), "silenced throughout"),
        (
            replace(GOOD, silences=[Silence(frozenset({"r4"}), 15, 25, frozenset())]),
            "first told while they were silenced",
        ),
    ],
)
def test_each_fault_is_told(after: After, said: str) -> None:
    assert [fault for fault in after.faults() if said in fault], list(after.faults())


def test_what_the_receiver_may_have_had_before_a_silence_is_no_fault() -> None:
    silence = Silence(frozenset({"r4"}), 15, 25, frozenset({("k4", "slack")}))
    assert list(replace(GOOD, silences=[silence]).faults()) == []
