"""The samples that Hacker News publishes of its item API are read, and the stand-in writes as they do."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hackernews_stub import HackerNewsStub

from listener.collectors import read_items
from listener.collectors.hackernews.items import _counters, item_to_event
from listener.collectors.post import Post

DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))
PAGE = DATA / "recordings" / "hackernews_firebase" / "README.md"

pytestmark = pytest.mark.data


def samples() -> dict[int, dict[str, Any]]:
    """The items that the page shows, by id; what else stands in its blocks of code (lists, an account) is no item."""
    blocks = re.findall(r"```javascript\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    # A list is shortened by dots there, which is no JSON.
    told = [json.loads(block) for block in blocks if "..." not in block.splitlines()[0]]
    return {one["id"]: one for one in told if isinstance(one, dict) and "type" in one}


def test_every_kind_of_item_is_read() -> None:
    found = samples()
    posts, aside = read_items(found.values(), item_to_event)
    assert aside == [] and {one["type"] for one in found.values()} == {
        "story",
        "comment",
        "job",
        "poll",
        "pollopt",
    }
    read = {int(post.native_id): post for post in posts if isinstance(post, Post)}
    assert set(read) == set(found)
    for number, item in found.items():
        post = read[number]
        assert (post.author, post.published_at) == (item["by"], item["time"])
        assert post.in_reply_to == (str(item["parent"]) if "parent" in item else None)
        assert (post.title is None) == ("title" not in item)
        assert "<p>" not in post.text and "&#" not in post.text
    assert read[2921983].in_reply_to == "2921506" and read[8863].thread == "8863"
    assert _counters(found[8863]) == {"points": 111, "comments": 71}
    assert _counters(found[2921983]) == {}


def test_the_stand_in_writes_as_the_samples_do() -> None:
    site = HackerNewsStub(None)
    site.story(1, 1_795_000_000, story_text="x", num_comments=2)
    site.comment(2, 1_795_000_000, parent_id=1)
    ours = {made["type"]: made for made in map(site._item, site.items)}
    assert set(ours) == {"story", "comment"}
    for kind, made in ours.items():
        theirs = [one for one in samples().values() if one["type"] == kind]
        known = {(key, type(value)) for one in theirs for key, value in one.items()}
        assert {(key, type(value)) for key, value in made.items()} <= known
