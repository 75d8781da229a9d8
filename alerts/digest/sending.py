"""From an outbox row to the letter that is sent: the kept numbers composed, the posts' texts put in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from alerts.digest.compose import compose
from alerts.digest.facts import DigestFacts, from_json
from alerts.digest.render import letter
from alerts.message import Letter
from alerts.quoting import quotes_by_id
from storage.base import Rows
from storage.outbox import OutboxRow


def letter_of(row: OutboxRow, store: Rows, zone: ZoneInfo) -> Letter:
    """The letter of an outbox row, in the words of now: posts erased since it was laid out are gone from it."""
    return letter_from(from_json(row.numbers), store, zone, row.key)


def letter_from(facts: DigestFacts, store: Rows, zone: ZoneInfo, key: str) -> Letter:
    """Compose and render the letter of these facts."""
    ids = [int(ref.post) for ref in facts.quotes]
    quotes = quotes_by_id(store, None, ids, zone)
    return letter(compose(facts), {str(id_): quote for id_, quote in quotes.items()}, key)
