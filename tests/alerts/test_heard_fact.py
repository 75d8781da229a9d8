"""An alert says what was heard without a list of fifty feeds."""

from __future__ import annotations

import pytest

from alerts.telling import _heard
from storage.coverage import SourceHeard


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ([100], "s0 throughout"),
        ([100, 100, 100], "s0, s1, s2 throughout"),
        ([100] * 6, "6 sources throughout"),
        ([92, 100], "s0 (92 %), s1 throughout"),
        ([100] * 5 + [92], "s5 (92 %), 5 others throughout"),
    ],
)
def test_what_was_heard_throughout_is_counted_and_the_rest_named(shares: list[int], said: str) -> None:
    assert _heard([SourceHeard(f"s{n}", share, 100) for n, share in enumerate(shares)]) == said
