"""Bells: they ring at their time, again and again, and however busy the loop was when the time came."""

from __future__ import annotations

import asyncio
import time

import pytest

from listener.schedule import Bell, Bells


async def test_a_bell_at_a_time_rings_once() -> None:
    bell = Bell()
    with Bells() as bells:
        bells.at("x", time.time() + 0.1, bell)
        async with asyncio.timeout(5):
            await bell.wait_and_clear()
        assert not bell.is_set()


async def test_a_time_that_has_passed_rings_at_once() -> None:
    bell = Bell()
    with Bells() as bells:
        bells.at("x", time.time() - 3600, bell)
        async with asyncio.timeout(5):
            await bell.wait_and_clear()


async def test_a_later_call_with_the_same_name_moves_the_bell() -> None:
    bell = Bell()
    with Bells() as bells:
        bells.at("x", time.time() + 3600, bell)
        bells.at("x", time.time() + 0.05, bell)
        async with asyncio.timeout(5):
            await bell.wait_and_clear()
        bells.at("x", time.time() + 0.05, bell)
        bells.at("x", time.time() + 3600, bell)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await bell.wait()


async def test_a_bell_rings_again_and_again() -> None:
    with Bells() as bells:
        bell = bells.every(0.05)
        async with asyncio.timeout(5):
            for _ in range(4):
                await bell.wait_and_clear()


@pytest.mark.slow
async def test_a_bell_that_came_due_while_the_loop_was_busy_for_two_seconds_still_rings() -> None:
    bell = Bell()
    with Bells() as bells:
        bells.at("letter", time.time() + 0.2, bell)
        # Blocks the loop on purpose: with the scheduler's defaults the bell would be dropped here.
        time.sleep(2)
        async with asyncio.timeout(5):
            await bell.wait_and_clear()


async def test_closing_leaves_nothing_behind() -> None:
    bell = Bell()
    with Bells() as bells:
        bells.at("x", time.time() + 0.05, bell)
    await asyncio.sleep(0.2)
    assert not bell.is_set()
