"""A stand-in for api.github.com; its answers keep to the description that GitHub publishes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from servers import Reply, Seen

API = "https://api.github.com"


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(login: str, number: int = 583231, kind: str = "User") -> dict[str, Any]:
    """An account as it stands beside what it wrote."""
    links = (
        "followers",
        "following",
        "gists",
        "starred",
        "subscriptions",
        "organizations",
        "repos",
        "events",
    )
    return {
        "login": login,
        "id": number,
        "node_id": "MDQ6VXNlcjU4MzIzMQ==",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{number}",
        "gravatar_id": "",
        "url": f"{API}/users/{login}",
        "html_url": f"https://github.com/{login}",
        **{f"{link}_url": f"{API}/users/{login}/{link}" for link in links},
        "received_events_url": f"{API}/users/{login}/received_events",
        "type": kind,
        "site_admin": False,
    }


@dataclass
class Hub:
    """Issues by repository and number, comments by number, discussions by repository and number."""

    issues: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    discussions: dict[tuple[str, int], dict[str, Any]] = field(default_factory=dict)

    def issue(self, of: str, number: int, at: int, title: Any, body: Any = "", **more: Any) -> None:
        url = f"{API}/repos/{of}/issues/{number}"
        self.issues[of, number] = {
            "url": url,
            "repository_url": f"{API}/repos/{of}",
            "labels_url": url + "/labels{/name}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": f"https://github.com/{of}/issues/{number}",
            "id": 1_000_000 + number,
            "node_id": "I_kwDOA",
            "number": number,
            "title": title,
            "user": account("ann"),
            "labels": [],
            "state": "open",
            "locked": False,
            "assignee": None,
            "milestone": None,
            "comments": 2,
            "created_at": iso(at),
            "updated_at": iso(at),
            "closed_at": None,
            "author_association": "NONE",
            "body": body,
            "score": 1.0,
            **more,
        }

    def comment(self, of: str, issue: int, number: int, at: int, body: Any, **more: Any) -> None:
        self.comments[number] = {
            "url": f"{API}/repos/{of}/issues/comments/{number}",
            "html_url": f"https://github.com/{of}/issues/{issue}#issuecomment-{number}",
            "issue_url": f"{API}/repos/{of}/issues/{issue}",
            "id": number,
            "node_id": "IC_kwDOA",
            "user": account("bob", 7),
            "created_at": iso(at),
            "updated_at": iso(at),
            "author_association": "NONE",
            "body": body,
            **more,
        }

    def discussion(self, of: str, number: int, at: int, title: str, body: str = "") -> None:
        self.discussions[of, number] = {
            "id": "D_kwDOA",
            "number": number,
            "title": title,
            "body": body,
            "url": f"https://github.com/{of}/discussions/{number}",
            "createdAt": iso(at),
            "upvoteCount": 4,
            "author": {"login": "cleo"},
            "comments": {"totalCount": 3},
            "repository": {"nameWithOwner": of},
        }

    def reply(self, seen: Seen) -> Reply:
        if seen.path == "/graphql":
            return self._graphql(seen.json()["variables"])
        if seen.path == "/search/issues":
            found = self._page(list(self.issues.values()), seen)
            counted = {"total_count": len(self.issues), "incomplete_results": False, "search_type": "lexical"}
            whole = {**counted, "items": found}
            return Reply(body=json.dumps(whole))
        if seen.path.startswith("/users/"):
            login = seen.path.removeprefix("/users/")
            return Reply(body=json.dumps(self._user(login))) if login == "acme" else _none()
        _, _, owner, name, _, *more = seen.path.split("/")
        of = f"{owner}/{name}"
        if more in ([], ["comments"]):
            every = (
                self.comments.values() if more else [v for (key, _), v in self.issues.items() if key == of]
            )
            return Reply(body=json.dumps(self._page(list(every), seen)))
        found_one = self.comments.get(int(more[1])) if len(more) > 1 else self.issues.get((of, int(more[0])))
        return _none() if found_one is None else Reply(body=json.dumps(found_one))

    def _page(self, items: list[dict[str, Any]], seen: Seen) -> list[dict[str, Any]]:
        items.sort(key=lambda one: one["created_at"], reverse=True)
        size, page = int(seen.query.get("per_page", 30)), int(seen.query.get("page", 1))
        return items[(page - 1) * size : page * size]

    def _user(self, login: str) -> dict[str, Any]:
        more = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio"))
        counts = {"public_repos": 8, "public_gists": 8, "followers": 20, "following": 9}
        dates = {"created_at": iso(1_300_000_000), "updated_at": iso(1_700_000_000)}
        return {**account(login), **more, **counts, **dates}

    def _graphql(self, asked: dict[str, Any]) -> Reply:
        if "q" in asked:
            nodes = sorted(self.discussions.values(), key=lambda one: one["createdAt"], reverse=True)
            paging = {"hasNextPage": False, "endCursor": None}
            return Reply(body=json.dumps({"data": {"search": {"pageInfo": paging, "nodes": nodes}}}))
        found = self.discussions.get((f"{asked['owner']}/{asked['name']}", asked["number"]))
        whole: dict[str, Any] = {"data": {"repository": {"discussion": found}}}
        if found is None:
            whole["errors"] = [{"type": "NOT_FOUND", "message": "Could not resolve to a Discussion"}]
        return Reply(body=json.dumps(whole))


def _none() -> Reply:
    return Reply(404, '{"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}')


def sample(url: str, now: int, number: int) -> Any:
    """What GitHub answers, for tests that spoil it."""
    hub = Hub()
    hub.issue("acme/kettle", number, now - 60, "Morvane", "Morvane")
    hub.comment("acme/kettle", number, number, now - 50, "Morvane")
    hub.discussion("acme/kettle", number, now - 40, "Morvane")
    parts = urlsplit(url)
    asked = json.dumps({"variables": {"q": "x"}}).encode()
    return json.loads(
        hub.reply(Seen("GET", parts.path, url, dict(parse_qsl(parts.query)), {}, asked, 0.0)).body or "{}"
    )
