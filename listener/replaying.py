"""Items that were set aside, read once more by the code of today."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby

from listener.collectors import COLLECTORS, read_items
from listener.collectors.post import Page
from listener.pipeline import Pipeline
from storage import quarantine, queries
from storage.mention import Brand, Source
from storage.quarantine import Aside
from storage.sqlite import SqliteStore

PAGE = 200


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many items were tried, could be read, and were kept as new posts."""

    tried: int
    read: int
    kept: int


def replay(
    store: SqliteStore, pipeline: Pipeline, brands: Sequence[Brand], source: str | None, now: int
) -> Replayed:
    """Read what can be read now into the store, as history, and leave the rest where it is.

    Dying in the middle loses nothing: an item leaves the quarantine after its post is kept, and a post that is kept
    already is not kept twice.
    """
    tried = read = kept = 0
    with store.writing() as db:
        queries.keep_versions(db, brands, now)
    for name, items in _by_source(store, source):
        tried += len(items)
        done: list[int] = []
        events = []
        to_event = import_module(COLLECTORS[items[0].kind]).to_event
        for item in items:
            found, aside = read_items([json.loads(item.item)], to_event)
            if not aside:
                events += found
                done.append(item.id)
        page = Page(events, None)
        committed = store.commit(pipeline.keep(page, Source(name, items[0].kind), now, live=False))
        with store.writing() as db:
            quarantine.remove(db, done)
        read += len(done)
        kept += committed.posts
    return Replayed(tried, read, kept)


def _by_source(store: SqliteStore, source: str | None) -> Iterator[tuple[str, Sequence[Aside]]]:
    """Pages of items, each of one source. What is cut, or of a kind that there is not any more, is passed over."""
    last = 0
    while items := quarantine.load(store, source, last, PAGE):
        last = items[-1].id
        usable = sorted((i for i in items if i.whole and i.kind in COLLECTORS), key=lambda i: i.source)
        for name, group in groupby(usable, key=lambda item: item.source):
            yield name, list(group)
