"""What people took back: every place that holds its text is emptied, and its counts stay."""

from __future__ import annotations

import json
from collections.abc import Sequence

from storage import authors, post_hashtags, sample, visits
from storage.base import Transaction
from storage.rollups import recounted
from storage.stories import keeping as stories

# What had only grown old is taken back now: it still had its address and its hashtags.
_WIPE = """UPDATE posts SET title = NULL, text = '', author = NULL, author_id = NULL, url = NULL, erased_at = ?,
    expired = 0 WHERE source_id = ? AND {of_whom} IN (SELECT value FROM json_each(?))
    AND (erased_at IS NULL OR expired = 1) RETURNING native_id, id"""


def erase(
    db: Transaction, source: int, deleted: Sequence[str], departed: Sequence[str], at: int
) -> tuple[str, ...]:
    """Wipe deleted posts (native ids) and all posts of closed accounts (author ids); return whose text is gone now.

    Their rows stay: mentions, turns and readings are counts, and a post that is known is not taken in again.
    """
    erased: list[str] = []
    numbers: list[int] = []
    columns: tuple[tuple[sample.Column, Sequence[str]], ...] = (
        ("native_id", deleted),
        ("author_id", departed),
    )
    for column, gone in columns:
        if gone:
            asked = (at, source, json.dumps(list(gone)))
            for native_id, number in db.rows(_WIPE.format(of_whom=column), asked):
                erased.append(native_id)
                numbers.append(number)
            sample.forget(db, source, column, gone)
    if deleted:
        db.run(
            "DELETE FROM quarantine WHERE source_id = ? AND native_id IN (SELECT value FROM json_each(?))",
            (source, json.dumps(list(deleted))),
        )
    if departed:
        # Nobody could read who wrote an item in quarantine, so the id as it stands in JSON is looked for.
        ids = json.dumps([json.dumps(author_id) for author_id in departed])
        db.run(
            """DELETE FROM quarantine WHERE source_id = ?
            AND EXISTS (SELECT 1 FROM json_each(?) AS gone WHERE replace(item, gone.value, '') <> item)""",
            (source, ids),
        )
    if numbers:
        authors.forget(db, numbers)
        visits.forget(db, numbers)
        stories.forget(db, numbers)
        # A hashtag is somebody's words, and is counted no more; that they spoke of the brand still is.
        with recounted(db, numbers):
            post_hashtags.forget(db, numbers)
    return tuple(erased)
