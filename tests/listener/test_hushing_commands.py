"""listener alerts silence, silences, ack and snooze at the terminal."""

from __future__ import annotations

from pathlib import Path
from time import time

import pytest
from commandline import CommandLine
from pages import BRANDS, HACKERNEWS, page, post

from alerts import judging
from alerts.rules import Look
from listener.config import load
from storage import deliveries
from storage.sqlite import SqliteStore

CONFIG = """brands: [{name: Acme, own: true}, {name: Bolt}]
sources: {hackernews: {}}
channels: {console: {}}
alerts: {rules: [{name: busy, when: mentions >= 1, brand: Acme}]}
"""
SILENCE = ("alerts", "silence", "--for", "4h", "--by", "ann", "--why", "a sale")


@pytest.fixture
def line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> CommandLine:
    made = CommandLine(tmp_path, monkeypatch, capsys)
    made.configure(CONFIG)
    return made


def fire(line: CommandLine) -> str:
    """Let the rule fire; return the key of the alert."""
    now, config = int(time()), load(line.config, {})
    store = SqliteStore(line.folder / "data" / "listener.db")
    store.register(BRANDS, [HACKERNEWS])
    store.commit(page([post("1", now - 9)], (now - 86_400, now)))
    found = judging.look(Look(store, config.brands, config.zone, now), config.rules)
    with store.writing() as db:
        (event,) = judging.write(db, found, now, config.routing)
    store.close()
    return event.key


def withheld(line: CommandLine) -> list[str | None]:
    store = SqliteStore(line.folder / "data" / "listener.db")
    try:
        return [one.withheld for one in deliveries.newest(store)]
    finally:
        store.close()


def test_a_silence_holds_back_what_waits_is_listed_and_ended(line: CommandLine) -> None:
    fire(line)
    made = line.good(*SILENCE, "--brand", "Acme", "--rule", "busy").out
    assert made.startswith("silence 1  brand Acme, rule busy  until ")
    assert made.endswith("  (ann: a sale)\n")
    shown = line.good("alerts").out
    assert "silence 1  brand Acme" in shown
    assert "alert on console: withheld: silenced by ann until " in shown
    (listed,) = line.good("alerts", "silences", "--json").json()
    assert (listed["by"], listed["why"], listed["active"]) == ("ann", "a sale", True)
    assert listed["match"] == {"brand": ["Acme"], "rule": ["busy"]}
    assert "by bob" in line.good("alerts", "silence", "end", "1", "--by", "bob").out
    assert withheld(line) == [None]
    assert line.good("alerts", "silences").out == "There is no silence.\n"
    assert len(line.good("alerts", "silences", "--all", "--json").json()) == 1
    again = line("alerts", "silence", "end", "1", "--by", "bob")
    assert (again.code, "silence 1 is over already" in again.err) == (2, True)


def test_an_alert_is_taken_on_and_put_off(line: CommandLine) -> None:
    key = fire(line)
    assert f"({key})" in line.good("alerts").out
    assert line.good("alerts", "ack", key, "--by", "ann", "--why", "mine").out == f"{key}: taken on by ann\n"
    assert "taken on by ann: mine" in line.good("alerts").out
    told = line.good("alerts", "snooze", key, "--for", "2h", "--by", "bob", "--json").json()
    assert (told["key"], told["by"]) == (key, "bob")
    assert "put off until" in line.good("alerts").out
    (why,) = withheld(line)
    assert why is not None
    assert why.startswith("snoozed by bob until ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (SILENCE, "say which alerts"),
        ((*SILENCE, "--brand", "Acem"), "Acem"),
        ((*SILENCE, "--rule", "bsy"), "did you mean busy?"),
        ((*SILENCE, "--severity", "bad"), "there is no severity 'bad'"),
        ((*SILENCE, "--brand", "Acme", "--for", "4"), "a number and a unit"),
        ((*SILENCE, "--brand", "Acme", "--for", "1s"), "from 1m to 366d"),
        (("alerts", "silence", "--brand", "Acme", "--for", "4h", "--by", "ann"), "say why: --why"),
        (("alerts", "silence", "--brand", "Acme", "--for", "4h", "--why", "x"), "say who says so: --by"),
        (("alerts", "silence", "--brand", "Acme", "--by", "ann", "--why", "x"), "say for how long: --for 4h"),
        (("alerts", "silence", "end", "7", "--by", "ann"), "there is no silence 7"),
        (("alerts", "ack", "alert-nothing", "--by", "ann"), "no alert 'alert-nothing' fires now"),
        (("alerts", "ack", "alert-nothing"), "say who says so: --by"),
        (("alerts", "snooze", "alert-nothing", "--by", "ann"), "say for how long: --for 2h"),
    ],
)
def test_what_is_not_clear_is_refused(line: CommandLine, arguments: tuple[str, ...], says: str) -> None:
    ran = line(*arguments)
    assert (ran.code, says in ran.err) == (2, True), ran
    assert line.good("alerts", "silences", "--all", "--json").json() == []
