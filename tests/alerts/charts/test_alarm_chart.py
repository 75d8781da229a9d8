"""The small chart of an alert: drawn for day and night where there are points, and never in the way of what is told."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import ACME, BRANDS, HACKERNEWS, page, post

from alerts import judging
from alerts.charts.alarm import small_chart
from alerts.language import Language
from alerts.message import Message
from alerts.rules import Look, Rule, RuleOptions
from alerts.telling import to_send
from storage import outbox
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
NOW = 1_790_000_000
HOUR = 3_600


@pytest.mark.parametrize("when", ["negative_share rises by 10 points", "negative_share rises by 50%"])
def test_what_changed_by_points_can_be_told(tmp_path: Path, when: str) -> None:
    """Points of a change are no points of a chart."""
    store = SqliteStore(tmp_path / "listener.db")
    store.register(BRANDS, [HACKERNEWS])
    then = [post(f"o{n}", NOW - HOUR - 60 - n, "negative" if n < 10 else "neutral") for n in range(60)]
    now = [post(f"n{n}", NOW - 60 - n, "negative") for n in range(60)]
    store.commit(page(then + now, (NOW - 72 * HOUR, NOW)))
    rule = Rule.of(RuleOptions.model_validate({"name": "r", "when": when}), ACME.name)
    with store.writing() as db:
        judging.write(db, judging.look(Look(store, BRANDS, UTC, NOW), [rule]), NOW)
        row = outbox.claim(db, "console", NOW)
    assert row is not None
    said = to_send(row, store, UTC, None)
    store.close()
    assert isinstance(said, Message)
    assert said.title == "Acme: negative share up from 16.7 % to 100.0 %"
    assert said.chart is None


def test_it_is_drawn_by_day_and_by_night_and_not_too_wide_for_a_phone() -> None:
    numbers = {
        "kind": "fired",
        "kpi": "mentions",
        "brand": "Acme",
        "fired_at": NOW,
        "points": [[NOW - n * HOUR, n, 1, 5] for n in range(6, 0, -1)],
    }
    chart = small_chart("k", numbers, UTC, Language.of("en"))
    assert chart is not None
    assert chart.png != chart.dark
    for picture in (chart.png, chart.dark):
        assert picture.startswith(b"\x89PNG")
    assert 'width="420"' in chart.svg
    assert chart.values == (6, 5, 4, 3, 2, 1)
