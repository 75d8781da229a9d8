"""First response time: when the clock starts and stops, and who still waits."""

from __future__ import annotations

import statistics
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keeping import DAY, FORUM, HOUR, NEWS, T0, asks, keep, names, own, post, value, values

from storage.kpi import KpiValue
from storage.mention import Brand
from storage.sqlite import SqliteStore

WINDOW = (T0, T0 + DAY)
HEARD = (T0 - DAY, T0 + 10 * DAY)


def asked(at: int, thread: str = "t", **more: object) -> object:
    return post(f"q{thread}{at}", T0 + at, asks("Acme"), thread=thread, **more)


def answered(at: int, thread: str = "t", *, automatic: bool = False, brand: str = "Acme") -> object:
    return post(f"a{thread}{at}{brand}", T0 + at, own(brand, automatic=automatic), thread=thread)


def first(
    store: SqliteStore, *posts: object, heard: tuple[int, int] | None = HEARD, **ask: object
) -> KpiValue:
    keep(store, posts, heard=heard)  # type: ignore[arg-type]
    return value(store, "first_response_time", WINDOW, **ask)


def test_an_example_by_hand(store: SqliteStore) -> None:
    # Four conversations: answered after 10, 30 and 7200 s, one never; S = 3/4, 1/2, 1/4, so the median is between.
    made = [asked(0, t) for t in "wxyz"] + [answered(10, "w"), answered(30, "x"), answered(7200, "y")]
    found = first(store, *made)
    assert (found.value, found.n, found.unit, found.reason) == ((30 + 7200) / 2, 4, "seconds", None)
    assert found.more == {
        "p90": None,
        "half_from": 30,
        "half_to": 7200,
        "answered": 3,
        "answered_share": 3 / 4,
        "response_target": 3600,
        "within_target": 2 / 4,
    }


def test_none_is_not_zero(store: SqliteStore) -> None:
    assert value(store, "first_response_time", WINDOW).reason == "no source heard"
    found = first(store, post("1", T0, names("Acme")), answered(5))
    assert (found.value, found.n, found.reason) == (None, 0, "no eligible mentions")
    found = first(store, *[asked(0, t) for t in "xyz"], answered(9, "x"))
    assert (found.value, found.n, found.reason) == (None, 3, "the curve does not reach 0.5")
    assert found.more["answered_share"] == 1 / 3


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([asked(0), answered(60), asked(600), answered(5000)], 60.0),  # reopened: one measurement
        ([asked(0), asked(50), answered(60)], 60.0),  # asked twice
        ([answered(0), asked(100), answered(160)], 60.0),  # the brand began
        ([answered(0), asked(100)], None),  # the brand began, and was silent then
        ([asked(0), answered(5, automatic=True), answered(60)], 60.0),  # a robot is no answer
        ([asked(0), answered(5, automatic=True)], None),
        ([asked(0), answered(5, brand="Bolt"), answered(60)], 60.0),  # somebody else's answer is none
        ([asked(0), answered(2 * DAY)], 2.0 * DAY),  # after the window, of a clock started within
        ([answered(60), asked(0)], 60.0),  # arrived in another order
        ([asked(0), answered(0), answered(60)], 60.0),  # later is later
    ],
)
def test_when_the_clock_starts_and_stops(
    store: SqliteStore, said: list[object], expected: float | None
) -> None:
    found = first(store, *said)
    assert (found.value, found.n) == (expected, 1)


def test_a_conversation_counts_in_the_window_of_its_start_alone(store: SqliteStore) -> None:
    found = first(
        store, asked(-100), asked(100), answered(160), asked(DAY, "later"), answered(DAY + 5, "later")
    )
    assert (found.n, found.reason) == (0, "no eligible mentions")
    assert value(store, "first_response_time", (T0 - DAY, T0)).value == 260
    assert value(store, "first_response_time", (T0 + DAY, T0 + 2 * DAY)).value == 5


