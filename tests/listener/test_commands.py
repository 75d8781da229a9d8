"""Every command as a person types it: help, exit codes, JSON for programs, hints for mistakes, an empty store."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path
from time import time

import click
import pytest
from commandline import CommandLine
from pages import BRANDS, HACKERNEWS, page, post

from listener.cli import COMMANDS, listener
from listener.config import load
from storage.desk import tokens
from storage.lock import DaemonLock
from storage.sqlite import Reader, SqliteStore

CONFIG = """timezone: Europe/Madrid
brands:
  - {name: Acme, own: true, aliases: [AC, "Acme Corp"], handles: {hackernews: acme_help}}
  - {name: Bolt}
"""
ROWS = (
    '{"id": "1", "text": "acme is wonderful, I love it", "created_at": "2026-01-05T10:00:00Z", "language": "en"}\n'
    '{"id": "2", "text": "acme is a horrible disaster", "created_at": "2026-01-06T23:30:00Z", "language": "en"}\n'
    '{"id": "3", "text": "bolt", "created_at": "2026-01-07T10:00:00Z", "language": "de"}\n'
)


def _all() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    context = click.Context(listener)
    for name in COMMANDS:
        found.append((name,))
        command = listener.get_command(context, name)
        if isinstance(command, click.Group):
            found += [(name, sub) for sub in command.list_commands(context)]
    return found


@pytest.fixture
def filled(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("import", line.file("rows.jsonl", ROWS))
    return line


# Help and usage


@pytest.mark.parametrize("names", _all(), ids=" ".join)
def test_help_reads_well_and_names_every_option(line: CommandLine, names: tuple[str, ...]) -> None:
    ran = line(*names, "--help")
    assert ran.code == 0
    command: click.Command = listener
    for name in names:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    assert command.help
    assert command.help.split("\n")[0].endswith("."), "a first line that is a whole sentence"
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.opts[0] in ran.out
            assert option.help, option.opts
            assert option.help.endswith("."), option.opts
    if (not isinstance(command, click.Group) or names == ("alerts",)) and names != ("completion",):
        assert "--config FILE" in ran.out


@pytest.mark.parametrize("names", [(), ("alerts",), ("token",)], ids=["listener", "alerts", "token"])
def test_no_line_of_a_list_of_commands_is_cut_off(line: CommandLine, names: tuple[str, ...]) -> None:
    assert "..." not in line(*names, "--help").out.split("Commands:")[1]


def test_an_update_of_the_store_says_where_the_copy_lies(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from storage import schema

    line.configure(CONFIG)
    with monkeypatch.context() as older:
        *first, _ = schema.MIGRATIONS
        older.setattr(schema, "MIGRATIONS", {name: schema.MIGRATIONS[name] for name in first})
        (line.folder / "data").mkdir()
        connection = sqlite3.connect(line.folder / "data" / "listener.db", isolation_level=None)
        schema.migrate(connection)
        connection.close()
    ran = line("sources")
    (copy,) = (line.folder / "data").glob("listener.db.before-*")
    assert (ran.code, copy.name in ran.err) == (0, True)
    assert line("sources").err == ""


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_the_overview_lists_every_command_and_the_exit_codes(line: CommandLine, flag: str) -> None:
    out = line(flag).out
    for name in COMMANDS:
        assert f"  {name} " in out
    assert "Exit codes: 0 good, 1 failed, 2 wrong configuration or usage" in " ".join(out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("kpi", "--nonsense"),
        ("import",),
        ("kpi", "--by", "year"),
        ("kpi", "--config", "nowhere.yaml"),
        ("alerts", "nonsense"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_so_on_standard_error(
    line: CommandLine, arguments: tuple[str, ...]
) -> None:
    line.configure(CONFIG)
    ran = line(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err
    assert "Traceback" not in ran.err


_GOAL = ["x", "--kpi", "y", "--brand", "z", "--target", "1", "--by", "1d", "--owner", "o"]
# These read no configuration of their own, or write one.
_WITHOUT = {("tone",), ("token",), ("query",), ("quarantine",), ("annotate",), ("campaign",), ("goal",)}
_WITHOUT |= {("case",), ("tag",), ("spikes",), ("init",), ("completion",)}


@pytest.mark.parametrize("names", [n for n in _all() if n not in _WITHOUT], ids=" ".join)
def test_every_command_tells_all_mistakes_of_the_configuration_and_ends_with_2(
    line: CommandLine, names: tuple[str, ...]
) -> None:
    line.configure("brands: [{nam: x}]\ntimezon: x\n")
    more: dict[tuple[str, ...], list[str | Path]] = {
        ("import",): [line.file("x.csv", "text\n")],
        ("token", "add"): ["n"],
        ("token", "revoke"): ["n"],
        ("query", "test"): ["x"],
        ("query", "judge"): ["x"],
        ("rematch",): ["--since", "1d"],
        ("rejudge",): ["--since", "1d"],
        ("correct",): ["--list"],
        ("explain",): ["mentions", "--brand", "x"],
        ("annotate", "add"): ["1d", "x"],
        ("annotate", "remove"): ["1"],
        ("campaign", "add"): ["x", "--since", "2d", "--until", "1d"],
        ("campaign", "show"): ["x"],
        ("campaign", "remove"): ["x"],
        ("goal", "add"): [*_GOAL, "--since", "2d", "--until", "1d"],
        ("goal", "show"): ["x"],
        ("goal", "review"): ["x"],
        ("goal", "select"): ["care"],
        ("outcome",): ["--brand", "x"],
        ("alerts", "resend"): ["--failed"],
        ("alerts", "silence"): ["--brand", "x", "--for", "2h", "--by", "x", "--why", "x"],
        ("alerts", "ack"): ["x", "--by", "x"],
        ("alerts", "snooze"): ["x", "--for", "2h", "--by", "x"],
        ("alerts", "backtest"): ["x"],
        ("erase",): ["--author", "x"],
        ("export",): ["--author", "x", "--out", "x.json"],
        ("restore",): ["x.tar"],
        ("tag", "add"): ["x", "1"],
        ("tag", "remove"): ["x", "1"],
        ("case", "open"): ["1"],
        ("case", "assign"): ["1", "x"],
        ("case", "touch"): ["1"],
        ("case", "solve"): ["1"],
        ("case", "reopen"): ["1"],
        ("case", "show"): ["1"],
    }
    ran = line(*names, *more.get(names, []))
    assert ran.code == 2
    assert "3 mistakes" in ran.err
    assert "did you mean timezone?" in ran.err and "did you mean name?" in ran.err


def test_as_a_program_of_its_own(filled: CommandLine) -> None:
    program = Path(sys.executable).with_name("listener")
    ran = subprocess.run([program, "kpi", "mentions", "--json"], capture_output=True, check=False)
    assert ran.returncode == 0
    assert {value["brand"] for value in json.loads(ran.stdout)} == {"Acme", "Bolt"}
    wrong = subprocess.run([program, "kpi", "mention"], capture_output=True, check=False)
    assert wrong.returncode == 2
    assert b"did you mean mentions?" in wrong.stderr


# check


def test_check_says_what_was_understood(line: CommandLine) -> None:
    line.configure(
        CONFIG
        + "sources: {hackernews: {}}\nalerts: {rules: [{name: r, when: negative_share > 40%, for: 15m}]}\n"
    )
    ran = line.good("check")
    assert "brands: Acme; competitors: Bolt" in ran.out
    assert (
        "rule: r: Acme: negative_share > 0.4 over 1h for 15m, n at least 20, warning, to console" in ran.out
    )
    assert "no posts from no sources" in ran.out


def test_check_says_of_an_outage_which_source(line: CommandLine) -> None:
    line.configure(
        CONFIG
        + "sources: {hackernews: {}}\nalerts: {rules: [{name: deaf, when: source down for 1h}, "
        + "{name: one, when: source down for 2h, source: hackernews}]}\n"
    )
    told = line.good("check").out
    assert "rule: deaf: any source: source down for 1h" in told
    assert "rule: one: hackernews: source down for 2h" in told


def test_check_deep_counts_again_and_repair_makes_the_sums_anew(filled: CommandLine) -> None:
    ran = filled.good("check", "--deep")
    assert (ran.err, "every sum is what its mentions come to" in ran.out) == ("", True)
    assert "counted again" not in filled.good("check").out
    store = SqliteStore(load(filled.config).database)
    with store.writing() as db:
        db.run("UPDATE rollups SET mentions = mentions + 1 WHERE unit = 1")
    filled.good("check")
    ran = filled("check", "--deep")
    assert ran.code == 1
    assert "store: rollups: " in ran.err and "`listener check --repair` makes all sums anew" in ran.err
    with DaemonLock(store.path):
        beside = filled("check", "--repair")
        assert beside.code == 1
        assert "stop it first" in beside.err
    assert "all sums were made anew" in filled.good("check", "--repair", "--deep").out
    store.close()


def test_check_finds_a_damaged_store(filled: CommandLine) -> None:
    database = filled.folder / "data" / "listener.db"
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    database.write_bytes(b"this is not a database at all" * 50)
    ran = filled("check")
    assert ran.code == 1
    assert "not a database" in ran.err and "check storage.url" in ran.err


# kpi


def test_kpi_gives_the_fields_of_the_contract(filled: CommandLine) -> None:
    values = filled.good("kpi", "--json").json()
    for value in values:
        assert {"kpi", "brand", "source", "since", "until", "value", "unit", "n", "reason"} <= set(value)
        assert (value["value"] is None) == (value["reason"] is not None)
    found = {(value["kpi"], value["brand"]): value for value in values}
    assert found["mentions", "Acme"]["value"] == 2
    assert found["share_of_voice", "Acme"]["value"] == 2 / 3
    share = found["negative_share", "Acme"]
    assert (share["method"], share["raw_value"], share["corrections"]) == ("adjusted", 0.5, 0)
    assert 0 <= share["interval"][0] <= share["value"] <= share["interval"][1] <= 1
    assert found["positive_growth", "Acme"]["change"] == 1
    assert found["mentions", "Acme"]["since"] == "2026-01-05T11:00:00+01:00"


def test_kpi_shows_an_estimate_with_its_interval_and_what_was_counted(filled: CommandLine) -> None:
    lines = filled.good("kpi", "--brand", "Acme").out.splitlines()
    (share,) = [line for line in lines if "negative_share" in line]
    assert re.search(r"negative_share +\d+\.\d % \[\d+, \d+\] +2 +adjusted; counted 50\.0 %$", share), share
    (net,) = [line for line in lines if "net_sentiment" in line]
    assert re.search(r"[+−]0\.\d\d \[−\d\.\d\d, \+\d\.\d\d\] +2 +adjusted; counted ", net), net
    (count,) = [line for line in lines if "positive_mentions" in line]
    assert "may truly be 0 to 2" in count


@pytest.mark.parametrize("written", ["Acme", "acme", "AC", "acme corp", "@acme_help", " ACME "])
def test_brand_is_a_name_an_alias_or_a_handle_in_any_case(filled: CommandLine, written: str) -> None:
    values = filled.good("kpi", "mentions", "--json", "--brand", written).json()
    assert [(value["brand"], value["value"]) for value in values] == [("Acme", 2)]


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["mention"], "there is no KPI 'mention'; did you mean mentions?"),
        (["--brand", "Acmee"], "there is no brand 'Acmee'; did you mean Acme?"),
        (["--brand", "Zzz"], "there are: Acme, Bolt"),
        (["--source", "imprt"], "there is no source 'imprt'; did you mean import?"),
        (["--since", "yesterday"], "write 2026-11-21"),
        (["--since", "2026-02-01", "--until", "2026-01-01"], "since must lie before until"),
        (["--since", "99999999999999999999"], "no time between 1900 and 2100"),
        (["--since", "99999999d"], "no time between 1900 and 2100"),
        (["--until", "9999-12-31"], "no time between 1900 and 2100"),
        (["--timezone", "Mars"], "no time zone"),
        (["--by", "day", "--by", "week"], "one of day, week, month at a time"),
        (["--by", "day", "--since", "1950-01-01"], "ask for a shorter time"),
    ],
)
def test_a_question_that_cannot_be_answered_comes_back_with_a_hint(
    filled: CommandLine, arguments: list[str], hint: str
) -> None:
    ran = filled("kpi", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert hint in ran.err


def test_by_day_source_and_language(filled: CommandLine) -> None:
    asked = ["kpi", "mentions", "--brand", "acme", "--since", "2026-01-05", "--until", "2026-01-08", "--json"]
    # 23:30 UTC on the sixth is the seventh in Madrid.
    days = {v["since"][:10]: v["value"] for v in filled.good(*asked, "--by", "day").json()}
    assert days == {"2026-01-05": 1, "2026-01-06": 0, "2026-01-07": 1}
    days = {
        v["since"][:10]: v["value"] for v in filled.good(*asked, "--by", "day", "--timezone", "UTC").json()
    }
    assert [days[day] for day in ("2026-01-05", "2026-01-06")] == [1, 1]
    (by_source,) = filled.good(*asked, "--by", "source").json()
    assert (by_source["source"], by_source["value"]) == ("import", 2)
    languages = {v["language"]: v["value"] for v in filled.good(*asked, "--by", "language").json()}
    assert languages == {"de": 0, "en": 2}


@pytest.mark.parametrize("by", ["source", "language", "day", "week", "month"])
def test_every_dimension_reads_well_on_a_terminal(filled: CommandLine, by: str) -> None:
    ran = filled.good("kpi", "--by", by, "--since", "2026-01-05", "--until", "2026-01-12")
    assert "Acme · " in ran.out
    assert "None" not in ran.out


def test_kpi_list_names_units_and_formulas(line: CommandLine) -> None:
    out = line.good("kpi", "--list").out
    assert "share_of_voice  (ratio)" in out
    assert "mentions of the brand / mentions of all brands of its market" in out


def test_an_empty_store_says_what_to_do(line: CommandLine) -> None:
    line.configure(CONFIG)
    ran = line.good("kpi")
    assert "no source heard" in ran.out
    assert "run `listener once`, or import history with `listener import FILE`" in ran.out
    assert "Nothing has been listened to yet" in line.good("sources").out
    assert line.good("alerts").out == "Nothing fires now.\n"
    assert line.good("sources", "--json").json() == []
    assert all(value["value"] is None for value in line.good("kpi", "--json").json())
    assert line.good("digest").out


# tone


def test_tone_answers_every_line_however_strange(line: CommandLine) -> None:
    lines = [
        b'{"text": "I love this, it is wonderful!", "lang": "en"}',
        b'{"text": "This is a horrible disaster.", "target": "Acme"}',
        b'{"text": ""}',
        b"",
        b"not json",
        b"[1]",
        b'{"text": 5}',
        b'{"text": "caf\xe9"}',
        b'{"text": "\\ud800 \\u0000"}',
        b"[" * 50_000,
        b'{"text": "' + b"x" * 100_000 + b'"}',
    ]
    ran = line("tone", stdin=b"\n".join(lines) + b"\n")
    assert ran.code == 0
    answers = [json.loads(answer) for answer in ran.out.splitlines()]
    assert len(answers) == len(lines)
    fields = {"label", "p_negative", "p_neutral", "p_positive", "lang", "engine"}
    assert all(fields <= set(answer) for answer in answers)
    assert [answer["label"] for answer in answers[:2]] == ["positive", "negative"]
    bad = [number for number, answer in enumerate(answers) if "error" in answer]
    assert bad == [3, 4, 5, 6, 7, 9]
    assert all(answers[number]["label"] is None for number in bad)
    assert line("tone", stdin=b"").out == ""


def test_tone_needs_no_configuration_and_says_which_engines_there_are(line: CommandLine) -> None:
    ran = line("tone", "--engine", "vadre", stdin=b'{"text": "x"}\n')
    assert ran.code == 2
    assert "did you mean 'vader'" in ran.err


# digest


def test_digest_writes_its_files_and_sends_nothing(filled: CommandLine) -> None:
    ran = filled.good("digest", "--since", "2026-01-05", "--until", "2026-01-12", "--out", "letters/jan")
    names = ["digest.html", "digest.json", "digest.md", "digest.slack.json", "digest.txt"]
    folder = filled.folder / "letters" / "jan"
    assert sorted(path.name for path in folder.glob("digest.*")) == names
    assert all(name in ran.out for name in names)
    assert "Acme" in (folder / "digest.txt").read_text(encoding="utf-8")
    assert json.loads((folder / "digest.json").read_text(encoding="utf-8"))
    reader = Reader(filled.folder / "data" / "listener.db")
    assert reader.rows("SELECT count(*) FROM outbox") == [(0,)]
    reader.close()


def test_a_folder_that_cannot_be_written_is_told_without_a_traceback(filled: CommandLine) -> None:
    file = filled.file("taken", "")
    ran = filled("digest", "--out", file / "letter")
    assert (ran.code, "letter cannot be written: Not a directory" in ran.err) == (1, True)


def test_the_pdf_of_a_digest_makes_its_folder(filled: CommandLine) -> None:
    pytest.importorskip("typst")
    period = ("--since", "2026-01-05", "--until", "2026-01-12")
    filled.good("digest", *period, "--pdf", "letters/feb/letter.pdf")
    assert (filled.folder / "letters" / "feb" / "letter.pdf").read_bytes().startswith(b"%PDF")


def test_digest_with_times_the_wrong_way_round(filled: CommandLine) -> None:
    ran = filled("digest", "--since", "2026-01-05", "--until", "2026-01-01")
    assert (ran.code, "--since must lie before --until" in ran.err) == (2, True)


# alerts and sources


def test_alerts_test_sends_a_sample_to_each_channel(line: CommandLine) -> None:
    line.configure(CONFIG + "channels: {console: {}, webhook: {url: 'http://127.0.0.1:9/x'}}\n")
    ran = line("alerts", "test", "console")
    assert ran.code == 0
    assert "Listener: this is a test" in ran.out
    assert "console: took it" in ran.out
    both = line("alerts", "test")
    assert both.code == 1
    assert "not delivered: webhook" in both.err
    assert "cannot be reached" in both.out


def test_alerts_test_of_a_channel_that_is_not_there(line: CommandLine) -> None:
    line.configure(CONFIG)
    ran = line("alerts", "test", "slack")
    assert (ran.code, "there is no channel 'slack'; there are: console" in ran.err) == (2, True)


def test_alerts_shows_what_fires_what_was_told_and_what_waits(line: CommandLine) -> None:
    from zoneinfo import ZoneInfo

    from alerts import judging
    from alerts.rules import Look, Rule, RuleOptions
    from storage import outbox

    line.configure(CONFIG)
    now = 1_790_000_000
    store = SqliteStore(line.folder / "data" / "listener.db")
    store.register(BRANDS, [HACKERNEWS])
    store.commit(page([post("1", now - 9)], (now - 86_400, now)))
    rule = Rule.of(RuleOptions.model_validate({"name": "busy", "when": "mentions >= 1"}), "Acme")
    found = judging.look(Look(store, BRANDS, ZoneInfo("UTC"), now), [rule])
    with store.writing() as db:
        judging.write(db, found, now)
        claimed = outbox.claim(db, "console", now)
        assert claimed is not None
        outbox.give_up(db, claimed.id, now, "the console is gone")
    store.close()
    out = line.good("alerts").out
    assert "Firing now:\n  Acme: busy, warning, since Mon 21 Sep, 16:13" in out
    assert "  Acme: mentions 1 (busy)\n" in out
    assert "`listener alerts ack KEY --by NAME` takes one on" in out
    assert "alert on console: failed after 1 attempt: the console is gone" in out
    document = line.good("alerts", "--json").json()
    assert document["firing"][0]["rule"] == "busy"
    assert (document["events"][0]["value"], document["events"][0]["kind"]) == (1, "fired")
    assert document["deliveries"][0]["state"] == "failed"


def lay_out(line: CommandLine, *ends: tuple[str, str, str]) -> None:
    """Messages by (key, channel, how they ended: delivered, failed or waiting)."""
    from storage import outbox

    store = SqliteStore(line.folder / "data" / "listener.db")
    now = int(time())
    for key, channel, end in ends:
        with store.writing() as db:
            outbox.put(db, [channel], key, "test", {}, [], now)
            row = None if end == "waiting" else outbox.claim(db, channel, now)
            if row is not None and end == "failed":
                outbox.give_up(db, row.id, now, "it was gone")
            elif row is not None:
                outbox.delivered(db, row.id, now)
    store.close()


def states(line: CommandLine) -> dict[tuple[str, str], str]:
    document = line.good("alerts", "--json").json()
    return {(d["key"], d["channel"]): d["state"] for d in document["deliveries"]}


def test_what_was_given_up_is_sent_again(line: CommandLine) -> None:
    line.configure(CONFIG + "channels: {console: {}, webhook: {url: 'http://127.0.0.1:9/x'}}\n")
    lay_out(line, ("a", "console", "failed"), ("b", "webhook", "failed"), ("c", "console", "delivered"))
    shown = line.good("alerts").out
    assert "it was gone (b)" in shown
    assert "`listener alerts resend --failed` sends again what failed" in shown
    here = line("alerts", "resend", "--failed", "--channel", "console")
    assert (here.code, here.out.count("this is a test"), "console: took it" in here.out) == (0, 1, True)
    assert states(line) == {
        ("a", "console"): "delivered",
        ("b", "webhook"): "failed",
        ("c", "console"): "delivered",
    }
    rest = line("alerts", "resend", "--failed")
    assert (rest.code, "not delivered: webhook" in rest.err) == (1, True)
    assert states(line)["b", "webhook"] == "waiting"
    (asked,) = line.good("alerts", "--json").json()["undelivered"]
    assert asked["resent_at"] is not None and asked["attempts"] == 2
    assert "Nothing has failed." in line.good("alerts", "resend", "--failed").out


def test_one_message_is_sent_again_whatever_became_of_it(line: CommandLine) -> None:
    line.configure(CONFIG)
    lay_out(line, ("a", "console", "delivered"), ("b", "console", "delivered"), ("c", "slack", "failed"))
    again = line.good("alerts", "resend", "b")
    assert (again.out.count("this is a test"), "console: took it" in again.out) == (1, True)
    ran = line("alerts", "resend", "z")
    assert (ran.code, "no message 'z'" in ran.err) == (1, True)
    gone = line("alerts", "resend", "c")
    assert (gone.code, "slack: is configured no more" in gone.out) == (1, True)


@pytest.mark.parametrize("wrong", [(), ("a", "--failed"), ("--failed", "--channel", "pigeon")])
def test_what_to_send_again_must_be_said(line: CommandLine, wrong: tuple[str, ...]) -> None:
    line.configure(CONFIG)
    assert line("alerts", "resend", *wrong).code == 2


def test_the_doctor_tells_of_what_was_given_up(line: CommandLine) -> None:
    line.configure(CONFIG)
    lay_out(line, ("a", "console", "failed"), ("b", "console", "delivered"))
    out = line("doctor").out
    assert "FAIL messages: 1 message could not be delivered" in out
    assert "listener alerts resend --failed" in out


def test_sources_shows_each_with_its_state(filled: CommandLine) -> None:
    assert "import: imported" in filled.good("sources").out
    (source,) = filled.good("sources", "--json").json()
    assert (source["source"], source["state"], source["posts"]) == ("import", "imported", 3)
    assert "3 posts kept" in filled.good("sources", "--explain", "import").out
    ran = filled("sources", "--explain", "nowhere")
    assert (ran.code, "there is no source 'nowhere'" in ran.err) == (2, True)


def test_sources_says_which_kept_posts_are_looked_at_too_late(line: CommandLine) -> None:
    from dataclasses import replace

    from storage.mention import Kept, Source, Visits

    line.configure(CONFIG)
    now = int(time())
    duty = Source("forum", "hackernews", visits=Visits((3_600,), 86_400))
    calm = replace(duty, name="calm", visits=Visits((3_600,)))
    store = SqliteStore(line.folder / "data" / "listener.db")
    store.register(BRANDS, [duty, calm])
    for source in (duty, calm):
        posts = [replace(post(id_, now - ago), fetched_at=now - ago) for id_, ago in (("1", 7_300), ("2", 0))]
        store.commit(Kept(source, posts))
    out = line.good("sources", "--explain", "forum").out
    assert "    1 kept post waits to be looked at again, the first for 1h 1m\n" in out
    assert "    the service wants each looked at every 1d\n" in out
    assert "looked at again" not in line.good("sources").out
    # By its kind: forums, sites and feeds are sources of their own.
    of_kind = line.good("sources", "--explain", "hackernews").out
    assert "forum: " in of_kind and "calm: " in of_kind
    assert "no source 'nosuch'" in line("sources", "--explain", "nosuch").err
    assert "wants" not in line.good("sources", "--explain", "calm").out
    store.commit(Kept(duty, [replace(post("3", now - 15_000), fetched_at=now - 15_000)]))
    assert "the service wants each looked at every 1d; 1 post not in time" in line.good("sources").out
    store.close()
    by_name = {each["source"]: each["visits"] for each in line.good("sources", "--json").json()}
    assert (by_name["forum"]["due"], by_name["forum"]["behind"], by_name["forum"]["every"]) == (2, 1, 86_400)
    assert (by_name["calm"]["due"], by_name["calm"]["behind"], by_name["calm"]["every"]) == (1, 0, None)


def test_once_without_sources_is_good_and_says_so(line: CommandLine) -> None:
    line.configure(CONFIG)
    assert line("once").code == 0


# tokens


def test_tokens_are_made_listed_and_revoked(line: CommandLine) -> None:
    line.configure(CONFIG)
    assert "`listener token add NAME` makes one" in line.good("token", "list").err
    assert "needs a name" in line("token", "add", " ").err
    token = line.good("token", "add", "grafana").out.strip()
    assert token.startswith("listener_") and len(token) > 40
    database = line.folder / "data" / "listener.db"
    reader = Reader(database)
    assert tokens.owner(reader, token) == "grafana"
    assert token not in repr(reader.rows("SELECT * FROM tokens"))
    reader.close()
    assert line.good("token", "list").out.startswith("grafana  made ")
    twice = line("token", "add", "grafana")
    assert (twice.code, "revoke it first" in twice.err) == (2, True)
    line.good("token", "revoke", "grafana")
    assert "grafana" not in line.good("token", "list").out
    reader = Reader(database)
    assert tokens.owner(reader, token) is None
    reader.close()
    gone = line("token", "revoke", "grafana")
    assert (gone.code, "there is no token named 'grafana'" in gone.err) == (1, True)
