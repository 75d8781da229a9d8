"""A stand-in for DEV; its articles have the shape of the samples that Forem publishes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from servers import Reply, Seen


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_LISTED = (
    "type_of",
    "id",
    "title",
    "description",
    "url",
    "comments_count",
    "public_reactions_count",
    "published_at",
    "user",
)


@dataclass
class Site:
    """Articles by number, and the trees of comments on them."""

    articles: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)

    def article(
        self,
        number: int,
        at: int,
        title: Any,
        html: Any = "",
        tags: tuple[str, ...] = ("discuss",),
        **more: Any,
    ) -> None:
        self.articles[number] = {
            "type_of": "article",
            "id": number,
            "title": title,
            "description": "Five dollar toast...",
            "url": f"https://dev.to/ann/{number}",
            "comments_count": 0,
            "public_reactions_count": 7,
            "published_at": iso(at),
            "user": {"name": "Ann", "username": "ann", "user_id": 3620},
            "body_html": html,
            "body_markdown": "",
            "_tags": list(tags),
            **more,
        }

    def reply(self, seen: Seen) -> Reply:
        if seen.path == "/api/articles/latest":
            return Reply(body=json.dumps(self._latest(int(seen.query["page"]), int(seen.query["per_page"]))))
        if seen.path == "/api/comments":
            return Reply(body=json.dumps(self.comments.get(int(seen.query["a_id"]), [])))
        _, _, of, code = seen.path.split("/")
        if of == "comments":
            found = next(
                (one for tree in self.comments.values() for one in tree if one["id_code"] == code), None
            )
        else:
            found = self.articles.get(int(code))
        if found is None:
            return Reply(404, '{"error": "not found", "status": 404}')
        # The list tells tags as a list, an article alone as a text.
        return Reply(body=json.dumps({**found, "tag_list": ", ".join(found.get("_tags", []))}))

    def _latest(self, page: int, size: int) -> list[dict[str, Any]]:
        shown = sorted(self.articles.values(), key=lambda one: one["published_at"], reverse=True)
        part = shown[(page - 1) * size : page * size]
        return [{**{key: one[key] for key in _LISTED}, "tag_list": one["_tags"]} for one in part]


def comment(
    code: str, at: int, body: str, *children: dict[str, Any], by: str | None = "bob"
) -> dict[str, Any]:
    """A comment, with those that answer it. Without an author it was deleted."""
    return {
        "type_of": "comment",
        "id_code": code,
        "created_at": iso(at),
        "body_html": body,
        "user": {} if by is None else {"name": "Bob", "username": by},
        "children": list(children),
    }


def sample(url: str, now: int, number: int) -> Any:
    """What the site answers, for tests that spoil it."""
    site = Site()
    site.article(number, now - 60, "Morvane", "<p>Morvane</p>", comments_count=2)
    site.comments[number] = [comment("1a", now, "<p>Morvane</p>", comment("1b", now, "<p>Morvane</p>"))]
    parts = urlsplit(url)
    seen = Seen("GET", parts.path, url, dict(parse_qsl(parts.query)), {}, b"", 0.0)
    return json.loads(site.reply(seen).body)
