"""A local stand-in for the YouTube Data API v3: searches, videos, comments, channels, and a quota.

Fields and kinds are those of the recorded answers in ../shared. test_youtube_client.py holds every answer against the
schemas of Google's discovery document, and lets Google's own client library read them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from servers import FaultServer, Reply, Seen

BASE = "/youtube/v3"
KEY = "AIza-key-of-a-test"
PAGE = 50
WITNESS = "jNQXAC9IVRw"


def iso(at: float) -> str:
    """A time as YouTube writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class YouTubeStub:
    """Holds videos, threads and channels. `refusals`: (status, reason) by method; `gone`: ids that are no more."""

    METHODS = ("search", "videos", "channels", "playlistItems", "commentThreads", "comments")

    def __init__(self, server: FaultServer) -> None:
        self.server = server
        self.videos: dict[str, dict[str, Any]] = {}
        self.threads: dict[str, dict[str, Any]] = {}
        self.replies: dict[str, list[dict[str, Any]]] = {}
        self.channels: dict[str, dict[str, Any]] = {}
        self.gone: set[str] = set()
        self.unsearched: set[str] = set()
        self.refusals: dict[str, tuple[int, str]] = {}
        self.answers: list[tuple[str, Any]] = []
        self.video(WITNESS, 1_114_313_512, "Me at the zoo", "")
        for method in self.METHODS:
            server.script(f"{BASE}/{method}", self.answer(method))

    # ---- what people do

    def video(self, name: str, at: float, title: str, description: str = "", **more: Any) -> dict[str, Any]:
        """Somebody uploads a video."""
        snippet = {
            "publishedAt": iso(at),
            "channelId": "UCsomebodysomebodysomebo",
            "channelTitle": "Somebody",
            "title": title,
            "description": description,
            "categoryId": "28",
            "liveBroadcastContent": "none",
            **more,
        }
        statistics = {"viewCount": "10", "likeCount": "3", "favoriteCount": "0", "commentCount": "1"}
        made = {
            "kind": "youtube#video",
            "etag": "e",
            "id": name,
            "snippet": snippet,
            "statistics": statistics,
        }
        self.videos[name] = made
        return made

    def comment(self, name: str, video: str, at: float, text: str, **more: Any) -> dict[str, Any]:
        """Somebody comments on a video."""
        comment = self._comment(name, at, text, **more)
        self.threads[name] = {
            "kind": "youtube#commentThread",
            "etag": "e",
            "id": name,
            "snippet": {
                "channelId": self.videos[video]["snippet"]["channelId"],
                "videoId": video,
                "topLevelComment": {**comment, "snippet": {**comment["snippet"], "videoId": video}},
                "canReply": True,
                "totalReplyCount": 0,
                "isPublic": True,
            },
        }
        self.replies[name] = []
        return self.threads[name]

    def reply(self, name: str, number: int, at: float, text: str, **more: Any) -> dict[str, Any]:
        """Somebody answers a comment."""
        made = self._comment(f"{name}.{number}", at, text, **more)
        made["snippet"]["parentId"] = name
        self.replies[name].append(made)
        self.threads[name]["snippet"]["totalReplyCount"] += 1
        return made

    def _comment(self, name: str, at: float, text: str, **more: Any) -> dict[str, Any]:
        author = more.pop("channel", "UCannannannannannannanna")
        snippet = {
            "textDisplay": text,
            "textOriginal": text,
            "authorDisplayName": "@ann",
            "authorChannelId": {"value": author},
            "canRate": True,
            "viewerRating": "none",
            "likeCount": 2,
            "publishedAt": iso(at),
            "updatedAt": iso(at),
            **more,
        }
        return {"kind": "youtube#comment", "etag": "e", "id": name, "snippet": snippet}

    def channel(self, handle: str, name: str, subscribers: int | None) -> None:
        """An account."""
        hidden = {"hiddenSubscriberCount": True, "subscriberCount": "0"}
        shown = {"hiddenSubscriberCount": False, "subscriberCount": str(subscribers)}
        self.channels[handle] = {
            "kind": "youtube#channel",
            "etag": "e",
            "id": name,
            "snippet": {"title": handle.title(), "customUrl": f"@{handle}", "publishedAt": iso(0)},
            "statistics": {"viewCount": "9", "videoCount": "2", **(hidden if subscribers is None else shown)},
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": f"UU{name[2:]}"}},
        }

    # ---- what it answers

    def answer(self, method: str) -> Callable[[Seen], Reply]:
        """Answer one method."""
        make: Callable[[dict[str, str]], Any] = getattr(self, f"_{method}")

        def reply(seen: Seen) -> Reply:
            if seen.headers.get("X-Goog-Api-Key") != KEY and seen.query.get("key") != KEY:
                return _refusal(400, "badRequest")
            if method in self.refusals:
                return _refusal(*self.refusals[method])
            try:
                body = make(dict(seen.query))
            except LookupError as absent:
                return _refusal(404, str(absent.args[0]))
            self.answers.append((method, body))
            return Reply(body=json.dumps(body), headers={"Content-Type": "application/json; charset=UTF-8"})

        return reply

    def _search(self, query: dict[str, str]) -> Any:
        words = [word.strip('"').lower() for word in query["q"].split("|")]
        since = query.get("publishedAfter", "")
        shown = [
            video
            for name, video in self.videos.items()
            if name not in self.gone | self.unsearched | {WITNESS}
            and _when(video) >= since
            and any(word in str(video["snippet"]["title"]).lower() for word in words)
        ]
        shown.sort(key=_when, reverse=True)
        found = [
            {
                "kind": "youtube#searchResult",
                "etag": "e",
                "id": {"kind": "youtube#video", "videoId": video["id"]},
                "snippet": {"publishedAt": _when(video), "title": video["snippet"]["title"]},
            }
            for video in shown
        ]
        return _page("youtube#searchListResponse", found, query, 50)

    def _videos(self, query: dict[str, str]) -> Any:
        return self._by_id("youtube#videoListResponse", self.videos, query)

    def _channels(self, query: dict[str, str]) -> Any:
        wanted = query.get("forHandle", "").removeprefix("@")
        found = [one for key, one in self.channels.items() if wanted == key or query.get("id") == one["id"]]
        return _page("youtube#channelListResponse", found, query, 50)

    def _playlistItems(self, query: dict[str, str]) -> Any:  # noqa: N802 - named after the method
        channel = f"UC{query['playlistId'][2:]}"
        if channel not in {one["id"] for one in self.channels.values()}:
            raise LookupError("playlistNotFound")
        own = [video for video in self.videos.values() if video["snippet"]["channelId"] == channel]
        own.sort(key=_when, reverse=True)
        found = [
            {
                "kind": "youtube#playlistItem",
                "etag": "e",
                "id": f"p{video['id']}",
                "contentDetails": {"videoId": video["id"], "videoPublishedAt": _when(video)},
            }
            for video in own
        ]
        return _page("youtube#playlistItemListResponse", found, query, 50)

    def _commentThreads(self, query: dict[str, str]) -> Any:  # noqa: N802 - named after the method
        if "id" in query:
            threads = {name: self._thread(name) for name in self.threads}
            return self._by_id("youtube#commentThreadListResponse", threads, query)
        if "videoId" in query and query["videoId"] not in self.videos:
            raise LookupError("videoNotFound")
        key, wanted = (
            ("videoId", query["videoId"])
            if "videoId" in query
            else ("channelId", query["allThreadsRelatedToChannelId"])
        )
        names = [name for name, one in self.threads.items() if one["snippet"][key] == wanted]
        shown = [self._thread(name) for name in names if name not in self.gone]
        shown.sort(key=lambda one: _when(one["snippet"]["topLevelComment"]), reverse=True)
        return _page("youtube#commentThreadListResponse", shown, query, 100)

    def _thread(self, name: str) -> dict[str, Any]:
        replies = [one for one in self.replies[name] if one["id"] not in self.gone]
        thread = self.threads[name]
        # A few answers come with a thread, not all of them.
        return {**thread, "replies": {"comments": replies[-2:]}} if replies else thread

    def _comments(self, query: dict[str, str]) -> Any:
        if "parentId" in query:
            found = [one for one in self.replies[query["parentId"]] if one["id"] not in self.gone]
            return _page("youtube#commentListResponse", found, query, 100)
        every = {name: one["snippet"]["topLevelComment"] for name, one in self.threads.items()}
        every |= {one["id"]: one for replies in self.replies.values() for one in replies}
        return self._by_id("youtube#commentListResponse", every, query)

    def _by_id(self, kind: str, every: dict[str, Any], query: dict[str, str]) -> Any:
        names = query["id"].split(",")
        assert len(names) <= 50
        found = [every[name] for name in names if name in every and name not in self.gone]
        return {
            "kind": kind,
            "etag": "e",
            "items": found,
            "pageInfo": {"totalResults": len(found), "resultsPerPage": len(found)},
        }


def _when(item: dict[str, Any]) -> str:
    return str(item["snippet"]["publishedAt"])


def _page(kind: str, items: list[Any], query: dict[str, str], most: int) -> Any:
    size = min(int(query.get("maxResults", 5)), most)
    start = int(query.get("pageToken", "P0")[1:])
    body = {
        "kind": kind,
        "etag": "e",
        "items": items[start : start + size],
        "pageInfo": {"totalResults": len(items), "resultsPerPage": size},
    }
    return {**body, "nextPageToken": f"P{start + size}"} if start + size < len(items) else body


def _refusal(status: int, reason: str) -> Reply:
    error = {"message": "no", "domain": "youtube.quota", "reason": reason}
    return Reply(status, json.dumps({"error": {"code": status, "message": "no", "errors": [error]}}))
