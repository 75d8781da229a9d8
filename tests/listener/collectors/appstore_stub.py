"""A local stand-in for the feeds of customer reviews of the App Store, which Apple does not document.

Written from what public programs read and from the samples in their tests: every value is a `label`; fifty reviews a
page, ten pages, newest first; a review alone is no list; ahead of the reviews of a first page may stand the app itself.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from servers import Reply, Seen

_PATH = re.compile(r"/([a-z]{2})/rss/customerreviews/id=(\d+)/sortBy=mostRecent/page=(\d+)/json")
_JSON = {"Content-Type": "text/javascript; charset=utf-8"}
APP = {
    "im:name": {"label": "Acme"},
    "id": {"label": "https://apps.apple.com/us/app/id1"},
    "title": {"label": "Acme"},
}


def review(
    number: int | str, at: int | None, content: Any, stars: int = 5, title: str = ""
) -> dict[str, Any]:
    """One review as the feed has it."""
    found = {
        "author": {
            "uri": {"label": "https://itunes.apple.com/us/reviews/id638"},
            "name": {"label": f"user{number}"},
            "label": "",
        },
        "im:version": {"label": "3.4.3"},
        "im:rating": {"label": str(stars)},
        "id": {"label": str(number)},
        "title": {"label": title},
        "content": {"label": content, "attributes": {"type": "text"}},
        "link": {
            "attributes": {"rel": "related", "href": "https://itunes.apple.com/us/review?id=1&type=Purple"}
        },
        "im:voteSum": {"label": "0"},
        "im:contentType": {"attributes": {"term": "Application", "label": "Application"}},
        "im:voteCount": {"label": "0"},
    }
    if at is not None:
        found["updated"] = {"label": datetime.fromtimestamp(at, UTC).isoformat()}
    return found


class AppStoreStub:
    """Holds reviews by (app, country). `empty`: it answers without any, and says that more follow."""

    def __init__(self) -> None:
        self.reviews: dict[tuple[int, str], list[dict[str, Any]]] = {}
        self.asked: list[tuple[int, str, int]] = []
        self.empty = False

    def write(self, one: dict[str, Any], app: int = 1, country: str = "us") -> None:
        """Somebody writes a review."""
        self.reviews.setdefault((app, country), []).append(one)

    def answer(self, seen: Seen) -> Reply:
        """Answer one page."""
        found = _PATH.fullmatch(seen.path)
        assert found is not None, seen.path
        country, app, page = found[1], int(found[2]), int(found[3])
        self.asked.append((app, country, page))
        every = sorted(self.reviews.get((app, country), []), key=_time, reverse=True)
        shown = [] if self.empty or page > 10 else every[50 * (page - 1) : 50 * page]
        feed: dict[str, Any] = {"author": {"name": {"label": "iTunes Store"}}, "title": {"label": "Reviews"}}
        feed["link"] = [{"attributes": {"rel": "self", "href": "x"}}]
        if self.empty or len(every) > 50 * page:
            feed["link"].append({"attributes": {"rel": "next", "href": "x"}})
        if len(shown) == 1 and page > 1:
            feed["entry"] = shown[0]
        elif shown:
            feed["entry"] = [APP, *shown] if page == 1 else shown
        return Reply(body=json.dumps({"feed": feed}), headers=_JSON)


def _time(one: dict[str, Any]) -> str:
    return str(one["updated"]["label"]) if "updated" in one else "9"
