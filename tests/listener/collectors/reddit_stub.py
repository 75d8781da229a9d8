"""A local stand-in for Reddit's API: tokens, listings with `after`, search, inbox, and things by their fullnames.

Fields, paths and the order of things are those of the recorded answers in ../shared; the client library PRAW reads this
stub (test_reddit_praw.py), and asks it for the same paths as we do.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs

from servers import FaultServer, Reply, Seen

TOKEN = "/api/v1/access_token"
CLIENT_ID, CLIENT_SECRET, REFRESH = "app-id-5x", "app-secret-7y", "refresh-9z"
WITNESS = {"kind": "t5", "data": {"name": "t5_2qh1i", "id": "2qh1i", "display_name": "AskReddit"}}


class RedditStub:
    """Holds things, newest last. `left`: what X-Ratelimit-Remaining says; `most`: how far back a listing goes."""

    def __init__(self, server: FaultServer) -> None:
        self.server = server
        self.things: list[dict[str, Any]] = []
        self.inbox: dict[str, list[dict[str, Any]]] = {"mentions": [], "comments": [], "selfreply": []}
        self.gone: set[str] = set()
        self.unlisted: set[str] = set()
        self.has_witness = True
        self.left: float | None = 990.0
        self.reset = 120
        self.most = 1_000
        self.logins: list[dict[str, list[str]]] = []
        self.good = "token-1"
        self.followers: dict[str, int | None] = {}
        for path in (TOKEN, "/search", "/r/all/search/"):
            server.script(path, self.login if path == TOKEN else self.search)
        for path in ("/api/info", "/api/info/"):
            server.script(path, self.info)
        for part in self.inbox:
            for end in ("", "/"):
                server.script(f"/message/{part}{end}", self.messages)

    # ---- what people do

    def post(self, number: int, at: float, title: str, text: str = "", **more: Any) -> dict[str, Any]:
        """Somebody posts."""
        fields = {"num_comments": 0, "is_self": True, **more}
        return self._add("t3", number, at, title=title, selftext=text, **fields)

    def comment(self, number: int, at: float, text: str, **more: Any) -> dict[str, Any]:
        """Somebody comments."""
        parent = {"link_id": "t3_1", "parent_id": "t3_1", **more}
        return self._add(
            "t1", number, at, body=text, body_html=f'<div class="md"><p>{text}</p>\n</div>', **parent
        )

    def _add(self, kind: str, number: int, at: float, **fields: Any) -> dict[str, Any]:
        name = f"{kind}_{number}"
        data = {
            "id": str(number),
            "name": name,
            "author": "ann",
            "author_fullname": "t2_ann",
            "created_utc": float(at),
            "score": 1,
            "subreddit": "acme",
            "permalink": f"/r/acme/comments/{number}/a_title/",
            **fields,
        }
        self.things.append({"kind": kind, "data": data})
        return data

    def serve(self, *paths: str) -> None:
        """Serve these listings of subreddits and of users."""
        for path in paths:
            self.server.script(path, self.listed)
            self.server.script(f"{path}/", self.listed)

    # ---- what it answers

    def login(self, seen: Seen) -> Reply:
        """Give a token."""
        asked = parse_qs(seen.body.decode())
        self.logins.append(asked)
        pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if seen.method != "POST" or seen.headers.get("Authorization") != f"Basic {pair}":
            return Reply(401, '{"message": "Unauthorized", "error": 401}')
        wanted = asked.get("refresh_token") == [REFRESH] or asked["grant_type"] == ["client_credentials"]
        if not wanted:
            return Reply(400, '{"message": "Bad Request", "error": 400}')
        token = {"access_token": self.good, "token_type": "bearer", "expires_in": 3600, "scope": "*"}
        return Reply(body=json.dumps(token))

    def search(self, seen: Seen) -> Reply:
        """The posts that hold one of the words."""
        words = [part.strip('"').lower() for part in seen.query["q"].split(" OR ")]
        return self._listing(
            seen,
            [
                thing
                for thing in self.things
                if thing["kind"] == "t3" and any(word in _text(thing["data"]) for word in words)
            ],
        )

    def listed(self, seen: Seen) -> Reply:
        """A listing of a subreddit or of a user."""
        _, place, names, part = seen.path.rstrip("/").split("/")[:4]
        kind = "t1" if part == "comments" else "t3"
        key = "subreddit" if place == "r" else "author"
        wanted = names.lower().split("+")
        return self._listing(
            seen,
            [
                thing
                for thing in self.things
                if thing["kind"] == kind and thing["data"][key].lower() in wanted
            ],
        )

    def messages(self, seen: Seen) -> Reply:
        """A part of the inbox."""
        return self._listing(seen, self.inbox[seen.path.rstrip("/").rpartition("/")[2]])

    def about(self, seen: Seen) -> Reply:
        """An account."""
        name = seen.path.split("/")[2]
        if name not in self.followers:
            return self._answer(seen, {"message": "Not Found", "error": 404}, 404)
        count = self.followers[name]
        page = None if count is None else {"display_name": f"u_{name}", "subscribers": count}
        return self._answer(seen, {"kind": "t2", "data": {"name": name, "subreddit": page}})

    def info(self, seen: Seen) -> Reply:
        """Things by their names; what it does not have it leaves out."""
        asked = seen.query["id"].split(",")
        assert len(asked) <= 100
        known = {
            thing["data"]["name"]: thing for thing in self.things if thing["data"]["name"] not in self.gone
        }
        if self.has_witness:
            known["t5_2qh1i"] = WITNESS
        children = [known[name] for name in asked if name in known]
        return self._answer(
            seen, {"kind": "Listing", "data": {"after": None, "before": None, "children": children}}
        )

    def _listing(self, seen: Seen, things: list[dict[str, Any]]) -> Reply:
        shown = [t for t in reversed(things) if t["data"]["name"] not in self.gone | self.unlisted][
            : self.most
        ]
        shown.sort(key=lambda thing: -_time(thing))
        limit = min(int(seen.query.get("limit", 25)), 100)
        names = [thing["data"]["name"] for thing in shown]
        start = names.index(seen.query["after"]) + 1 if seen.query.get("after") in names else 0
        part = shown[start : start + limit]
        after = part[-1]["data"]["name"] if part and start + limit < len(shown) else None
        listing = {"after": after, "dist": len(part), "modhash": None, "before": None, "children": part}
        return self._answer(seen, {"kind": "Listing", "data": listing})

    def _answer(self, seen: Seen, body: Any, status: int = 200) -> Reply:
        if seen.headers.get("Authorization", "").lower() != f"bearer {self.good}":
            return Reply(401, '{"message": "Unauthorized", "error": 401}')
        assert seen.query["raw_json"] == "1"
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        if self.left is not None:
            headers |= {
                "x-ratelimit-remaining": str(self.left),
                "x-ratelimit-reset": str(self.reset),
                "x-ratelimit-used": "10",
            }
        return Reply(status, json.dumps(body), headers)


def _text(data: dict[str, Any]) -> str:
    return f"{data['title']} {data['selftext']}".lower()


def _time(thing: dict[str, Any]) -> float:
    at = thing["data"].get("created_utc")
    return at if isinstance(at, float) else 0.0
