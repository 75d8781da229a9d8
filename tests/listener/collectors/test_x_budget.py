"""The day's budget of X holds by X's own bill, whatever dies, is lost or jumps between two polls."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x_listening import DAY, HOUR, NOON, Died, House, chatter, house

from listener.collectors.base import Permanent, Retriable
from listener.collectors.post import Post
from storage.mention import Counted, Sampled

ENDS = st.sampled_from(("", "", "", "", "before", "after", "lost", "unsent", "busy"))
STEPS = st.tuples(
    st.sampled_from((60, 600, HOUR, HOUR, 3 * HOUR, 11 * HOUR, DAY, 3 * DAY)),
    st.sampled_from((0, 0, 0, 0, 0, 120, -120, 4_000, -4_000, DAY, -DAY, 400 * DAY)),
    st.integers(-200, 200),
    st.lists(ENDS, max_size=8),
)


async def live(path: Path, steps: list[Any], budget: str, **options: Any) -> House:
    """Poll once after each step; each is time that goes by, our clock's error, the bill's error, and accidents."""
    async with house(path, options={"daily_budget": budget, **options}, handles=("acme", "bolt")) as home:
        home.stub.user("acme")
        home.stub.own = home.stub.user("acme")["id"]
        chatter(home.stub, NOON - DAY, NOON + 2 * HOUR, 97)
        chatter(home.stub, NOON - 2 * HOUR, NOON + DAY, 700, "@acme", start=1)
        chatter(home.stub, NOON - 2 * HOUR, NOON + DAY, 1_300, "bolt", start=2)
        for seconds, home.off, home.stub.skew, home.client.ends in steps:
            home.now += seconds
            with suppress(Died, Retriable):
                await home.poll()
            most = round(float(budget) * 1_000_000)
            assert max(home.stub.bill.values(), default=0) <= most, dict(home.stub.bill)
        return home


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=1, max_size=12),
    budget=st.sampled_from(("0.02", "0.10", "0.33", "1")),
    authors=st.booleans(),
)
def test_no_day_is_billed_more_than_its_budget(steps: list[Any], budget: str, authors: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder), steps, budget, authors=authors, account="acme"))


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(
    steps=st.lists(STEPS, min_size=5, max_size=40),
    budget=st.sampled_from(("0.02", "0.10", "0.33", "1", "3")),
    authors=st.booleans(),
)
def test_no_day_is_billed_more_in_a_long_life(steps: list[Any], budget: str, authors: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder), steps, budget, authors=authors, account="acme"))


async def test_a_quiet_life_spends_most_of_its_budget_over_the_whole_day(tmp_path: Path) -> None:
    async with house(tmp_path, options={"daily_budget": "2", "history": "1h"}) as home:
        home.now = NOON - NOON % DAY + HOUR
        chatter(home.stub, home.now - HOUR, home.now + DAY, 10)
        spent = []
        for _ in range(22):
            home.now += HOUR
            await home.poll()
            spent.append(home.dollars())
        assert 1.4 < spent[-1] <= 2
        # Neither is all of it gone in the morning, nor is it kept for the evening.
        assert 0.25 < spent[10] / spent[-1] < 0.75
        counted = [event for page in home.pages for event in page.events if isinstance(event, Counted)]
        assert sum(one.posts for one in counted if one.brand == "Acme") > 7_900
        posts = [event for page in home.pages for event in page.events if isinstance(event, Post)]
        assert 200 < len({post.native_id for post in posts}) < 400


async def test_what_is_written_down_is_what_is_billed(tmp_path: Path) -> None:
    """Of a poll without accidents, accounts and own posts included."""
    options = {"daily_budget": "3", "authors": True, "account": "acme", "history": "2h"}
    async with house(tmp_path, options=options, handles=("acme", "bolt")) as home:
        home.stub.own = home.stub.user("acme")["id"]
        chatter(home.stub, NOON - 2 * HOUR, NOON, 60, "@acme")
        await home.poll()
        assert home.writer is not None and home.dollars() > 0.3
        left = await home.collector._ear.purse.left(3_000_000, NOON)  # type: ignore[union-attr]
        assert 3_000_000 - left == home.stub.bill[NOON // DAY]


async def test_an_empty_purse_is_no_failure_and_claims_nothing_more(tmp_path: Path) -> None:
    async with house(tmp_path, options={"daily_budget": "0.012"}) as home:
        await home.poll()
        assert home.dollars() == 0.010
        home.now += HOUR
        last = home.cursor["counted"]
        pages = await home.poll()
        assert home.cursor["counted"] == last and all(page.heard is None for page in pages)
        home.now += DAY
        pages = await home.poll()
        assert home.cursor["counted"] == home.now - 30 and any(page.heard for page in pages)


async def test_nothing_is_asked_for_money_while_the_clocks_differ(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        for off in (301, -301, DAY):
            home.off = off
            with pytest.raises(Retriable, match="set this machine's clock"):
                await home.poll()
        assert not home.stub.bill and {path for _, path, _ in home.stub.asked} == {"/2/usage/tweets"}


async def test_nothing_is_asked_for_money_where_nobody_writes_it_down(tmp_path: Path) -> None:
    """As for the doctor, who has no store: the free question tells whether the token is good."""
    async with house(tmp_path) as home:
        await home.open()
        home.collector._ear.purse = None  # type: ignore[misc]
        assert await home.poll() == []
        assert not home.stub.bill and [path for _, path, _ in home.stub.asked] == ["/2/usage/tweets"]


async def test_an_answer_without_a_time_is_not_believed(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        home.client.dated = False
        with pytest.raises(Retriable, match="tells no time"):
            await home.poll()
        assert not home.stub.bill


async def test_a_wrong_token_costs_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, options={"token": "wrong"}) as home:
        with pytest.raises(Permanent):
            await home.poll()
        assert not home.stub.bill


async def test_a_slice_that_the_money_does_not_finish_is_no_part_of_the_sample(tmp_path: Path) -> None:
    async with house(tmp_path, options={"daily_budget": "0.60", "history": "1h"}) as home:
        chatter(home.stub, NOON - HOUR, NOON, 10)
        await home.open()
        home.cursor = {
            "counted": NOON - 31,
            "heard": NOON - 31,
            "baseline": 0,
            "slices": [["Acme", NOON - HOUR, NOON - 1_800, 95], ["Bolt", NOON - HOUR, NOON - 1_800, 1]],
        }
        pages = await home.poll()
        events = [event for page in pages for event in page.events]
        assert sum(isinstance(event, Post) for event in events) == 100
        assert not any(isinstance(event, Sampled) for event in events)
        assert home.cursor["slices"] == []
