"""The channels of the brands' accounts: which they are, how many subscribe, what they upload, what is said to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import structlog

from listener.collectors.lanes import Lane, Listing, Token
from listener.collectors.post import Event, Figure
from listener.collectors.youtube.reader import THREADS, Reader
from listener.collectors.youtube.resources import count, identity, seconds
from listener.collectors.youtube.service import MOST_IDS, Absent, Service

log = structlog.get_logger(__name__)
MOST_THREADS = 100


@dataclass
class Channels:
    """What is known of the brands' channels; looked up once a day. Plain JSON in the cursor.

    `known`: handle -> (id of the channel, id of the list of its uploads).
    """

    day: str = ""
    known: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any], handles: Sequence[str]) -> Channels:
        """Read what `to_json` wrote. Accounts that were added since are looked up at once."""
        known = {key: (pair[0], pair[1]) for key, pair in value.get("known", {}).items() if key in handles}
        asked = set(value.get("asked", ()))
        day = str(value.get("day", "")) if set(handles) <= asked else ""
        return cls(day, known)

    def to_json(self, handles: Sequence[str]) -> dict[str, Any]:
        """What is kept in the cursor."""
        known = {key: list(pair) for key, pair in self.known.items()}
        return {"day": self.day, "known": known, "asked": list(handles)}

    @property
    def owners(self) -> dict[str, str]:
        """Handles by the ids of their channels."""
        return {channel: handle for handle, (channel, _) in self.known.items()}

    async def look_up(self, service: Service, handles: Sequence[str], now: int) -> list[Event]:
        """Find the channels of these handles and how many subscribe to each. Raises Retriable and Permanent."""
        day = datetime.fromtimestamp(now, UTC).date().isoformat()
        figures: list[Event] = []
        known = {}
        for handle in handles:
            # A channel's id is accepted as well; those begin with UC and have 24 characters.
            by = {"id": handle} if is_channel_id(handle) else {"forHandle": f"@{handle}"}
            asked = {"part": "snippet,statistics,contentDetails", **by}
            answer = await service.ask("channels", asked, now)
            found = _channel(answer.items[0]) if answer.items else None
            if found is None:
                log.warning("YouTube has no such channel", account=handle)
                continue
            channel, uploads, subscribers = found
            known[handle] = (channel, uploads)
            if subscribers is not None:
                figures.append(Figure("followers", day, subscribers, account=handle))
        self.day, self.known = day, known
        return figures

    def lanes(self, service: Service, reader: Reader, now: int) -> list[Lane]:
        """What these channels upload, and the comments under all their videos."""
        lanes = []
        for handle, (channel, uploads) in self.known.items():
            lanes.append(_uploads(service, reader, handle, uploads, now))
            lanes.append(_comments(service, reader, handle, channel, now))
        return lanes


def is_channel_id(handle: str) -> bool:
    """Whether this is a channel's id, not its handle."""
    return len(handle) == 24 and handle.startswith("UC")


def _channel(item: Any) -> tuple[str, str, int | None] | None:
    """A channel's id, the list of its uploads, and its subscribers, None where it hides them."""
    try:
        channel = identity(item["id"])
        lists = item.get("contentDetails", {}).get("relatedPlaylists", {})
        # Where it is not told: the list of uploads is named after the channel.
        uploads = identity(lists.get("uploads") or f"UU{channel[2:]}")
        told = item["statistics"]
        hidden = told.get("hiddenSubscriberCount") is not False
        return channel, uploads, None if hidden else count(told.get("subscriberCount"))
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _uploads(service: Service, reader: Reader, handle: str, uploads: str, now: int) -> Lane:
    async def ask(since: int, token: Token | None) -> Listing:
        asked: dict[str, str | int] = {
            "part": "contentDetails",
            "playlistId": uploads,
            "maxResults": MOST_IDS,
        }
        try:
            answer = await service.ask("playlistItems", _after(asked, token), now)
        except Absent as refusal:
            return _nothing(handle, refusal)
        found = [place for item in answer.items if (place := _upload(item)) is not None]
        events, aside = await reader.videos([name for name, _ in found])
        return Listing(events, aside, found[-1][1] if found else None, answer.next)

    return Lane(f"uploads of {handle}", ask)


def _comments(service: Service, reader: Reader, handle: str, channel: str, now: int) -> Lane:
    async def ask(since: int, token: Token | None) -> Listing:
        asked: dict[str, str | int] = {**THREADS, "allThreadsRelatedToChannelId": channel}
        try:
            return await threads(service, reader, _after(asked, token), now)
        except Absent as refusal:
            return _nothing(handle, refusal)

    return Lane(f"comments to {handle}", ask)


async def threads(service: Service, reader: Reader, asked: dict[str, str | int], now: int) -> Listing:
    """One answer of a list of threads, newest first. Raises Retriable, Permanent and Absent."""
    answer = await service.ask("commentThreads", {**asked, "order": "time", "maxResults": MOST_THREADS}, now)
    events, aside = await reader.threads(answer.items)
    times = [at for item in answer.items if (at := _begun(item)) is not None]
    return Listing(events, aside, min(times, default=None), answer.next)


def _after(asked: dict[str, str | int], token: Token | None) -> dict[str, str | int]:
    return asked if token is None else {**asked, "pageToken": token}


def _nothing(handle: str, refusal: Absent) -> Listing:
    """A channel that is gone, or has no comments, must not hold back everything else."""
    log.info("YouTube shows nothing of this channel", account=handle, reason=str(refusal))
    return Listing()


def _upload(item: Any) -> tuple[str, int] | None:
    try:
        details = item["contentDetails"]
        return identity(details["videoId"]), seconds(details["videoPublishedAt"])
    except (KeyError, TypeError, ValueError):
        # A private video has no date, and is not shown by itself either.
        return None


def _begun(thread: Any) -> int | None:
    try:
        return seconds(thread["snippet"]["topLevelComment"]["snippet"]["publishedAt"])
    except (KeyError, TypeError, ValueError):
        return None
