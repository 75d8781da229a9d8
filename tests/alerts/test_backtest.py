"""A backtest fires when the daemon would have, and says what it cannot know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import BRANDS, HACKERNEWS, page, post

from alerts import judging
from alerts.backtest import Backtest, backtest
from alerts.routing.routes import CONSOLE
from alerts.rules import Look, Rule, RuleOptions
from storage.desk import cases
from storage.mention import KeptPost, Mention
from storage.sqlite import SqliteStore

UTC = ZoneInfo("UTC")
HOUR, DAY = 3600, 86_400
T0 = 1_790_000_000 // DAY * DAY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    yield opened
    opened.close()


def rule(when: str = "mentions >= 3", **options: object) -> Rule:
    return Rule.of(RuleOptions.model_validate({"name": "busy", "when": when, **options}), "Acme")


def led(store: SqliteStore, one: Rule, days: int = 3) -> Backtest:
    return backtest(store, [one], BRANDS, UTC, T0, T0 + days * DAY, CONSOLE)


def burst(at: int, count: int = 4) -> list[KeptPost]:
    return [post(f"{at}-{n}", at + n) for n in range(count)]


def hear(
    store: SqliteStore, *bursts: int, since: int = T0, until: int = T0 + 3 * DAY, live: bool = True
) -> None:
    posts = [one for at in bursts for one in burst(at)]
    store.commit(page(posts, (since, until), live=live))


def test_it_fires_and_ends_when_the_daemon_would_have(store: SqliteStore) -> None:
    hear(store, T0 + 10 * HOUR, T0 + 40 * HOUR)
    told = []
    for now in range(T0 + 900, T0 + 3 * DAY + 1, 900):
        found = judging.look(Look(store, BRANDS, UTC, now), [rule()])
        with store.writing() as db:
            told += [(event.kind, event.at) for event in judging.write(db, found, now)]
    replayed = led(store, rule()).episodes
    assert [(one.fired_at, one.ended) for one in replayed] == [
        (T0 + 10 * HOUR + 900, T0 + 11 * HOUR + 900),
        (T0 + 40 * HOUR + 900, T0 + 41 * HOUR + 900),
    ]
    assert told == [
        (kind, at) for one in replayed for kind, at in (("fired", one.fired_at), ("resolved", one.ended))
    ]


def test_each_time_it_says_on_what(store: SqliteStore) -> None:
    hear(store, T0 + 10 * HOUR)
    (one,) = led(store, rule()).episodes
    assert (one.numbers["value"], one.brand, one.over) == (4, "Acme", "resolved")
    assert (one.window.since, one.window.until) == (one.fired_at - HOUR, one.fired_at)
    assert len(one.post_ids) == 3


@pytest.mark.parametrize(
    "when",
    [
        "mentions >= 3",
        "mentions rises by 50%",
        "new author with 1000 followers",
        "new language",
        "story with 3 posts",
        "unanswered for 2h",
    ],
)
def test_imported_history_counts(store: SqliteStore, when: str) -> None:
    at = T0 + 10 * HOUR
    tale = (
        "the new kettle of the series explodes on the stove and three people are hurt, says the fire brigade"
    )
    posts = [replace(post(str(n), at + n, text=tale, addressed=True), language="sv") for n in range(4)]
    posts.append(replace(post("star", at, author="star"), followers=5_000))
    # Nothing is called new before its source was heard for a week.
    store.commit(page(posts, (T0 - 8 * DAY, T0 + 3 * DAY), live=False))
    over = {"over": "6h"} if when.startswith("story") else {}
    assert len(led(store, rule(when, **over)).episodes) == 1


def test_who_has_an_answer_now_waited_until_it_came(store: SqliteStore) -> None:
    answer = KeptPost(
        "answer",
        "on it",
        T0 + 15 * HOUR,
        T0 + 15 * HOUR,
        author="acme",
        in_reply_to="question",
        mentions=(Mention("Acme", matched=False, own=True),),
    )
    question = post("question", T0 + 10 * HOUR, addressed=True, author="ann")
    store.commit(page([question, answer], (T0, T0 + 3 * DAY)))
    (one,) = led(store, rule("unanswered for 2h")).episodes
    assert (one.fired_at, one.ended) == (T0 + 12 * HOUR + 900, T0 + 15 * HOUR)


def test_nothing_is_said_of_a_time_that_was_not_heard(store: SqliteStore) -> None:
    hear(store, since=T0, until=T0 + DAY)
    found = led(store, rule("no mentions for 6h"))
    (one,) = found.episodes
    # Nine tenths of six hours are enough to be heard.
    assert (one.fired_at, one.over) == (T0 + 5 * HOUR + 1800, "expired")
    assert found.judged is not None
    assert found.judged < 0.4


def test_what_still_fires_at_the_end_has_no_end(store: SqliteStore) -> None:
    hear(store, T0 + 3 * DAY - 1200)
    (one,) = led(store, rule()).episodes
    assert (one.ended, one.over) == (None, None)


def test_a_cool_down_holds_in_the_past_too(store: SqliteStore) -> None:
    hear(store, T0 + 10 * HOUR, T0 + 13 * HOUR)
    assert len(led(store, rule(cooldown="6h")).episodes) == 1
    assert len(led(store, rule(cooldown="1h")).episodes) == 2


def test_whom_the_desk_has_helped_waited_until_then(store: SqliteStore) -> None:
    store.commit(page([post("question", T0 + 10 * HOUR, addressed=True)], (T0, T0 + 3 * DAY)))
    ((number,),) = store.rows("SELECT id FROM posts")
    with store.writing() as db:
        case = cases.open_case(db, "Acme", number, now=T0 + 11 * HOUR)
        cases.act(db, case.id, "solve", now=T0 + 14 * HOUR)
    (one,) = led(store, rule("unanswered for 2h")).episodes
    assert (one.fired_at, one.ended) == (T0 + 12 * HOUR + 900, T0 + 14 * HOUR)


@pytest.mark.parametrize(
    ("when", "why"), [("source down for 1h", "outage"), ("anomaly", "no threshold was found yet")]
)
def test_what_cannot_be_led_through_the_past_is_said(store: SqliteStore, when: str, why: str) -> None:
    found = led(store, rule(when))
    assert why in (found.cannot or "")
    assert found.episodes == ()


def test_nothing_is_written(store: SqliteStore) -> None:
    hear(store, T0 + 10 * HOUR)
    led(store, rule())
    assert store.rows("SELECT * FROM alert_states") == store.rows("SELECT * FROM alert_events") == []
