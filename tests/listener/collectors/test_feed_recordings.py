"""Recorded feeds: what is kept of each is pinned by counts and hashes, and agrees with what another parser expects.

`python tests/listener/collectors/test_feed_recordings.py` prints the pins anew; look at what has changed, and why.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from listener.collectors.base import Permanent, Retriable
from listener.collectors.feed_document.document import Item, read_document
from listener.collectors.feeds.collector import to_event
from listener.collectors.plain import to_plain

DATA = Path(os.environ.get("LISTENER_DATA", Path(__file__).parents[4] / "shared" / "data"))
RECORDED = DATA / "recordings" / "feeds"
PINS = Path(__file__).with_name("feed_pins.txt")

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not RECORDED.is_dir(), reason="no recorded feeds beside the project (see LISTENER_DATA)"
    ),
]

# Files on which we differ knowingly from the parser whose results lie beside the feeds.
KNOWN = {
    # Text in base64 that is not said to be markup or text: no feed in use has it.
    "atom10_feed_entry_content_base64",
    "atom10_feed_entry_content_base64_escaped_markup",
    "atom10_feed_entry_summary_base64",
    "atom10_feed_entry_summary_base64_escaped_markup",
    "atom10_feed_entry_title_base64",
    "atom10_feed_entry_title_base64_escaped_markup",
    # Identity is the id as it stands; a link is made absolute against the feed's address.
    "entry_id_xml_base",
    "rss_channel_item_xml_base",
    "rss_channel_item_guid_naked_markup",
    # Of several links we take the first one.
    "rdf_item_links",
    "rss_channel_item_links",
    "feed_item_links_-_rss_channel_item_links",
    # Markup in a name, Atom's content within RSS, and markup that is escaped once more than it should be.
    "rss_channel_item_author_naked_markup",
    "feed_item_content_-_rss_channel_item_content_atom",
    "issue_275_extensions_and_source",
    "atom03_feed_entry_summary_base64_escaped_markup",
}


PINNED = 12
"""Fields of a post, in their order, that the pins are made of."""


def files() -> list[Path]:
    """Every recorded document that is a feed, or is meant as one."""
    return sorted({*RECORDED.rglob("*.xml"), *RECORDED.glob("gofeed/testdata/parser/json/*.json")})


def pin(file: Path) -> str:
    """One line: items, posts, a hash over every field kept, the file. Refused ones say how."""
    name = file.relative_to(RECORDED).as_posix()
    try:
        items = read_document(file.read_bytes(), None, "https://feeds.example.org/dir/feed").items
    except (Permanent, Retriable) as error:
        return f"- - {type(error).__name__.lower()} {name}"
    posts = [post for item in items if (post := to_event(item)) is not None]
    # What posts have got since the pins were made is of networks, and no feed can fill it.
    assert all(set(astuple(post)[PINNED:]) <= {None} for post in posts)
    kept = json.dumps([astuple(post)[:PINNED] for post in posts], ensure_ascii=False).encode()
    return f"{len(items)} {len(posts)} {hashlib.sha256(kept).hexdigest()[:12]} {name}"


def test_what_is_kept_of_every_recorded_feed_is_pinned() -> None:
    found = [pin(file) for file in files()]
    assert len(found) > 550
    assert found == PINS.read_text(encoding="utf-8").splitlines()


def expected() -> Iterator[tuple[Path, list[dict[str, Any]]]]:
    """The feeds beside which another parser's results lie."""
    for file in sorted((RECORDED / "gofeed" / "testdata").rglob("*.xml")):
        beside = file.with_suffix(".json")
        told = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else None
        if told is not None:
            yield file, told.get("items") or told.get("entries") or []


def test_another_parser_reads_the_same() -> None:
    compared, differing = 0, set()
    for file, theirs in expected():
        try:
            ours = read_document(file.read_bytes()).items
        except (Permanent, Retriable):
            assert not theirs, file.name
            continue
        compared += len(theirs)
        if len(ours) != len(theirs) or any(map(_differs, theirs, ours)):
            differing.add(file.stem)
    assert compared > 250
    assert differing <= KNOWN, sorted(differing - KNOWN)


def _differs(theirs: dict[str, Any], ours: Item) -> bool:
    post = to_event(ours)
    author = next((one.get("name") for one in theirs.get("authors") or ()), theirs.get("author"))
    published = theirs.get("publishedParsed") or theirs.get("pubDateParsed")
    links = [one["href"] for one in theirs.get("links") or () if isinstance(one, dict) and _leads_to_it(one)]
    link = theirs.get("link") or next(iter(links), None)
    pairs = [
        (_line(theirs.get("title")), _line(ours["title"])),
        (_line(_first(theirs, "content", "description", "summary")), _line(ours["body"])),
        (_first(theirs, "guid", "id"), ours["id"]),
        (link, ours["link"]),
        (published and published[:19], (ours["published"] or "")[:19]),
        (_line(author) if isinstance(author, str) else None, post and post.author),
    ]
    return any(want and want != got for want, got in pairs if post is not None or got is not None)


def _first(holder: dict[str, Any], *names: str) -> str | None:
    found = next((holder[name] for name in names if holder.get(name)), None)
    return found.get("value") if isinstance(found, dict) else found


def _leads_to_it(link: dict[str, Any]) -> bool:
    return bool(link.get("href")) and link.get("rel") in (None, "", "alternate")


def _line(text: str | None) -> str:
    return " ".join(to_plain(text or "").split())


if __name__ == "__main__":
    sys.stdout.write("".join(f"{pin(file)}\n" for file in files()))
