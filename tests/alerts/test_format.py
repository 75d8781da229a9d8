"""Numbers written for reading: signs, thin spaces, units, and what rounds to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from alerts import format as reading
from storage.queries import QueryChange

MADRID = ZoneInfo("Europe/Madrid")
MONDAY = 1794178800  # 9 November 2026, 00:00 in Madrid


@dataclass
class Value:
    value: float | None
    unit: str
    n: int | None = None
    reason: str | None = None


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (reading.percent(0.463), "46.3 %"),
        (reading.percent(-0.021), "−2.1 %"),
        (reading.percent(-0.0001), "0.0 %"),
        (reading.percent(0.5, 0), "50 %"),
        (reading.share(0.0001), "under 0.1 %"),
        (reading.share(0), "0.0 %"),
        (reading.share(0.9999), "over 99.9 %"),
        (reading.share(1), "100.0 %"),
        (reading.percent_change(0.102), "+10.2 %"),
        (reading.percent_change(-0.102), "−10.2 %"),
        (reading.percent_change(0.0001), "0.0 %"),
        (reading.points(0.0211), "+2.1 points"),
        (reading.count(12_284), "12\u202f284"),
        (reading.count(-1_200), "−1\u202f200"),
        (reading.count(-0.2), "0"),
        (reading.count_change(38), "+38"),
        (reading.count_change(-1_200), "−1\u202f200"),
        (reading.count_change(0), "0"),
        (reading.balance(0.3), "+0.30"),
        (reading.balance(-0.001), "0.00"),
        (reading.net_score(0.3), "+30"),
        (reading.net_score(-0.051), "−5"),
        (reading.net_score(0.001), "0"),
        (reading.number(12_284), "12\u202f284"),
        (reading.number(4.5), "4.50"),
        (reading.number(-0.001), "0.00"),
        (reading.money(1234.5, "EUR"), "1\u202f234.50 EUR"),
        (reading.money(-3, "USD"), "−3.00 USD"),
        (reading.money(3, None), "3.00"),
        (reading.duration(3_725), "1h 2m"),
        (reading.hours(168.0), "168 h"),
        (reading.hours(143.5), "143.5 h"),
        (reading.plural(1, "mention"), "1 mention"),
        (reading.plural(0, "mention"), "no mentions"),
        (reading.plural(2_000, "reply", "replies"), "2\u202f000 replies"),
        (reading.moment(MONDAY + 7 * 86_400 + 8 * 3_600, MADRID), "Mon 16 Nov, 08:00"),
        (reading.day(MONDAY, MADRID), "Mon 9 Nov"),
        (reading.period(MONDAY, MONDAY + 7 * 86_400, MADRID), "Mon 9 Nov to Sun 15 Nov 2026"),
        (reading.period(MONDAY, MONDAY + 3_600, MADRID), "Mon 9 Nov 2026"),
        (reading.period(MONDAY, MONDAY + 60 * 86_400, MADRID), "Mon 9 Nov 2026 to Thu 7 Jan 2027"),
        (reading.stamp("2026-11-12T14:15:00+01:00"), "Thu 12 Nov 2026, 14:15 UTC+1"),
        (reading.stamp("2026-11-12T14:15:00-03:30"), "Thu 12 Nov 2026, 14:15 UTC-3:30"),
        (reading.stamp("2026-11-12T14:15:00Z"), "Thu 12 Nov 2026, 14:15 UTC"),
        (reading.stamp("2026-11-12T14:15:00"), "Thu 12 Nov 2026, 14:15"),
        (reading.stamp("2026-11-12T14:15:00Z", brief=True), "Thu 12 Nov, 14:15"),
        (reading.stamp("yesterday"), "yesterday"),
        (reading.say(Value(0.463, "ratio", 120)), "46.3 % of 120"),
        (reading.say(Value(312, "mentions")), "312 mentions"),
        (reading.say(Value(1.5, "EUR")), "1.50 EUR"),
        (reading.say(Value(840, "seconds", 8)), "14m (8 conversations)"),
        (reading.say(Value(None, "ratio", 0, "none judged")), "not enough data (none judged)"),
        (reading.say(Value(None, "ratio")), "not enough data"),
    ],
)
def test_reads(made: str, text: str) -> None:
    assert made == text


def test_days_are_local_and_survive_the_change_of_clocks() -> None:
    """25 October 2026 has 25 hours in Madrid."""
    since = 1792360800  # 19 October 2026, 00:00
    names = reading.weekdays(since, since + 7 * 86_400 + 3_600, MADRID)
    assert names == ["Mon 19", "Tue 20", "Wed 21", "Thu 22", "Fri 23", "Sat 24", "Sun 25"]


def test_an_estimate_is_told_with_what_it_may_be() -> None:
    assert reading.about(0.412, (0.347, 0.47)) == "about 41 % (35 to 47 %)"
    assert reading.about(0.412, None) == "41.2 %"
    assert reading.between(0.0, 1.0) == "0 to 100 %"


def test_brands_that_are_listened_for_since_one_time_are_told_in_one_sentence() -> None:
    since = MONDAY + 8 * 3_600
    changes = [QueryChange(name, since, True, "") for name in ("Bolt", "Acme")]
    changes.append(QueryChange("Zap", since, False, ""))
    assert reading.query_changes(changes, MADRID) == [
        "Acme, Bolt are listened for since Mon 9 Nov 2026, 08:00; nothing was looked for before.",
        "Mentions of Zap are counted by another query from Mon 9 Nov 2026, 08:00 on; "
        "numbers from before and after do not compare.",
    ]
