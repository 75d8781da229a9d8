"""A local stand-in for the two services of Hacker News: Algolia's search by date, and the item API of Firebase.

Written from the documentation and field notes, not from recorded answers. The search filters by created_at_i, by
tags and by words and quoted phrases (the last word as a beginning), gives at most 1,000 hits however many there are,
newest first, says the number in nbHits, and leaves out what is deleted or dead. The item API answers `null` for an
item that does not exist, and keeps of a deleted one its id, time and type.
"""

from __future__ import annotations

import json
import re
from typing import Any

from servers import FaultServer, Reply, Seen

SEARCH = "/api/v1/search_by_date"
UPDATES = "/v0/updates.json"
_JSON = {"Content-Type": "application/json"}
_SEARCHED = ("title", "comment_text", "story_text", "url", "author")


class HackerNewsStub:
    """Holds items as the search shows them.

    `estimate` (`phrase_estimate` for words) is added to nbHits, `page_size` hits fit on a page.
    """

    def __init__(self, server: FaultServer | None = None) -> None:
        self.items: list[dict[str, Any]] = []
        self.hidden: set[str] = set()
        self.gone: dict[str, str] = {}
        self.changed: list[int] = []
        self.estimate = self.phrase_estimate = 0
        self.page_size = 1_000
        self._server = server
        if server is not None:
            server.script(SEARCH, self.answer)
            server.script(UPDATES, self.updates)

    def comment(self, number: int, at: int, **more: Any) -> None:
        """Somebody comments."""
        self._add(
            {
                "objectID": str(number),
                "created_at_i": at,
                "author": f"user{number % 7}",
                "comment_text": f"<p>comment {number}",
                "story_title": "Acme launches",
                "story_id": 1,
                "parent_id": 1,
                "title": None,
                "points": None,
                **more,
            }
        )

    def story(self, number: int, at: int, **more: Any) -> None:
        """Somebody submits a story."""
        self._add(
            {
                "objectID": str(number),
                "created_at_i": at,
                "author": f"user{number % 7}",
                "title": f"story {number}",
                "story_text": None,
                "story_id": number,
                "points": 1,
                "num_comments": 0,
                **more,
            }
        )

    def _add(self, hit: dict[str, Any]) -> None:
        self.items.append(hit)
        if self._server is not None:
            self._server.script(f"/v0/item/{hit['objectID']}.json", self.item)

    def edit(self, number: int, *, told: bool = True, **fields: Any) -> None:
        """Change an item; `told`: it stands in the list of changes."""
        self._hit(str(number)).update(fields)
        if told:
            self.changed.append(number)

    def delete(self, number: int, state: str = "deleted", *, told: bool = True) -> None:
        """Delete an item, or let moderators kill it ("dead")."""
        self.gone[str(number)] = state
        if told:
            self.changed.append(number)

    def _hit(self, native_id: str) -> dict[str, Any]:
        return next(hit for hit in self.items if hit["objectID"] == native_id)

    def answer(self, seen: Seen) -> Reply:
        """Answer a search by date."""
        found = re.fullmatch(r"created_at_i>=(\d+),created_at_i<(\d+)", seen.query["numericFilters"])
        tags = re.fullmatch(r"\(story,comment\)(?:,author_(\S+))?", seen.query["tags"])
        assert found is not None and tags is not None
        since, until = int(found.group(1)), int(found.group(2))
        hits = [
            hit
            for hit in self.items
            if since <= hit["created_at_i"] < until
            and hit["objectID"] not in {*self.hidden, *self.gone}
            and (tags.group(1) is None or hit["author"] == tags.group(1))
            and _says(hit, seen.query.get("query", ""))
        ]
        hits.sort(key=lambda hit: -hit["created_at_i"])
        limit = min(int(seen.query["hitsPerPage"]), self.page_size)
        total = len(hits) + (self.phrase_estimate if "query" in seen.query else self.estimate)
        page = {"hits": hits[:limit], "nbHits": total, "page": 0, "hitsPerPage": limit}
        return Reply(body=json.dumps(page), headers=_JSON)

    def updates(self, seen: Seen) -> Reply:
        """Answer with the list of changes."""
        return Reply(body=json.dumps({"items": self.changed, "profiles": ["ann"]}), headers=_JSON)

    def item(self, seen: Seen) -> Reply:
        """Answer with one item."""
        native_id = seen.path.removeprefix("/v0/item/").removesuffix(".json")
        return Reply(body=json.dumps(self._item(self._hit(native_id))), headers=_JSON)

    def _item(self, hit: dict[str, Any]) -> dict[str, Any]:
        kind = "comment" if hit.get("parent_id") else "story"
        item: dict[str, Any] = {"id": int(hit["objectID"]), "time": hit["created_at_i"], "type": kind}
        if hit.get("parent_id"):
            item["parent"] = hit["parent_id"]
        state = self.gone.get(hit["objectID"])
        if state == "deleted":
            return {**item, "deleted": True}
        if state == "dead":
            return {**item, "dead": True, "by": hit["author"], "text": "[flagged]"}
        item |= {
            "by": hit["author"],
            "title": hit.get("title"),
            "text": hit.get("comment_text") or hit.get("story_text"),
            "score": hit.get("points"),
            "descendants": hit.get("num_comments"),
        }
        return {name: value for name, value in item.items() if value is not None}


def _says(hit: dict[str, Any], query: str) -> bool:
    wanted = [phrase or word for phrase, word in re.findall(r'"([^"]*)"|(\S+)', query)]
    texts = [str(hit.get(name) or "") for name in _SEARCHED]
    return all(
        any(re.search(rf"\b{re.escape(part)}", text, re.IGNORECASE) for text in texts) for part in wanted
    )
