"""What a channel that forgets is told again: that which it has, and which fires still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pages import BRANDS, HACKERNEWS, page, post

from alerts import judging
from alerts.rules import Look, Rule, RuleOptions
from storage import outbox
from storage.sqlite import SqliteStore

NOW = 1_790_000_000
HOUR = 3_600
RULE = Rule.of(
    RuleOptions.model_validate(
        {"name": "busy", "when": "mentions >= 3", "cooldown": "1h", "channels": ["alertmanager", "console"]}
    ),
    "Acme",
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    yield opened
    opened.close()


def judge(store: SqliteStore, now: int, posts: int) -> list[str]:
    """Hear that many posts of the last minutes, and judge; the kinds of what became of it."""
    heard = [post(f"{now}-{n}", now - 60 - n) for n in range(posts)]
    store.commit(page(heard, (now - 5 * HOUR, now)))
    # As the daemon does: a look is a second ahead of what is written.
    found = judging.look(Look(store, BRANDS, ZoneInfo("UTC"), now + 1), [RULE])
    with store.writing() as db:
        return [event.kind for event in judging.write(db, found, now)]


def deliver(store: SqliteStore, now: int) -> None:
    with store.writing() as db:
        while row := outbox.claim(db, "alertmanager", now):
            outbox.delivered(db, row.id, now)


def again(store: SqliteStore, channel: str = "alertmanager") -> list[object]:
    return [row.numbers["at"] for row in outbox.still_firing(store, channel)]


def test_it_is_what_was_delivered_and_fires_still_and_of_each_rule_the_last(store: SqliteStore) -> None:
    assert judge(store, NOW, 4) == ["fired"]
    assert again(store) == [], "the channel does not have it yet: the outbox tells it"
    deliver(store, NOW)
    assert again(store) == [NOW]
    assert again(store, "console") == []
    assert judge(store, NOW + 2 * HOUR, 0) == ["resolved"]
    assert again(store) == [], "it is over, whether or not that was told already"
    deliver(store, NOW + 2 * HOUR)
    assert judge(store, NOW + 4 * HOUR, 4) == ["fired"]
    deliver(store, NOW + 4 * HOUR)
    assert again(store) == [NOW + 4 * HOUR]
