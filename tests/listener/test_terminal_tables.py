"""Tables on a terminal: remarks are folded where they are too long for a line, and nothing is lost."""

from __future__ import annotations

import pytest

from listener.commands.tables import table

REMARK = "nothing imported of native for these days: listener import --kind native FILE"
HEAD = ("", "KPI", "VALUE", "N", "")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(width: int) -> None:
    rows = [("apple", "audience_growth", "–", "0", REMARK), ("", "mentions", "1 003", "1 003", "")]
    lines = list(table(HEAD, rows, right=(2, 3), width=width))
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines).split()).count("FILE") == 1
    assert [word for line in lines for word in line.split() if word in REMARK.split()] == REMARK.split()


def test_a_remark_goes_on_below_itself_or_below_its_row() -> None:
    row = ("apple", "audience_growth", "–", "0", "one two three four five six seven eight nine ten eleven")
    beside = list(table(HEAD, [row], right=(2, 3), width=70))
    assert beside[1].index("one") == len(beside[2]) - len(beside[2].lstrip())
    below = list(table(HEAD, [row], right=(2, 3), width=50))
    assert below[1].endswith("0") and below[2].startswith("         one")


def test_without_a_terminal_a_row_is_one_line() -> None:
    assert len(list(table(HEAD, [("apple", "x", "1", "1", REMARK * 9)]))) == 2
