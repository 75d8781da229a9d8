"""Numbers as a line of text."""

from __future__ import annotations

import pytest

from alerts.charts.sparkline import LONGEST, sparkline


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([None, None], ""),
        ([0, 0, 0], "▁▁▁"),
        ([1, 2, 1, 7], "▂▃▂█"),
        ([0, None, 8], "▁·█"),
        ([-1.0, 0.0, 1.0], "▁▅█"),
        ([-2, -1], "▁▅"),
        ([5], "█"),
        ([1e-300, 0], "█▁"),
    ],
)
def test_bars_go_from_nothing_to_the_highest(values: list[float | None], drawn: str) -> None:
    assert sparkline(values) == drawn


def test_of_many_the_last_are_drawn() -> None:
    assert sparkline([100.0] + [1.0] * LONGEST) == "█" * LONGEST
