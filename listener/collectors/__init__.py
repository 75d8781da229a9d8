"""The sources that can be listened to, and the one place where a broken item is set aside.

Each module named here has a pydantic class `Options`, a function `build(options, client, ear) -> list[Collector]`, a
`GRADE`, where its interface is not official its `TERMS`, and a pure `to_event(item)` that reads one item as the wire
brought it (None where there is nothing to keep).
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol, TypeVar

from pydantic import BaseModel

from listener.collectors.base import Collector, Ear
from listener.collectors.plain import clean
from listener.collectors.post import Event
from storage.mention import SetAside

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

COLLECTORS = {
    "appstore": "listener.collectors.appstore",
    "bluesky": "listener.collectors.bluesky.collector",
    "devto": "listener.collectors.devto",
    "discourse": "listener.collectors.discourse",
    "feeds": "listener.collectors.feeds.collector",
    "gdelt": "listener.collectors.gdelt.collector",
    "github": "listener.collectors.github.collector",
    "googlenews": "listener.collectors.googlenews",
    "hackernews": "listener.collectors.hackernews.collector",
    "ingest": "listener.collectors.ingest.collector",
    "lemmy": "listener.collectors.lemmy",
    "lobsters": "listener.collectors.lobsters",
    "mastodon": "listener.collectors.mastodon.collector",
    "podcastindex": "listener.collectors.podcastindex",
    "producthunt": "listener.collectors.producthunt",
    "reddit": "listener.collectors.reddit.collector",
    "stackexchange": "listener.collectors.stackexchange.collector",
    "telegram": "listener.collectors.telegram.collector",
    "threads": "listener.collectors.threads",
    "wikipedia": "listener.collectors.wikipedia",
    "x": "listener.collectors.x.collector",
    "youtube": "listener.collectors.youtube.collector",
}


class Ears(Protocol):
    """Who knows what each network is listened to for."""

    def ear(self, kind: str) -> Ear: ...


def collectors_of(
    sources: Mapping[str, BaseModel], client: PoliteClient | None, ears: Ears | None
) -> list[Collector]:
    """The collectors of all configured sources; without client and ears only to see what they are called.

    Raises ValueError for options that no single key shows to be wrong, such as two sources of one name.
    """
    found: list[Collector] = []
    for kind, options in sources.items():
        ear = None if ears is None else ears.ear(kind)
        found.extend(import_module(COLLECTORS[kind]).build(options, client, ear))
    return found


def terms_of(kind: str) -> str | None:
    """What whoever listens to an unofficial source must know of its terms; None for all others."""
    found: str | None = getattr(import_module(COLLECTORS[kind]), "TERMS", None)
    return found


LONGEST_ITEM = 65_536
Item = TypeVar("Item", bound=Mapping[str, object])
Read = TypeVar("Read", bound=Event)


def read_items(
    items: Iterable[Item], to_event: Callable[[Item], Read | None], id_key: str = "id"
) -> tuple[list[Read], list[SetAside]]:
    """Read every item with a collector's pure `to_event`; set aside those that it cannot read.

    None from `to_event` means that there is nothing to keep (an empty item).
    """
    events: list[Read] = []
    aside: list[SetAside] = []
    for item in items:
        try:
            event = to_event(item)
        # One strange item must not silence its source for ever: it is kept for replay, the rest goes on.
        except Exception as error:
            aside.append(_set_aside(item, id_key, error))
            continue
        if event is not None:
            events.append(event)
    return events, aside


def _set_aside(item: Mapping[str, object], id_key: str, error: Exception) -> SetAside:
    found = item.get(id_key) if isinstance(item, Mapping) else None
    native_id = clean(str(found)[:500]) if isinstance(found, str | int) else None
    return SetAside(native_id, _cause(error), _as_json(item)[:LONGEST_ITEM])


def _as_json(item: object) -> str:
    """Return the item in ASCII, in which half of a surrogate pair is an escape that every store takes."""
    try:
        return json.dumps(item, default=str)
    except (TypeError, ValueError, RecursionError) as error:
        return json.dumps({"cannot be kept": type(error).__name__})


def _cause(error: Exception) -> str:
    """Name the error and the lines it passed through. Its message is left out: it may quote the post."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{'/'.join(PurePath(f.filename).parts[-2:])}:{f.lineno} in {f.name}" for f in frames]
    return "\n".join([type(error).__name__, *lines])
