"""The care KPIs on real conversations: imported, they equal a direct computation in plain Python on the raw file."""

from __future__ import annotations

import json
import os
import statistics
from collections import defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from commandline import CommandLine

DATA = Path(os.environ.get("LISTENER_DATA") or Path(__file__).parents[4] / "shared" / "data")
TALKS = DATA / "care" / "conversations_25_brands.jsonl"
FILES = (TALKS, DATA / "care" / "labelled_topics_three_brands.jsonl")
MADRID = ZoneInfo("Europe/Madrid")
# By hand from the calendar: those of all Spain. Where one is a Sunday, the plan is closed all the same.
FIXED = ((1, 1), (1, 6), (5, 1), (8, 15), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25))
HOLIDAYS = {date(year, *day) for year in (2017, 2018, 2019, 2020) for day in FIXED}
HOLIDAYS |= {date(2018, 3, 30), date(2019, 4, 19), date(2020, 4, 10)}  # Good Fridays
HOURS = "{zone: Europe/Madrid, open: {mon-fri: '09:00-14:00, 16:00-19:00', sat: '10:00-14:00'}, holidays: ES}"
WEEK = 7 * 86_400

pytestmark = pytest.mark.data


class Wait(NamedTuple):
    """Who waited from when to when; `end` is that of the file where nobody answered."""

    start: int
    end: int
    answered: bool

    @property
    def seconds(self) -> tuple[int, bool]:
        return self.end - self.start, self.answered


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def raw(file: Path) -> tuple[dict[str, list[Wait]], dict[str, list[Wait]], list[str]]:
    """The first waits of conversations and the later ones, by brand; and all brands."""
    if not file.exists():
        pytest.skip(f"{file.name} is not there; set LISTENER_DATA to the folder that holds it")
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    once: dict[str, dict[str, Any]] = {}
    for row in rows:
        once.setdefault(row["id"], row)
    last = max(moment(row["created_at"]) for row in rows)
    talks: dict[tuple[str, str], list[tuple[int, bool]]] = defaultdict(list)
    for row in once.values():
        talks[row["brand"], row["conversation"]].append((moment(row["created_at"]), row["inbound"]))
    first: dict[str, list[Wait]] = defaultdict(list)
    later: dict[str, list[Wait]] = defaultdict(list)
    for (brand, _), turns in talks.items():
        found, asked_at = [], None
        # Of turns in the same second the order is not told; an answer in that second is not later anyway.
        for at, inbound in sorted(turns, key=lambda turn: (turn[0], not turn[1])):
            if inbound and asked_at is None:
                asked_at = at
            elif not inbound and asked_at is not None and at > asked_at:
                found.append(Wait(asked_at, at, True))
                asked_at = None
        if asked_at is not None:
            found.append(Wait(asked_at, last, False))
        first[brand] += found[:1]
        later[brand] += found[1:]
    return first, later, sorted({row["brand"] for row in rows})


def survival(pairs: list[tuple[int, bool]], numerator: int, denominator: int) -> float | None:
    """When the product-limit curve comes down to a ratio, in whole numbers; the midpoint where it lies on it."""
    up, down = 1, 1
    on: int | None = None
    for at in sorted({seconds for seconds, answered in pairs if answered}):
        risk = sum(seconds >= at for seconds, _ in pairs)
        up, down = up * (risk - sum(one == (at, True) for one in pairs)), down * risk
        if on is not None:
            return (on + at) / 2
        if up * denominator == numerator * down:
            on = at
        elif up * denominator < numerator * down:
            return at
    return on


def within(pairs: list[tuple[int, bool]], limit: int) -> float:
    left = 1.0
    for at in sorted({seconds for seconds, answered in pairs if answered and seconds <= limit}):
        risk = sum(seconds >= at for seconds, _ in pairs)
        left *= 1 - sum(one == (at, True) for one in pairs) / risk
    return 1 - left


