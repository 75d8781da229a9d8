"""Goals: targets in the unit of their KPI, and vanity KPIs that must not stand alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from alerts import goals
from alerts.goals import Goal, GoalOptions, is_outcome, target_of, vanity_alone
from storage.calendar import parse_time
from storage.kpi import KPIS, Kpi

MADRID = ZoneInfo("Europe/Madrid")
VOICE = Goal(
    "voice", "share_of_voice", "Acme", 0.4, date(2027, 3, 31), "ana", date(2026, 10, 1), date(2026, 11, 1)
)


@pytest.mark.parametrize(
    ("kpi", "said", "target"),
    [
        ("share_of_voice", "40%", 0.4),
        ("share_of_voice", "40 %", 0.4),
        ("share_of_voice", 0.4, 0.4),
        ("share_of_voice", "0.4", 0.4),
        ("net_sentiment", "-10%", -0.1),
        # A growth may be more than all.
        ("positive_growth", "150%", 1.5),
        ("first_response_time", "2h", 7200.0),
        ("first_response_time", "1h30m", 5400.0),
        ("mentions", 1200, 1200.0),
        ("mentions", "1200", 1200.0),
    ],
)
def test_a_target_is_read_in_the_unit_of_its_kpi(kpi: str, said: float | str, target: float) -> None:
    assert target_of(KPIS[kpi], said) == pytest.approx(target)


@pytest.mark.parametrize(
    ("kpi", "said", "remedy"),
    [
        ("share_of_voice", 40, "write 40%"),
        ("share_of_voice", "140%", "between 0% and 100%"),
        ("share_of_voice", "2h", "0.4 or 40%"),
        ("share_of_voice", "much", "0.4 or 40%"),
        ("mentions", "40%", "a plain number"),
        ("mentions", "2h", "a plain number"),
        ("first_response_time", 7200, "as in 2h"),
        ("first_response_time", "40%", "a unit"),
        ("positive_growth", 35, "write 35%"),
    ],
)
def test_a_target_in_another_unit_is_refused_with_what_to_write(
    kpi: str, said: float | str, remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy):
        target_of(KPIS[kpi], said)


def test_windows_are_whole_days_of_the_zone_and_the_deadline_is_the_end_of_its_day() -> None:
    window = VOICE.baseline(MADRID)
    assert window.since == parse_time("2026-10-01T00:00+02:00", MADRID)
    assert window.until == parse_time("2026-11-01T00:00+01:00", MADRID)
    assert VOICE.deadline(MADRID) == parse_time("2027-04-01T00:00+02:00", MADRID)


def test_every_key_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as error:
        GoalOptions.model_validate(
            {
                "name": "",
                "kpi": "mentions",
                "brand": "Acme",
                "target": True,
                "by": 5,
                "owner": None,
                "baseline": 7,
            }
        )
    assert {problem["loc"][0] for problem in error.value.errors()} == {
        "name",
        "target",
        "by",
        "owner",
        "baseline",
    }


def test_a_baseline_needs_time() -> None:
    with pytest.raises(ValidationError, match="since must lie before until"):
        goals.BaselineOptions.model_validate({"since": "2026-11-01", "until": "2026-11-01"})


def kpi(name: str, **more: object) -> Kpi:
    return replace(KPIS["mentions"], name=name, **{"vanity": False, "kind": ("quantitative",), **more})  # type: ignore[arg-type]


def test_an_outcome_is_what_came_of_it() -> None:
    assert not is_outcome(kpi("followers", vanity=True, kind=("actionable",)))
    assert not is_outcome(kpi("mentions"))
    assert not is_outcome(kpi("authors", kind=("quantitative", "lagging")))
    assert is_outcome(kpi("sessions", kind=("quantitative", "actionable")))
    assert is_outcome(kpi("leads", family="conversion"))
    assert not is_outcome(kpi("impressions", family="conversion", vanity=True))


def test_vanity_alone_is_told_by_brand(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"followers": kpi("followers", vanity=True), "leads": kpi("leads", family="conversion")}
    monkeypatch.setattr(goals, "KPIS", known)
    vain = replace(VOICE, name="fame", kpi="followers")
    leads = replace(VOICE, name="leads", kpi="leads")
    assert vanity_alone([vain]) == [vain]
    assert vanity_alone([vain, leads]) == []
    assert vanity_alone([vain, replace(leads, brand="Bolt")]) == [vain]
    assert vanity_alone([leads]) == []