def test_without_a_thread_replies_make_the_conversation(store: SqliteStore) -> None:
    keep(store, [post("q", T0, asks("Acme"))], heard=HEARD)
    keep(store, [post("a", T0 + 40, own("Acme"), in_reply_to="q")])
    keep(store, [post("alone", T0, asks("Acme"))])
    found = value(store, "first_response_time", WINDOW)
    assert (found.n, found.more["answered"]) == (2, 1)


def test_a_reply_to_the_brands_own_post_waits_for_an_answer(store: SqliteStore) -> None:
    keep(store, [post("news", T0, own("Acme")), post("reply", T0 + 10, in_reply_to="news")], heard=HEARD)
    keep(store, [post("thanks", T0 + 25, own("Acme"), in_reply_to="reply")])
    assert value(store, "first_response_time", WINDOW).value == 15
    assert value(store, "mentions", WINDOW).value == 0


def test_the_same_thread_name_in_two_sources_is_two_conversations(store: SqliteStore) -> None:
    for source in (NEWS, FORUM):
        keep(store, [asked(0)], source, heard=HEARD)  # type: ignore[list-item]
    keep(store, [answered(60)], NEWS)  # type: ignore[list-item]
    found = value(store, "first_response_time", WINDOW)
    assert (found.n, found.more["answered"]) == (2, 1)


def test_each_brand_of_a_conversation_has_its_own_clock(store: SqliteStore) -> None:
    both = post("q", T0, asks("Acme"), asks("Bolt"), thread="t")
    keep(store, [both, answered(60), answered(90, brand="Bolt")], heard=HEARD)  # type: ignore[list-item]
    assert value(store, "first_response_time", WINDOW, "Acme").value == 60
    assert value(store, "first_response_time", WINDOW, "Bolt").value == 90


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        # One answered after 100 s, one never. Heard for less than 100 s, the second is no witness at 100 s, so
        # the curve falls to 0 there; heard for longer, it stays on one half.
        ([(0, 50), (60, DAY)], (100.0, 100.0)),
        ([(0, 100)], (100.0, None)),
        ([(0, 3 * DAY)], (100.0, None)),
    ],
)
def test_who_waits_is_censored_at_the_end_of_the_unbroken_stretch(
    store: SqliteStore, heard: list[tuple[int, int]], expected: tuple[float, float | None]
) -> None:
    for since, until in heard:
        keep(store, [], heard=(T0 + since, T0 + until))
    found = first(store, asked(0, "x"), answered(100, "x"), asked(0, "y"), heard=None)
    assert (found.value, found.more["p90"]) == expected


def test_censoring_may_lie_after_the_window(store: SqliteStore) -> None:
    # Answered long after the window; the other was heard to wait even longer, and so counts at that time.
    made = [asked(0, "x"), answered(5 * DAY, "x"), asked(0, "y"), asked(0, "z"), answered(7 * DAY, "z")]
    found = first(store, *made)
    assert found.value == 7 * DAY  # S(5 d) = 2/3, S(7 d) = 1/3


def test_a_start_in_a_gap_has_waited_for_nothing(store: SqliteStore) -> None:
    keep(store, [], heard=(T0 + 50, T0 + DAY))
    found = first(store, asked(0, "x"), asked(60, "y"), answered(100, "y"), heard=None)
    assert (found.value, found.n, found.more["p90"]) == (40.0, 2, 40.0)


def test_the_target_is_the_brands_own(store: SqliteStore) -> None:
    brand = (Brand("Acme", response_target=59),)
    found = first(store, asked(0, "x"), answered(60, "x"), asked(0, "y"), answered(59, "y"), brands=brand)
    assert (found.more["within_target"], found.more["response_target"]) == (1 / 2, 59)


