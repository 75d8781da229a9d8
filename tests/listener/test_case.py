"""listener case as a person types it: open, give, solve, open again, list, show, report; what is unclear is refused."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from commandline import CommandLine
from pages import HACKERNEWS, page, post

from storage.desk import cases
from storage.mention import Kept
from storage.sqlite import SqliteStore

NOW = int(time.time())
CONFIG = """timezone: UTC
brands: [{name: Acme, own: true, aliases: [AC]}, {name: Bolt}]
storage: {url: "sqlite:///listener.db"}
"""
HOSTILE = "leaks \x1b[31mred\x1b[0m \u202eturned\nround"


@pytest.fixture
def heard(line: CommandLine) -> CommandLine:
    """Posts: 1 of Acme with a hostile text, 2 of both brands; 2 and 3 at one address."""
    line.configure(CONFIG)
    store = SqliteStore(line.folder / "listener.db")
    posts = [
        post("a", NOW - 500, "negative", text=HOSTILE, author="an\x1b[2Jn", url="https://x.example/1"),
        post("b", NOW - 400, "neutral", brands=("Acme", "Bolt"), url="https://x.example/2"),
        post("c", NOW - 300, "neutral", url="https://x.example/2"),
    ]
    store.commit(page(posts, (NOW - 3_600, NOW)))
    store.close()
    return line


def stored(line: CommandLine) -> list[tuple[int, str, int, str, str | None]]:
    store = SqliteStore(line.folder / "listener.db")
    try:
        return [(c.id, c.brand, c.post_id, c.state, c.assignee) for c in cases.all_cases(store)]
    finally:
        store.close()


def done(line: CommandLine, number: int) -> list[tuple[str, str | None, str | None, str | None]]:
    store = SqliteStore(line.folder / "listener.db")
    try:
        return [(e.kind, e.assignee, e.by, e.why) for e in cases.case(store, number).events]
    finally:
        store.close()


def test_a_case_from_the_first_word_to_the_solution(heard: CommandLine) -> None:
    out = heard.good("case", "open", "1", "--assignee", " bob ", "--by", "eve", "--why", "lid broke").out
    assert out.startswith("case 1  Acme  open  with bob\n")
    heard.good("case", "touch", "1", "--by", "bob", "--why", "asked for an address")
    heard.good("case", "assign", "https://x.example/1", "cleo")
    assert heard.good("case", "solve", "1", "--why", "sent").out.startswith(
        "case 1  Acme  solved  with cleo\n"
    )
    assert heard.good("case", "reopen", "1", "--json").json()["state"] == "open"
    assert done(heard, 1) == [
        ("open", None, "eve", "lid broke"),
        ("assign", "bob", "eve", None),
        ("touch", None, "bob", "asked for an address"),
        ("assign", "cleo", None, None),
        ("solve", None, None, "sent"),
        ("reopen", None, None, None),
    ]
    out = heard.good("case", "show", "1").out
    for told in (
        "with cleo",
        "opened by eve: lid broke",
        "given to bob by eve",
        "worked on by bob",
        "solved: sent",
    ):
        assert told in out
    assert "https://x.example/1" in out


def test_a_case_is_opened_by_the_address_of_a_post(heard: CommandLine) -> None:
    told = heard.good("case", "open", "https://x.example/1", "--json").json()
    assert (told["id"], told["brand"], told["assignee"], told["post"]["id"]) == (1, "Acme", None, 1)
    heard.good("case", "open", "2", "--brand", "ac")
    heard.good("case", "open", "2", "--brand", "bolt")
    assert stored(heard) == [
        (1, "Acme", 1, "open", None),
        (2, "Acme", 2, "open", None),
        (3, "Bolt", 2, "open", None),
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("open", "2"), "post 2 concerns Acme, Bolt; name the brand that you mean"),
        (("open", "99"), "post 99 concerns no brand; `listener correct --find WORDS` shows the numbers"),
        (("open", "1", "--brand", "Bolt"), "post 1 does not concern 'Bolt', but Acme"),
        (
            ("open", "https://x.example/2"),
            "several posts stand at this address; give the number of one: 2, 3",
        ),
        (("open", "9" * 30), "what stands at this address concerns no brand"),
        (("open", "1", "--assignee", " "), "an assignee needs a name"),
        (("solve", "1"), "there is no case 1; `listener case list` shows them"),
        (("solve", "https://x.example/1"), "there is no case on what stands at this address"),
        (("show", "5"), "there is no case 5"),
        (("list", "--brand", "Nobody"), "there is no brand 'Nobody'"),
        (("list", "--state", "done"), "'done' is not one of"),
        (("report", "--since", "soon"), "is no time"),
        (("report", "--brand", "Nobody"), "there is no brand 'Nobody'"),
    ],
)
def test_mistakes_are_usage_with_a_remedy_and_write_nothing(
    heard: CommandLine, arguments: tuple[str, ...], says: str
) -> None:
    ran = heard("case", *arguments)
    assert ran.code == 2
    assert says in ran.err
    assert stored(heard) == []


def test_what_the_state_does_not_allow_is_refused(heard: CommandLine) -> None:
    heard.good("case", "open", "1")
    assert "post 1 of Acme is case 1 already, which is open" in heard("case", "open", "1").err
    assert "case 1 is open already" in heard("case", "reopen", "1").err
    heard.good("case", "solve", "1")
    for arguments in (("solve", "1"), ("touch", "1"), ("assign", "1", "bob")):
        ran = heard("case", *arguments)
        assert (ran.code, "`listener case reopen 1`" in ran.err) == (2, True)
    assert [kind for kind, *_ in done(heard, 1)] == ["open", "solve"]


def test_two_cases_at_one_address_are_told_apart(heard: CommandLine) -> None:
    heard.good("case", "open", "2", "--brand", "Acme")
    heard.good("case", "open", "3")
    ran = heard("case", "solve", "https://x.example/2")
    assert (ran.code, "there are several cases at this address; give the number of one: 1, 2" in ran.err) == (
        2,
        True,
    )


def test_what_strangers_and_colleagues_wrote_cannot_paint_the_terminal(heard: CommandLine) -> None:
    heard.good(
        "case", "open", "1", "--assignee", "b\x1b[31mob", "--by", "e\x1b[2Jve", "--why", "x\x1b[31my\nz"
    )
    for arguments in (("show", "1"), ("list",), ("report", "--since", "1d")):
        out = heard.good("case", *arguments).out
        assert not set("\x1b\u202e") & set(out)
    shown = heard.good("case", "show", "1").out
    assert "leaks red turned round" in shown
    assert "opened by eve: xy z" in shown


def test_they_are_listed_newest_first(heard: CommandLine) -> None:
    assert heard.good("case", "list").out == "There is no such case.\n"
    heard.good("case", "open", "1", "--assignee", "Bob")
    heard.good("case", "open", "3")
    heard.good("case", "solve", "2")
    assert [row.split("  ")[0] for row in heard.good("case", "list").out.splitlines()] == ["case 1"]
    everything = heard.good("case", "list", "--state", "all").out.splitlines()
    assert [row.split("  ")[:3] for row in everything] == [
        ["case 2", "Acme", "solved"],
        ["case 1", "Acme", "open"],
    ]
    told = heard.good("case", "list", "--state", "solved", "--json").json()
    assert [(one["id"], one["state"], one["post"]["text"]) for one in told] == [(2, "solved", "words of c")]
    assert [one["id"] for one in heard.good("case", "list", "--assignee", "bob", "--json").json()] == [1]
    assert heard.good("case", "list", "--brand", "Bolt").out == "There is no such case.\n"


def test_of_what_was_taken_back_the_case_stays_without_the_words(heard: CommandLine) -> None:
    heard.good("case", "open", "1")
    store = SqliteStore(heard.folder / "listener.db")
    store.commit(Kept(HACKERNEWS, [], deleted=["a"], at=NOW))
    store.close()
    out = heard.good("case", "show", "1").out
    assert "(taken back by its author)" in out
    assert "leaks" not in out
    heard.good("case", "solve", "1")


def test_the_report_by_hand(heard: CommandLine) -> None:
    at = {"since": datetime.fromtimestamp(NOW - 900, UTC).isoformat(), "until": "2099-01-01"}
    store = SqliteStore(heard.folder / "listener.db")
    with store.writing() as db:
        cases.open_case(db, "Acme", 1, now=NOW - 800, assignee="ann")
        cases.act(db, 1, "touch", now=NOW - 740)
        cases.act(db, 1, "solve", now=NOW - 500)
        cases.open_case(db, "Acme", 2, now=NOW - 700, assignee="bob")
        cases.act(db, 2, "assign", now=NOW - 100, assignee="ann")
    store.close()
    out = heard.good("case", "report", "--since", at["since"], "--until", at["until"]).out
    rows = {" ".join(row.split()) for row in out.splitlines()}
    assert "Acme solutions 1 (n = 1)" in rows
    assert "Acme solutions_growth – (none solved in the period before)" in rows
    assert "Acme cases_open 1 (n = 1)" in rows
    assert "Acme case_completion 66.7 % (n = 3)" in rows
    assert "ASSIGNEE ASSIGNED TOUCHED SOLVED COMPLETED FIRST TOUCH TIME TO SOLVE" in rows
    assert "ann 2 1 1 50 % 1m 5m" in rows
    assert "bob 1 0 0 100 % – –" in rows
    told = heard.good("case", "report", "--since", at["since"], "--json").json()
    assert [(v["kpi"], v["value"]) for v in told if v["kpi"] != "time_to_solve"] == [
        ("solutions", 1),
        ("solutions_growth", None),
        ("cases_open", 1),
        ("case_completion", 2 / 3),
    ]
    assert {v["brand"] for v in told} == {"Acme"}


def test_the_kpis_of_cases_and_of_waits_are_shown_by_name(heard: CommandLine) -> None:
    heard.good("case", "open", "1")
    out = heard.good("kpi", "cases_open", "detection_lag", "--brand", "Acme").out
    assert "cases_open" in out
    assert "p90" in out
