"""Rules against a real store: what may fire, and that state, event and outbox rows stand or fall together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import ACME, BRANDS, HACKERNEWS, page, post

from alerts import judging, telling
from alerts.rules import Look, Rule, RuleOptions
from storage import alerting, deliveries, outbox
from storage.alerting import AlertEvent
from storage.desk import tags
from storage.mention import Source
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
NOW = 1_790_000_000
HOUR = 3600


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    yield opened
    opened.close()


def rule(when: str = "mentions >= 3", **options: object) -> Rule:
    return Rule.of(RuleOptions.model_validate({"name": "busy", "when": when, **options}), "Acme")


def judge(store: SqliteStore, rules: Sequence[Rule], now: int = NOW) -> list[AlertEvent]:
    found = judging.look(Look(store, BRANDS, UTC, now), rules)
    with store.writing() as db:
        return judging.write(db, found, now)


def hear(
    store: SqliteStore, count: int, now: int = NOW, *, live: bool = True, source: Source = HACKERNEWS
) -> None:
    """Keep `count` posts of the last minutes, heard through without a gap for a day."""
    posts = [post(f"{source.name}-{now}-{n}", now - 60 - n) for n in range(count)]
    store.commit(page(posts, (now - 86_400, now), source=source, live=live))


def test_live_mentions_fire_with_numbers_and_the_posts_that_explain_them(store: SqliteStore) -> None:
    hear(store, 4)
    (event,) = judge(store, [rule()])
    assert (event.kind, event.rule, event.brand, event.at) == ("fired", "busy", "Acme", NOW)
    assert (event.since, event.until) == (NOW - HOUR, NOW)
    assert (event.numbers["value"], event.numbers["n"], event.numbers["threshold"]) == (4, 4, 3)
    assert len(event.post_ids) == 3
    assert [e.key for e in alerting.events(store)] == [event.key]
    assert alerting.states(store)["busy", "Acme", ""].phase == "firing"


def test_imports_backfill_and_a_first_poll_never_fire(store: SqliteStore) -> None:
    hear(store, 50, live=False)
    hear(store, 50, live=False, source=Source("import", "import"))
    every = [
        rule(),
        rule("negative_share >= 0", min_n=0),
        rule("positive_mentions >= 1"),
        rule("share_of_voice > 0", min_n=0),
    ]
    named = [replace(one, name=f"r{number}") for number, one in enumerate(every)]
    assert judge(store, named) == []
    assert deliveries.newest(store) == []


def test_what_was_not_heard_live_does_not_help_what_was_to_fire(store: SqliteStore) -> None:
    hear(store, 50, live=False, source=Source("import", "import"))
    hear(store, 2)
    assert judge(store, [rule()]) == []
    hear(store, 1, NOW - 30)
    # Fired by the three that were heard live; the number told is the one that `listener kpi` shows.
    (event,) = judge(store, [rule()])
    assert event.numbers["value"] == 53


@pytest.mark.parametrize("when", ["mentions < 10", "positive_growth < -50%"])
def test_what_was_not_heard_live_does_not_fire_by_its_absence(store: SqliteStore, when: str) -> None:
    """Counted live alone, the hour after a first poll looks like a collapse."""
    for hour in range(4):
        posts = [post(f"{hour} {n}", NOW - 60 - HOUR * hour - n, "positive") for n in range(40)]
        store.commit(page(posts, (NOW - 86_400, NOW), live=False))
    assert judge(store, [rule(when, min_n=0)]) == []


def test_one_outbox_row_for_each_channel_without_a_word_of_the_posts(store: SqliteStore) -> None:
    store.commit(page([post("1", NOW - 9, text="Xylophone disaster")], (NOW - 86_400, NOW)))
    (event,) = judge(store, [rule("mentions >= 1", channels=["console", "slack", "console"])])
    rows = deliveries.newest(store)
    assert sorted((row.key, row.channel) for row in rows) == [(event.key, "console"), (event.key, "slack")]
    written = repr(store.rows("SELECT * FROM outbox") + store.rows("SELECT * FROM alert_events"))
    assert "Xylophone" not in written


def test_state_event_and_outbox_rows_are_written_together_or_not_at_all(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(store, 4)
    found = judging.look(Look(store, BRANDS, UTC, NOW), [rule()])

    def broken(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    for place, name in ((outbox, "put"), (alerting, "add_event")):
        with monkeypatch.context() as patch, pytest.raises(OSError, match="disk"), store.writing() as db:
            patch.setattr(place, name, broken)
            judging.write(db, found, NOW)
        assert alerting.states(store) == {}
        assert alerting.events(store) == []
        assert deliveries.newest(store) == []
    assert [event.kind for event in judge(store, [rule()])] == ["fired"]


def test_what_fires_is_found_by_its_event_though_the_look_was_a_second_ahead(store: SqliteStore) -> None:
    hear(store, 4)
    found = judging.look(Look(store, BRANDS, UTC, NOW + 1), [rule()])
    with store.writing() as db:
        (event,) = judging.write(db, found, NOW)
    assert [one.key for one in alerting.firing_events(store)] == [event.key] == [event.episode]
    assert store.rows("SELECT key, thread FROM outbox") == [(event.key, event.key)]


def test_two_judgements_that_looked_at_the_same_moment_tell_once(store: SqliteStore) -> None:
    hear(store, 4)
    for_the_commit = judging.look(Look(store, BRANDS, UTC, NOW), [rule()])
    for_the_minute = judging.look(Look(store, BRANDS, UTC, NOW + 1), [rule()])
    with store.writing() as db:
        assert len(judging.write(db, for_the_commit, NOW)) == 1
    with store.writing() as db:
        assert judging.write(db, for_the_minute, NOW + 1) == []
    assert len(alerting.events(store)) == 1
    assert len(deliveries.newest(store)) == 1


def test_it_resolves_and_expires_with_messages_of_their_own(store: SqliteStore) -> None:
    brief = rule(cooldown="0s", min_n=1, expire="1h")
    hear(store, 4)
    (fired,) = judge(store, [brief])
    later = NOW + 2 * HOUR
    hear(store, 1, later)
    (resolved,) = judge(store, [brief], later)
    assert (resolved.kind, resolved.numbers["value"], resolved.numbers["fired_at"]) == ("resolved", 1, NOW)
    hear(store, 5, later + 60)
    (again,) = judge(store, [brief], later + 60)
    assert again.kind == "fired"
    threads = dict(store.rows("SELECT key, thread FROM outbox"))
    assert threads == {resolved.key: fired.key, fired.key: fired.key, again.key: again.key}
    end = later + 60 + 2 * HOUR
    hear(store, 0, end)
    (expired,) = judge(store, [brief], end)
    assert (expired.kind, expired.numbers["value"], expired.until) == ("expired", None, end)
    assert len({event.key for event in alerting.events(store)}) == 4


def test_a_source_not_heard_for_nine_tenths_of_the_window_is_left_out(store: SqliteStore) -> None:
    other = Source("feed:example", "feeds")
    store.register(BRANDS, [HACKERNEWS, other])
    store.commit(page([], (NOW - 86_400, NOW)))
    posts = [post(f"f{n}", NOW - 60 - n) for n in range(9)]
    store.commit(page(posts, (NOW - HOUR * 8 // 10, NOW), source=other))
    assert judge(store, [rule()]) == []
    store.commit(page([], (NOW - HOUR * 9 // 10, NOW), source=other))
    (event,) = judge(store, [rule()])
    assert event.numbers["value"] == 9


def test_a_rule_names_what_it_could_not_hear(store: SqliteStore) -> None:
    store.register(BRANDS, [HACKERNEWS, Source("feed:dead", "feeds")])
    hear(store, 4)
    (event,) = judge(store, [rule()])
    assert event.numbers["left_out"] == ["feed:dead"]


def test_a_rule_that_hears_nothing_says_nothing(store: SqliteStore) -> None:
    assert judge(store, [rule("mentions < 1")]) == []
    hear(store, 0)
    assert [event.kind for event in judge(store, [rule("mentions < 1")])] == ["fired"]


def test_a_rule_for_one_source_or_kind_counts_that_one(store: SqliteStore) -> None:
    feed = Source("feed:example", "feeds", lateness=1800)
    store.register(BRANDS, [HACKERNEWS, feed])
    hear(store, 5)
    hear(store, 1, source=feed)
    assert judge(store, [rule("mentions >= 2", source="feeds")]) == []
    (event,) = judge(store, [rule("mentions <= 1", source="feeds")])
    assert [name for name, *_ in event.numbers["heard"]] == ["feed:example"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("source", [None, "feeds", "feed:slow"])
def test_the_windows_reach_back_as_far_as_posts_may_be_late(store: SqliteStore, source: str | None) -> None:
    slow = Source("feed:slow", "feeds", lateness=1800)
    store.register(BRANDS, [HACKERNEWS, slow])
    # Published in a window that ended 20 minutes ago, and in no later one.
    posts = [post(str(n), NOW - HOUR - 1200 + n) for n in range(3)]
    store.commit(page(posts, (NOW - 86_400, NOW), source=slow))
    (event,) = judge(store, [rule(source=source)])
    assert event.until in (NOW - 1800, NOW - 1200)


def test_a_rule_for_a_quick_source_does_not_wait_for_the_slow_ones(store: SqliteStore) -> None:
    slow = Source("feed:slow", "feeds", lateness=1800)
    store.register(BRANDS, [HACKERNEWS, slow])
    hear(store, 3)
    (event,) = judge(store, [rule("mentions < 9", source=HACKERNEWS.name)])
    assert event.until > NOW - 1800


def test_posts_that_are_merely_late_make_no_absence(store: SqliteStore) -> None:
    late = Source("feed:slow", "feeds", lateness=1800)
    store.register(BRANDS, [late])
    # Heard through until the last poll; what was said since then has not arrived yet.
    posts = [post(str(n), NOW - 1500 - 20 * n) for n in range(200)]
    store.commit(page(posts, (NOW - 86_400, NOW - 1500), source=late))
    assert judge(store, [rule("mentions < 150")]) == []
    (event,) = judge(store, [rule("mentions < 181")])
    assert (event.numbers["value"], event.until) == (180, NOW - 1800)


def test_what_was_only_pending_begins_anew_after_a_restart(store: SqliteStore) -> None:
    patient = rule(**{"for": "15m"})
    hear(store, 4)
    assert judge(store, [patient]) == []
    assert alerting.states(store)["busy", "Acme", ""].phase == "pending"
    with store.writing() as db:
        judging.restart(db, [patient], NOW + 800)
    hear(store, 4, NOW + 900)
    assert judge(store, [patient], NOW + 900) == []
    hear(store, 0, NOW + 1700)
    assert [event.kind for event in judge(store, [patient], NOW + 1700)] == ["fired"]


def test_what_is_pending_goes_on_where_only_the_configuration_was_read_again(store: SqliteStore) -> None:
    patient = rule(**{"for": "15m"})
    hear(store, 4)
    assert judge(store, [patient]) == []
    with store.writing() as db:
        judging.restart(db, [patient], NOW + 800, watched=True)
    hear(store, 4, NOW + 900)
    assert [event.kind for event in judge(store, [patient], NOW + 900)] == ["fired"]


def test_a_restart_forgets_nothing_of_what_fires_and_everything_of_rules_that_are_gone(
    store: SqliteStore,
) -> None:
    hear(store, 4)
    gone = replace(rule(), name="gone")
    judge(store, [rule(), gone])
    firing = alerting.states(store)["busy", "Acme", ""]
    with store.writing() as db:
        judging.restart(db, [rule()], NOW + 60)
    assert alerting.states(store) == {("busy", "Acme", ""): firing}
    assert judge(store, [rule()], NOW + 60) == []


def test_the_posts_that_explain_are_those_of_the_tone_in_question(store: SqliteStore) -> None:
    labels = ["positive", "negative", "neutral", "negative", "positive"]
    posts = [post(str(n), NOW - 60 - n, label) for n, label in enumerate(labels)]  # type: ignore[arg-type]
    store.commit(page(posts, (NOW - 86_400, NOW)))
    (event,) = judge(store, [rule("negative_share > 30%", min_n=1)])
    marks = ",".join("?" * len(event.post_ids))
    found = store.rows(f"SELECT native_id FROM posts WHERE id IN ({marks})", event.post_ids)
    assert sorted(native_id for (native_id,) in found) == ["1", "3"]


def test_a_look_that_changes_nothing_writes_nothing(store: SqliteStore) -> None:
    hear(store, 1)
    assert judging.look(Look(store, BRANDS, UTC, NOW), [rule()]) == []
    assert rule().brand == ACME.name


def test_what_fired_keeps_how_its_share_was_made(store: SqliteStore) -> None:
    said = [post(str(n), NOW - 60 - n, "negative", engine="vader-3.3.2") for n in range(60)]
    store.commit(page(said, (NOW - 86_400, NOW)))
    (event,) = judge(store, [rule("negative_share > 30%", min_n=1)])
    numbers = event.numbers
    low, high = numbers["interval"]  # type: ignore[misc]
    assert (numbers["method"], numbers["raw_value"]) == ("adjusted", 1.0)
    assert 0.3 < low < numbers["value"] <= high  # type: ignore[operator]


def test_a_rule_for_a_tag_counts_and_quotes_only_what_bears_it(store: SqliteStore) -> None:
    hear(store, 4)
    third = store.rows("SELECT id FROM posts ORDER BY id")[2][0]
    sales = rule("mentions >= 1", tag="sales")
    assert judge(store, [sales]) == []
    with store.writing() as db:
        tags.add(db, "sales", "Acme", [third], by="ana", now=NOW)
    (event,) = judge(store, [sales])
    assert (event.numbers["value"], event.numbers["tag"], event.post_ids) == (1, "sales", (third,))
    with store.writing() as db:
        row = outbox.claim(db, "console", NOW)
    assert row is not None
    told = telling.alert_message(row, store, ZoneInfo("UTC"), None)
    assert ("Only", "mentions tagged sales") in [(fact.name, fact.value) for fact in told.facts]
