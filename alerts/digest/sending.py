"""From an outbox row to the letter that is sent: the kept numbers composed, the posts' texts put in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from alerts.digest.compose import compose
from alerts.digest.facts import DigestFacts, from_json
from alerts.digest.render import letter
from alerts.message import Letter, Quote
from storage import browse
from storage.base import Rows
from storage.calendar import iso
from storage.outbox import OutboxRow


def letter_of(row: OutboxRow, store: Rows, zone: ZoneInfo) -> Letter:
    """The letter of an outbox row, in the words of now: posts erased since it was laid out are gone from it."""
    return letter_from(from_json(row.numbers), store, zone, row.key)


def letter_from(facts: DigestFacts, store: Rows, zone: ZoneInfo, key: str) -> Letter:
    """Compose and render the letter of these facts."""
    ids = [int(ref.post) for ref in facts.quotes]
    seen = browse.by_ids(store, None, ids) if ids else []
    quotes = {
        str(one.id): Quote(
            one.joined(), one.author, one.source, one.url, iso(one.published_at, zone), one.label
        )
        for one in seen
    }
    return letter(compose(facts), quotes, key)
