"""Product Hunt's GraphQL interface on 127.0.0.1, as far as the collector's one query asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from on_fault_server import OnFaultServer
from servers import Reply, Seen


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def connection(nodes: Sequence[Any]) -> dict[str, Any]:
    return {"edges": [{"node": node} for node in nodes]}


class World(OnFaultServer):
    """Products, newest first, twenty an answer."""

    kind = "producthunt"
    several = 70
    late = 1_200
    can = frozenset({"edit", "spoil", "retry-after", "visit", "vanish"})
    secrets: Sequence[str] = ("hunttoken",)

    def begin(self) -> None:
        self.products: dict[int, dict[str, Any]] = {}
        self.room = 20
        self.serve("/graphql", self._answer)

    @property
    def options(self) -> dict[str, Any]:
        url = self.server.url("/graphql")
        return {"token": "${HUNT_TOKEN}", "poll": "1s", "url": url, "allow_private": True}

    @property
    def environment(self) -> dict[str, str]:
        return {"HUNT_TOKEN": "hunttoken"}

    def _answer(self, seen: Seen) -> Reply:
        said = {name.lower(): value for name, value in seen.headers.items()}
        if said.get("authorization") != "Bearer hunttoken":
            return Reply(401)
        asked = seen.json()["variables"]
        if "i0" in asked:
            return Reply(body=json.dumps({"data": self._looked(seen.json()["query"], asked)}))
        newest = sorted(self.products.values(), key=lambda one: one["createdAt"], reverse=True)
        since = datetime.fromisoformat(asked["since"])
        newest = [one for one in newest if datetime.fromisoformat(one["createdAt"]) > since]
        start = int(asked["after"] or 0)
        end = start + self.room
        page = {"hasNextPage": end < len(newest), "endCursor": str(end)}
        return Reply(
            body=json.dumps({"data": {"posts": {"pageInfo": page, **connection(newest[start:end])}}})
        )

    def _looked(self, query: str, asked: dict[str, str]) -> dict[str, Any]:
        """Single products and comments as `post(id: ID)` and `comment(id: ID!)` of the schema give them, or null."""
        comments = {
            edge["node"]["id"]: edge["node"]
            for product in self.products.values()
            for edge in product["comments"]["edges"]
        }
        found: dict[str, Any] = {"newest": connection([{"id": one} for one in list(self.products)[:1]])}
        for alias, kind, name in re.findall(r"(\w+): (post|comment)\(id: \$(\w+)\)", query):
            number = asked[name]
            found[alias] = self.products.get(int(number)) if kind == "post" else comments.get(number)
        return found

    def native_id(self, number: int) -> str:
        return f"product:{number}"

    def add(self, number: int, at: int, **fields: Any) -> None:
        """A product as the published schema has it."""
        self.products[number] = {
            "id": str(number),
            "name": "",
            "tagline": "",
            "description": "",
            "url": f"https://hunt.example/{number}",
            "createdAt": iso(at),
            "votesCount": 3,
            "commentsCount": 0,
            "userId": "9",
            "user": {"username": "maker"},
            "comments": connection([]),
            **fields,
        }

    def say(
        self, number: int, comment: int, at: int, text: str, replies: Sequence[Any] = ()
    ) -> dict[str, Any]:
        """Put a comment under a product."""
        made = {
            "id": str(comment),
            "body": text,
            "url": f"https://hunt.example/c/{comment}",
            "createdAt": iso(at),
            "votesCount": 1,
            "userId": "0",
            "user": {"username": "[REDACTED]"},
            "replies": connection(replies),
        }
        self.products[number]["comments"]["edges"].append({"node": made})
        return made

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.add(number, at or 0, tagline=text)

    async def edit(self, number: int, text: str) -> None:
        self.products[number]["tagline"] = text

    async def delete(self, number: int) -> None:
        del self.products[number]

    async def vanish(self, number: int) -> None:
        await self.delete(number)

    async def count(self, number: int, seen: int) -> None:
        self.products[number]["votesCount"] = seen

    async def spoil(self, number: int, at: int) -> None:
        self.add(number, at, tagline=["no text"])
