"""What was learned and the threshold are kept by two hands, and neither takes the other's away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pages import BRANDS, HACKERNEWS

from storage import baselines
from storage.baselines import Baseline
from storage.sqlite import SqliteStore

FOUND = Baseline("Acme", "volume.up", 900, "as it is", {"a": 1}, {"threshold": 2.0}, 1_000)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    yield opened
    opened.close()


@pytest.mark.parametrize("setting", ["as it is", "another"])
def test_what_is_learned_keeps_the_threshold_of_the_same_setting_alone(
    store: SqliteStore, setting: str
) -> None:
    later = replace(FOUND, through=1_800, state={"a": 2}, setting=setting, calibration=None, calibrated_at=0)
    with store.writing() as db:
        baselines.put(db, FOUND)
        baselines.learn(db, later)
    expected = later if setting == "another" else replace(FOUND, through=1_800, state={"a": 2})
    assert baselines.of_brand(store, "Acme") == {"volume.up": expected}
    assert baselines.every(store) == [expected]


def test_a_brand_that_the_store_does_not_know_keeps_nothing(store: SqliteStore) -> None:
    with store.writing() as db:
        baselines.learn(db, replace(FOUND, brand="Nobody"))
    assert baselines.every(store) == []
