"""When a source is asked after a start: not sooner than it wanted, and not years later because of a clock."""

from __future__ import annotations

import pytest

from listener.listening import LONGEST_WAIT, must_wait
from storage.polling import SourceState

NOW = 1_790_000_000


@pytest.mark.parametrize(
    ("failures", "next_poll_at", "wait"),
    [
        (3, NOW + 600, 600),
        (3, NOW, 0),
        (3, NOW - 600, 0),
        (3, None, 0),
        (0, NOW + 600, 0),
        (3, NOW + LONGEST_WAIT, LONGEST_WAIT),
        (3, NOW + 10 * 365 * 86_400, 0),
    ],
)
def test_a_source_that_failed_is_left_alone_until_its_time(
    failures: int, next_poll_at: int | None, wait: int
) -> None:
    state = SourceState(
        "news", "feeds", True, NOW, NOW, next_poll_at, "why", failures, None, None, 0, None, 0
    )
    assert must_wait(state, NOW) == wait
