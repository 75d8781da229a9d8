"""From an outbox row to the letter that is sent: the kept numbers composed, the posts' texts put in."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from alerts.digest.compose import compose
from alerts.digest.content import Digest
from alerts.digest.facts import DigestFacts, from_json
from alerts.digest.render import letter
from alerts.digest.wording import Known
from alerts.message import Letter, Quote
from alerts.quoting import quotes_by_id
from storage import drivers
from storage.base import Rows
from storage.outbox import OutboxRow


def letter_of(row: OutboxRow, store: Rows, zone: ZoneInfo) -> Letter:
    """The letter of an outbox row, in the words of now: posts erased since it was laid out are gone from it."""
    facts = from_json(row.numbers)
    return letter_from(facts, store, ZoneInfo(facts.timezone), row.key)


def letter_from(facts: DigestFacts, store: Rows, zone: ZoneInfo, key: str) -> Letter:
    """Compose and render the letter of these facts."""
    digest, quotes = digest_from(facts, store, zone)
    return letter(digest, quotes, key)


def digest_from(facts: DigestFacts, store: Rows, zone: ZoneInfo) -> tuple[Digest, Mapping[str, Quote]]:
    """Compose a letter, with the posts that it may quote by their numbers."""
    quotes = {str(id_): quote for id_, quote in quotes_by_id(store, None, facts.posts, zone).items()}
    authors = [voice.author for one in facts.drivers for voice in one.drivers.voices]
    return compose(facts, Known(quotes, drivers.names(store, authors))), quotes
