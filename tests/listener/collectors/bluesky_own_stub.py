"""The stub of Bluesky's answers, with what it tells of own accounts: public feeds, counts, notifications.

That it plays them rightly is checked from outside: test_bluesky_own_real.py asks a real PDS and AppView the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web
from jetstream_stub import JetstreamStub, iso

View = dict[str, Any]


class OwnStub(JetstreamStub):
    """`above` are the posts that a post answers (root, parent) by its uri, as a feed shows them beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox: list[View] = []
        self.above: dict[str, tuple[View, View]] = {}

    def answer(self, author: str, rkey: str, at: float, text: str, parent: View, root: View) -> View:
        """Write an answer; the stub knows what it answers."""
        refs = {"root": _ref(root), "parent": _ref(parent)}
        view = self.world.write(author, rkey, at, text, reply=refs)
        self.above[view["uri"]] = (root, parent)
        return view

    def notify(self, view: View, reason: str, subject: View | None = None) -> None:
        told = {name: view[name] for name in ("uri", "cid", "author", "record", "indexedAt")}
        more = {} if subject is None else {"reasonSubject": subject["uri"]}
        self.inbox.insert(0, {**told, "reason": reason, "isRead": False, **more})

    async def _answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"].rsplit(".", 1)[-1]
        if name not in ("listNotifications", "getPosts"):
            return await super()._answer(request)
        self._note(request.match_info["name"], request)
        if fault := self._fault(request.match_info["name"]):
            return fault
        if name == "getPosts":
            uris = request.query.getall("uris", [])
            return web.json_response({"posts": [view for view in self.world.posts if view["uri"] in uris]})
        if refused := self._refused(request):
            return refused
        wanted = request.query.getall("reasons", [])
        told = [one for one in self.inbox if not wanted or one["reason"] in wanted]
        start, limit = int(request.query.get("cursor", 0)), int(request.query.get("limit", 50))
        more = {"cursor": str(start + limit)} if start + limit < len(told) else {}
        return web.json_response({"notifications": told[start : start + limit], **more})

    def _profiles(self, request: web.Request) -> web.Response:
        counts = {"followsCount": 3, "postsCount": len(self.world.posts)}
        names = {known: name for name, known in self.world.handles.items()}
        found = [
            {
                "did": actor,
                "handle": names[actor],
                "followersCount": self.world.followers.get(actor, 0),
                **counts,
            }
            for actor in request.query.getall("actors", [])
            if actor in names
        ]
        return web.json_response({"profiles": found})

    def _feed(self, request: web.Request) -> web.Response:
        # Who brings no token is served all the same.
        if "Authorization" in request.headers and (refused := self._refused(request)):
            return refused
        actor = request.query["actor"]
        mine = [view for view in self.world.posts if view["author"]["did"] == actor]
        page, cursor = self._page(request, mine, len(mine))
        return web.json_response({"feed": [self._entry(view) for view in page], **cursor})

    def _entry(self, view: View) -> Mapping[str, Any]:
        if view["uri"] not in self.above:
            return {"post": view}
        root, parent = self.above[view["uri"]]
        return {"post": view, "reply": {"root": root, "parent": parent}}


def _ref(view: View) -> dict[str, str]:
    return {"uri": view["uri"], "cid": view["cid"]}


def deleted(view: View) -> View:
    """What a feed shows of an answered post that is gone."""
    return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": view["uri"], "notFound": True}


__all__ = ["OwnStub", "View", "deleted", "iso"]
