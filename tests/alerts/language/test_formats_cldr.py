"""Numbers, dates and units of each language: what Babel writes from CLDR, what persiantools says of days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.dates import format_skeleton, get_day_names
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from persiantools.jdatetime import JalaliDate, JalaliDateTime

from alerts.language import LANGUAGES, Language
from alerts.language.formats import plural_form
from alerts.language.jalali import jalali

OTHERS = [code for code in LANGUAGES if code != "en"]
WESTERN = [code for code in OTHERS if code != "fa"]
TEHRAN = ZoneInfo("Asia/Tehran")
_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
NUMBERS = [0, 1, 9, 12, 999, 1_000, 1_234, 12_284, 999_999, 1_000_000, 123_456_789, -1, -12, -1_200, -98_765]
RATIOS = [0.0, 0.001, 0.004, 0.05, 0.463, 0.5, 0.999, 1.0, 1.2, 12.345, -0.021, -0.5, -3.0]


def babel(text: str, code: str) -> str:
    """What Babel writes, with the digits and signs of CLDR that it leaves out, and one true minus sign for all."""
    if code == "fa":
        symbols = Locale.parse(code).number_symbols["arabext"]
        text = (
            text.translate(_PERSIAN).replace("%", symbols["percentSign"]).replace("-", symbols["minusSign"])
        )
    return text.replace("-", "\u2212")


@pytest.mark.parametrize("code", OTHERS)
def test_whole_numbers_are_written_as_cldr_has_them(code: str) -> None:
    language = Language.of(code)
    for number in NUMBERS:
        known = format_decimal(number, locale=code, numbering_system="default")
        assert language.count(number) == babel(known, code)


@pytest.mark.parametrize("code", OTHERS)
def test_shares_are_written_as_cldr_has_them(code: str) -> None:
    language = Language.of(code)
    locale = Locale.parse(code)
    pattern = locale.percent_formats[None].pattern.replace("#,##0", "#,##0.0")
    for ratio in RATIOS:
        known = format_percent(ratio, pattern, locale=code, numbering_system="default")
        assert language.percent(ratio) == babel(known, code)
    known = format_decimal(4.5, "#,##0.00", locale=code, numbering_system="default")
    assert language.number(4.5) == babel(known, code)


@pytest.mark.parametrize("code", WESTERN)
def test_days_are_written_as_cldr_has_them(code: str) -> None:
    language, first = Language.of(code), datetime(2026, 1, 1, 12, tzinfo=UTC)
    for step in range(0, 366, 3):
        day = first + timedelta(days=step)
        for name, skeleton in (
            ("day", "MMMEd"),
            ("dated", "yMMMEd"),
            ("day_month", "MMMd"),
            ("weekday_day", "Ed"),
        ):
            assert language.date(day, name) == format_skeleton(skeleton, day, locale=code), (code, name, day)
        assert language.date(day, "day_month_year") == format_skeleton("yMMMd", day, locale=code)
        assert language.date(day, "month_year") == format_skeleton("yMMM", day, locale=code)


@pytest.mark.parametrize("code", OTHERS)
def test_names_are_joined_as_cldr_has_them(code: str) -> None:
    # Numbers have no direction: marks are another test's.
    names = ["1", "2", "3", "4", "5"]
    for number in range(1, 6):
        assert Language.of(code).listed(names[:number]) == format_list(names[:number], locale=code)


@pytest.mark.parametrize("code", OTHERS)
def test_hours_and_days_are_written_as_cldr_has_them(code: str) -> None:
    language = Language.of(code)
    for number in (1, 2, 3, 19, 20, 21, 24, 101, 119, 120, 168):
        known = format_unit(number, "duration-hour", "short", locale=code, numbering_system="default")
        assert language.hours(number) == babel(known, code)
        known = format_unit(number, "duration-day", "short", locale=code, numbering_system="default")
        assert language.duration(number * 86_400) == babel(known, code)


@pytest.mark.parametrize("code", LANGUAGES)
def test_plural_forms_are_those_of_cldr(code: str) -> None:
    rule = Locale.parse(code).plural_form
    for number in range(1_200):
        assert plural_form(code, number) == rule(number)


@pytest.mark.parametrize("code", OTHERS)
def test_catalogues_choose_the_form_that_cldr_chooses(code: str) -> None:
    rule, chosen = Locale.parse(code).plural_form, Language.of(code).phrases.plural  # type: ignore[attr-defined]
    forms = {rule(number): chosen(number) for number in range(1_200)}
    assert len(set(forms.values())) == len(forms)
    assert all(chosen(number) == forms[rule(number)] for number in range(1_200))


def test_jalali_days_are_those_that_persiantools_knows() -> None:
    day = date(1925, 1, 1)
    while day < date(2080, 1, 1):
        known = JalaliDate(day)
        assert jalali(day) == (known.year, known.month, known.day)
        day += timedelta(days=1 if day.month in (3, 2) else 5)


def test_a_day_of_tehran_is_written_as_persiantools_writes_it() -> None:
    language = Language.of("fa")
    # The last hour of 1404 there; its new year began at 20:30 UTC of the day before by the clock of the summer of 2022.
    for moment in (datetime(2026, 3, 20, 20, 29, tzinfo=UTC), datetime(2026, 3, 20, 20, 31, tzinfo=UTC)):
        known = JalaliDateTime.fromtimestamp(moment.timestamp(), TEHRAN)
        assert language.year(int(moment.timestamp()), TEHRAN) == known.year
        written = language.dated(moment.timestamp(), TEHRAN)
        assert known.strftime("%d %B", locale="fa").lstrip("۰") in written
        assert known.strftime("%Y", locale="fa") in written
        assert known.strftime("%H:%M", locale="fa") in written
        names = get_day_names("wide", locale="fa")
        assert names[moment.astimezone(TEHRAN).weekday()] in written
