"""listener explain at the terminal: readable, harmless, for programs too; evidence files written and checked."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from commandline import CommandLine

CONFIG = """timezone: Europe/Madrid
brands:
  - {name: Acme, own: true}
  - {name: Bolt}
"""
ROWS = "\n".join(
    [
        '{"id": "1", "text": "acme is wonderful, I love it", "created_at": "2026-01-05T10:00:00Z", "language": "en"}',
        '{"id": "2", "text": "acme is a horrible disaster", "created_at": "2026-01-06T10:30:00Z", "language": "en"}',
        '{"id": "3", "text": "bolt", "created_at": "2026-01-07T10:00:00Z", "url": "https://b.example/3"}',
        '{"id": "4", "text": "acme \\u001b[31mred\\u001b[0m\\nand \\u202ebackwards", '
        '"created_at": "2026-01-07T11:00:00Z", "url": "javascript:alert(1)"}',
    ]
)
WEEK = ("--since", "2026-01-05", "--until", "2026-01-12")


@pytest.fixture
def filled(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("import", line.file("rows.jsonl", ROWS), "--source", "shop")
    return line


def test_it_reads_from_the_number_to_its_sql(filled: CommandLine) -> None:
    out = filled.good("explain", "share_of_voice", "--brand", "acme", *WEEK).out
    flat = " ".join(out.split())
    for told in (
        "share_of_voice of Acme",
        "Mon 5 Jan 2026, 00:00 UTC+1 to Mon 12 Jan 2026, 00:00 UTC+1 (Europe/Madrid)",
        "75.0 % 95 % interval",
        "n = 4 Formula",
        "Formula mentions of the brand / mentions of all brands of its market 3 / 4 = 0.75",
        "shop 168 of 168 h, by import",
        "Acme, version 1 since",
        "Copies no mention repeats another one",
        "3 of 3 posts, newest first",
        "statements, as sqlite3 takes them",
    ):
        assert told in flat, told
    order = [
        out.index(f"\n{title} ")
        for title in ("Formula", "Heard", "Compared", "Query", "Copies", "Posts", "SQL")
    ]
    assert order == sorted(order)
    assert all(row == row.rstrip() for row in out.splitlines())


def test_an_estimate_is_shown_with_interval_and_line(filled: CommandLine) -> None:
    flat = " ".join(filled.good("explain", "negative_share", "--brand", "Acme", *WEEK).out.split())
    assert "95 % interval" in flat
    assert "as counted; corrected for the engine's measured error" in flat
    assert "says + / − by its line + / −" in flat
    assert "Corrections none" in flat


def test_what_strangers_wrote_is_harmless(filled: CommandLine) -> None:
    out = filled.good("explain", "mentions", "--brand", "Acme", *WEEK).out
    assert "“acme red and backwards”" in out
    assert "javascript:" not in out
    assert not set(out) & set("\x1b\u202e\x00")


def test_posts_are_paged(filled: CommandLine) -> None:
    first = filled.good("explain", "mentions", "--brand", "Acme", *WEEK, "--posts", "2", "--json").json()[
        "explained"
    ]
    assert [post["native_id"] for post in first["posts"]["shown"]] == ["4", "2"]
    after = str(first["posts"]["next"])
    second = filled.good("explain", "mentions", "--brand", "Acme", *WEEK, "--after", after, "--json").json()
    assert [post["native_id"] for post in second["explained"]["posts"]["shown"]] == ["1"]
    assert (
        f"more: --after {after}"
        in filled.good("explain", "mentions", "--brand", "Acme", *WEEK, "--posts", "2").out
    )
    bad = filled.good(
        "explain", "mentions", "--brand", "Acme", *WEEK, "--sentiment", "negative", "--json"
    ).json()
    assert [post["native_id"] for post in bad["explained"]["posts"]["shown"]] == ["2"]


def test_json_gives_the_value_of_kpi(filled: CommandLine) -> None:
    (value,) = filled.good("kpi", "net_sentiment", "--brand", "Acme", *WEEK, "--json").json()
    told = filled.good("explain", "net_sentiment", "--brand", "Acme", *WEEK, "--json").json()
    assert {key: told[key] for key in value} == value


def test_an_erased_post_says_so(filled: CommandLine) -> None:
    from storage.mention import Kept, Source
    from storage.sqlite import SqliteStore

    store = SqliteStore(filled.folder / "data" / "listener.db")
    store.commit(Kept(Source("shop", "import"), [], deleted=["2"], at=1))
    store.close()
    out = filled.good("explain", "mentions", "--brand", "Acme", *WEEK).out
    assert "text erased" in out
    assert "horrible" not in out


def test_evidence_is_written_and_checked(filled: CommandLine) -> None:
    told = filled.good("explain", "share_of_voice", "--brand", "Acme", *WEEK, "--bundle", "e.db").out
    assert "e.db: 4 facts, sha256 " in told
    assert "everything is counted of the facts" in told
    out = filled.good("explain", "--verify", "e.db").out
    assert "hash     is the one written" in out
    assert "number   comes out again  0.75, made again 0.75" in out
    checked = filled.good("explain", "--verify", "e.db", "--json").json()
    assert (checked["good"], checked["answer"], checked["manifest"]["kpi"]) == (True, 0.75, "share_of_voice")
    again = filled("explain", "share_of_voice", "--brand", "Acme", *WEEK, "--bundle", "e.db")
    assert (again.code, "is there already" in again.err) == (1, True)
    nowhere = filled("explain", "share_of_voice", "--brand", "Acme", *WEEK, "--bundle", "no/such/folder.db")
    assert (nowhere.code, "cannot be written" in nowhere.err) == (1, True)


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="there is no sqlite3 shell here")
def test_a_changed_file_ends_with_1(filled: CommandLine) -> None:
    filled.good("explain", "share_of_voice", "--brand", "Acme", *WEEK, "--bundle", "e.db")
    subprocess.run(
        ["sqlite3", "e.db", "DELETE FROM facts WHERE brand = 'Bolt'"], check=True, cwd=filled.folder
    )
    ran = filled("explain", "--verify", "e.db")
    assert ran.code == 1
    assert "DIFFERS: the file was changed" in ran.out
    assert "number   DIFFERS  0.75, made again 1.0" in ran.out
    assert filled("explain", "--verify", "e.db", "--json").json()["good"] is False


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ((), "name a KPI and a --brand"),
        (("mentions",), "name a KPI and a --brand"),
        (("mentoins", "--brand", "Acme"), "did you mean mentions?"),
        (("mentions", "--brand", "Acm"), "did you mean Acme?"),
        (("mentions", "--brand", "Acme", "--since", "then"), "is no time"),
        (("mentions", "--brand", "Acme", "--source", "x"), "there is no source"),
        (("mentions", "--brand", "Acme", "--posts", "many"), "not a valid integer"),
    ],
)
def test_mistakes_end_with_2_and_a_hint(filled: CommandLine, arguments: tuple[str, ...], hint: str) -> None:
    ran = filled("explain", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert hint in ran.err


def test_an_empty_store_has_no_value_and_says_why(line: CommandLine) -> None:
    line.configure(CONFIG)
    out = line.good("explain", "net_sentiment", "--brand", "Acme").out
    assert "No value: no source heard." in out
    assert "no posts" in out


def test_a_file_that_is_no_evidence_ends_with_1(filled: CommandLine) -> None:
    for name in ("nowhere.db", "config.yaml"):
        ran = filled("explain", "--verify", name)
        assert (ran.code, ran.out) == (1, "")
        assert name in ran.err
