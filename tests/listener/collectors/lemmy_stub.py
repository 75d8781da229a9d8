"""A stand-in for an instance of Lemmy; its answers have the shape that lemmy-js-client 0.19.9 declares."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from servers import Reply, Seen


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.123456Z")


@dataclass
class Instance:
    """Posts and comments by number. `url`: where it is, and so how the network knows what was written there."""

    url: str = "https://lemmy.world"
    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)

    def post(self, number: int, at: int, name: Any, body: Any = None, **more: Any) -> None:
        made = {
            "id": number,
            "name": name,
            "published": iso(at),
            "deleted": False,
            "removed": False,
            "ap_id": f"{self.url}/post/{number}",
            "local": True,
            "language_id": 37,
            **({} if body is None else {"body": body}),
            **more,
        }
        counts = {
            "post_id": number,
            "comments": 2,
            "score": 5,
            "upvotes": 6,
            "downvotes": 1,
            "published": iso(at),
        }
        self.posts[number] = {"post": made, "creator": self._creator(), "counts": counts}

    def comment(self, number: int, post: int, at: int, content: Any, path: str = "", **more: Any) -> None:
        made = {
            "id": number,
            "post_id": post,
            "content": content,
            "published": iso(at),
            "deleted": False,
            "removed": False,
            "ap_id": f"{self.url}/comment/{number}",
            "local": True,
            "path": path or f"0.{number}",
            **more,
        }
        counts = {"comment_id": number, "score": 3, "upvotes": 3, "downvotes": 0, "child_count": 1}
        of = {"id": post, "ap_id": f"{self.url}/post/{post}", "name": "Kettles"}
        self.comments[number] = {"comment": made, "creator": self._creator(), "post": of, "counts": counts}

    def _creator(self) -> dict[str, Any]:
        return {"id": 4, "name": "ann", "actor_id": f"{self.url}/u/ann", "bot_account": False, "local": True}

    def reply(self, seen: Seen) -> Reply:
        _, _, _, of, *more = seen.path.split("/")
        views = self.posts if of == "post" else self.comments
        if not more:
            found = views.get(int(seen.query["id"]))
            if found is None:
                return Reply(404, json.dumps({"error": f"couldnt_find_{of}"}))
            return Reply(body=json.dumps({f"{of}_view": found}))
        assert seen.query["sort"] == "New"
        size, page = int(seen.query["limit"]), int(seen.query["page"])
        # What is featured on the whole instance stands first, as LemmyNet/lemmy orders it in post_view.rs.
        shown = sorted(
            views.values(),
            key=lambda view: (view[of].get("featured_local", False), view[of]["published"]),
            reverse=True,
        )
        return Reply(body=json.dumps({f"{of}s": shown[(page - 1) * size : page * size]}))


def sample(url: str, now: int, number: int) -> Any:
    """What an instance answers, for tests that spoil it."""
    parts = urlsplit(url)
    made = Instance()
    made.post(number, now - 60, "Morvane", "Morvane")
    made.comment(number, number, now - 50, "Morvane")
    return json.loads(
        made.reply(Seen("GET", parts.path, url, dict(parse_qsl(parts.query)), {}, b"", 0.0)).body
    )
