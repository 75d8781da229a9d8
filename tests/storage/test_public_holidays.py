"""Public holidays: those of a country and of a part of it, and places that there are not."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from storage import public_holidays
from storage.public_holidays import check, is_holiday


def test_a_part_of_a_country_keeps_more_days() -> None:
    for place in ("ES", "ES-MD", "ES-CT"):
        check(place)
        assert is_holiday(place, date(2026, 12, 25))
    # 2 May is the day of the Community of Madrid, 24 June San Juan in Catalonia.
    assert [is_holiday(place, date(2026, 5, 2)) for place in ("ES", "ES-MD", "ES-CT")] == [False, True, False]
    assert [is_holiday(place, date(2026, 6, 24)) for place in ("ES", "ES-MD", "ES-CT")] == [
        False,
        False,
        True,
    ]


def test_a_holiday_that_is_kept_on_another_day_is_closed_on_that_day() -> None:
    # The fourth of July 2026 is a Saturday: offices close on Friday.
    assert is_holiday("US", date(2026, 7, 3))


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("XX", "there is no country 'XX'"),
        ("es", "there is no country 'es', did you mean ES?; write its code"),
        ("Spain", "there is no country 'Spain'"),
        ("", "there is no country ''"),
        ("ES-ZZ", "ES has no part 'ZZ'; there are AN, AR"),
        ("ES-", "ES has no part ''"),
        ("VA-1", "write the country alone"),
    ],
)
def test_a_place_that_there_is_not_is_refused_with_a_remedy(place: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        check(place)


def test_threads_that_ask_at_once_are_told_the_same() -> None:
    days = [date(1970, 1, 1) + timedelta(days=n) for n in range(0, 25_000, 7)]
    expected = [is_holiday("FR", day) for day in days]
    public_holidays._of_year.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [is_holiday("FR", day) for day in days], range(8)):
            assert found == expected


def test_who_has_no_business_hours_does_not_load_them() -> None:
    asked = "import sys; import listener.config, storage.kpi; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
