"""A message about a post that was erased since carries no word of it: on no channel, in no letter, not sent again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import sample_letters as letters
from pages import BRANDS, HACKERNEWS, page, post

from alerts import judging, render
from alerts.channels import mail, slack, webhook
from alerts.digest.facts import QuoteRef, to_json
from alerts.message import Letter, Message
from alerts.rules import Look, Rule, RuleOptions
from alerts.telling import to_send
from storage import deliveries, outbox
from storage.sqlite import SqliteStore

ZONE = ZoneInfo("UTC")
NOW = 1_790_000_000
SAID = ("xylophone", "ann.strange", "elsewhere.example")
"""Words of the post, its author, its address."""
HEAD = SimpleNamespace(sender="l@example.com", to=["t@example.com"], unsubscribe=None)


def by_mail(item: Message | Letter) -> str:
    parts = mail.compose(item, HEAD).walk()
    return "\n".join(part.get_content() for part in parts if part.get_content_maintype() == "text")


def as_text(item: Message | Letter) -> str:
    return item.text if isinstance(item, Letter) else render.as_text(item)


CHANNELS: dict[str, Callable[[Message | Letter], str]] = {
    "console": as_text,
    "email": by_mail,
    "slack": lambda item: json.dumps(slack.payload(item), ensure_ascii=False),
    "webhook": lambda item: json.dumps(webhook.payload(item), ensure_ascii=False),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "listener.db")
    opened.register(BRANDS, [HACKERNEWS])
    said, author, at = "The xylophone broke", "ann.strange", "https://elsewhere.example/1"
    opened.commit(
        page([post("1", NOW - 9, "negative", text=said, author=author, url=at)], (NOW - 86_400, NOW))
    )
    yield opened
    opened.close()


def lay_out_alert(store: SqliteStore) -> None:
    options = {"name": "angry", "when": "negative_share > 0.4", "min_n": 1, "channels": list(CHANNELS)}
    rule = Rule.of(RuleOptions.model_validate(options), "Acme")
    found = judging.look(Look(store, BRANDS, ZONE, NOW), [rule])
    with store.writing() as db:
        assert len(judging.write(db, found, NOW)) == 1


def lay_out_letter(store: SqliteStore) -> None:
    facts = replace(letters.full_week(), quotes=(QuoteRef("1", "Nordlicht", "negative"),))
    with store.writing() as db:
        outbox.put(db, list(CHANNELS), "week", "digest", to_json(facts), [1], NOW)


def send(store: SqliteStore, channel: str, *, taken: bool) -> str:
    """What leaves on a channel now; `taken`: the receiver takes it, or has failed for good."""
    with store.writing() as db:
        row = outbox.claim(db, channel, NOW)
        assert row is not None
    left = CHANNELS[channel](to_send(row, store, ZONE, None))
    with store.writing() as db:
        outbox.delivered(db, row.id, NOW) if taken else outbox.give_up(db, row.id, NOW, "gone")
    return left


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("lay_out", [lay_out_alert, lay_out_letter])
@pytest.mark.parametrize("taken", [True, False])
def test_what_was_erased_is_in_nothing_that_leaves(
    store: SqliteStore, channel: str, lay_out: Callable[[SqliteStore], None], taken: bool
) -> None:
    lay_out(store)
    before = send(store, channel, taken=taken)
    assert SAID[0] in before, "what follows must be able to fail"
    store.commit(replace(page([], (NOW, NOW + 1)), deleted=["1"]))
    with store.writing() as db:
        (key,) = {key for key, _ in db.rows("SELECT key, channel FROM outbox")}
        assert deliveries.resend(db, NOW, key, channel) == [(key, channel)]
    again = send(store, channel, taken=True)
    assert len(again) > 200
    assert not [word for word in SAID if word in again]


def test_nothing_that_is_kept_of_a_message_holds_a_word_of_a_post(store: SqliteStore) -> None:
    lay_out_alert(store)
    lay_out_letter(store)
    kept = repr([store.rows(f"SELECT * FROM {table}") for table in ("outbox", "alert_events", "receipts")])
    assert not [word for word in SAID if word in kept]
