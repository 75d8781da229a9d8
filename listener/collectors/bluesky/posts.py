"""What a post on Bluesky is: from a record, its address and when it was seen, to a Post. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from listener.collectors.plain import clean
from listener.collectors.post import Post

POST = "app.bsky.feed.post"
MOST_TEXT = 3_000
"""Characters of a post that are read. The schema allows as many bytes and Bluesky shows nobody what is longer, but
anybody can send a megabyte, and the loop would wait for it."""
BACKDATED = 86_400
"""Seconds by which a post may claim to be older than its arrival; archives brought from elsewhere claim years."""

# They become parts of addresses that people follow.
_DID = r"did:[a-z]+:[A-Za-z0-9._:%-]{1,256}"
_RKEY = r"[A-Za-z0-9._:~-]{1,512}"
_PLACE = re.compile(rf"{_DID}/{_RKEY}")
_URI = re.compile(rf"at://({_DID})/([A-Za-z0-9.-]{{1,317}})/({_RKEY})")
_HANDLE = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:[-_]|$)")
_NO_HANDLE = "handle.invalid"


class Ref(msgspec.Struct, gc=False):
    """Another record."""

    uri: str


class Reply(msgspec.Struct, gc=False):
    """Which post it answers, and which one began the conversation."""

    parent: Ref
    root: Ref


class Embed(msgspec.Struct, gc=False):
    """What is shown under a post; `record` is another one, or holds it where pictures are shown beside it."""

    record: Any = None


class Record(msgspec.Struct, gc=False):
    """What an author wrote; only what is used of it is decoded."""

    text: str = ""
    createdAt: str | None = None  # noqa: N815 - as on the wire
    langs: list[str] | None = None
    reply: Reply | None = None
    embed: Embed | None = None


class _Author(msgspec.Struct, gc=False):
    handle: str | None = None


class _Shown(msgspec.Struct, gc=False):
    uri: str
    record: Record
    author: _Author | None = None
    indexedAt: str | None = None  # noqa: N815 - as on the wire


def address(did: str, rkey: str) -> str:
    """The id of a post."""
    return f"at://{did}/{POST}/{rkey}"


def check_place(did: str, rkey: str) -> None:
    """Raises ValueError for what is no account, or no key of a record."""
    if not _PLACE.fullmatch(f"{did}/{rkey}"):
        raise ValueError("no valid address")


def to_post(did: str, rkey: str, record: Record, seen_at: int | None) -> Post:
    """Return the post. `seen_at` is when the network first showed it, in seconds. Raises ValueError."""
    check_place(did, rkey)
    native_id = address(did, rkey)
    reply = record.reply
    return Post(
        native_id=native_id,
        text=clean(record.text[:MOST_TEXT]).strip(),
        published_at=_published(record.createdAt, seen_at),
        author=did,
        url=f"https://bsky.app/profile/{did}/post/{rkey}",
        language=_language(record.langs),
        in_reply_to=None if reply is None else _other(reply.parent.uri),
        thread=native_id if reply is None else _other(reply.root.uri) or native_id,
        author_id=did,
        copy_of=_quoted(record.embed),
    )


def _quoted(embed: Embed | None) -> str | None:
    """The post that is quoted; None where it is none, or another kind of record, as a list or a feed."""
    found = None if embed is None else embed.record
    if isinstance(found, Mapping) and isinstance(found.get("record"), Mapping):
        found = found["record"]
    uri = found.get("uri") if isinstance(found, Mapping) else None
    place = _URI.fullmatch(uri) if isinstance(uri, str) else None
    return address(place.group(1), place.group(3)) if place is not None and place.group(2) == POST else None


def shown(item: Mapping[str, Any]) -> Post | None:
    """Read a post as searches, feeds and threads show it (`record`), or as getRecord gives it (`value`); None for a
    record of another kind. Raises for what cannot be read."""
    found = _URI.fullmatch(item["uri"])
    if found is None:
        raise ValueError("no valid address")
    record = item["value"] if "value" in item else item["record"]
    if found.group(2) != POST or record.get("$type", POST) != POST:
        return None
    view = msgspec.convert({**item, "record": record}, _Shown)
    post = to_post(found.group(1), found.group(3), view.record, seconds(view.indexedAt))
    name = None if view.author is None else valid_handle(view.author.handle)
    return post if name is None else replace(post, author=name)


def valid_handle(handle: object) -> str | None:
    """Return the handle, None for what is none: an account whose domain was lost shows as `handle.invalid`."""
    if not isinstance(handle, str) or handle == _NO_HANDLE or len(handle) > 253:
        return None
    return handle if _HANDLE.fullmatch(handle) else None


def seconds(written: str | None) -> int | None:
    """Return a time as Bluesky writes it in seconds since 1970, None where it is none."""
    try:
        when = datetime.fromisoformat((written or "").strip())
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() // 1)
    except (ValueError, OverflowError):
        return None


def _published(written: str | None, seen_at: int | None) -> int | None:
    """Return when a post was written: what it says itself, where that is near the time at which it was seen.

    Nobody is read before he writes: a later time is from a clock that runs ahead.
    """
    claimed = seconds(written)
    if seen_at is None:
        return claimed
    if claimed is None or not seen_at - BACKDATED <= claimed <= seen_at:
        return seen_at
    return claimed


def _other(uri: str) -> str | None:
    return uri if _URI.fullmatch(uri) else None


def _language(languages: list[str] | None) -> str | None:
    found = _LANGUAGE.match(languages[0]) if languages else None
    return found.group(1).lower() if found else None
