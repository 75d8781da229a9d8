"""What is said on a stream is told on Slack within three times the two seconds that are the target."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slack_judge import assert_accepted

from benchmarks import telling
from benchmarks.telling_world import RATE, RULES, WARM_UP, World
from listener.config import load

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(120)]

LEEWAY = 3
SECONDS = 14.0


async def test_from_a_post_on_a_stream_to_the_request_at_slack(tmp_path: Path) -> None:
    timed = await telling.measure(tmp_path, SECONDS, past=5_000)
    print([round(wait, 2) for wait in timed.waits])
    assert timed.mentions >= 0.95 * RATE * (SECONDS + WARM_UP)
    assert timed.kept >= 0.95 * timed.mentions
    # Somebody famous each time, or something new of a brand: each is told, once, and within the time.
    assert len(timed.waits) >= 5
    assert timed.within(0.99) < LEEWAY * 2.0
    assert len(timed.requests) == len(timed.waits)
    for body in timed.requests:
        assert_accepted(json.loads(body))


async def test_a_hundred_rules_look_on_over_several_brands(tmp_path: Path) -> None:
    async with World(1.0) as world:
        config = load(world.config(tmp_path), world.environment)
    assert len(config.rules) == RULES
    assert len({rule.brand for rule in config.rules}) == 20
    assert {rule.hold for rule in config.rules} == {0}
    assert {rule.channels for rule in config.rules} == {("slack",)}