def in_hours(wait: Wait) -> tuple[int, bool]:
    """The open seconds of a wait. Nobody sets a clock in Madrid between these hours, so that plain days will do."""
    open_, day = 0, datetime.fromtimestamp(wait.start, MADRID).date()
    while day <= datetime.fromtimestamp(wait.end, MADRID).date():
        spans = {5: [(10, 14)], 6: []}.get(day.weekday(), [(9, 14), (16, 19)])
        for begin, end in [] if day in HOLIDAYS else spans:
            opens, closes = (
                int(datetime(day.year, day.month, day.day, hour, tzinfo=MADRID).timestamp())
                for hour in (begin, end)
            )
            open_ += max(0, min(wait.end, closes) - max(wait.start, opens))
        day += timedelta(days=1)
    return open_, wait.answered


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_kpi_of_waits_equals_a_direct_computation(line: CommandLine, file: Path) -> None:
    first, later, brands = raw(file)
    named = "".join(f"  - {{name: {json.dumps(brand)}, business_hours: {HOURS}}}\n" for brand in brands)
    line.configure(f"timezone: Europe/Madrid\nbrands:\n{named}")
    line.good("import", file, "--map", "thread=conversation")
    kpis = ("first_response_time", "first_response_time.business", "next_response_time", "response_rate")
    found = {(v["kpi"], v["brand"]): v for v in line.good("kpi", *kpis, "--json").json()}
    assert len(found) == len(kpis) * len(brands)
    assert sum(map(len, first.values())) > 500 and sum(map(len, later.values())) > (
        50 if file == TALKS else 0
    )
    for brand in brands:
        plain = [wait.seconds for wait in first[brand]]
        for kpi, pairs in (
            ("first_response_time", plain),
            ("first_response_time.business", [in_hours(wait) for wait in first[brand]]),
            ("next_response_time", [wait.seconds for wait in later[brand]]),
        ):
            told = found[kpi, brand]
            assert (told["value"], told["n"]) == (survival(pairs, 1, 2), len(pairs)), (kpi, brand)
            assert (told["value"] is None) == (told["reason"] is not None)
            if not pairs:
                continue
            answered = [seconds for seconds, done in pairs if done]
            assert told["answered"] == len(answered)
            assert told["within_target"] == sum(seconds <= 3600 for seconds in answered) / len(pairs)
            assert told["p90"] == _p90(pairs)
            if len(answered) == len(pairs):
                assert told["value"] == statistics.median(answered)
        rate = found["response_rate", brand]
        assert rate["value"] == sum(done for _, done in plain) / len(plain)
        assert rate["censored"] == sum(not done and seconds < WEEK for seconds, done in plain)
        assert rate["within_week"] == pytest.approx(within(plain, WEEK))
        outside = sum(pair == (0, True) for pair in map(in_hours, first[brand]))
        assert found["first_response_time.business", brand]["answered_outside_hours"] == outside


def _p90(pairs: list[tuple[int, bool]]) -> float | None:
    """The first time at which no more than a tenth is left."""
    for at in sorted({seconds for seconds, answered in pairs if answered}):
        up = down = 1
        for moment_ in sorted({seconds for seconds, answered in pairs if answered and seconds <= at}):
            risk = sum(seconds >= moment_ for seconds, _ in pairs)
            up, down = up * (risk - sum(one == (moment_, True) for one in pairs)), down * risk
        if up * 10 <= down:
            return at
    return None


def test_cohorts_by_day_and_week_are_of_the_first_post(line: CommandLine) -> None:
    first, _, brands = raw(TALKS)
    line.configure(
        "timezone: Europe/Madrid\nbrands:\n" + "".join(f"  - {{name: {json.dumps(b)}}}\n" for b in brands)
    )
    line.good("import", TALKS, "--map", "thread=conversation")
    for unit, since in (("day", "2020-03-23"), ("week", "2018-04-30")):
        expected: dict[tuple[str, str], int] = defaultdict(int)
        for brand, waits in first.items():
            for wait in waits:
                day = datetime.fromtimestamp(wait.start, MADRID).date()
                day -= timedelta(days=day.weekday() if unit == "week" else 0)
                expected[day.isoformat(), brand] += day.isoformat() >= since
        window = ("--since", since, "--until", "2020-04-06")
        told = line.good("kpi", "first_response_time", "--by", unit, *window, "--json").json()
        assert {(v["since"][:10], v["brand"]): v["n"] for v in told if v["n"]} == {
            key: n for key, n in expected.items() if n
        }
