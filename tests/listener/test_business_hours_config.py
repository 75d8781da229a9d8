"""business_hours in config.yaml: read as a plan, and each mistake told with its place and what to write."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from listener.config import Config, ConfigError, load
from storage.stats.business_hours import BusinessHours

NINE_TO_SIX = ((9 * 3600, 18 * 3600),)


def read(folder: Path, hours: str) -> Config:
    file = folder / "config.yaml"
    file.write_text(f"brands:\n  - name: Acme\n    business_hours: {hours}\n", encoding="utf-8")
    return load(file, {})


def test_a_plan_is_read(tmp_path: Path) -> None:
    said = '{zone: Europe/Madrid, open: {mon-fri: "09:00-18:00", sat: 10:00-14:00}, holidays: ES-MD}'
    (brand,) = read(tmp_path, said).brands
    week = (*[NINE_TO_SIX] * 5, ((10 * 3600, 14 * 3600),), ())
    assert brand.business_hours == BusinessHours(ZoneInfo("Europe/Madrid"), week, "ES-MD")
    (plain,) = read(tmp_path, "{zone: UTC, open: {mon: 09:00-18:00}}").brands
    assert plain.business_hours is not None and plain.business_hours.holidays is None


def test_without_it_there_are_none(tmp_path: Path) -> None:
    assert read(tmp_path, "null").brands[0].business_hours is None


def test_they_change_no_mention(tmp_path: Path) -> None:
    # Another definition would be another version of the query, and a mark in every series.
    with_hours, without = (
        read(tmp_path, hours).brands[0].definition
        for hours in ("{zone: UTC, open: {mon: 09:00-18:00}}", "null")
    )
    assert with_hours == without


@pytest.mark.parametrize(
    ("hours", "place", "says"),
    [
        ("{zone: Madrid, open: {mon: 09:00-18:00}}", "zone", "'Madrid' is no time zone; write one like"),
        ("{open: {mon: 09:00-18:00}}", "zone", ""),
        ("{zone: UTC}", "open", ""),
        ("{zone: UTC, open: {}}", "open", "is never open"),
        ("{zone: UTC, open: {lunes: 09:00-18:00}}", "open", "there is no day 'lunes'; days are mon, tue"),
        ("{zone: UTC, open: {mon: 9-18}}", "open", "write hours and minutes, as in 09:00-18:00"),
        ("{zone: UTC, open: {mon: 18:00-09:00}}", "open", "ends before it begins"),
        ("{zone: UTC, open: {mon: 09:00-18:00}, holidays: XX}", "holidays", "there is no country 'XX'"),
        (
            "{zone: UTC, open: {mon: 09:00-18:00}, holidays: ES-XX}",
            "holidays",
            "ES has no part 'XX'; there are AN",
        ),
        ("{zone: UTC, open: {mon: 09:00-18:00}, holiday: ES}", "holiday", "unknown key"),
        ("{zone: UTC, open: {mon: [09:00, 18:00]}}", "open.mon", ""),
        ("9-18", "", "needs keys with values"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_remedy(
    tmp_path: Path, hours: str, place: str, says: str
) -> None:
    with pytest.raises(ConfigError) as told:
        read(tmp_path, hours)
    where = "brands[0].business_hours" + (f".{place}" if place else "")
    assert f"{where} (line 3)" in str(told.value)
    assert says in str(told.value)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as told:
        read(tmp_path, "{zone: Nowhere, open: {lunes: 09:00-18:00, tue: 9-18}, holidays: XX}")
    for says in ("'Nowhere'", "'lunes'", "'9-18'", "'XX'"):
        assert says in str(told.value)
