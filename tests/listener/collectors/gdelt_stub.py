"""A local stand-in for GDELT's DOC 2.0 API: lists of articles, counts, and complaints in plain words.

Written from its documentation (https://blog.gdeltproject.org/gdelt-doc-2-0-api-debuts/), from what the client gdeltdoc
reads, and from field reports: `articles` with url, url_mobile, title, seendate, socialimage, domain, language and
sourcecountry, newest first and at most 250; `timeline` with one series of date, value and norm; JSON as
application/json, complaints as text/html with status 200, {} where nothing matches.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from servers import Reply, Seen

PATH = "/api/v2/doc/doc"
_JSON = {"Content-Type": "application/json; charset=utf-8"}
TOO_FAST = "Please limit requests to one every 5 seconds or contact us for larger queries."


def stamped(at: int) -> str:
    """A time as GDELT writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")


def article(number: int, at: int, title: Any, language: str = "English") -> dict[str, Any]:
    """One article as it is listed."""
    return {
        "url": f"https://www.post.example/{number}",
        "url_mobile": "",
        "title": title,
        "seendate": stamped(at),
        "socialimage": "",
        "domain": "post.example",
        "language": language,
        "sourcecountry": "Spain",
    }


class GdeltStub:
    """Holds articles and counts; `points` are those of the timeline, (time, value, norm)."""

    def __init__(self) -> None:
        self.articles: list[dict[str, Any]] = []
        self.points: list[tuple[int, Any, Any]] = []
        self.searches: list[str] = []

    def answer(self, seen: Seen) -> Reply:
        """Answer a request as the API would."""
        query = seen.query["query"]
        self.searches.append(query)
        words = query.strip("()").split(" OR ")
        if "(" in query and len(words) == 1:
            return complaint("Parentheses may only be used around OR'd statements.")
        if any(len(word.strip('"')) < 3 for word in words):
            return complaint("The specified phrase is too short.")
        since, until = (_time(seen.query[key]) for key in ("startdatetime", "enddatetime"))
        if seen.query["mode"] == "timelinevolraw":
            return self._timeline(since, until)
        assert seen.query["mode"] == "artlist" and seen.query["sort"] == "datedesc"
        shown = [one for one in self.articles if since <= _time(one["seendate"]) <= until]
        shown.sort(key=lambda one: one["seendate"], reverse=True)
        most = min(int(seen.query["maxrecords"]), 250)
        return Reply(body=json.dumps({"articles": shown[:most]} if shown else {}), headers=_JSON)

    def _timeline(self, since: int, until: int) -> Reply:
        data = [
            {"date": stamped(at), "value": value, "norm": norm}
            for at, value, norm in self.points
            if since <= at <= until
        ]
        series = [{"series": "Article Count", "data": data}]
        body = {"query_details": {"title": "acme", "date_resolution": "day"}, "timeline": series}
        return Reply(body=json.dumps(body), headers=_JSON)


def complaint(words: str) -> Reply:
    """Something that it does not like."""
    return Reply(body=f"{words}\n", headers={"Content-Type": "text/html; charset=utf-8"})


def _time(stamp: str) -> int:
    bare = stamp.replace("T", "").replace("Z", "")
    return int(datetime.strptime(bare, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp())
