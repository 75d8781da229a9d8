"""A stand-in for api.stackexchange.com: one site; the shape of its items is that of recorded ones."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from servers import Reply, Seen


@dataclass
class Site:
    """The questions, answers and comments of one site. `wrapper` is added to every answer (backoff, quota)."""

    questions: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    wrapper: dict[str, Any] = field(default_factory=lambda: {"quota_max": 300, "quota_remaining": 290})

    def ask(self, number: int, at: int, body: Any, **more: Any) -> None:
        self.questions[number] = {
            **self._made(at, body, more),
            "question_id": number,
            "title": more.pop("title", "A question"),
            "tags": ["kettle"],
            "is_answered": False,
            "view_count": 17,
            "answer_count": 0,
            **more,
        }

    def answer(self, number: int, question: int, at: int, body: Any) -> None:
        made = {"answer_id": number, "question_id": question, "is_accepted": False}
        self.answers[number] = {**self._made(at, body, {}), **made}

    def comment(self, number: int, post: int, at: int, body: Any, of: str = "question") -> None:
        made = {"comment_id": number, "post_id": post, "post_type": of, "edited": False}
        self.comments[number] = {**self._made(at, body, {}), **made}

    def _made(self, at: int, body: Any, more: dict[str, Any]) -> dict[str, Any]:
        owner = {"user_id": 3, "user_type": "registered", "display_name": more.pop("by", "Ann &amp; Bob")}
        return {"creation_date": at, "last_activity_date": at, "score": 1, "body": body, "owner": owner}

    def reply(self, seen: Seen) -> Reply:
        """Answer as the service does, compressed whatever was asked for."""
        method, *ids = seen.path.strip("/").split("/")
        if method == "search":
            found = [self._excerpt(one) for one in [*self.questions.values(), *self.answers.values()]]
        else:
            of = getattr(self, method)
            wanted = [int(one) for one in ids[0].split(";")] if ids else list(of)
            found = [of[number] for number in wanted if number in of]
        return self._wrapped(found, seen)

    def _excerpt(self, item: dict[str, Any]) -> dict[str, Any]:
        kind = "answer" if "answer_id" in item else "question"
        kept = ("answer_id", "question_id", "creation_date", "last_activity_date", "score", "tags", "title")
        return {
            **{key: item[key] for key in kept if key in item},
            "item_type": kind,
            "excerpt": str(item["body"])[:9],
        }

    def _wrapped(self, found: list[dict[str, Any]], seen: Seen) -> Reply:
        since = int(seen.query.get("fromdate", 0))
        shown = [one for one in found if one["creation_date"] >= since]
        shown.sort(key=lambda one: -one["creation_date"])
        size, page = int(seen.query.get("pagesize", 30)), int(seen.query.get("page", 1))
        part = shown[(page - 1) * size : page * size]
        answer = {"items": part, "has_more": len(shown) > page * size, **self.wrapper}
        body = gzip.compress(json.dumps(answer).encode(), 1)
        return Reply(
            body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json; charset=utf-8"}
        )


def sample(url: str, now: int, number: int) -> Any:
    """What the service answers, for tests that spoil it."""
    site = Site()
    site.ask(number, now - 60, "Morvane", title="Morvane")
    site.answer(number + 1, number, now - 50, "Morvane")
    site.comment(number + 2, number, now - 40, "Morvane")
    parts = urlsplit(url)
    seen = Seen("GET", parts.path.removeprefix("/2.3"), url, dict(parse_qsl(parts.query)), {}, b"", 0.0)
    body = site.reply(seen).body
    return json.loads(gzip.decompress(body if isinstance(body, bytes) else body.encode()))
