"""Goals in config.yaml: read into their KPI's unit, every mistake told at once, at its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from alerts.goals import Goal
from listener.config import ConfigError, load

HEAD = "brands:\n  - {name: Acme, own: true}\ngoals:\n"
BASELINE = "baseline: {since: 2026-10-01, until: 2026-11-01}"


def loaded(folder: Path, goals: str) -> tuple[Goal, ...]:
    file = folder / "config.yaml"
    file.write_text(HEAD + goals, encoding="utf-8")
    return load(file, {}).goals


def mistakes(folder: Path, goals: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        loaded(folder, goals)
    return [f"{problem.path} {problem.line}: {problem.message}" for problem in error.value.problems]


def test_goals_are_read(tmp_path: Path) -> None:
    goals = loaded(
        tmp_path,
        f"  - {{name: voice, kpi: share_of_voice, brand: Acme, target: 40%, by: 2027-03-31, owner: ana, {BASELINE}}}\n"
        f"  - {{name: fast, kpi: first_response_time, brand: Acme, target: 2h, by: '2027-03-31', owner: ben, "
        f"source: shop, {BASELINE}}}\n",
    )
    since, until, by = date(2026, 10, 1), date(2026, 11, 1), date(2027, 3, 31)
    assert goals == (
        Goal("voice", "share_of_voice", "Acme", 0.4, by, "ana", since, until),
        Goal("fast", "first_response_time", "Acme", 7200.0, by, "ben", since, until, "shop"),
    )


def test_without_goals_there_are_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, "") == ()


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        f"  - {{name: a, kpi: mention, brand: Acm, target: 40%, by: 2027-03-31, owner: ana, {BASELINE}}}\n"
        f"  - {{name: a, kpi: share_of_voice, brand: Acme, target: 40, by: 2026-10-31, owner: '', {BASELINE}}}\n"
        "  - {name: c, kpi: first_response_time, brand: Acme, target: 7200, by: soon, ownr: x, baseline: 5}\n",
    )
    assert found == [
        "goals[0].kpi 4: there is no KPI 'mention'; did you mean mentions?",
        "goals[0].brand 4: there is no brand 'Acm'; did you mean Acme?",
        "goals[1].owner 5: may not be empty; got ''",
        "goals[1].name 5: 'a' stands twice; each goal needs its own name",
        "goals[1].target 5: share_of_voice is a ratio, and 40 is 4000%; for percent write 40%",
        "goals[2].by 6: 'soon' is no day; write one as in 2027-03-31",
        "goals[2].owner 6: is missing",
        "goals[2].baseline 6: needs two days, as in {since: 2026-10-01, until: 2026-11-01}",
        "goals[2].ownr 6: unknown key; did you mean owner?",
        "goals[2].target 6: first_response_time is a time; write it with its unit, as in 2h, not 7200",
    ]


def test_the_deadline_lies_after_the_baseline(tmp_path: Path) -> None:
    (found,) = mistakes(
        tmp_path,
        f"  - {{name: a, kpi: mentions, brand: Acme, target: 40, by: 2026-10-31, owner: ana, {BASELINE}}}\n",
    )
    assert found == "goals[0].by 4: 2026-10-31 must lie after the baseline, which ends 2026-11-01"


def test_a_pasted_goal_asks_for_what_only_a_person_can_say(tmp_path: Path) -> None:
    goal = (
        f"  - name: a\n    kpi: mentions\n    brand: Acme\n    target:\n    by:\n    owner:\n    {BASELINE}\n"
    )
    assert mistakes(tmp_path, goal) == [
        "goals[0].target 7: is empty; give it a value",
        "goals[0].by 8: is empty; give it a day, as in 2027-03-31",
        "goals[0].owner 9: is empty; give it a value, or take it out",
    ]


@pytest.mark.parametrize("goals", ["  a: 5\n", "  - 7\n", "  - [1]\n"])
def test_what_is_no_list_of_goals_is_told(tmp_path: Path, goals: str) -> None:
    assert "needs" in mistakes(tmp_path, goals)[0]
