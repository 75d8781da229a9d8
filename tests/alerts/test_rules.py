"""Rules as pure functions: how a condition is read, and what becomes of a rule as values and time go by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from alerts import rules
from alerts.rules import (
    Condition,
    Rule,
    RuleOptions,
    Sample,
    Transition,
    event_key,
    looked_at,
    parse_condition,
    windows,
)
from storage.alerting import AlertState
from storage.calendar import Window
from storage.kpi import KPIS, KpiValue

T = 1_790_000_000
HOUR = 3600


def rule(when: str = "negative_share > 40%", **options: object) -> Rule:
    given_options = {"name": "angry", "when": when, "over": "1h", "min_n": 20, "cooldown": "6h", **options}
    return Rule.of(RuleOptions.model_validate(given_options), "Acme")


def value(number: float | None, n: int = 50, until: int = T) -> KpiValue:
    reason = None if number is not None else "none judged"
    return KpiValue(
        "negative_share", "Acme", None, None, until - HOUR, until, number, "ratio", n, reason, {}, (), ()
    )


def judge(
    judged: Rule,
    values: Sequence[KpiValue],
    state: AlertState | None,
    now: int,
    live: Sequence[KpiValue] | None = None,
) -> Transition:
    """Judge by values of a KPI; `live`: those over what was heard live, where that is not everything."""
    condition = judged.condition
    assert isinstance(condition, Condition)
    samples = [
        Sample(
            one.since,
            one.until,
            one.value is not None and one.n >= judged.min_n,
            condition.enough_and_met(judged, one),
            condition.enough_and_met(judged, one) and condition.enough_and_met(judged, heard),
            one,
        )
        for one, heard in zip(values, live or values, strict=True)
    ]
    return rules.judge(judged, samples, state, now)


def state(phase: str = "quiet", **times: int) -> AlertState:
    given_times = {"since": T, "enough_at": T, "told_until": 0, "fired_at": 0, **times}
    return AlertState("angry", "Acme", phase, **given_times)  # type: ignore[arg-type]


# What a condition says


@pytest.mark.parametrize(
    ("text", "kpi", "op", "number"),
    [
        ("negative_share > 0.4", "negative_share", ">", 0.4),
        ("negative_share > 40%", "negative_share", ">", 0.4),
        ("negative_share>=40 %", "negative_share", ">=", 0.4),
        ("net_sentiment < -0.2", "net_sentiment", "<", -0.2),
        ("net_sentiment < -20%", "net_sentiment", "<", -0.2),
        ("positive_growth < -50%", "positive_growth", "<", -0.5),
        ("positive_growth > 150%", "positive_growth", ">", 1.5),
        ("mentions >= 100", "mentions", ">=", 100),
        ("mentions <= 0", "mentions", "<=", 0),
        ("first_response_time > 2h", "first_response_time", ">", 7200),
        ("first_response_time > 90s", "first_response_time", ">", 90),
        ("first_response_time > 1.5h", "first_response_time", ">", 5400),
        ("first_response_time > 7200", "first_response_time", ">", 7200),
    ],
)
def test_a_condition_is_read_in_the_units_of_its_kpi(text: str, kpi: str, op: str, number: float) -> None:
    assert parse_condition(text) == Condition(kpi, op, number)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("mentions > 40%", "mentions is counted in mentions; write a plain number instead of 40%"),
        ("positive_mentions > 2h", "write a plain number"),
        ("negative_share > 40", "for 40 percent write 40%"),
        ("negative_share > 120%", "lies between 0 and 1"),
        ("negative_share > 120", "lies between 0 and 1"),
        ("net_sentiment < -2", "lies between -1 and 1"),
        ("negative_share > 2h", "write 0.4 or 40%"),
        ("first_response_time > 40%", "write a duration as in 2h"),
        ("cpc > 2h", "cpc is an amount of money; write a plain number instead of 2h"),
        ("followers < 40%", "followers is counted in people; write a plain number instead of 40%"),
        ("star_rating < 4d", "star_rating is counted in stars; write a plain number"),
        ("nps < 30", "nps lies between -1 and 1; for 30 percent write 30%"),
        ("csat < 80", "for 80 percent write 80%"),
        ("negativ_share > 0.4", "there is no KPI 'negativ_share'"),
        ("negative_share", "write KPI OP NUMBER"),
        ("negative_share = 0.4", "write KPI OP NUMBER"),
        ("negative_share > much", "write KPI OP NUMBER"),
        ("negative_share > 0.4 and mentions > 3", "write KPI OP NUMBER"),
        ("", "write KPI OP NUMBER"),
    ],
)
def test_a_wrong_unit_name_or_form_is_refused_with_the_remedy(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(hint)):
        parse_condition(text)
    with pytest.raises(ValidationError):
        RuleOptions.model_validate({"name": "x", "when": text})


@pytest.mark.parametrize(
    ("op", "below", "at", "above"),
    [
        (">", False, False, True),
        (">=", False, True, True),
        ("<", True, False, False),
        ("<=", True, True, False),
    ],
)
def test_each_operator_says_what_it_says_at_the_number_itself(
    op: str, below: bool, at: bool, above: bool
) -> None:
    condition = Condition("mentions", op, 10)
    assert (condition.holds(9), condition.holds(10), condition.holds(11)) == (below, at, above)


def test_every_kpi_can_be_put_into_a_rule() -> None:
    for name in KPIS:
        assert parse_condition(f"{name} > 0").kpi == name


@pytest.mark.parametrize("when", ["authors > 5h", "likes > 10%", "share_of_voice.authors > 40"])
def test_a_number_in_another_unit_is_refused(when: str) -> None:
    with pytest.raises(ValueError, match=r"a plain number|lies between 0 and 1; for 40 percent write 40%"):
        parse_condition(when)


@pytest.mark.parametrize(
    ("when", "min_n"),
    [
        ("negative_share > 0.4", 20),
        ("first_response_time > 2h", 5),
        ("mentions < 1", 0),
        ("csat < 0.8", 20),
        ("cpc > 2.5", 0),
        ("followers < 1000", 0),
    ],
)
def test_min_n_without_a_word_fits_the_unit(when: str, min_n: int) -> None:
    options = RuleOptions.model_validate({"name": "x", "when": when, "over": "1d"})
    assert Rule.of(options, "Acme").min_n == min_n


def test_numbers_of_whole_days_need_a_window_of_a_day() -> None:
    with pytest.raises(ValidationError, match="cpc is made of numbers of whole days; write over: 1d or more"):
        RuleOptions.model_validate({"name": "x", "when": "cpc > 2"})
    with pytest.raises(ValidationError, match="over: 1d or more"):
        RuleOptions.model_validate({"name": "x", "when": "cpc > 2", "over": "23h"})
    assert RuleOptions.model_validate({"name": "x", "when": "cpc > 2", "over": "1d"}).over == 86_400


# What becomes of a rule


def test_a_quiet_rule_fires_when_the_condition_is_met() -> None:
    seen = judge(rule(), [value(0.5)], None, T)
    assert (seen.kind, seen.value, seen.state.phase) == ("fired", value(0.5), "firing")
    assert (seen.state.fired_at, seen.state.told_until) == (T, T)


def test_a_quiet_rule_stays_quiet_at_the_number_itself_and_below() -> None:
    assert judge(rule(), [value(0.4)], None, T).kind is None


@pytest.mark.parametrize("thin", [value(0.9, n=19), value(None, n=0), value(None, n=100)])
def test_below_min_n_or_without_a_value_a_rule_neither_fires_nor_resolves(thin: KpiValue) -> None:
    assert judge(rule(), [thin], None, T).kind is None
    firing = state("firing", since=T, fired_at=T, told_until=T)
    assert judge(rule(), [replace(thin, until=T + 60)], firing, T + 60).kind is None
    assert judge(rule(), [value(0.0, n=19, until=T + 60)], firing, T + 60).kind is None


def test_at_min_n_it_does() -> None:
    assert judge(rule(), [value(0.9, n=20)], None, T).kind == "fired"


def test_for_makes_it_wait_until_the_condition_has_held_that_long() -> None:
    patient = rule(**{"for": "15m"})
    first = judge(patient, [value(0.5)], None, T)
    assert (first.kind, first.state.phase, first.state.since) == (None, "pending", T)
    second = judge(patient, [value(0.5, until=T + 899)], first.state, T + 899)
    assert (second.kind, second.state.since) == (None, T)
    third = judge(patient, [value(0.5, until=T + 900)], second.state, T + 900)
    assert third.kind == "fired"


def test_for_begins_anew_when_the_condition_lapsed_in_between() -> None:
    patient = rule(**{"for": "15m"})
    pending = judge(patient, [value(0.5)], None, T).state
    lapsed = judge(patient, [value(0.1, until=T + 300)], pending, T + 300).state
    assert lapsed.phase == "quiet"
    again = judge(patient, [value(0.5, until=T + 600)], lapsed, T + 600).state
    assert (again.phase, again.since) == ("pending", T + 600)
    assert judge(patient, [value(0.5, until=T + 900)], again, T + 900).kind is None


def test_thin_data_does_not_break_what_is_pending() -> None:
    patient = rule(**{"for": "15m"})
    pending = judge(patient, [value(0.5)], None, T).state
    thin = judge(patient, [value(0.5, n=3, until=T + 300)], pending, T + 300).state
    assert thin == pending
    assert judge(patient, [value(0.5, until=T + 900)], thin, T + 900).kind == "fired"


def test_what_is_firing_does_not_fire_again() -> None:
    firing = judge(rule(), [value(0.5)], None, T).state
    for minute in range(1, 600):
        seen = judge(rule(), [value(0.5, until=T + 60 * minute)], firing, T + 60 * minute)
        assert seen.kind is None
        firing = seen.state
    assert firing.phase == "firing"


def test_it_resolves_when_there_is_enough_and_no_window_meets_the_condition() -> None:
    firing = judge(rule(), [value(0.5)], None, T).state
    late = [value(0.5, until=T + 60), value(0.1, until=T + 600)]
    assert judge(rule(), late, firing, T + 600).kind is None
    seen = judge(rule(), [value(0.1, until=T + 60), value(0.2, until=T + 600)], firing, T + 600)
    assert seen.kind == "resolved"
    assert seen.value is not None and seen.value.value == 0.2
    assert seen.state.phase == "quiet"


def test_within_cooldown_it_stays_silent_and_after_it_speaks_again() -> None:
    fired = judge(rule(), [value(0.5)], None, T).state
    resolved = judge(rule(), [value(0.1, until=T + HOUR)], fired, T + HOUR).state
    just_before = T + 6 * HOUR - 1
    silent = judge(rule(), [value(0.9, until=just_before)], resolved, just_before)
    assert (silent.kind, silent.state.phase) == (None, "quiet")
    assert judge(rule(), [value(0.9, until=T + 6 * HOUR)], silent.state, T + 6 * HOUR).kind == "fired"


def test_firing_without_enough_data_for_expire_it_expires() -> None:
    brief = rule(expire="2h")
    firing = judge(brief, [value(0.5)], None, T).state
    thin = [value(0.9, n=3, until=T + 2 * HOUR - 1)]
    assert judge(brief, thin, firing, T + 2 * HOUR - 1).kind is None
    seen = judge(brief, [value(None, n=0, until=T + 2 * HOUR)], firing, T + 2 * HOUR)
    assert (seen.kind, seen.value, seen.state.phase) == ("expired", None, "quiet")


def test_enough_data_in_between_puts_expiry_off() -> None:
    brief = rule(expire="2h")
    firing = judge(brief, [value(0.5)], None, T).state
    firing = judge(brief, [value(0.5, until=T + HOUR)], firing, T + HOUR).state
    assert judge(brief, [value(0.9, n=3, until=T + 2 * HOUR)], firing, T + 2 * HOUR).kind is None
    assert judge(brief, [value(0.9, n=3, until=T + 3 * HOUR)], firing, T + 3 * HOUR).kind == "expired"


# Late posts


def test_a_window_is_judged_again_while_posts_for_it_may_still_arrive() -> None:
    assert windows(HOUR, 0, T)[0].until == T
    ends = [window.until for window in windows(HOUR, 1800, T)]
    assert ends == [T - 1800, T - 1200, T - 600, T]
    assert {window.until - window.since for window in windows(HOUR, 1800, T)} == {HOUR}
    # Two polls of five minutes: the window that ended ten minutes ago may have got its last post just now.
    assert [window.until for window in windows(HOUR, 600, T)] == [T - 600, T]


@given(over=st.integers(60, 7 * 86_400), lateness=st.integers(0, 14 * 86_400))
def test_there_are_a_dozen_windows_at_most_and_the_newest_ends_now(over: int, lateness: int) -> None:
    found = windows(over, lateness, T)
    assert 1 <= len(found) <= 12
    assert found[-1].until == T
    assert found == sorted(found, key=lambda window: window.until)
    assert all(T - lateness <= window.until and window.until - window.since == over for window in found)


@pytest.mark.parametrize("kpi", ["mentions", "positive_mentions", "positive_growth"])
def test_that_a_count_is_low_is_believed_only_when_nothing_more_can_arrive(kpi: str) -> None:
    for op in ("<", "<="):
        assert looked_at(rule(f"{kpi} {op} 5"), 1800, T) == [Window(T - 1800 - HOUR, T - 1800)]
    assert looked_at(rule(f"{kpi} > 5"), 1800, T) == windows(HOUR, 1800, T)
    assert looked_at(rule("negative_share < 0.5"), 1800, T) == windows(HOUR, 1800, T)


def test_a_late_window_fires_though_the_newest_has_gone_thin() -> None:
    seen = judge(rule(), [value(0.5, until=T - 600), value(None, n=0)], None, T)
    assert seen.kind == "fired"
    assert seen.value is not None and seen.value.until == T - 600


def test_a_window_that_was_told_makes_no_second_event() -> None:
    calm = rule(cooldown="0s")
    fired = judge(calm, [value(0.5, until=T)], None, T).state
    # More posts for the very same window turn it around: that is the same window, told already.
    assert judge(calm, [value(0.1, until=T)], fired, T).kind is None
    resolved = judge(calm, [value(0.1, until=T + 60)], fired, T + 60)
    assert resolved.kind == "resolved"
    assert judge(calm, [value(0.9, until=T + 60)], resolved.state, T + 60).kind is None
    assert judge(calm, [value(0.9, until=T), value(0.1, until=T + 120)], resolved.state, T + 120).kind is None


def test_every_event_has_its_own_key_and_every_attempt_the_same() -> None:
    keys = {
        event_key(*parts)
        for parts in [
            ("a", "Acme", "fired", T),
            ("a", "Acme", "resolved", T),
            ("a", "Acme", "fired", T + 1),
            ("a", "Bolt", "fired", T),
            ("aA", "cme", "fired", T),
        ]
    }
    assert len(keys) == 5
    assert event_key("a", "Acme", "fired", T) == event_key("a", "Acme", "fired", T)


# Whatever comes


_STEP = st.tuples(
    st.integers(0, 3 * HOUR),
    st.lists(st.tuples(st.one_of(st.none(), st.floats(0, 1)), st.integers(0, 60)), min_size=1, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(
    steps=st.lists(_STEP, max_size=60),
    hold=st.sampled_from(["0s", "15m", "2h"]),
    cooldown=st.sampled_from(["0s", "1h", "6h"]),
    expire=st.sampled_from(["30m", "6h"]),
)
def test_whatever_comes_the_promises_hold(
    steps: list[tuple[int, list[tuple[float | None, int]]]], hold: str, cooldown: str, expire: str
) -> None:
    judged = rule(**{"for": hold, "cooldown": cooldown, "expire": expire})
    now, last_fired, open_alert, memory = T, None, False, None
    told: set[int] = set()
    for pause, seen in steps:
        now += pause
        values = [
            value(number, n, until=now - 600 * back) for back, (number, n) in reversed(list(enumerate(seen)))
        ]
        result = judge(judged, values, memory, now)
        memory = result.state
        if result.kind == "fired":
            assert not open_alert
            assert last_fired is None or now - last_fired >= judged.cooldown
            last_fired, open_alert = now, True
        if result.kind in ("resolved", "expired"):
            assert open_alert
            open_alert = False
        if result.kind in ("fired", "resolved"):
            assert result.value is not None and result.value.n >= judged.min_n
            assert result.value.until not in told
            told.add(result.value.until)
        assert (memory.phase == "firing") == open_alert
