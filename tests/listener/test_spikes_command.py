"""listener spikes: a row out for each row in, as it came, and clear words about a file that is none."""

from __future__ import annotations

import csv
import io
import random
from datetime import UTC, datetime, timedelta

import pytest
from commandline import CommandLine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listener.commands.spikes import scores

SINCE = datetime(2026, 3, 1, tzinfo=UTC)


def series(counts: list[int], minutes: int = 5) -> str:
    rows = (
        f"{SINCE + timedelta(minutes=minutes * row):%Y-%m-%d %H:%M:%S},{count}"
        for row, count in enumerate(counts)
    )
    return "timestamp,value\n" + "".join(f"{row}\n" for row in rows)


def test_a_row_comes_out_for_each_row_with_its_timestamp_as_it_was(line: CommandLine) -> None:
    chance = random.Random(1)
    counts = [chance.randint(0, 8) for _ in range(288 * 5)]
    counts[1300:1340] = [300] * 40
    file = line.file(
        "mentions.csv", series(counts).replace("2026-03-01 00:00:00", "2026-03-01T00:00:00.000Z")
    )
    rows = list(csv.DictReader(io.StringIO(line.good("spikes", file).out)))
    assert list(rows[0]) == ["timestamp", "score"]
    assert [row["timestamp"] for row in rows[:2]] == ["2026-03-01T00:00:00.000Z", "2026-03-01 00:05:00"]
    assert len(rows) == len(counts)
    told = [row for row, one in enumerate(rows) if float(one["score"]) >= 0.5]
    assert len(told) == 1
    assert 1300 <= told[0] < 1340
    assert all(0 <= float(row["score"]) <= 1 for row in rows)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a,b\n1,2\n", "lacks the column timestamp"),
        ("", "lacks the column timestamp"),
        ("timestamp,value\n2026-03-01 00:00:00\n", "line 2: needs a timestamp and a value"),
        ("timestamp,value\nyesterday,1\n", "line 2: 'yesterday' is no timestamp"),
        ("timestamp,value\n2026-03-01 00:00:00,nan\n", "line 2: 'nan' is no count"),
        ("timestamp,value\n2026-03-01 00:00:00,-1\n", "line 2: '-1' is no count"),
        (
            "timestamp,value\n2026-03-01 00:05:00,1\n2026-03-01 00:00:00,1\n",
            "line 3: 2026-03-01 00:00:00 is not later than the row before it; sort the file by time",
        ),
        (b"timestamp,value\n\xff\xfe,1\n", "not a CSV file in UTF-8"),
    ],
)
def test_a_file_that_is_none_is_told_with_its_line(
    line: CommandLine, content: str | bytes, said: str
) -> None:
    ran = line("spikes", line.file("bad.csv", content))
    assert ran.code == 1
    assert said in ran.err


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=350), st.integers(1, 350))
def test_a_file_cut_at_any_row_has_the_same_scores(line: CommandLine, counts: list[int], cut: int) -> None:
    whole = list(scores(line.file("whole.csv", series(counts))))
    assert list(scores(line.file("cut.csv", series(counts[:cut])))) == whole[:cut]


def test_a_gap_in_time_is_no_data(line: CommandLine) -> None:
    chance = random.Random(2)
    counts = [chance.randint(0, 8) for _ in range(600)]
    text = series(counts)
    late = "".join(
        f"{SINCE + timedelta(days=9, minutes=5 * row):%Y-%m-%d %H:%M:%S},4\n" for row in range(300)
    )
    got = list(scores(line.file("gap.csv", text + late)))
    assert [score for _, score in got[:600]] == [score for _, score in scores(line.file("one.csv", text))]
    assert max(score for _, score in got[600:]) < 0.5
