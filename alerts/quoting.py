"""Posts put into messages and letters when they are sent: as they are kept now, gone where they were erased."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from alerts.message import Quote
from storage import browse
from storage.base import Rows
from storage.calendar import iso


def quotes_by_id(store: Rows, brand: str | None, ids: Sequence[int], zone: ZoneInfo) -> dict[int, Quote]:
    """The posts of a message by id, in the order asked (of one brand, or whatever brand they are about)."""
    seen = browse.by_ids(store, brand, ids) if ids else []
    return {
        one.id: Quote(one.joined(), one.author, one.source, one.url, iso(one.published_at, zone), one.label)
        for one in seen
        if not one.erased
    }
