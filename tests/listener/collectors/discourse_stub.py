"""A stand-in for a Discourse forum; its posts have the shape of recorded ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from servers import Reply, Seen


def post(number: int, at: int, cooked: Any, **more: Any) -> dict[str, Any]:
    """One post as `/posts.json` shows it."""
    return {
        "id": number,
        "username": "ann",
        "user_id": 7,
        "created_at": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "cooked": cooked,
        "post_number": 2,
        "post_type": 1,
        "reply_count": 0,
        "reply_to_post_number": None,
        "reads": 11,
        "topic_id": 40,
        "topic_slug": "kettles",
        "topic_title": "Kettles",
        "actions_summary": [],
        "deleted_at": None,
        "user_deleted": False,
        "hidden": False,
        **more,
    }


@dataclass
class Forum:
    """Posts by number. `old`: it pages as older versions do."""

    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    old: bool = False

    def write(self, number: int, at: int, cooked: Any, **more: Any) -> None:
        self.posts[number] = post(number, at, cooked, **more)

    def reply(self, seen: Seen) -> Reply:
        if seen.path == "/posts.json":
            return _json({"latest_posts": self._shown(int(seen.query.get("before", 0)))})
        if seen.path.startswith("/t/"):
            return _json({"id": 40, "title": "Kettles"})
        found = self.posts.get(int(seen.path.removeprefix("/posts/").removesuffix(".json")))
        if found is None:
            return _json({"errors": ["The requested URL or resource could not be found."]}, 404)
        return _json({key: found[key] for key in found if key != "topic_title"})

    def _shown(self, before: int) -> list[dict[str, Any]]:
        numbers = sorted(self.posts, reverse=True)
        if self.old and before:
            numbers = [one for one in numbers if before - 50 < one <= before]
        elif before:
            numbers = [one for one in numbers if one < before]
        return [self.posts[one] for one in numbers[:50]]


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value), {"Content-Type": "application/json; charset=utf-8"})


def sample(url: str, now: int, number: int) -> Any:
    """What a forum answers, for tests that spoil it."""
    forum = Forum()
    forum.write(number, now - 60, "Morvane", post_number=1)
    forum.write(number + 1, now - 50, "Morvane", actions_summary=[{"id": 2, "count": 6}])
    parts = urlsplit(url)
    seen = Seen("GET", parts.path, url, dict(parse_qsl(parts.query)), {}, b"", 0.0)
    return json.loads(forum.reply(seen).body or "{}")
