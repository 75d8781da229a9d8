"""Plays X's API on 127.0.0.1 and writes a bill by X's prices; refuses what X refuses.

The prices are those of X's page of prices (2026), the limits and fields those of its OpenAPI specification and guides;
a post that was read twice on a day is billed twice, because X calls its one charge a day "a soft guarantee".
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from itertools import pairwise
from typing import Any

from servers import FaultServer, Reply, Seen

DAY = 86_400
TOKEN = "t0psecret"
PRICES = {"post": 5_000, "user": 10_000, "counts": 5_000, "owned": 1_000}
"""Millionths of a dollar."""
_FIELDS = {
    "id",
    "text",
    "created_at",
    "author_id",
    "lang",
    "public_metrics",
    "referenced_tweets",
    "conversation_id",
}
_FIELDS |= {"edit_history_tweet_ids", "note_tweet", "in_reply_to_user_id", "entities"}
_LISTING = {
    "max_results",
    "tweet.fields",
    "expansions",
    "user.fields",
    "start_time",
    "end_time",
    "since_id",
    "until_id",
}
_ALLOWED = {
    "search": _LISTING | {"query", "next_token", "pagination_token", "sort_order"},
    "counts": {"query", "start_time", "end_time", "granularity", "next_token", "since_id", "until_id"},
    "timeline": _LISTING | {"pagination_token"},
    "tweets": {"ids", "tweet.fields", "expansions", "user.fields"},
    "user": {"user.fields", "tweet.fields", "expansions"},
}


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


class Refusal(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class XStub:
    """`clock` is the service's, `skew` by how many seconds its bills are off it. `bill`: by UTC day.

    `own` is the id of the account that the token belongs to. `strict`: times are refused as X does.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.skew = 0.0
        self.strict = True
        self.own: str | None = None
        self.posts: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, str] = {}
        self.bill: defaultdict[int, int] = defaultdict(int)
        self.jobs: dict[str, dict[str, Any]] = {}
        self.looks_until_done = 1
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.base = ""

    # ---- the world

    def say(self, native_id: str, at: float, text: Any, *, by: str = "ann", **more: Any) -> dict[str, Any]:
        user = self.user(by)
        numbers = dict.fromkeys(("retweet_count", "reply_count", "like_count", "quote_count"), 0)
        metrics = {**numbers, "bookmark_count": 0, "impression_count": 7, **more.pop("metrics", {})}
        self.posts[native_id] = {
            "id": native_id,
            "text": text,
            "created_at": iso(at),
            "author_id": user["id"],
            "conversation_id": native_id,
            "lang": "en",
            "public_metrics": metrics,
            "edit_history_tweet_ids": [native_id],
            **more,
        }
        return self.posts[native_id]

    def user(self, name: str, followers: int = 10) -> dict[str, Any]:
        if name not in self.users:
            metrics = {
                "followers_count": followers,
                "following_count": 1,
                "tweet_count": 1,
                "listed_count": 0,
            }
            metrics["like_count"] = 0
            identity = str(5_000 + len(self.users))
            self.users[name] = {
                "id": identity,
                "name": name.title(),
                "username": name,
                "public_metrics": metrics,
            }
        return self.users[name]

    # ---- the service

    def answer(self, seen: Seen) -> Reply:
        """One request, answered and billed."""
        self.asked.append((seen.method, seen.path, dict(seen.query)))
        try:
            body = self._route(seen)
        except Refusal as refusal:
            problem = {"title": "Invalid Request", "detail": str(refusal), "status": refusal.status}
            return Reply(refusal.status, json.dumps(problem), self._headers)
        text = body if isinstance(body, str) else json.dumps(body)
        return Reply(200, text, {**self._headers, "Content-Type": "application/json"})

    @property
    def _headers(self) -> dict[str, str]:
        return {"Date": formatdate(self.clock(), usegmt=True)}

    def _route(self, seen: Seen) -> Any:
        if seen.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Unauthorized")
        method, path, query = seen.method, seen.path, seen.query
        if path.startswith("/2/compliance/jobs"):
            return self._compliance(method, path, seen.body)
        if method != "GET":
            raise Refusal(405, "no")
        if path == "/2/usage/tweets":
            return {
                "data": {
                    "project_usage": "1",
                    "project_cap": "3000000",
                    "cap_reset_day": 1,
                    "project_id": "1",
                }
            }
        if path == "/2/tweets/counts/recent":
            return self._counts(query)
        if path == "/2/tweets/search/recent":
            return self._search(query)
        if path == "/2/tweets":
            return self._tweets(query)
        if found := re.fullmatch(r"/2/users/by/username/(\w{1,15})", path):
            return self._user(found[1], query)
        if found := re.fullmatch(r"/2/users/(\d+)/(mentions|tweets)", path):
            return self._timeline(found[1], found[2], query)
        raise Refusal(404, "no such path")

    def charge(self, amount: int) -> None:
        self.bill[int(self.clock() + self.skew) // DAY] += amount

    def _check(self, kind: str, query: Mapping[str, str], least: int = 1) -> None:
        if strange := set(query) - _ALLOWED[kind]:
            raise Refusal(400, f"The query parameters {sorted(strange)} are not valid")
        if strange := set(query.get("tweet.fields", "id").split(",")) - _FIELDS:
            raise Refusal(400, f"no such fields: {sorted(strange)}")
        if not least <= int(query.get("max_results", 10)) <= 100:
            raise Refusal(400, f"max_results must be from {least} to 100")
        if not 1 <= len(query.get("query", "x")) <= 512:
            raise Refusal(400, "the query is too long")
        now = self.clock()
        if self.strict and seconds(query.get("end_time", iso(now - 30))) > now - 10:
            raise Refusal(400, "end_time must be at least 10 seconds before now")
        if (
            self.strict
            and kind in ("search", "counts")
            and seconds(query.get("start_time", iso(now))) < now - 7 * DAY
        ):
            raise Refusal(400, "start_time must be within the last seven days")

    def _found(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        """Posts of a query between two times, the newest first."""
        since = seconds(query["start_time"])
        until = seconds(query.get("end_time", iso(self.clock() - 30)))
        tells = matcher(query["query"], self.users)
        found = [
            one
            for one in self.posts.values()
            if self._shown(one["id"]) and since <= seconds(one["created_at"]) < until and tells(one)
        ]
        return sorted(found, key=lambda one: int(one["id"]), reverse=True)

    def _counts(self, query: Mapping[str, str]) -> Any:
        self._check("counts", query)
        width = {"minute": 60, "hour": 3_600, "day": DAY}[query.get("granularity", "hour")]
        start, end = seconds(query["start_time"]), seconds(query["end_time"])
        found = [seconds(one["created_at"]) for one in self._found(query)]
        edges = [start, *range(int(start // width + 1) * width, int(end), width), end]
        data = [
            {"start": iso(a), "end": iso(b), "tweet_count": sum(a <= at < b for at in found)}
            for a, b in pairwise(edges)
            if b > a
        ]
        self.charge(PRICES["counts"])
        return {"data": data, "meta": {"total_tweet_count": len(found)}}

    def _search(self, query: Mapping[str, str]) -> Any:
        self._check("search", query, least=10)
        return self._page(self._found(query), query, query.get("next_token"), PRICES["post"])

    def _timeline(self, identity: str, name: str, query: Mapping[str, str]) -> Any:
        self._check("timeline", query, least=5)
        handle = next((n for n, user in self.users.items() if user["id"] == identity), "")
        said_by = [one for one in self.posts.values() if one["author_id"] == identity]
        said_to = [one for one in self.posts.values() if f"@{handle}" in str(one["text"])]
        found = said_by if name == "tweets" else said_to
        found = [one for one in found if int(one["id"]) > int(query.get("since_id", 0))]
        found = [
            one for one in found if seconds(one["created_at"]) >= seconds(query.get("start_time", iso(0)))
        ]
        found.sort(key=lambda one: int(one["id"]), reverse=True)
        price = PRICES["owned" if identity == self.own else "post"]
        return self._page(found, query, query.get("pagination_token"), price)

    def _page(self, found: list[Any], query: Mapping[str, str], token: str | None, price: int) -> Any:
        start = int(token.removeprefix("0000000000page")) if token else 0
        size = int(query.get("max_results", 10))
        page = found[start : start + size]
        self.charge(price * len(page))
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        if start + size < len(found):
            meta["next_token"] = f"0000000000page{start + size}"
        return {**({"data": page} if page else {}), **self._authors(page, query), "meta": meta}

    def _authors(self, page: list[Any], query: Mapping[str, str]) -> dict[str, Any]:
        if "author_id" not in query.get("expansions", ""):
            return {}
        wanted = {one["author_id"] for one in page}
        users = [user for user in self.users.values() if user["id"] in wanted]
        self.charge(PRICES["user"] * len(users))
        return {"includes": {"users": users}} if users else {}

    def _tweets(self, query: Mapping[str, str]) -> Any:
        self._check("tweets", query)
        ids = query["ids"].split(",")
        if not 1 <= len(ids) <= 100:
            raise Refusal(400, "1 to 100 ids")
        found = [self.posts[one] for one in ids if self._shown(one)]
        self.charge(PRICES["post"] * len(found))
        lost = [_not_found("tweet", "ids", one) for one in ids if not self._shown(one)]
        return {**({"data": found} if found else {}), **({"errors": lost} if lost else {})}

    def _shown(self, native_id: str) -> bool:
        return native_id in self.posts and self.gone.get(native_id) != "delete"

    def _user(self, name: str, query: Mapping[str, str]) -> Any:
        self._check("user", query)
        if name not in self.users:
            return {"errors": [_not_found("user", "username", name)]}
        self.charge(PRICES["user"])
        return {"data": self.users[name]}

    def _compliance(self, method: str, path: str, body: bytes) -> Any:
        place = path.removeprefix("/2/compliance/jobs").strip("/")
        if method == "POST" and not place:
            if any(job["status"] in ("created", "in_progress") for job in self.jobs.values()):
                raise Refusal(409, "a job of this type is already active")
            identity = str(77_000 + len(self.jobs))
            self.jobs[identity] = {
                "id": identity,
                "type": json.loads(body)["type"],
                "status": "created",
                "looks": 0,
            }
            return {"data": self._job(identity)}
        identity, _, what = place.partition("/")
        if identity not in self.jobs:
            raise Refusal(404, "no such job")
        job = self.jobs[identity]
        if method == "PUT" and what == "upload-s3cret":
            job |= {"ids": body.decode().splitlines(), "status": "in_progress"}
            return {}
        if method == "GET" and what == "download-s3cret" and job["status"] == "complete":
            return "\n".join(json.dumps(self._event(one)) for one in job["ids"] if one in self.gone)
        if method == "GET" and not what:
            job["looks"] += 1
            if job["status"] == "in_progress" and job["looks"] >= self.looks_until_done:
                job["status"] = "complete"
            return {"data": self._job(identity)}
        raise Refusal(404, "no such path")

    def _job(self, identity: str) -> dict[str, Any]:
        job = self.jobs[identity]
        at = f"{self.base}/2/compliance/jobs/{identity}"
        told = {key: job[key] for key in ("id", "type", "status")}
        return {**told, "upload_url": f"{at}/upload-s3cret", "download_url": f"{at}/download-s3cret"}

    def _event(self, native_id: str) -> dict[str, Any]:
        action = self.gone[native_id]
        return {"id": native_id, "action": action, "created_at": iso(0), "redacted_at": None, "reason": "x"}


def _not_found(what: str, parameter: str, value: str) -> dict[str, str]:
    return {
        "type": "https://api.twitter.com/2/problems/resource-not-found",
        "title": "Not Found Error",
        "detail": f"Could not find {what} with {parameter}: [{value}].",
        "resource_type": what,
        "parameter": parameter,
        "resource_id": value,
        "value": value,
    }


def matcher(query: str, users: Mapping[str, Mapping[str, Any]]) -> Callable[[Mapping[str, Any]], bool]:
    """What a query of the form `(a OR "b c" OR @d) -is:retweet -from:e` is true of."""
    found = re.fullmatch(r'\(((?:"[^"]+"|[@#$]\w+)(?: OR (?:"[^"]+"|[@#$]\w+))*)\)((?: -\w+:\w+)*)', query)
    if found is None:
        raise Refusal(400, "the query cannot be read")
    words = [word.strip('"').lower() for word in re.findall(r'"[^"]+"|[@#$]\w+', found[1])]
    without = set(found[2].split())
    barred = {users[one.partition(":")[2]]["id"] for one in without if one.partition(":")[2] in users}

    def tells(post: Mapping[str, Any]) -> bool:
        text = str(post["text"]).lower()
        repost = any(one["type"] == "retweeted" for one in post.get("referenced_tweets", ()))
        if (repost and "-is:retweet" in without) or post["author_id"] in barred:
            return False
        return any(word in text for word in words)

    return tells


class XServer(FaultServer):
    """The stub behind a port. `fault` is answered instead of everything, as long as it is set."""

    def __init__(self, stub: XStub) -> None:
        super().__init__()
        self.stub = stub
        self.fault: Reply | None = None

    async def __aenter__(self) -> XServer:
        await super().__aenter__()
        self.stub.base = self.url("").rstrip("/")
        return self

    async def _next(self, seen: Seen) -> Reply:
        return self.fault or self.stub.answer(seen)
