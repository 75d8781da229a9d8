"""What a Bluesky post quotes: with pictures or without, and nothing that is no post."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from listener.collectors.bluesky.posts import Record, to_post

QUOTED = "at://did:plc:bob/app.bsky.feed.post/3kabc"


def quoted(embed: Any) -> str | None:
    record = msgspec.json.decode(msgspec.json.encode({"text": "see", "embed": embed}), type=Record)
    return to_post("did:plc:ann", "3k1", record, None).copy_of


def test_a_quote_names_the_post() -> None:
    plain = {"$type": "app.bsky.embed.record", "record": {"uri": QUOTED, "cid": "b"}}
    assert quoted(plain) == QUOTED
    assert (
        quoted({"$type": "app.bsky.embed.recordWithMedia", "record": plain, "media": {"images": []}})
        == QUOTED
    )


@pytest.mark.parametrize(
    "embed",
    [
        None,
        {"$type": "app.bsky.embed.images", "images": []},
        {"record": {"uri": "at://did:plc:bob/app.bsky.graph.list/3kabc"}},
        {"record": {"uri": "https://elsewhere.example"}},
        {"record": {"uri": 7}},
        {"record": "x"},
        {"record": {"record": {}}},
    ],
)
def test_what_is_no_post_is_not_quoted(embed: Any) -> None:
    assert quoted(embed) is None