def test_by_source_language_and_day(store: SqliteStore) -> None:
    made = [asked(0, "x", language="es"), asked(0, "y", language="de"), answered(10, "x"), answered(30, "y")]
    keep(store, made, heard=HEARD)  # type: ignore[arg-type]
    keep(store, [asked(DAY), answered(DAY + 7)], FORUM, heard=HEARD)  # type: ignore[list-item]
    by = values(store, "first_response_time", WINDOW, by=("language",))
    assert [(v.language, v.value) for v in by] == [("de", 30), ("es", 10)]
    days = values(store, "first_response_time", (T0, T0 + 2 * DAY), by=("source", "day"))
    assert [(v.source, v.since, v.value) for v in days if v.value] == [
        ("news", T0, 20),
        ("forum", T0 + DAY, 7),
    ]


def test_a_rule_leaves_out_clocks_that_history_started(store: SqliteStore) -> None:
    keep(store, [asked(0, "x"), answered(10, "x")], heard=HEARD, live=False)  # type: ignore[list-item]
    keep(store, [asked(50, "x"), asked(0, "y"), answered(30, "y")])  # type: ignore[list-item]
    found = value(store, "first_response_time", WINDOW, live_only=True)
    assert (found.value, found.n) == (30, 1)
    assert value(store, "first_response_time", WINDOW).n == 2


# Against an independent computation

turn = st.tuples(
    st.sampled_from("vwxyz"), st.integers(-50, 200), st.sampled_from(["asks", "answers", "robot"])
)
stretches = st.lists(st.tuples(st.integers(-60, 150), st.integers(1, 80)), max_size=3)


def _expected(
    said: list[tuple[str, int, str]], heard: set[int], since: int, until: int
) -> list[tuple[int, bool]]:
    found = []
    for thread in "vwxyz":
        starts = [at for t, at, who in said if t == thread and who == "asks"]
        if starts and since <= (start := min(starts)) < until:
            later = [at - start for t, at, who in said if t == thread and who == "answers" and at > start]
            end = start
            while end in heard:
                end += 1
            found.append((min(later), True) if later else (end - start, False))
    return found


def _median(pairs: list[tuple[int, bool]]) -> float | None:
    on_half = []
    for moment in range(400):
        left = Fraction(1)
        for m in range(moment + 1):
            risk = sum(s >= m for s, _ in pairs)
            left *= 1 - Fraction(sum(s == m and done for s, done in pairs), risk) if risk else 1
        if left < Fraction(1, 2):
            return (on_half[0] + moment) / 2 if on_half else moment
        if left == Fraction(1, 2):
            on_half.append(moment)
    return on_half[0] if on_half else None


@given(st.lists(turn, max_size=14), stretches)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_equals_a_direct_computation(
    store: SqliteStore, said: list[tuple[str, int, str]], heard: list[tuple[int, int]]
) -> None:
    with store.writing() as db:
        for table in ("waits", "mentions", "turns", "posts", "coverage"):
            db.run(f"DELETE FROM {table}")
    who = {"asks": asks("Acme"), "answers": own("Acme"), "robot": own("Acme", automatic=True)}
    posts = [post(f"{n}", T0 + at, who[kind], thread=t) for n, (t, at, kind) in enumerate(said)]
    keep(store, posts, heard=(T0 + 199, T0 + 200))
    for since, length in heard:
        keep(store, [], heard=(T0 + since, T0 + since + length))
    seconds = {s for since, length in heard for s in range(since, since + length)} | {199}
    found = value(store, "first_response_time", (T0, T0 + 200), brands=[Brand("Acme", response_target=30)])
    pairs = _expected(said, seconds, 0, 200)
    assert (found.value, found.n) == (_median(pairs), len(pairs))
    if pairs:
        assert found.more["answered_share"] == sum(done for _, done in pairs) / len(pairs)
        assert found.more["within_target"] == sum(done and s <= 30 for s, done in pairs) / len(pairs)
    if pairs and all(done for _, done in pairs):
        assert found.value == statistics.median(s for s, _ in pairs)


def test_an_hour_is_the_default_target() -> None:
    assert Brand("Acme").response_target == HOUR
