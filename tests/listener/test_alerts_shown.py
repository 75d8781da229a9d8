"""`listener alerts`: how urgent what fires is, the worst first, and since when there is too little data to say more."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from commandline import CommandLine
from pages import BRANDS, HACKERNEWS, page, post

from alerts import judging
from alerts.rules import Look, Rule, RuleOptions
from listener.commands import alerts as command
from listener.showing import UNSURE_AFTER
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
CONFIG = "brands: [{name: Acme, own: true}]\nstorage: {url: 'sqlite:///listener.db'}\ntimezone: UTC\n"
RULES = [
    Rule.of(
        RuleOptions.model_validate(
            {"name": f"{severity[0]} rule", "when": "mentions >= 1", "severity": severity}
        ),
        "Acme",
    )
    for severity in ("info", "warning", "critical")
]


def judge(store: SqliteStore, now: int) -> None:
    found = judging.look(Look(store, BRANDS, ZoneInfo("UTC"), now), RULES)
    with store.writing() as db:
        judging.write(db, found, now)


@pytest.fixture
def firing(line: CommandLine) -> CommandLine:
    """Three rules fire; the source was heard until NOW."""
    line.configure(CONFIG)
    store = SqliteStore(line.folder / "listener.db")
    store.register(BRANDS, [HACKERNEWS])
    store.commit(page([post("1", NOW - 9)], (NOW - 86_400, NOW)))
    judge(store, NOW)
    store.close()
    return line


def shown(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch, now: int
) -> tuple[list[str], list[dict[str, str]]]:
    """The lines of what fires, and the same as JSON, by the clock of a moment."""
    monkeypatch.setattr(command, "now", lambda: now)
    lines = [one for one in line.good("alerts").out.splitlines() if ", since " in one]
    return lines, line.good("alerts", "--json").json()["firing"]


def test_what_fires_is_shown_with_its_severity_the_worst_first(
    firing: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, document = shown(firing, monkeypatch, NOW + 1)
    assert [one.partition(", since")[0] for one in lines] == [
        "  Acme: c rule, critical",
        "  Acme: w rule, warning",
        "  Acme: i rule, info",
    ]
    assert [one["severity"] for one in document] == ["critical", "warning", "info"]


def test_what_fires_without_enough_data_says_since_when(
    firing: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, document = shown(firing, monkeypatch, NOW + UNSURE_AFTER - 1)
    assert not any("too little" in one for one in lines)
    assert {one["too_little_since"] for one in document} == {None}
    lines, document = shown(firing, monkeypatch, NOW + UNSURE_AFTER)
    assert all("too little data since Mon 21 Sep, 14:13" in one for one in lines)
    assert {one["too_little_since"] for one in document} == {"2026-09-21T14:13:20Z"}


def test_too_little_data_is_that_of_the_last_look_with_enough(
    firing: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heard for ten minutes more, then the source is dead: none of the looks after that has enough."""
    store = SqliteStore(firing.folder / "listener.db")
    store.commit(page([], (NOW, NOW + 600)))
    for minute in (5, 10, 60, 120):
        judge(store, NOW + minute * 60)
    store.close()
    _, document = shown(firing, monkeypatch, NOW + 2 * 3600)
    assert {one["too_little_since"] for one in document} == {"2026-09-21T14:23:20Z"}
