"""What is laid out, withheld, released and told again as time goes on; and that nothing is ever lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from town_of_alerts import Town

from alerts.routing.matching import Known
from alerts.routing.quiet import QuietHours
from alerts.routing.routes import Inhibition, Route, Routing
from storage import alerting, deliveries
from storage.desk import silences
from storage.sqlite import SqliteStore

DAY = 86_400
NOON = 1_790_035_200 - 1_790_035_200 % DAY + DAY // 2
NIGHT = NOON + 11 * 3600
MORNING = NOON + 20 * 3600
QUIET = QuietHours(ZoneInfo("UTC"), 22 * 3600, 8 * 3600)
KNOWN = Known({"Acme": "soda", "Bolt": "soda"})
CRISIS = Inhibition({"rule": ("crisis",)}, {"severity": ("warning", "info")}, ("brand",))


def routing(*routes: Route) -> Routing:
    return Routing(routes, Route("last", channels=("console",)), (CRISIS,), {}, KNOWN)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town.at(tmp_path, routing())
    yield made
    made.store.close()


def test_without_routes_each_is_told_at_once_and_its_end_too(town: Town) -> None:
    fired = town.fire("angry", NOON)
    assert town.go_on(NOON) == [(fired,)]
    resolved = town.resolve("angry", NOON + 60)
    assert town.go_on(NOON + 60) == [(resolved,)]


def test_what_waits_for_the_morning_is_one_message_and_critical_passes(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack",), quiet=(QUIET,)))
    angry, busy = town.fire("angry", NIGHT), town.fire("busy", NIGHT + 60)
    crisis = town.fire("leak", NIGHT + 90, severity="critical")
    assert town.go_on(NIGHT + 100) == [(crisis,)]
    over = town.resolve("angry", NIGHT + 3600)
    assert town.go_on(MORNING - 1) == []
    assert town.go_on(MORNING) == [(angry, busy, over)]
    assert town.go_on(MORNING + DAY) == []


def test_a_group_waits_is_sent_as_one_and_then_keeps_its_interval(town: Town) -> None:
    town.routing = routing(
        Route("0", channels=("slack",), group_by=("brand",), group_wait=30, group_interval=300)
    )
    first, second = town.fire("angry", NOON), town.fire("busy", NOON + 20)
    other = town.fire("angry", NOON + 20, "Bolt")
    assert town.go_on(NOON + 29) == []
    assert town.go_on(NOON + 30) == [(first, second)]
    assert town.go_on(NOON + 50) == [(other,)]
    third = town.fire("loud", NOON + 60)
    assert town.go_on(NOON + 329) == []
    assert town.go_on(NOON + 330) == [(third,)]


def test_what_is_silenced_is_kept_with_who_and_why_and_told_when_the_silence_ends(town: Town) -> None:
    number = town.silence(NOON, NOON + 3600, brand="Acme")
    fired = town.fire("angry", NOON + 60)
    elsewhere = town.fire("angry", NOON + 60, "Bolt")
    assert town.go_on(NOON + 120) == [(elsewhere,)]
    (why,) = town.withheld().values()
    assert why is not None
    assert why.startswith("silenced by ann until 20")
    assert why.endswith(f"(silence {number}): sale")
    assert town.go_on(NOON + 3599) == []
    assert town.go_on(NOON + 3600) == [(fired,)]
    assert town.withheld() == {}


def test_a_silence_that_is_ended_by_hand_releases_at_once(town: Town) -> None:
    number = town.silence(NOON, NOON + DAY, rule="angry")
    fired = town.fire("angry", NOON + 60)
    assert town.go_on(NOON + 60) == []
    with town.store.writing() as db:
        silences.end(db, number, by="bob", now=NOON + 90)
    assert town.go_on(NOON + 90) == [(fired,)]


def test_what_was_over_before_its_silence_ended_is_never_told_and_its_end_neither(town: Town) -> None:
    town.silence(NOON, NOON + 3600, brand="Acme")
    fired = town.fire("angry", NOON + 60)
    town.resolve("angry", NOON + 120)
    assert town.go_on(NOON + DAY) == []
    assert [
        key for key, why in town.withheld().items() if why and why.endswith("over before that ended")
    ] == [fired]
    # It counts as nothing that still has to be delivered.
    assert deliveries.newest(town.store, undelivered=True) == []


def test_an_end_is_told_where_its_beginning_was_though_it_is_silenced_by_then(town: Town) -> None:
    town.fire("angry", NOON)
    town.go_on(NOON)
    town.silence(NOON + 30, NOON + 3600, brand="Acme")
    resolved = town.resolve("angry", NOON + 60)
    assert town.go_on(NOON + 60) == [(resolved,)]


def test_an_end_is_told_on_the_channels_of_its_beginning_whatever_is_configured_since(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack", "email")))
    town.fire("angry", NOON)
    town.go_on(NOON)
    town.routing = routing(Route("0", channels=("webhook",)))
    town.resolve("angry", NOON + 60)
    town.go_on(NOON + 60)
    assert sorted(channel for at, channel, _ in town.told if at > NOON) == ["email", "slack"]


def test_what_waits_in_the_night_is_silenced_too(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack",), quiet=(QUIET,)))
    fired = town.fire("angry", NIGHT)
    town.silence(NIGHT + 60, MORNING + 3600, rule="angry")
    assert town.go_on(MORNING) == []
    assert town.go_on(MORNING + 3600) == [(fired,)]


def test_a_crisis_covers_its_parts_until_it_is_over(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack",), group_wait=30))
    part = town.fire("angry", NOON)
    crisis = town.fire("crisis", NOON + 10, severity="critical")
    elsewhere = town.fire("angry", NOON + 10, "Bolt")
    assert town.go_on(NOON + 40) == [(crisis, elsewhere)]
    assert town.withheld() == {part: "covered by crisis of Acme"}
    end = town.resolve("crisis", NOON + 600, severity="critical")
    assert town.go_on(NOON + 630) == [(part, end)] or town.told[-1][2] == (part, end)


def test_who_took_it_on_hears_no_reminder_but_its_end(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack",), repeat=3600))
    fired = town.fire("angry", NOON)
    assert town.go_on(NOON) == [(fired,)]
    assert town.go_on(NOON + 3599) == []
    assert town.go_on(NOON + 3600) == [(f"{fired}-repeat-{NOON}",)]
    assert town.go_on(NOON + 7199) == []
    town.answer(fired, NOON + 7199)
    assert town.go_on(NOON + DAY) == []
    resolved = town.resolve("angry", NOON + DAY)
    assert town.go_on(NOON + DAY) == [(resolved,)]
    assert town.go_on(NOON + 2 * DAY) == []


def test_nothing_is_told_again_while_it_is_silenced(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack",), repeat=3600))
    fired = town.fire("angry", NOON)
    town.go_on(NOON)
    town.silence(NOON + 60, NOON + 14_400, rule="angry")
    assert [town.go_on(NOON + 1800 * half) for half in range(1, 8)] == [[]] * 7
    assert town.withheld() == {}
    assert town.go_on(NOON + 14_400) == [(f"{fired}-repeat-{NOON}",)]


def test_a_reminder_comes_once_however_often_one_looks(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack",), repeat=3600, quiet=(QUIET,)))
    fired = town.fire("angry", NIGHT - 5400)
    town.go_on(NIGHT - 5400)
    for minute in range(0, 36_000, 600):
        assert town.go_on(NIGHT - 1800 + minute)[:1] in ([], [(f"{fired}-repeat-{NIGHT - 5400}",)])
    assert len(town.told) == 2


def test_what_was_put_off_is_told_again_then_if_it_still_fires(town: Town) -> None:
    fired = town.fire("angry", NOON)
    town.go_on(NOON)
    town.answer(fired, NOON + 60, until=NOON + 3600)
    assert town.go_on(NOON + 3599) == []
    assert town.go_on(NOON + 3600) == [(f"{fired}-snoozed-1",)]
    assert town.go_on(NOON + DAY) == []
    town.answer(fired, NOON + DAY, until=NOON + DAY + 60)
    town.resolve("angry", NOON + DAY + 30)
    assert len(town.go_on(NOON + DAY + 60)) == 1


def test_what_was_put_off_before_it_was_told_is_told_then(town: Town) -> None:
    fired = town.fire("angry", NOON)
    town.answer(fired, NOON, until=NOON + 3600)
    assert town.go_on(NOON + 3599) == []
    assert town.go_on(NOON + 3600) == [(fired,)]
    assert town.go_on(NOON + DAY) == []


def test_a_reminder_that_waits_is_dropped_when_the_alert_ends(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack",), repeat=3600, quiet=(QUIET,)))
    town.fire("angry", NIGHT - 5400)
    town.go_on(NIGHT - 5400)
    town.go_on(NIGHT)
    resolved = town.resolve("angry", NIGHT + 60)
    assert town.go_on(MORNING) == [(resolved,)]


def test_a_rule_that_is_gone_ends_what_was_withheld_of_it(town: Town) -> None:
    town.silence(NOON, NOON + 3600, brand="Acme")
    fired = town.fire("angry", NOON)
    with town.store.writing() as db:
        alerting.forget_missing(db, [])
    assert town.go_on(NOON + 7200) == []
    assert list(town.withheld()) == [fired]


def test_what_is_over_at_once_is_told_or_kept_with_the_reason(town: Town) -> None:
    town.routing = routing(Route("0", channels=("slack",), quiet=(QUIET,)))
    first = town.happen("fired", "newcomer", NIGHT, momentary=True)
    assert town.go_on(MORNING) == [(first,)]
    second = town.happen("fired", "newcomer", NIGHT + DAY, momentary=True)
    number = town.silence(NIGHT + DAY + 60, MORNING + 2 * DAY, rule="newcomer")
    assert town.go_on(MORNING + 2 * DAY) == []
    (why,) = town.withheld().values()
    assert why is not None
    assert f"(silence {number}): sale; over before that ended" in why
    assert list(town.withheld()) == [second]


def test_what_is_over_at_once_covers_nothing_and_is_covered(town: Town) -> None:
    town.happen("fired", "crisis", NOON, severity="critical", momentary=True)
    part = town.fire("angry", NOON)
    assert (part,) in town.go_on(NOON)
    town.fire("crisis", NOON + 60, severity="critical")
    covered = town.happen("fired", "newcomer", NOON + 70, momentary=True)
    town.go_on(NOON + 80)
    assert town.withheld() == {covered: "covered by crisis of Acme; over before that ended"}


def test_somebody_who_asks_for_what_is_withheld_gets_it(town: Town) -> None:
    town.silence(NOON, NOON + DAY, brand="Acme")
    fired = town.fire("angry", NOON)
    with town.store.writing() as db:
        assert deliveries.resend(db, NOON + 60, fired) == [(fired, "console")]
    assert town.go_on(NOON + 60) == [(fired,)]


_STEP = st.tuples(
    st.sampled_from(["fire", "resolve", "silence", "end", "ack", "snooze", "wait"]),
    st.sampled_from(["crisis", "angry", "busy"]),
    st.sampled_from(["Acme", "Bolt"]),
    st.sampled_from([5, 60, 1800, 4 * 3600, 9 * 3600]),
)


@pytest.fixture(scope="module")
def one_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """Made once: making a store takes longer than an example."""
    made = SqliteStore(tmp_path_factory.mktemp("alerts") / "listener.db")
    yield made
    made.close()


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(_STEP, max_size=25), repeat=st.sampled_from([None, 7200]), group=st.booleans())
def test_nothing_is_ever_lost(
    one_store: SqliteStore, steps: list[tuple[str, str, str, int]], repeat: int | None, group: bool
) -> None:
    """Each alert is told, or kept with the reason why not, and told when that ends while it still fires."""
    wait = 30 if group else 0
    made = routing(
        Route("0", {"brand": ("Bolt",)}, ("slack",), group_wait=wait, goes_on=True),
        Route("1", {}, ("email",), ("brand",), wait, 10 * wait, repeat, (QUIET,)),
    )
    with one_store.writing() as db:
        for table in ("alert_states", "alert_events", "outbox", "silences", "acknowledgements"):
            db.run(f"DELETE FROM {table}")
    town = Town(one_store, made)
    _live(town, steps)
    _check(town)


def _live(town: Town, steps: list[tuple[str, str, str, int]]) -> None:
    now = NOON
    fired: dict[tuple[str, str], str] = {}
    for do, rule, brand, lasts in steps:
        now += lasts
        severity = "critical" if rule == "crisis" else "warning"
        if do == "fire" and (rule, brand) not in fired:
            fired[rule, brand] = town.fire(rule, now, brand, severity)
        elif do == "resolve" and fired.pop((rule, brand), None):
            town.resolve(rule, now, brand, severity)
        elif do == "silence":
            town.silence(now, now + 3 * lasts, rule=rule, brand=brand)
        elif do == "end":
            with town.store.writing() as db:
                for one in silences.active(db, now)[:1]:
                    silences.end(db, one.id, by="bob", now=now)
        elif do in ("ack", "snooze") and (rule, brand) in fired:
            town.answer(fired[rule, brand], now, None if do == "ack" else now + 2 * lasts)
        town.go_on(now)
    # Then the crises end, and all silences and nights are over.
    for rule, brand in [key for key in fired if key[0] == "crisis"]:
        town.resolve(rule, now + 60, brand, "critical")
    for day in range(1, 6):
        town.go_on(MORNING + (now - NOON) // DAY * DAY + day * DAY)


def _check(town: Town) -> None:
    events = {event.key: event for event in alerting.events(town.store, 10_000)}
    times: dict[tuple[str, str], list[int]] = {}
    for at, channel, keys in town.told:
        for key in keys:
            times.setdefault((channel, key), []).append(at)
    assert all(len(found) == 1 for found in times.values())
    still = {event.key for event in alerting.firing_events(town.store)}
    withheld = town.withheld()
    for key, event in events.items():
        channels = ("email", "slack") if event.brand == "Bolt" else ("email",)
        if event.kind != "fired":
            continue
        for channel in channels:
            told = (channel, key) in times
            assert told or (key not in still and "over before that ended" in (withheld[key] or ""))
    ended = {row[0]: row[1] for row in town.store.rows("SELECT key, thread FROM outbox WHERE key <> thread")}
    for key, thread in ended.items():
        for channel in ("email", "slack"):
            if (channel, key) in times:
                assert times[channel, thread][0] <= times[channel, key][0]
    told_ends = {key for _, key in times if events.get(key) and events[key].kind == "resolved"}
    ends_due = {
        key
        for key, event in events.items()
        if event.kind == "resolved" and any(k == ended.get(key) for _, k in times)
    }
    assert told_ends == ends_due
    # Reminders of what fires still may wait for the next morning.
    left = [one for one in deliveries.newest(town.store, 10_000) if one.state in ("waiting", "sending")]
    assert [one for one in left if "-repeat-" not in one.key] == []
