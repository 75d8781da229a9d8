"""Erasures beside a running daemon, by events and by commands: afterwards no byte of its folder holds what was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import erasing

pytestmark = [pytest.mark.server, pytest.mark.slow]


def test_nothing_of_what_was_erased_is_left_on_the_disk(tmp_path: Path) -> None:
    """A tenth of what `python -m benchmarks.erasing` does."""
    posts = 10_000
    figures = erasing.measure(posts, posts // 100, tmp_path)
    # The look sees what is there: before, each mark of what is erased then was found.
    assert figures.seen_before == figures.marks > posts // 100
    assert figures.found_after == ()
    assert figures.others_kept == posts - posts // 100
    assert figures.by_event > 5 * figures.by_command > 0
    assert figures.longest <= 60, "within a minute"
