"""No order of requests, lost answers, deaths and strange clocks is billed more on a day than the day's budget."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from storage import spending
from storage.spending import DAY, DOUBT
from storage.sqlite import SqliteStore

NOON = 20_000 * DAY + DAY // 2
BUDGET = 1_000_000
WORST = 100_000


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "s.db")


def reserve(store: SqliteStore, price: int = WORST, at: int = NOON, budget: int = BUDGET) -> int | None:
    with store.writing() as db:
        return spending.reserve(db, "x", price, budget, at)


def settle(store: SqliteStore, number: int, price: int, at: int = NOON) -> None:
    with store.writing() as db:
        spending.settle(db, number, price, at)


def pay(store: SqliteStore, price: int, at: int = NOON) -> int | None:
    """Reserve and settle at the full price."""
    number = reserve(store, price, at)
    if number is not None:
        settle(store, number, price, at)
    return number


def test_a_budget_can_be_spent_to_its_last_cent_and_no_further(store: SqliteStore) -> None:
    assert [pay(store, WORST) is not None for _ in range(11)] == [True] * 10 + [False]
    assert spending.spent_on(store, "x", NOON // DAY) == BUDGET
    assert reserve(store, 1) is None
    assert spending.left(store, "x", BUDGET, NOON) == 0


def test_what_an_answer_did_not_cost_can_be_spent_again(store: SqliteStore) -> None:
    for _ in range(30):
        number = reserve(store)
        assert number is not None
        settle(store, number, 20_000)
    assert spending.left(store, "x", BUDGET, NOON) == BUDGET - 600_000


def test_a_request_that_was_never_answered_has_cost_its_worst(store: SqliteStore) -> None:
    for _ in range(9):
        reserve(store)
    assert spending.left(store, "x", BUDGET, NOON) == WORST
    again = SqliteStore(store.path)
    assert spending.left(again, "x", BUDGET, NOON) == WORST


def test_each_source_has_its_own_money(store: SqliteStore) -> None:
    pay(store, BUDGET)
    with store.writing() as db:
        assert spending.reserve(db, "y", WORST, BUDGET, NOON) is not None


def test_the_next_day_has_its_own_budget(store: SqliteStore) -> None:
    pay(store, BUDGET)
    assert reserve(store, 1, NOON + DAY // 2 + DOUBT - 1) is None
    assert reserve(store, BUDGET, NOON + DAY // 2 + DOUBT) is not None


def test_what_may_have_been_billed_on_either_side_of_midnight_counts_on_both(store: SqliteStore) -> None:
    midnight = NOON + DAY // 2
    pay(store, BUDGET, midnight - DOUBT + 1)
    assert reserve(store, 1, midnight + DAY // 2) is None
    assert reserve(store, 1, midnight + DAY + DOUBT) is not None


def test_a_bill_may_be_ten_minutes_off(store: SqliteStore) -> None:
    pay(store, BUDGET, NOON + DAY // 2 - 590)
    assert reserve(store, 1, NOON + DAY) is None


def test_a_time_that_goes_back_is_not_believed_alone(store: SqliteStore) -> None:
    pay(store, 600_000, NOON + DAY)
    assert pay(store, 300_000, NOON) is not None
    assert reserve(store, 200_000, NOON + DAY) is None


def test_an_answer_that_comes_a_day_later_counts_on_that_day_too(store: SqliteStore) -> None:
    number = reserve(store, BUDGET)
    assert number is not None
    settle(store, number, BUDGET, NOON + DAY)
    assert reserve(store, 1, NOON + DAY) is None
    assert reserve(store, 1, NOON + 2 * DAY) is not None


def test_a_request_that_was_lost_yesterday_may_be_billed_today(store: SqliteStore) -> None:
    reserve(store, BUDGET)
    assert reserve(store, 1, NOON + DAY) is None
    assert reserve(store, 1, NOON + 2 * DAY) is not None


def test_a_clock_that_jumps_forth_and_back_opens_no_second_budget(store: SqliteStore) -> None:
    assert pay(store, BUDGET, NOON + 5 * DAY) is not None
    assert reserve(store, 1, NOON) is None
    assert reserve(store, 1, NOON + 5 * DAY) is None


def test_a_lower_budget_counts_at_once(store: SqliteStore) -> None:
    pay(store, 500_000)
    assert reserve(store, 1, budget=400_000) is None
    assert spending.left(store, "x", 400_000, NOON) == 0


def test_a_price_below_zero_is_refused(store: SqliteStore) -> None:
    with pytest.raises(ValueError, match="not negative"):
        reserve(store, -1)


class Billing(RuleBasedStateMachine):
    """A service with a clock and a bill of its own, and a client that dies, waits and loses answers.

    The client knows nothing but what answers tell: never later than they are, and off by what two servers of a
    service may differ.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "s.db"
        self.store = SqliteStore(self.path)
        self.time = NOON
        self.told: int | None = None
        self.bill: defaultdict[int, int] = defaultdict(int)

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()

    @rule(seconds=st.one_of(st.integers(0, 900), st.integers(0, 100_000)))
    def wait(self, seconds: int) -> None:
        self.time += seconds

    @rule()
    def sleep_until_just_before_midnight(self) -> None:
        self.time += (-self.time) % DAY
        self.time -= 3

    @rule()
    def die(self) -> None:
        self.store.close()
        self.store = SqliteStore(self.path)
        self.told = None

    @rule(off=st.integers(-120, 120))
    def ask_for_the_time(self, off: int) -> None:
        self.told = max(self.told or 0, self.time + off)

    @precondition(lambda self: self.told is not None)
    @rule(
        worst=st.integers(1, 400_000),
        part=st.floats(0, 1),
        until_sent=st.integers(0, 200),
        skew=st.integers(-200, 200),
        until_answered=st.one_of(st.integers(0, 200), st.integers(0, 90_000)),
        off=st.integers(-120, 120),
        ends=st.sampled_from(
            ("settled", "settled", "settled", "lost", "never sent", "died before", "died after")
        ),
    )
    def pay(
        self, worst: int, part: float, until_sent: int, skew: int, until_answered: int, off: int, ends: str
    ) -> None:
        assert self.told is not None
        number = reserve(self.store, worst, self.told)
        if number is None:
            return
        if ends == "died before":
            self.die()
            return
        self.time += until_sent
        price = round(worst * part)
        if ends != "never sent":
            self.bill[(self.time + skew) // DAY] += price
        if ends == "died after":
            self.die()
        if ends != "settled":
            return
        self.time += until_answered
        self.told = max(self.told, self.time + off)
        settle(self.store, number, price, self.told)

    @invariant()
    def no_day_costs_more_than_its_budget(self) -> None:
        assert all(amount <= BUDGET for amount in self.bill.values()), dict(self.bill)


class PatientBilling(Billing):
    """The same, where a client waits a whole day now and then: each new day can be paid for again."""

    @rule()
    def a_day_later_there_is_money_again(self) -> None:
        self.time += 3 * DAY
        self.told = self.time = self.time // DAY * DAY + DAY // 2
        # The first request takes what was lost for spent; the day after that is new.
        reserve(self.store, 1, self.told)
        self.time += 2 * DAY
        self.told = self.time
        assert spending.left(self.store, "x", BUDGET, self.told) >= BUDGET - 1


TestBilling = Billing.TestCase
TestBilling.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestPatientBilling = pytest.mark.slow(PatientBilling.TestCase)
TestPatientBilling.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
