"""A local stand-in for the page views of Wikimedia's analytics, per article and day.

Written from https://doc.wikimedia.org/generated-data-platform/aqs/analytics-api/reference/page-views.html: a path with
project, access, agent, article, granularity and both days; `items` with a timestamp of ten digits and views; days
without views are left out, and 404 is the answer where there are none at all.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from servers import Reply, Seen

PATH = "/api/rest_v1/metrics/pageviews/per-article"
_JSON = {"Content-Type": "application/json"}


class WikipediaStub:
    """Holds views by article ("en.wikipedia/Acme_Corporation") and day ("20261101")."""

    def __init__(self) -> None:
        self.views: dict[str, dict[str, Any]] = {}

    def answer(self, seen: Seen) -> Reply:
        """Answer for one article."""
        # The title keeps its slashes escaped: it is cut out of the path as it was sent.
        parts = seen.target.partition("?")[0].removeprefix(f"{PATH}/").split("/")
        project, access, agent, article, granularity, first, last = parts
        assert (access, agent, granularity) == ("all-access", "user", "daily")
        assert len(first) == len(last) == 10 and first <= last
        told = self.views.get(f"{project}/{unquote(article)}", {})
        items = [
            {
                "project": project,
                "article": unquote(article),
                "granularity": granularity,
                "timestamp": f"{day}00",
                "access": access,
                "agent": agent,
                "views": views,
            }
            for day, views in sorted(told.items())
            if first[:8] <= day <= last[:8]
        ]
        if not items:
            body = {"type": "about:blank", "title": "Not found", "method": "get", "detail": "no data"}
            return Reply(404, body=json.dumps(body), headers=_JSON)
        return Reply(body=json.dumps({"items": items}), headers=_JSON)
