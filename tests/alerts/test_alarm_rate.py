"""How often an anomaly may be a false alarm, as config.yaml says it."""

from __future__ import annotations

import pytest

from alerts.alarm_rate import parse_rate


@pytest.mark.parametrize(
    ("text", "rate"), [("1/month", 1.0), ("2/week", 2 * 30.4375 / 7), ("6 / year", 0.5), ("1/day", 30.4375)]
)
def test_alarms_a_month(text: str, rate: float) -> None:
    assert parse_rate(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["monthly", "0/month", "2/day", 1, 1.0, "1/hour", None])
def test_what_is_no_rate_is_refused_with_the_way_to_write_it(text: object) -> None:
    with pytest.raises(ValueError, match="alarm rate"):
        parse_rate(text)
