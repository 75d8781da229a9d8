"""What the counters of posts showed over time: likes, reposts, replies, a row each time that one has changed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage import posting
from storage.base import Transaction
from storage.mention import Reading
from storage.rollups import reread

_LAST = """SELECT r.post_id, r.counter, r.at, r.value FROM readings r
    WHERE r.post_id IN (SELECT value FROM json_each(?))
    AND r.at = (SELECT max(at) FROM readings later WHERE later.post_id = r.post_id AND later.counter = r.counter)"""


def add(db: Transaction, source: int, readings: Sequence[Reading]) -> None:
    """Write what is new in readings of kept posts; a reading older than the last one of its counter is left out."""
    if not readings:
        return
    numbers = posting.known(db, source, {reading.native_id for reading in readings})
    last: dict[tuple[int, str], tuple[int, int]] = {
        (number, counter): (at, value)
        for number, counter, at, value in db.rows(_LAST, (json.dumps(list(numbers.values())),))
    }
    rows: list[tuple[int, str, int, int]] = []
    for reading in readings:
        number = numbers.get(reading.native_id)
        if number is None:
            continue
        for counter, value in reading.counters.items():
            before = last.get((number, counter))
            later = before is None or (reading.at > before[0] and value != before[1])
            if later and posting.believable(value) is not None:
                last[number, counter] = (reading.at, value)
                rows.append((number, counter, reading.at, value))
    with reread(db, {row[0] for row in rows}):
        db.run_many("INSERT INTO readings (post_id, counter, at, value) VALUES (?, ?, ?, ?)", rows)
