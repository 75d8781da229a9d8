"""Numbers and dates as programs write them: round trips in every locale, and each trap between two readings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listener.imports import days, numbers
from listener.imports.locales import LOCALES, Ambiguous, Decimal, Order

MADRID = ZoneInfo("Europe/Madrid")
DECIMALS: list[Decimal] = [".", ","]
_NAMES = {
    "en": ["January", "March", "May", "August", "September", "December"],
    "es": ["enero", "marzo", "mayo", "agosto", "septiembre", "diciembre"],
    "ca": ["gener", "març", "maig", "agost", "setembre", "desembre"],
    "ro": ["ianuarie", "martie", "mai", "august", "septembrie", "decembrie"],
    "sv": ["januari", "mars", "maj", "augusti", "september", "december"],
}


def written(cents: int, decimal: Decimal, group: str) -> str:
    whole, part = divmod(cents, 100)
    other = "," if decimal == "." else "."
    return f"{whole:,}".replace(",", other if group == "other" else group) + f"{decimal}{part:02}"


def cells(*texts: str, whole: bool = False) -> list[tuple[int, str, bool]]:
    return [(line, text, whole) for line, text in enumerate(texts, 2)]


@given(
    st.integers(0, 10**14),
    st.sampled_from(DECIMALS),
    st.sampled_from(["other", "", " ", "\u00a0", "\u202f", "'", "’"]),
    st.sampled_from(["{}", "€{}", "{} €", "EUR {}", "{} kr", "US${}"]),
    st.booleans(),
)
def test_an_amount_reads_as_it_was_written(
    cents: int, decimal: Decimal, group: str, around: str, minus: bool
) -> None:
    text = ("-" if minus else "") + around.format(written(cents, decimal, group))
    assert numbers.number(text, decimal) == pytest.approx((-1 if minus else 1) * cents / 100, rel=1e-15)
    # A sign with two digits after it is the decimal one: the file says so itself.
    assert numbers.decimal_of(cells(text)) == decimal


@given(st.integers(1000, 10**14), st.sampled_from(DECIMALS))
def test_a_count_never_reads_as_a_fraction(count: int, decimal: Decimal) -> None:
    text = f"{count:,}".replace(",", "," if decimal == "." else ".")
    assert numbers.decimal_of(cells(text, whole=True)) == decimal
    assert numbers.number(text, decimal) == count


@given(st.text(max_size=50))
def test_no_text_breaks_the_reading_of_numbers(text: str) -> None:
    numbers.is_missing(text)
    numbers.currency_in(text)
    for decimal in (".", ",", None):
        try:
            value = numbers.number(text, decimal)
        except ValueError:
            continue
        assert abs(value) < numbers.LARGEST
        assert any(sign.isdigit() for sign in text)


@pytest.mark.parametrize("text", ["1,234", "1.234", "-12,500", "€ 3.141"])
def test_thousands_or_thousandths_is_not_guessed(text: str) -> None:
    with pytest.raises(Ambiguous, match=r"on line 2 may be thousands or a fraction.*--locale"):
        numbers.decimal_of(cells(text, "17"))


@pytest.mark.parametrize(
    ("evidence", "decimal"),
    [
        ("0.5", "."),
        ("0,125", ","),
        ("1,234,567", "."),
        ("1.234.567", ","),
        ("1.234,5", ","),
        ("1234.567", "."),
    ],
)
def test_one_cell_decides_for_the_whole_file(evidence: str, decimal: str) -> None:
    assert numbers.decimal_of(cells("1,234", "7", evidence)) == decimal
    assert numbers.decimal_of(cells("7", "1.234", evidence)) == decimal


def test_a_file_that_contradicts_itself_is_refused_with_both_lines() -> None:
    with pytest.raises(Ambiguous, match=r"'1\.5' on line 2 .* '2,75' on line 4"):
        numbers.decimal_of(cells("1.5", "3", "2,75"))


def test_only_whole_numbers_need_no_sign() -> None:
    assert numbers.decimal_of(cells("12", "", "--", "100 000")) is None
    assert numbers.number("100 000", None) == 100_000


@pytest.mark.parametrize(
    "text",
    [
        "NaN",
        "inf",
        "1e5",
        "1.2K",
        "=1+1",
        "12.34.5",
        "1,23",
        "1 23",
        "--5",
        "- -5",
        "(5",
        "5)",
        "",
        "one",
        "0x10",
        "٣",
    ],
)
def test_what_is_no_number_with_a_decimal_point(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no number|two signs"):
        numbers.number(text, ".")


def test_numbers_that_no_float_holds_are_refused() -> None:
    assert numbers.number("999 999 999 999 999", ".") == 10**15 - 1
    for text in ("1000000000000000", "9" * 30):
        with pytest.raises(ValueError, match="larger"):
            numbers.number(text, ".")
    with pytest.raises(ValueError, match="no number"):
        numbers.number("9" * 400, ".")


def test_brackets_are_a_minus() -> None:
    assert numbers.number("(1,234.50)", ".") == -1234.5


def test_shares_are_ratios() -> None:
    assert numbers.ratio("40%", None) == numbers.ratio("0.4", ".") == numbers.ratio("40,0 %", ",") == 0.4
    for text in ("40", "-0.1", "1.01"):
        with pytest.raises(ValueError, match=r"write 0\.4 or 40%"):
            numbers.ratio(text, ".")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("€12", "EUR"),
        ("12 SEK", "SEK"),
        ("£3.50", "GBP"),
        ("US$4", "USD"),
        ("$4", None),
        ("4 kr", None),
        ("4", None),
    ],
)
def test_a_sign_of_several_currencies_names_none(text: str, code: str | None) -> None:
    assert numbers.currency_in(text) == code


# Dates

_DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))


@given(
    _DAYS, st.sampled_from(["{:%Y-%m-%d}", "{:%Y%m%d}", "{:%Y/%m/%d}", "{:%Y.%m.%d}", "{:%Y-%m-%d}T00:00:00"])
)
def test_a_year_in_front_needs_no_locale(day: date, shape: str) -> None:
    text = shape.format(day)
    assert days.order_of([(2, text)]) is None
    assert days.read(text, None).day == day


@given(st.lists(_DAYS, min_size=1, max_size=30), st.sampled_from(["dmy", "mdy"]), st.sampled_from("-/."))
def test_a_column_of_numbers_is_read_as_written_or_refused(column: list[date], order: Order, by: str) -> None:
    texts = [
        f"{day.day:02}{by}{day.month}{by}{day.year}"
        if order == "dmy"
        else f"{day.month}{by}{day.day}{by}{day.year}"
        for day in column
    ]
    try:
        found = days.order_of(enumerate(texts, 2))
    except Ambiguous as error:
        assert all(day.day <= 12 for day in column)
        assert "--locale" in str(error)
        return
    assert [days.read(text, found).day for text in texts] == column


def test_the_third_of_april_or_the_fourth_of_march() -> None:
    with pytest.raises(Ambiguous, match="'03/04/2026' on line 5 may be two days"):
        days.order_of([(4, "03/03/2026"), (5, "03/04/2026")])
    assert days.order_of([(4, "03/04/2026"), (5, "13/04/2026")]) == "dmy"
    assert days.order_of([(4, "03/04/2026"), (5, "04/13/2026")]) == "mdy"
    with pytest.raises(Ambiguous, match=r"on line 4 begins with the day and .* on line 5 with the month"):
        days.order_of([(4, "13/04/2026"), (5, "04/13/2026")])


@given(st.sampled_from(sorted(_NAMES)), st.integers(0, 5), st.integers(1, 28), st.integers(1990, 2099))
def test_names_of_months(language: str, at: int, day: int, year: int) -> None:
    name, month = _NAMES[language][at], [1, 3, 5, 8, 9, 12][at]
    for text in (
        f"{name} {day}, {year}",
        f"Fri, {name} {day}, {year}",
        f"{day} {name} {year}",
        f"{day} de {name} de {year}",
        f"{day} {name.upper()} {year}, 10:30",
    ):
        assert days.read(text, None).day == date(year, month, day), text


def test_a_date_without_a_year_asks_for_it() -> None:
    assert days.lacks_year("September 25")
    assert days.lacks_year("28 May")
    assert not days.lacks_year("28 May 2026")
    assert days.read("28 May", None, 2026).day == date(2026, 5, 28)
    with pytest.raises(ValueError, match="add --year"):
        days.read("28 May", None)


@pytest.mark.parametrize("text", ["2026-02-30", "31/04/2026", "2026-13-01", "20261301", "February 29, 2026"])
def test_days_that_no_calendar_has(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no day of the calendar|is no date"):
        days.read(text, "dmy")


@pytest.mark.parametrize(
    "text", ["", "Total", "46021", "1/2/26", "2026-11", "yesterday", "2026-11-21 25:00", "Foo 3, 2026"]
)
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="is no da"):
        days.read(text, "dmy")


def test_a_month_is_its_first_day_where_that_is_meant() -> None:
    assert days.read("2026-10", None, month=True).day == date(2026, 10, 1)


def test_times_bear_their_offset_or_the_zone_of_the_reader() -> None:
    def at(text: str) -> datetime:
        return days.read(text, "mdy").moment(MADRID).astimezone(UTC)

    assert (
        at("2026-11-21T23:30:00Z") == at("2026-11-21 23:30 UTC") == datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    )
    assert at("2026-11-21 23:30:00 +0200") == datetime(2026, 11, 21, 21, 30, tzinfo=UTC)
    assert at("2026-11-21 23:30:00 -03:30") == datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert at("11/21/2026 11:30 PM") == at("2026-11-21 23:30") == datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    assert at("11/21/2026 12:05 a.m.") == datetime(2026, 11, 20, 23, 5, tzinfo=UTC)
    assert at("2026-11-21") == datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert days.read("2026-11-21 23:30:00 +0000", None).local(MADRID) == date(2026, 11, 22)
    assert days.read("2026-11-21 23:30:00", None).local(MADRID) == date(2026, 11, 21)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    days.lacks_year(text)
    days.period_in([text])
    try:
        days.read(text, "dmy", 2026, month=True)
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    "above",
    [
        ["# Traffic acquisition", "# Start date: 20260901", "# End date: 20260930"],
        ["# Fecha de inicio: 20260901", "# Fecha de finalización: 20260930"],
        ["# 20260901-20260930"],
        ["Campaign report", "September 1, 2026 - September 30, 2026"],
        ["Informe de campañas", "1 de septiembre de 2026 - 30 de septiembre de 2026"],
        ["# Property: 123456789 - GA4", "# Start date: 20260901", "# End date: 20260930"],
    ],
)
def test_the_period_stands_above_the_table_in_any_language(above: list[str]) -> None:
    assert days.period_in(above) == (date(2026, 9, 1), date(2026, 9, 30))


def test_what_names_no_period() -> None:
    assert days.period_in([]) is None
    assert days.period_in(["# All users", "Report Start: 09/01/2026"]) is None
    assert days.period_in(["# Start date: 20260930", "# End date: 20260901"]) is None


def test_days_that_can_have_been_counted() -> None:
    now = int(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp())
    today = date(2026, 11, 21)
    assert days.plausible(today, now)
    assert days.plausible(today + timedelta(days=1), now)
    assert not days.plausible(today + timedelta(days=2), now)
    assert not days.plausible(date(1989, 12, 31), now)


def test_locales_say_both() -> None:
    assert {LOCALES["es_ES"].decimal, LOCALES["sv_SE"].decimal, LOCALES["ro_RO"].decimal} == {","}
    assert (LOCALES["en_US"].order, LOCALES["en_GB"].order) == ("mdy", "dmy")
