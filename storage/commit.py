"""One page's way into the tables: posts, edits, what was taken back, cursor and coverage, in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from storage import (
    counters,
    coverage,
    editing,
    erasing,
    hashed_ids,
    hearing,
    measures,
    objections,
    polling,
    posting,
    quarantine,
    sample,
    spans,
    visits,
)
from storage.base import Transaction
from storage.editing import Edited
from storage.mention import Committed, Kept, KeptPost, Source
from storage.posting import Added

MOST_UNMATCHED = 10_000
"""Posts of one source that matched nobody and are kept as a sample, unless the configuration says otherwise."""


def source_id(db: Transaction, source: Source) -> int:
    """Return the number of a source, made when it is new."""
    db.run(
        "INSERT INTO sources (name, kind, lateness, visits) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING",
        (source.name, source.kind, source.lateness, visits.written(source.visits)),
    )
    return int(db.rows("SELECT id FROM sources WHERE name = ?", (source.name,))[0][0])


def keep(db: Transaction, page: Kept, most_unmatched: int = MOST_UNMATCHED) -> Committed:
    """Write a page into the open transaction.

    Posts come first, then edits, then what was taken back: a post and its deletion in one page leave no text. A post
    that is kept already, or was erased, is left as it is when it is heard again. A post that names no brand is kept
    only where it answers a brand's own post. `most_unmatched` posts that matched nobody are kept as a sample. What is
    known by the hash of its id only is known all the same, and who objects is not listened to.
    """
    source = source_id(db, page.source)
    page = hashed_ids.known_by_hash(db, source, objections.heeded(db, source, page))
    done = _Done(posting.known(db, source, _named(page)))
    # Together, so that an answer finds the brand's own post which is first heard of by its edit.
    _add(db, source, page, [*page.posts, *page.edits], done)
    for edits in _rounds(page.edits):
        known = [post for post in edits if post.native_id in done.known]
        done.note(editing.edit(db, source, known, page.at, page.definitions))
        _add(db, source, page, [post for post in edits if post.native_id not in done.known], done)
    _keep_sample(db, source, page, done, most_unmatched)
    counters.add(db, source, page.readings)
    measures.tell(db, page.figures)
    spans.add(db, source, page.counted, page.sampled)
    set_aside, left_out = quarantine.add(db, source, page.set_aside, page.at)
    erased = erasing.erase(db, source, page.deleted, page.departed, page.at)
    visits.move(db, source, page.visited, page.at)
    _write_progress(db, source, page, len(done.new))
    polling.count(db, page.source.name, page.at, page.traffic, page.items, page.cut + left_out, page.passed)
    gone = set(erased)
    kept = tuple(native_id for native_id in done.new if native_id not in gone)
    return Committed(len(done.new), done.mentions, frozenset(done.touched), kept, erased, set_aside)


@dataclass(slots=True)
class _Done:
    """What the page has changed so far. `known` are the numbers of those of its posts that are kept."""

    known: dict[str, int]
    new: list[str] = field(default_factory=list)
    mentions: int = 0
    touched: set[tuple[str, int]] = field(default_factory=set)

    def note(self, made: Added | Edited) -> None:
        """Add up what a step has changed."""
        self.mentions += made.mentions
        self.touched |= made.touched


def _named(page: Kept) -> set[str]:
    """Native ids of all posts that the page tells something of."""
    posts = (*page.posts, *page.edits, *(one.post for one in page.unmatched))
    return {post.native_id for post in posts}


def _add(db: Transaction, source: int, page: Kept, posts: Iterable[KeptPost], done: _Done) -> None:
    fresh = [post for post in posts if post.native_id not in done.known]
    added = posting.add(
        db, source, fresh, page.definitions, live=page.live, imported=page.source.kind == "import"
    )
    done.known.update(added.numbers)
    done.new += added.numbers
    done.note(added)


def _rounds(edits: Iterable[KeptPost]) -> list[list[KeptPost]]:
    """Edits in which each post is edited once, one after the other: nearly always a single round."""
    rounds: list[list[KeptPost]] = []
    times: Counter[str] = Counter()
    for post in edits:
        if times[post.native_id] == len(rounds):
            rounds.append([])
        rounds[times[post.native_id]].append(post)
        times[post.native_id] += 1
    return rounds


def _keep_sample(db: Transaction, source: int, page: Kept, done: _Done, most: int) -> None:
    sample.expire(db, page.at, most)
    if done.new and sample.size(db, source):
        sample.forget(db, source, "native_id", done.new)
    strangers = [one for one in page.unmatched if one.post.native_id not in done.known]
    if strangers:
        sample.add(db, source, strangers, page.at, most)
    sample.edit(db, source, [post for post in page.edits if post.native_id not in done.known])


def _write_progress(db: Transaction, source: int, page: Kept, new: int) -> None:
    if page.cursor is not None:
        db.run("UPDATE sources SET cursor = ? WHERE id = ?", (json.dumps(page.cursor), source))
    db.run("UPDATE sources SET items = items + ? WHERE id = ?", (new, source))
    kind = "live" if page.source.kind != "import" else "import"
    if page.heard is not None:
        coverage.add(db, source, kind, page.heard)
    if page.gap is not None:
        coverage.cut(db, source, kind, page.gap)
        hearing.add_gap(db, source, page.gap)
