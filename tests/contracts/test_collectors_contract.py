"""Every registered collector through the one contract."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args

import collector_contract as contract
import pytest
from collector_contract import Bench, World, module_of
from collector_worlds import OTHERWISE, WORLDS
from pydantic import BaseModel

from listener.collectors import COLLECTORS
from listener.collectors.base import Grade

KINDS = sorted(COLLECTORS)
QUICK = {"feeds", "hackernews", "ingest", "lemmy", "mastodon", "reddit"}
"""Looked at before each commit: those with a way of their own to read, and two that are read in lanes."""
EVERY = {**{kind: WORLDS[kind] for kind in KINDS if kind in WORLDS}, **OTHERWISE}
DOCS = Path(__file__).parents[2] / "docs"


def worlds(*able: str) -> list[str]:
    """The worlds with posts whose network can do all of this."""
    return [name for name in EVERY if set(able) <= _able(name) and "figures" not in _able(name)]


def _able(name: str) -> set[str]:
    world: Any = EVERY[name]
    return {*world.can, *(["late"] if world.late is not None else [])}


@pytest.fixture
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with EVERY[request.param]() as running:
        yield running


@pytest.fixture
async def bench(world: World, tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(world, tmp_path / "bench")
    yield made
    for secret in world.secrets:
        assert not any(secret in line for line in made.logged), "a secret in a log or an error"


def over(*able: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "world", [pytest.param(n, marks=_pace(n)) for n in worlds(*able)], indirect=True
    )


def _pace(name: str) -> list[pytest.MarkDecorator]:
    # Nobody can tell that a stream has nothing more to say but by waiting for it; and twenty kinds that are read by one
    # kit would make half a minute of each commit.
    return [pytest.mark.slow] if "stream" in _able(name) or name not in QUICK else []


# ---- the modules


def test_every_collector_has_a_world() -> None:
    assert set(WORLDS) >= set(COLLECTORS), "write a World for the new collector in collector_worlds.py"


@pytest.mark.parametrize("kind", KINDS)
def test_the_parts_of_a_module(kind: str) -> None:
    module = module_of(kind)
    options = module.Options
    assert issubclass(options, BaseModel)
    assert options.model_config["extra"] == "forbid" and options.model_config["frozen"]
    assert list(inspect.signature(module.build).parameters)[:3] == ["options", "client", "ear"]
    assert module.GRADE in get_args(Grade)
    assert callable(module.to_event)
    assert module.__doc__ and "\n" not in module.__doc__.strip().split(".")[0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_a_source_tells_its_grade(kind: str) -> None:
    page = DOCS / "sources" / f"{kind}.md"
    assert f"Grade: {module_of(kind).GRADE}" in page.read_text(encoding="utf-8")
    assert f"sources/{kind}.md" in (DOCS / "sources.md").read_text(encoding="utf-8")


async def test_no_two_sources_have_one_name(tmp_path: Path) -> None:
    names: list[str] = []
    for kind in KINDS:
        async with WORLDS[kind]() as running, Bench(running, tmp_path / kind).open() as station:
            names += [collector.source.name for collector in station.collectors]
    assert len(set(names)) == len(names) >= len(KINDS)


# ---- what they do


@over()
@pytest.mark.slow
async def test_dying_after_any_page_changes_nothing(bench: Bench) -> None:
    await contract.dying_after_any_page_changes_nothing(bench)


@over()
@pytest.mark.slow
async def test_a_first_poll_that_dies_is_finished(bench: Bench) -> None:
    await contract.a_first_poll_that_dies_is_finished(bench)


@over()
async def test_polling_again_changes_nothing(bench: Bench) -> None:
    await contract.polling_again_changes_nothing(bench)


@pytest.mark.parametrize(
    ("world", "fault"),
    [
        pytest.param(name, fault, marks=_pace(name))
        for name in worlds()
        for fault in EVERY[name].faults  # type: ignore[attr-defined]
    ],
    indirect=["world"],
)
async def test_a_fault_is_retriable_and_claims_nothing(bench: Bench, fault: str) -> None:
    await contract.a_fault_is_retriable_and_claims_nothing(bench, fault)


@over()
async def test_nothing_new_is_fine(bench: Bench) -> None:
    await contract.nothing_new_is_fine(bench)


@over("forget")
async def test_what_is_gone_is_not_called_heard(bench: Bench) -> None:
    await contract.what_is_gone_is_not_called_heard(bench)


@over("spoil")
async def test_a_broken_item_costs_no_other(bench: Bench) -> None:
    await contract.a_broken_item_costs_no_other(bench)


@over("late")
async def test_a_late_item_is_found(bench: Bench) -> None:
    await contract.a_late_item_is_found(bench)


@over("undated")
async def test_an_item_without_a_date_is_kept_once(bench: Bench) -> None:
    await contract.an_item_without_a_date_is_kept_once(bench)


@over("edit")
async def test_edits_arrive_once(bench: Bench) -> None:
    await contract.edits_and_deletions_arrive_once(bench)


@over("delete")
async def test_deletions_arrive_once(bench: Bench) -> None:
    await contract.edits_and_deletions_arrive_once(bench)


# ---- kept posts looked at again


LOOKS_TESTED_ELSEWHERE = {"x"}
"""Collectors whose looks only tests of their own show: each leaves this set once its world is a `VisitedWorld`."""


def test_every_collector_that_looks_again_has_a_world_that_shows_it() -> None:
    looking: set[str] = set()
    for name, world in EVERY.items():
        made: Any = world
        classes = [one for one in vars(module_of(made.kind)).values() if isinstance(one, type)]
        if any(hasattr(one, "visit") and hasattr(one, "pages") for one in classes):
            looking.add(name)
    assert looking == LOOKS_TESTED_ELSEWHERE | set(worlds("visit"))


@over("visit")
async def test_counters_are_read_at_an_hour_a_day_and_a_week(bench: Bench) -> None:
    await contract.counters_are_read_at_an_hour_a_day_and_a_week(bench)


@over("vanish")
async def test_what_was_taken_back_is_found_by_a_look(bench: Bench) -> None:
    await contract.what_was_taken_back_is_found_by_a_look(bench)


@pytest.mark.parametrize(
    ("world", "fault"),
    [
        pytest.param(name, fault, marks=_pace(name))
        for name in worlds("visit")
        for fault in EVERY[name].faults  # type: ignore[attr-defined]
    ],
    indirect=["world"],
)
async def test_a_failing_look_loses_nothing(bench: Bench, fault: str) -> None:
    await contract.a_failing_look_loses_nothing(bench, fault)


@over("visit")
@pytest.mark.slow
async def test_looks_are_bounded(bench: Bench) -> None:
    await contract.looks_are_bounded(bench)
