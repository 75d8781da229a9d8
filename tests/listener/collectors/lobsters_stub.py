"""A stand-in for Lobsters; its answers have the shape that the site's published source gives them."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

from servers import Reply, Seen


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.123+00:00")


@dataclass
class Site:
    """Stories and comments by short id, in the order in which they were written."""

    stories: dict[str, dict[str, Any]] = field(default_factory=dict)
    comments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def story(self, number: str, at: int, title: Any, description: str = "", **more: Any) -> None:
        self.stories[number] = {
            "short_id": number,
            "created_at": iso(at),
            "title": title,
            "url": "https://a.example/1",
            "score": 5,
            "flags": 0,
            "comment_count": 2,
            "description": description,
            "submitter_user": "ann",
            "tags": ["practices"],
            **more,
        }

    def comment(self, number: str, story: str, at: int, comment: Any, **more: Any) -> None:
        self.comments[number] = {
            "short_id": number,
            "created_at": iso(at),
            "last_edited_at": iso(at),
            "is_deleted": False,
            "is_moderated": False,
            "score": 3,
            "flags": 0,
            "parent_comment": None,
            "comment": comment,
            "url": f"https://lobste.rs/s/{story}/a_title#c_{number}",
            "depth": 0,
            "commenting_user": "bob",
            **more,
        }

    def reply(self, seen: Seen) -> Reply:
        parts = seen.path.strip("/").rpartition(".")[0].split("/")
        if parts[0] in "sc":
            return self._one(*parts)
        page = int(parts[2]) if len(parts) > 1 else 1
        if parts[0] == "newest":
            shown = list(reversed(self.stories.values()))
            return Reply(body=json.dumps(shown[(page - 1) * 25 : page * 25]))
        shown = [one for one in reversed(self.comments.values()) if not one["is_deleted"]]
        return Reply(body=self._rss(shown[(page - 1) * 20 : page * 20]))

    def _one(self, kind: str, number: str) -> Reply:
        found = (self.stories if kind == "s" else self.comments).get(number)
        if found is None:
            return Reply(404, "{}") if kind == "s" else Reply(400, "can't find comment")
        return Reply(body=json.dumps({**found, "comments": []} if kind == "s" else found))

    def _rss(self, comments: list[dict[str, Any]]) -> str:
        items = "".join(
            f"<item><title>A story</title><link>https://lobste.rs/c/{one['short_id']}</link>"
            f"<guid>https://lobste.rs/c/{one['short_id']}</guid>"
            f"<author>{one['commenting_user']}@lobste.rs ({one['commenting_user']})</author>"
            f"<pubDate>{formatdate(datetime.fromisoformat(one['last_edited_at']).timestamp())}</pubDate>"
            f"<description>{html.escape(str(one['comment']))}</description></item>"
            for one in comments
        )
        return f"<rss version='2.0'><channel><title>Lobsters</title>{items}</channel></rss>"


def sample(url: str, now: int, number: int) -> Any:
    """What the site answers, for tests that spoil it: a feed as bytes."""
    site = Site()
    site.story("abc", now - 60, "Morvane", "<p>Morvane</p>")
    site.comment("def", "abc", now - 50, "<p>Morvane</p>")
    reply = site.reply(Seen("GET", urlsplit(url).path, url, {}, {}, b"", 0.0))
    if url.endswith(".rss"):
        return str(reply.body).encode()
    return json.loads(reply.body) if reply.status == 200 else {}
