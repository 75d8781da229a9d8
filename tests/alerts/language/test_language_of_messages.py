"""What a language says: parts in phrases, signs of what rounds to nothing, periods over a new year, directions."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.language import ENGLISH, LANGUAGES, Language
from alerts.render import byline, clean, html_page, templates

PERSIAN = Language.of("fa")
UTC_ZONE = ZoneInfo("UTC")
LRM, RLM = "\u200e", "\u200f"


def at(*day: int) -> int:
    return int(datetime(*day, tzinfo=UTC).timestamp())  # type: ignore[arg-type]


def test_a_language_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(ValueError, match="en, es, ca, ro, sv, fa"):
        Language.of("de")


def test_a_name_with_braces_is_no_place() -> None:
    assert ENGLISH.gettext("{low} to {high}", low="{high}", high="{0.__class__}") == "{high} to {0.__class__}"


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_rounds_to_nothing_has_no_sign(code: str) -> None:
    language = Language.of(code)
    for text in (language.percent(-0.0001), language.percent_change(0.0001), language.count_change(-0.2)):
        assert not set(text) & {"+", "-", "\u2212"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_share_that_is_there_never_reads_as_nothing(code: str) -> None:
    language = Language.of(code)
    assert language.share(0.0001) != language.share(0) and language.percent(0.001) in language.share(0.0001)
    assert language.share(0.9999) != language.share(1) and language.percent(0.999) in language.share(0.9999)


def test_a_period_names_the_year_of_its_own_calendar() -> None:
    # Over Nowruz: one year of the Gregorian calendar, two of the Persian.
    since, until = at(2026, 3, 16), at(2026, 3, 23)
    assert ENGLISH.period(since, until, UTC_ZONE) == "Mon 16 Mar to Sun 22 Mar 2026"
    assert "۱۴۰۴" in PERSIAN.period(since, until, UTC_ZONE) and "۱۴۰۵" in PERSIAN.period(
        since, until, UTC_ZONE
    )
    # Over the first of January: the other way round.
    assert ENGLISH.period(at(2026, 12, 28), at(2027, 1, 4), UTC_ZONE).count("202") == 2
    assert PERSIAN.period(at(2026, 12, 28), at(2027, 1, 4), UTC_ZONE).count("۱۴۰") == 1


def test_names_keep_their_ends_in_a_line_from_right_to_left() -> None:
    held = PERSIAN.gettext("{low} to {high}", low="C++", high="۵")
    assert f"{RLM}{LRM}C++{LRM}{RLM}" in held
    assert clean(held) == held  # what is sent is cleaned, and keeps the marks
    assert PERSIAN.isolated("۵ آبان") == "۵ آبان" and PERSIAN.isolated("12") == "12"
    assert ENGLISH.gettext("{low} to {high}", low="C++", high="شرکت") == "C++ to شرکت"


def test_a_line_of_names_runs_as_its_language_does() -> None:
    """Strangers' names of the other direction turn no line around."""
    assert byline("سارا", "news", None, ENGLISH) == f"{LRM}{RLM}سارا{RLM}{LRM}, news"
    assert byline("ada", "خبر", None, PERSIAN) == f"{RLM}{LRM}ada{LRM}{RLM}،{RLM} خبر"
    assert byline("ada", "news") == "ada, news"


def test_what_templates_put_into_a_phrase_is_escaped() -> None:
    templates.cache_clear()
    page = html_page(
        "message.html",
        message=_message("<b>&rule"),
        kind="Alert",
        headline="x",
        more="",
        cid="chart",
        drawn="",
    )
    assert "&lt;b&gt;&amp;rule" in page and "<b>&rule" not in page


@pytest.mark.parametrize(("code", "way", "start"), [("en", "ltr", "left"), ("fa", "rtl", "right")])
def test_a_page_runs_as_its_language_does(code: str, way: str, start: str) -> None:
    page = html_page(
        "message.html",
        Language.of(code),
        message=_message("rule"),
        kind="Alert",
        headline="x",
        more="",
        cid="chart",
        drawn="",
    )
    assert f'<html lang="{code}" dir="{way}">' in page and f"text-align:{start};" in page


def _message(rule: str) -> object:
    from alerts.message import Message

    return Message(key="k", kind="fired", title="t", summary="s", brand="b", rule=rule, at="now")
