"""listener story at the terminal: the largest, one opened as a tree, and nothing that a stranger wrote does harm."""

from __future__ import annotations

import json

import pytest
from commandline import CommandLine

CONFIG = "brands: [{name: Acme}, {name: Bolt}]\n"
RELEASE = "Acme opens a new plant for blue kettles near the old harbour of Porto this autumn"


def row(number: str, hour: int, text: str, author: str | None = None) -> str:
    return json.dumps(
        {"id": number, "text": text, "created_at": f"2026-01-05T{hour:02}:00:00Z", "author": author}
    )


ROWS = "\n".join(
    [
        row("1", 9, f"{RELEASE} \u001b[31mred\u001b[0m", "ana"),
        row("2", 10, f"RT @ana: {RELEASE}", "ben"),
        row("3", 11, f"{RELEASE[:60]}…", "ben"),
        row("4", 12, "acme by itself, in a few words of somebody", "cleo"),
    ]
)
SINCE = ("--since", "2026-01-01", "--until", "2026-02-01")


@pytest.fixture
def filled(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("import", line.file("rows.jsonl", ROWS), "--source", "shop")
    return line


def test_the_largest_stories_of_a_time(filled: CommandLine) -> None:
    (story,) = filled.good("story", *SINCE, "--json").json()["stories"]
    assert (story["id"], story["posts"], story["publishers"], story["sources"]) == (1, 3, 2, 1)
    assert (story["first_at"], story["last_at"]) == ("2026-01-05T09:00:00Z", "2026-01-05T11:00:00Z")
    assert story["headline"].startswith(RELEASE)
    out = filled.good("story", *SINCE).out
    assert "\u001b[31m" not in out
    assert out.splitlines()[1].split()[:4] == ["1", "3", "2", "1"]
    assert filled.good("story", *SINCE, "--brand", "Bolt", "--json").json() == {"stories": []}
    assert "No story" in filled.good("story", *SINCE, "--brand", "Bolt").err


def test_one_story_is_opened_by_any_of_its_posts(filled: CommandLine) -> None:
    told = filled.good("story", "3", "--json").json()["copies"]
    assert [(one["id"], one["author"], one["depth"]) for one in told] == [
        (1, "ana", 0),
        (2, "ben", 1),
        (3, "ben", 1),
    ]
    out = filled.good("story", "2").out
    assert out.splitlines()[0] == "3 posts in 1 source, each under what it repeats:"
    assert "\u001b[31m" not in out
    # One that nobody repeats is a story of one.
    assert [one["id"] for one in filled.good("story", "4", "--json").json()["copies"]] == [4]


def test_a_time_of_another_year_bears_its_year(line: CommandLine) -> None:
    line.configure(CONFIG)
    old = "\n".join(row(str(n), 9, RELEASE).replace("2026-01", "2011-10") for n in range(2))
    line.good("import", line.file("old.jsonl", old), "--source", "shop")
    assert "Wed 5 Oct 2011, 09:00" in line.good("story", "--since", "2011-01-01").out


def test_what_is_not_there_is_told(filled: CommandLine) -> None:
    ran = filled("story", "99")
    assert (ran.code, "no post 99" in ran.err) == (1, True)
    ran = filled("story", "--since", "1d", "--until", "2d")
    assert (ran.code, "since must lie before until" in ran.err) == (2, True)


def test_explain_says_how_many_copies_there_are(filled: CommandLine) -> None:
    out = filled.good("explain", "mentions", "--brand", "Acme", *SINCE).out
    assert "Copies 2 mentions repeat another one; listener story shows which" in " ".join(out.split())
