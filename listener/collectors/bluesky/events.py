"""Reads messages of Jetstream into events, and keeps what concerns us. Pure, and fast enough for a whole network."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from listener.collectors import LONGEST_ITEM, read_items
from listener.collectors.base import Ear
from listener.collectors.bluesky.posts import MOST_TEXT, POST, Record, address, check_place, shown, to_post
from listener.collectors.post import AccountGone, Delete, Edit, Event, Post
from storage.mention import SetAside

_GONE = frozenset({"deleted", "takendown"})
_LONGEST_READ_SLOWLY = 100_000
"""Characters beyond which reading slowly would hold the loop for tens of milliseconds; no post is near as long."""
_ADDRESS = "address of the item"


class _Commit(msgspec.Struct, gc=False):
    operation: str
    collection: str
    rkey: str
    record: Record | None = None


class _Account(msgspec.Struct, gc=False):
    active: bool = True
    status: str | None = None


class _Said(msgspec.Struct, gc=False):
    """One message; only what is used of it is decoded."""

    did: str
    time_us: int
    commit: _Commit | None = None
    account: _Account | None = None


_decode = msgspec.json.Decoder(_Said).decode


@dataclass(slots=True)
class Batch:
    """What some messages brought, in their order. `first_us` and `last_us` are the times of the first and last that
    could be read, in microseconds since 1970 by the server's clock; 0 where none could."""

    events: list[Event] = field(default_factory=list)
    aside: list[SetAside] = field(default_factory=list)
    first_us: int = 0
    last_us: int = 0


def read_batch(messages: Sequence[str | bytes], ear: Ear, fresh: set[str] | None = None) -> Batch:
    """Read messages, and keep of them what concerns us. What cannot be read is set aside.

    `fresh` are the posts let through that are not stored yet; those of this batch are added to it. Without them a
    reply, or a deletion, that follows its post at once would be lost.
    """
    fresh = set() if fresh is None else fresh
    batch = Batch()
    wanted = ear.wanted
    for message in messages:
        try:
            said = _decode(message)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            _read_slowly(message, ear, fresh, batch)
            continue
        batch.last_us = said.time_us
        batch.first_us = batch.first_us or said.time_us
        commit = said.commit
        # Of a hundred messages ninety-nine end in one of these lines, before anything is built.
        if commit is None:
            if said.account is None or said.account.active:
                continue
        elif commit.collection != POST:
            continue
        elif commit.operation == "create" and (record := commit.record) is not None:
            reply = record.reply
            parent = None if reply is None else reply.parent.uri
            if not wanted(record.text[:MOST_TEXT], said.did, parent) and parent not in fresh:
                continue
        try:
            event = _event(said)
        except ValueError:
            _read_slowly(message, ear, fresh, batch)
            continue
        if event is not None and (isinstance(event, Post) or _concerns(event, ear, fresh)):
            _keep(event, fresh, batch)
    return batch


def to_event(item: Mapping[str, Any]) -> Event | None:
    """Read a message of Jetstream, or a post as answers show it; None where it is nothing of ours.

    Raises for what cannot be read.
    """
    if "uri" in item:
        return shown(item)
    if not isinstance(item["did"], str):
        raise TypeError("did is no text")
    commit = item.get("commit")
    if isinstance(commit, Mapping) and commit.get("collection") != POST:
        # Records of other kinds may hold something else under the same names.
        return None
    return _event(msgspec.convert(item, _Said))


def _event(said: _Said) -> Event | None:
    commit = said.commit
    if commit is None:
        account = said.account
        gone = account is not None and not account.active and account.status in _GONE
        return AccountGone(said.did) if gone else None
    if commit.operation == "delete":
        check_place(said.did, commit.rkey)
        return Delete(address(said.did, commit.rkey))
    if commit.record is None:
        raise ValueError("a post without a record")
    post = to_post(said.did, commit.rkey, commit.record, said.time_us // 1_000_000)
    return post if commit.operation == "create" else Edit(post)


def _concerns(event: Event, ear: Ear, fresh: set[str]) -> bool:
    if isinstance(event, Delete):
        return event.native_id in fresh or ear.kept(event.native_id)
    if isinstance(event, Edit):
        post, known = event.post, event.post.native_id in fresh or ear.kept(event.post.native_id)
    elif isinstance(event, Post):
        post, known = event, False
    else:
        return True
    return known or post.in_reply_to in fresh or ear.wanted(post.text, post.author_id, post.in_reply_to)


def _keep(event: Event, fresh: set[str], batch: Batch) -> None:
    if isinstance(event, Post):
        fresh.add(event.native_id)
    elif isinstance(event, Edit):
        fresh.add(event.post.native_id)
    batch.events.append(event)


def _read_slowly(message: str | bytes, ear: Ear, fresh: set[str], batch: Batch) -> None:
    """Read a message on which the fast way failed: pass over other kinds, set aside what is odd."""
    if len(message) > _LONGEST_READ_SLOWLY:
        batch.aside.append(_unread(message, "too long to be read"))
        return
    try:
        item = _labelled(json.loads(message))
    except (ValueError, RecursionError) as error:
        batch.aside.append(_unread(message, type(error).__name__))
        return
    events, aside = read_items([item], to_event, _ADDRESS)
    batch.aside += aside
    for event in events:
        if _concerns(event, ear, fresh):
            _keep(event, fresh, batch)


def _unread(message: str | bytes, cause: str) -> SetAside:
    start = message[: LONGEST_ITEM // 8]
    text = start if isinstance(start, str) else start.decode("utf-8", "replace")
    return SetAside(None, f"{cause} in a message of the stream", json.dumps({"no JSON": text}))


def _labelled(item: object) -> dict[str, Any]:
    """Return a message with its address in it, by which it can be told from others when it is set aside."""
    if not isinstance(item, dict):
        return {"no message": item}
    commit = item.get("commit")
    if not isinstance(commit, dict):
        return item
    parts = (item.get("did"), commit.get("collection"), commit.get("rkey"))
    return {**item, _ADDRESS: "at://" + "/".join(str(part)[:300] for part in parts)}
