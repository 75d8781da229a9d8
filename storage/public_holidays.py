"""Public holidays of a country, or of a part of it, as the package `holidays` knows them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from datetime import date
from functools import lru_cache


def check(place: str) -> None:
    """Refuse a country, or a part of one, of which no holidays are known. Raises ValueError with a remedy."""
    # Loaded when it is needed: it takes a tenth of a second, and most have no business hours.
    from holidays import list_supported_countries

    country, part = _split(place)
    known = list_supported_countries()
    if country not in known:
        codes = [code for code in known if len(code) == 2]
        near = _near(country, codes)
        raise ValueError(f"there is no country {country[:20]!r}{near}; write its code, as in ES or ES-MD")
    if part is not None and part not in known[country]:
        there = ", ".join(known[country]) or "none: write the country alone"
        raise ValueError(f"{country} has no part {part[:20]!r}; there are {there}")


def _split(place: str) -> tuple[str, str | None]:
    country, dash, part = place.partition("-")
    return country, part if dash else None


def _near(code: str, codes: Iterable[str]) -> str:
    close = difflib.get_close_matches(code.upper(), list(codes), 1)
    return f", did you mean {close[0]}?" if close else ""


def is_holiday(place: str, day: date) -> bool:
    """Whether a day is a public holiday there, by the day on which it is kept where that is another one."""
    return day in _of_year(place, day.year)


@lru_cache(maxsize=512)
def _of_year(place: str, year: int) -> frozenset[date]:
    """All at once and for good: an object of the package that fills itself while two threads ask would tell one of
    them that there is no holiday."""
    from holidays import country_holidays

    country, part = _split(place)
    return frozenset(country_holidays(country, subdiv=part, years=year))
