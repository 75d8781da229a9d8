"""annotate, campaign, goal, report and outcome as a person types them."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from commandline import CommandLine

from alerts import goal_sets, goals, progress
from listener.commands import goal as goal_command
from listener.commands import goal_select
from listener.config import load
from storage.calendar import Window
from storage.desk import tags
from storage.kpi import KPIS
from storage.sqlite import SqliteStore

pytestmark = pytest.mark.slow

CONFIG = """timezone: UTC
brands:
  - {name: Acme, own: true}   # ours
  - {name: Bolt}
storage: {url: "sqlite:///listener.db"}
"""
NOW = int(datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp())
COMMANDS = ("annotate", "campaign", "goal", "goal_select", "report", "outcome")


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COMMANDS:
        module = __import__(f"listener.commands.{name}", fromlist=["now"])
        monkeypatch.setattr(module, "now", lambda: NOW)


@pytest.fixture
def filled(line: CommandLine) -> CommandLine:
    """Ninety days: Acme six a day, twelve in the campaign from 12 to 25 October, Bolt three."""
    line.configure(CONFIG)
    rows = []
    for number in range(90):
        day = date(2026, 8, 29) + timedelta(days=number)
        running = date(2026, 10, 12) <= day < date(2026, 10, 26)
        for brand, count in (("Acme", 12 if running else 6), ("Bolt", 3)):
            for one in range(count):
                tag = " #spring" if running and one % 2 and brand == "Acme" else ""
                rows.append(
                    {
                        "id": f"{brand}{number}-{one}",
                        "text": f"{brand} has a new page{tag}",
                        "author": f"a{number}-{one}",
                        "source": "forum",
                        "created_at": f"{day}T{8 + one:02}:00:00Z",
                        "language": "en",
                    }
                )
    line.good("import", line.file("rows.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    return line


def store_of(line: CommandLine) -> SqliteStore:
    return SqliteStore(line.folder / "listener.db")


# annotate


def test_annotations_are_written_listed_and_taken_back(filled: CommandLine) -> None:
    assert filled.good(
        "annotate", "add", "2026-10-12", "price\nrise", "--brand", "acme", "--by", "ann"
    ).out == ("1  2026-10-12  Acme  price rise\n")
    assert filled.good("annotate", "add", "3d", "outage").out == "2  2026-11-24  all brands  outage\n"
    assert filled.good("annotate", "list").out == (
        "1  2026-10-12  Acme  price rise  by ann\n2  2026-11-24  all brands  outage\n"
    )
    assert [one["id"] for one in filled.good("annotate", "list", "--brand", "Bolt", "--json").json()] == [2]
    assert filled.good("annotate", "remove", "1").out == "annotation 1 is removed\n"
    assert filled("annotate", "remove", "1").code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("2026-13-01", "x"), "is no time"),
        (("2026-10-12", " \x07 "), "say what happened"),
        (("2026-10-12", "x" * 301), "301 characters"),
        (("2026-10-12", "x", "--brand", "Acm"), "did you mean Acme?"),
    ],
)
def test_a_wrong_annotation_is_refused(filled: CommandLine, arguments: tuple[str, ...], says: str) -> None:
    ran = filled("annotate", "add", *arguments)
    assert ran.code == 2 and says in ran.err


# campaign


def test_a_campaign_tags_its_mentions_and_compares(filled: CommandLine) -> None:
    ran = filled.good(
        "campaign", "add", "spring", "--since", "2026-10-12", "--until", "2026-10-26", "--query", "#spring"
    )
    assert "84 mentions tagged campaign:spring" in ran.out
    store = store_of(filled)
    assert tags.counted(store, "Acme", Window(0, NOW)) == {"campaign:spring": 84}
    store.close()
    shown = filled.good("campaign", "show", "spring", "--kpi", "mentions").out
    assert (
        "before  Mon 28 Sep to Sun 11 Oct 2026" in shown and "after   Mon 26 Oct to Sun 8 Nov 2026" in shown
    )
    (row,) = (one.split() for one in shown.splitlines() if one.startswith("mentions"))
    assert row == ["mentions", "84", "168", "84"]
    assert "84 mentions tagged campaign:spring, 50.0 % of all, by 84 known authors; 0 positive" in shown
    told = filled.good("campaign", "show", "spring", "--json").json()
    assert told["mentions"]["Acme"]["mentions"] == 84
    assert {one["kpi"] for one in told["kpis"]} >= {"mentions", "share_of_voice"}
    assert not any("growth" in one["kpi"] for one in told["kpis"])
    assert filled.good("campaign", "list").out.startswith(
        "spring  Mon 12 Oct to Sun 25 Oct 2026  query #spring"
    )
    filled.good("campaign", "remove", "spring")
    assert filled("campaign", "show", "spring").code == 1
    store = store_of(filled)
    assert tags.counted(store, "Acme", Window(0, NOW)) == {}
    store.close()


def test_what_is_heard_later_belongs_to_the_campaign_too(filled: CommandLine) -> None:
    filled.good(
        "campaign", "add", "spring", "--since", "2026-10-12", "--until", "2026-10-26", "--query", "#spring"
    )
    row = {"id": "late", "text": "Acme #spring", "created_at": "2026-10-20T10:00:00Z", "source": "forum"}
    filled.good("import", filled.file("late.jsonl", json.dumps(row) + "\n"))
    assert "85 mentions tagged" in filled.good("campaign", "show", "spring").out


def test_a_window_that_was_heard_otherwise_is_marked(filled: CommandLine) -> None:
    # The import begins on 29 August: before the campaign hardly anything was heard.
    filled.good("campaign", "add", "first", "--since", "2026-08-29", "--until", "2026-09-05")
    shown = filled.good("campaign", "show", "first", "--kpi", "mentions").out
    assert "* heard otherwise before than during it, so that counts do not compare: forum" in shown
    assert "†" not in shown
    told = filled.good("campaign", "show", "first", "--kpi", "mentions", "--json").json()
    assert told["kpis"][0]["heard_otherwise"] == {"before": ["forum"], "after": []}


def test_a_time_that_has_not_come_has_no_value(filled: CommandLine) -> None:
    filled.good("campaign", "add", "now", "--since", "2026-11-20", "--until", "2026-12-05")
    shown = filled.good("campaign", "show", "now", "--kpi", "mentions").out
    assert "after   Sat 5 Dec to Sat 19 Dec 2026  has not begun" in shown
    assert "It still runs" in shown
    assert (
        filled.good("campaign", "show", "now", "--kpi", "mentions", "--json").json()["kpis"][0]["after"]
        is None
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("x", "--since", "2026-10-12", "--until", "2026-10-12"), "must lie before"),
        (("x", "--since", "2026-10-12", "--until", "soon"), "is no time"),
        (("", "--since", "2026-10-12", "--until", "2026-10-13"), "needs a name"),
        (("x", "--since", "2026-10-12", "--until", "2026-10-13", "--query", "a AND"), "must follow"),
        (("x", "--since", "2026-10-12", "--until", "2026-10-13", "--query", "lang:en"), "--query"),
    ],
)
def test_a_wrong_campaign_is_refused(filled: CommandLine, arguments: tuple[str, ...], says: str) -> None:
    ran = filled("campaign", "add", *arguments)
    assert ran.code == 2 and says in ran.err
    assert filled.good("campaign", "list").out == ""


# goal

ADD = (
    "--brand",
    "Acme",
    "--by",
    "2027-03-31",
    "--owner",
    "ana",
    "--since",
    "2026-10-01",
    "--until",
    "2026-11-01",
)


def test_a_goal_is_added_with_comments_kept_and_a_copy_first(filled: CommandLine) -> None:
    ran = filled.good("goal", "add", "voice", "--kpi", "share_of_voice", "--target", "80%", *ADD)
    assert ran.out.startswith("voice: Share of voice of Acme from 74.4 % [")
    assert ran.out.endswith("] to 80.0 % by 2027-03-31\n")
    text = filled.config.read_text(encoding="utf-8")
    assert text.startswith(CONFIG) and '\ngoals:\n  - {name: "voice"' in text
    assert filled.config.with_name("config.yaml.bak").read_text(encoding="utf-8") == CONFIG
    assert sorted(path.name for path in filled.folder.glob("config*")) == ["config.yaml", "config.yaml.bak"]
    assert load(filled.config, {}).goals[0].target == 0.8
    assert "goal: voice: Acme share_of_voice 80.0 % by 2027-03-31, ana" in filled.good("check").out
    again = filled("goal", "add", "voice", "--kpi", "mentions", "--target", "900", *ADD)
    assert again.code == 2 and "already" in again.err


def test_a_baseline_comes_first(filled: CommandLine) -> None:
    early = (
        "--brand",
        "Acme",
        "--by",
        "2027-03-31",
        "--owner",
        "ana",
        "--since",
        "2026-01-01",
        "--until",
        "2026-02-01",
    )
    for kpi, target, more in (("share_of_voice", "80%", early), ("first_response_time", "2h", ADD)):
        ran = filled("goal", "add", "x", "--kpi", kpi, "--target", target, *more)
        assert ran.code == 1 and "a baseline first" in ran.err
    future = (*ADD[:-1], "2026-12-01")
    ran = filled("goal", "add", "x", "--kpi", "mentions", "--target", "900", *future)
    assert ran.code == 2 and "a baseline first" in ran.err
    assert filled.config.read_text(encoding="utf-8") == CONFIG


@pytest.mark.parametrize(
    ("kpi", "target", "more", "says"),
    [
        ("mentions", "40%", ADD, "a plain number"),
        ("share_of_voice", "80", ADD, "write 80%"),
        ("first_response_time", "40", ADD, "a unit"),
        ("mention", "40", ADD, "did you mean mentions?"),
        ("mentions", "270", ADD, "no further than the baseline"),
        ("mentions", "900", ("--by", "2026-11-05", *ADD[:2], *ADD[4:]), "has passed"),
        ("mentions", "900", ("--brand", "Acm", *ADD[2:]), "did you mean Acme?"),
        ("mentions", "900", (*ADD, "--source", "forumm"), "did you mean forum?"),
        ("mentions", "900", (*ADD[:4], "--owner", "${HOME}", *ADD[6:]), "cannot be written"),
    ],
)
def test_a_wrong_goal_is_refused(
    filled: CommandLine, kpi: str, target: str, more: tuple[str, ...], says: str
) -> None:
    ran = filled("goal", "add", "x", "--kpi", kpi, "--target", target, *more)
    assert ran.code == 2 and says in ran.err, ran
    assert filled.config.read_text(encoding="utf-8") == CONFIG


def test_a_target_that_makes_it_worse_is_refused(
    filled: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = {**KPIS, "mentions": replace(KPIS["mentions"], better="down")}
    monkeypatch.setattr(goal_command, "KPIS", down)
    ran = filled("goal", "add", "x", "--kpi", "mentions", "--target", "900", *ADD)
    assert ran.code == 2 and "worse than the baseline" in ran.err
    filled.good("goal", "add", "x", "--kpi", "mentions", "--target", "100", *ADD)


def test_goals_are_listed_shown_and_reviewed(filled: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    week = (
        "--brand",
        "Acme",
        "--by",
        "2026-12-31",
        "--owner",
        "ben",
        "--since",
        "2026-10-19",
        "--until",
        "2026-10-26",
    )
    filled.good("goal", "add", "quiet", "--kpi", "mentions", "--target", "42", *week)
    filled.good("goal", "add", "voice", "--kpi", "share_of_voice", "--target", "90%", *ADD)
    assert [line.split() for line in filled.good("goal", "list").out.splitlines()[:3]] == [
        ["GOAL", "KPI", "BASELINE", "NOW", "TARGET", "WAY", "PACE", "BY", "OWNER"],
        ["quiet", "Acme", "mentions", "84", "42", "42", "100", "%", "reached", "2026-12-31", "ben"],
        [
            "voice",
            "Acme",
            "share_of_voice",
            "74.4",
            "%",
            "–",
            "90.0",
            "%",
            "–",
            "too",
            "early",
            "2027-03-31",
            "ana",
        ],
    ]
    (quiet, _) = filled.good("goal", "list", "--json").json()
    assert (quiet["way"], quiet["pace"], quiet["target"], quiet["unit"]) == (1.0, "reached", 42, "mentions")
    shown = filled.good("goal", "show", "quiet").out
    assert "baseline  84  Mon 19 Oct to Sun 25 Oct 2026, n = 84" in shown
    assert "now       42  Mon 16 Nov to Sun 22 Nov 2026, n = 42" in shown
    later = int(datetime(2026, 12, 5, tzinfo=UTC).timestamp())
    monkeypatch.setattr(goal_command, "now", lambda: later)
    assert "Review due: quiet: half of its time is over" in filled.good("goal", "list").out
    filled.good("goal", "review", "quiet", "--by", "ana", "--note", "keep it")
    assert "Review due" not in filled.good("goal", "list").out
    assert "reviewed  Sat 5 Dec by ana: keep it" in filled.good("goal", "show", "quiet").out
    ran = filled("goal", "show", "quie")
    assert ran.code == 2 and "did you mean quiet?" in ran.err


def test_a_set_of_kpis_is_printed_ready_to_paste(
    filled: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = {
        "mentions": replace(KPIS["mentions"], vanity=True),
        "share_of_voice": replace(KPIS["share_of_voice"], kind=("actionable",)),
        "first_response_time": replace(KPIS["first_response_time"], family="visibility", kind=()),
    }
    for module in (goal_select, goal_command, goals, progress):
        monkeypatch.setattr(module, "KPIS", world)
    monkeypatch.setattr(goal_sets.choose, "__defaults__", (world,))
    printed = filled.good("goal", "select", "visibility").out
    assert "# Mentions: 270; it may rise while nothing improves: watch it beside share_of_voice" in printed
    assert "# Share of voice: 74.4 %" in printed and "; the outcome beside mentions" in printed
    assert "#   first_response_time: no eligible mentions\n" in printed
    blanks = printed.replace("target:   #", "target: 1 #").replace("by:       #", "by: 2027-03-31 #")
    filled.configure(CONFIG + blanks.replace("owner:", "owner: ana"))
    assert [goal.kpi for goal in load(filled.config, {}).goals] == ["mentions", "share_of_voice"]
    filled.configure(CONFIG + printed)
    assert "is empty; give it a value" in filled("check").err


def test_check_warns_of_vanity_that_stands_alone_and_of_unknown_sources(filled: CommandLine) -> None:
    filled.good(
        "goal", "add", "voice", "--kpi", "share_of_voice", "--target", "90%", *ADD, "--source", "forum"
    )
    assert "goal: voice" not in filled.good("check").err
    text = filled.config.read_text(encoding="utf-8")
    filled.configure(text.replace('source: "forum"', 'source: "froum"'))
    assert "goal: voice: nothing was ever heard of a source 'froum'" in filled.good("check").err
    ran = filled.good("goal", "add", "fame", "--kpi", "mentions", "--target", "900", *ADD)
    warning = (
        "goal: fame: mentions may rise while nothing improves; set a goal on an outcome of Acme beside it"
    )
    assert (
        warning in ran.err
        and warning in filled.good("check").err
        and warning in filled.good("goal", "list").out
    )


# report


def test_a_report_is_written_as_page_and_as_text(filled: CommandLine) -> None:
    filled.good("annotate", "add", "2026-11-10", "price rise")
    folder = filled.folder / "out"
    ran = filled.good("report", "--out", folder)
    assert ran.out == f"written: {folder / 'report.html'}, {folder / 'report.md'}\n"
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "price rise" in page and "<svg" in page and "<script" not in page
    # Four weeks of whole days of ours.
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert "Fri 30 Oct to Thu 26 Nov 2026" in text and "| Acme | 168 |" in text and "Bolt |" not in text
    one = filled.folder / "page.md"
    filled.good("report", "--kpi", "mentions", "--brand", "Bolt", "--since", "2026-10-01", "--out", one)
    assert "| Bolt | 171 |" in one.read_text(encoding="utf-8")
    printed = filled.good("report", "--kpi", "mentions", "--by", "week", "--by", "language").out
    assert "| Week | Acme |" in printed and "| Language | Acme |" in printed


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--out", "x.pdf"), "ends in .html or .md"),
        (("--kpi", "mention"), "did you mean mentions?"),
        (("--account", "nobody"), "there is no account"),
        (("--since", "2026-11-01", "--until", "2026-10-01"), "since must lie before"),
        (("--by", "week", "--by", "day"), "at a time"),
    ],
)
def test_a_wrong_report_is_refused(filled: CommandLine, arguments: tuple[str, ...], says: str) -> None:
    ran = filled("report", *arguments)
    assert ran.code == 2 and says in ran.err


def test_a_report_that_cannot_be_written_fails(filled: CommandLine) -> None:
    filled.file("taken", "x")
    ran = filled("report", "--out", "taken/in/it")
    assert ran.code == 1 and "cannot be written" in ran.err


# outcome


def measures(line: CommandLine, effect: float) -> None:
    """Two hundred and twenty days of mentions with seven bursts, and sessions that rise after them, or do not."""
    rng = random.Random(3)
    first, bursts = date(2026, 4, 10), {20, 50, 83, 110, 141, 170, 205}
    rows, sessions = [], []
    for number in range(220):
        day = first + timedelta(days=number)
        rhythm = 0.6 if day.weekday() > 4 else 1.0
        for one in range(round(rng.gauss(8, 1) * rhythm) + (30 if number in bursts else 0)):
            rows.append(
                {
                    "id": f"{number}-{one}",
                    "text": "Acme",
                    "source": "forum",
                    "created_at": f"{day}T09:{one:02}:00Z",
                }
            )
        lift = effect if any(number - after in bursts for after in range(3)) else 0.0
        sessions.append((day.isoformat(), 100 * rhythm + rng.gauss(0, 4) + lift))
    line.good("import", line.file("m.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    store = store_of(line)
    with store.writing() as db:
        number = db.rows("SELECT id FROM brands WHERE name = 'Acme'")[0][0]
        db.run_many(
            "INSERT INTO measures (brand_id, kind, metric, day, network, account, campaign, item, value) "
            "VALUES (?, 'ga4', 'sessions', ?, 'x', '', '', '', ?)",
            [(number, day, value) for day, value in sessions],
        )
        db.run(
            "INSERT INTO leads (brand_id, lead_id, created_at, network, campaign, stage, stage_at) "
            "VALUES (?, 'a', ?, 'x', '', 'new', 0)",
            (number, NOW - 5 * 86_400),
        )
    store.close()


def test_an_outcome_that_moves_is_told_with_its_interval(line: CommandLine) -> None:
    line.configure(CONFIG)
    measures(line, 25.0)
    (found,) = line.good("outcome", "--brand", "Acme", "--measure", "sessions", "--json").json()
    assert found["verdict"] == "more" and found["low"] > 0
    assert math.isclose(found["effect"], 25, abs_tol=4)
    assert found["bursts"] == [
        (date(2026, 4, 10) + timedelta(days=n)).isoformat() for n in (20, 50, 83, 110, 141, 170, 205)
    ]
    said = line.good("outcome", "--brand", "Acme").out
    assert "sessions: more than expected after bursts of mentions" in said
    assert "leads: not enough data" in said
    assert "made together" not in said, "only one of the two could be tested"
    line.good("annotate", "add", found["bursts"][0], "advertisement")
    again = line.good("outcome", "--brand", "Acme", "--measure", "sessions").out
    assert "6 bursts of mentions" in again and "1 annotated day left out" in again


def test_an_outcome_that_does_not_move_is_no_effect(line: CommandLine) -> None:
    line.configure(CONFIG)
    measures(line, 0.0)
    assert (
        "sessions: no detectable effect"
        in line.good("outcome", "--brand", "Acme", "--measure", "sessions").out
    )


def test_without_imported_numbers_there_is_no_outcome(filled: CommandLine, tmp_path: Path) -> None:
    ran = filled("outcome", "--brand", "Acme")
    assert ran.code == 1 and "no sessions or leads of Acme are imported" in ran.err
    assert filled.good("outcome", "--brand", "Acme", "--json").json()[0]["verdict"] == "not enough data"
