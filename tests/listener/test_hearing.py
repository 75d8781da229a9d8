"""The ears: what a collector is told about a post of its network, and how little it takes to know what is kept."""

from __future__ import annotations

import random
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from listener.collectors.base import Ear
from listener.hearing import Hearing, KeptIds
from listener.matching.matcher import Matcher
from storage.mention import Brand

BRANDS = [
    Brand(
        "Acme",
        query="acme kettle NOT coyote",
        handles={"bluesky": "@acme.example", "mastodon": "acme@m.example"},
    ),
    Brand("Globex", query="globex", handles={"bluesky": "globex.example", "hackernews": ""}),
    Brand("Globex UK", query="`GLOBEX`", handles={"bluesky": "globex.example"}),
]


def hearing(brands: list[Brand] = BRANDS) -> Hearing:
    return Hearing(brands, Matcher(brands))


def test_an_ear_knows_the_accounts_and_words_of_its_network() -> None:
    ear: Ear = hearing().ear("bluesky")
    assert ear.handles == ("acme.example", "globex.example")
    assert ear.searches == ("kettle", "globex", "GLOBEX", "@acme.example", "@globex.example")
    assert hearing().ear("hackernews").handles == ()


def test_an_ear_wants_what_may_match_what_a_brand_wrote_and_answers_to_what_is_kept() -> None:
    everybody = hearing()
    ear = everybody.ear("bluesky")
    assert ear.wanted("A Kettle by Acme")
    assert ear.wanted("hi @acme.example")
    assert not ear.wanted("nothing of ours", "did:1", "p1")
    ear.know(["did:1"])
    assert ear.wanted("nothing of ours", "did:1")
    assert not ear.wanted("nothing of ours", "did:2")
    everybody.remember("bluesky", ["p1"])
    assert ear.wanted("nothing of ours", "did:2", "p1")
    assert not ear.wanted("nothing of ours", "did:2", "p2")
    assert not everybody.ear("mastodon").wanted("nothing of ours", "did:1", "p1")


def test_an_ear_knows_what_is_kept_until_it_is_forgotten() -> None:
    everybody = hearing()
    ear = everybody.ear("bluesky")
    assert everybody.ear("bluesky") is ear
    assert not ear.kept("p1")
    everybody.remember("bluesky", ["p1", "p2"])
    assert ear.kept("p1")
    assert not everybody.ear("mastodon").kept("p1")
    everybody.forget("bluesky", ["p1", "p3"])
    assert not ear.kept("p1")
    assert ear.kept("p2")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 300)), max_size=1_000), st.integers(0, 500))
def test_kept_ids_are_a_set(changes: list[tuple[bool, int]], many: int) -> None:
    ids, expected = KeptIds(), set()
    ids.add(f"x{number}" for number in range(20 * many))
    for added, number in changes:
        if added:
            ids.add([str(number)])
            expected.add(number)
        else:
            ids.discard([str(number)])
            expected.discard(number)
    assert {number for number in range(301) if ids.holds(str(number))} == expected
    assert all(ids.holds(f"x{number}") for number in range(20 * many))


def test_the_newest_are_remembered_the_longest() -> None:
    ids = KeptIds(most=1_000)
    for number in range(10_000):
        ids.add([str(number)])
        assert ids.holds(str(max(number - 499, 0)))
    assert not any(ids.holds(str(number)) for number in range(9_000))
    # One that is added again is as good as new.
    ids.add(["9100", *map(str, range(10_000, 10_499)), "9100"])
    ids.add(map(str, range(10_499, 10_700)))
    assert ids.holds("9100")


def test_coming_and_going_takes_no_memory() -> None:
    ids = KeptIds()
    tracemalloc.start()
    try:
        for number in range(60_000):
            ids.add([str(number)])
            ids.discard([str(number)])
        assert tracemalloc.get_traced_memory()[0] < 2**20
    finally:
        tracemalloc.stop()


def test_an_id_takes_a_few_bytes() -> None:
    rng = random.Random(3)
    tracemalloc.start()
    try:
        ids = KeptIds()
        before = tracemalloc.get_traced_memory()[0]
        ids.add(
            f"at://did:plc:{rng.getrandbits(120):x}/app.bsky.feed.post/{number}" for number in range(50_000)
        )
        assert (tracemalloc.get_traced_memory()[0] - before) / 50_000 < 100
    finally:
        tracemalloc.stop()


def test_what_was_let_pass_is_counted_once() -> None:
    ear = hearing().ear("bluesky")
    assert not ear.wanted("nothing of ours")
    assert ear.wanted("kettle by acme")
    assert (ear.take_passed(), ear.take_passed()) == (1, 0)


def test_the_sample_pushes_nothing_out_that_is_kept() -> None:
    everybody = hearing()
    ear = everybody.ear("bluesky")
    everybody.remember("bluesky", ["kept"])
    everybody.remember_sampled("bluesky", map(str, range(100_000)))
    assert ear.kept("kept")
    assert ear.kept("99999")
    assert not ear.wanted("nothing of ours", "did:1", "99999")
    everybody.forget("bluesky", ["99999"])
    assert not ear.kept("99999")


def test_an_id_of_the_older_half_can_be_taken_out() -> None:
    ids = KeptIds(most=10)
    ids.add(map(str, range(8)))
    assert ids.holds("0")
    ids.discard(["0"])
    assert not ids.holds("0")
