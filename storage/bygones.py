"""What was told long ago is dropped: messages that are done with, their events, and what people said about them."""

from __future__ import annotations

import json

from storage.base import Transaction

PAGE = 500
# The story that a rule stands in, or stood in last, is kept whole; so is one of which anything is still to be told.
_BYGONE = """NOT IN (SELECT episode FROM alert_states)
    AND NOT EXISTS (SELECT 1 FROM outbox w WHERE w.thread = o.thread AND (w.state = 'sending'
        OR (w.state = 'waiting' AND w.done_at IS NULL)))"""
# What waits has no `done_at`; what was closed untold has one.
_MESSAGES = f"""SELECT o.id, o.channel, o.thread FROM outbox o
    WHERE o.state IN ('delivered', 'failed', 'waiting') AND o.done_at < ?
    AND coalesce(o.thread, o.key) {_BYGONE} LIMIT ?"""
_RECEIPT = """DELETE FROM receipts WHERE channel = ? AND thread = ?
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.thread = receipts.thread AND o.channel = receipts.channel)"""
_EVENTS = """DELETE FROM alert_events WHERE id IN (SELECT e.id FROM alert_events e
    WHERE e.at < ? AND e.episode NOT IN (SELECT episode FROM alert_states)
    AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.thread = e.episode) LIMIT ?)"""
# What people say is little: looked through as a whole.
_SAID = """DELETE FROM acknowledgements WHERE at < ? AND NOT EXISTS (SELECT 1 FROM alert_events e
    WHERE e.key = acknowledgements.episode)"""
_SILENCES = "DELETE FROM silences WHERE coalesce(ended_at, until) < ?"


def drop(db: Transaction, before: int, most: int = PAGE) -> int:
    """Drop at most `most` messages, and as many events, that were done with before a time; return how many.

    Never what waits, what a rule stands in or stood in last, nor a silence that may hold still. An event goes once no
    message of its story is left, what was said about it with it.
    """
    messages = db.rows(_MESSAGES, (before, most))
    db.run(
        "DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps([id_ for id_, *_ in messages]),),
    )
    stories = dict.fromkeys((channel, thread) for _, channel, thread in messages if thread is not None)
    db.run_many(_RECEIPT, list(stories))
    events = db.run(_EVENTS, (before, most))
    db.run(_SAID, (before,))
    db.run(_SILENCES, (before,))
    return len(messages) + events
