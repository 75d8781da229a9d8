"""A Discourse forum as a world of the contract of collectors."""

from __future__ import annotations

import time
from typing import Any

from discourse_stub import Forum
from on_fault_server import OnFaultServer


class DiscourseWorld(OnFaultServer):
    """A forum with a login. Numbers grow as posts come; what is dated back comes late."""

    kind = "discourse"
    several = 6
    late = 700
    can = frozenset({"edit", "delete", "spoil", "retry-after", "visit", "vanish"})
    secrets = ("forum-key-hunter2",)

    def begin(self) -> None:
        self.forum = Forum()
        self.serve("*", self.forum.reply)

    @property
    def environment(self) -> dict[str, str]:
        return {"FORUM_KEY": "forum-key-hunter2"}

    @property
    def options(self) -> dict[str, Any]:
        forum = {"url": self.server.url(""), "key": "${FORUM_KEY}", "user": "listener"}
        return {"poll": "1s", "forums": [forum], "allow_private": True}

    def native_id(self, number: int) -> str:
        return f"{self.server.host}:{self.server.port}/{1_000 + number}"

    async def post(self, number: int, at: int | None, text: str) -> None:
        self.forum.write(1_000 + number, at or int(time.time()), f"<p>{text}</p>")

    async def count(self, number: int, seen: int) -> None:
        self.forum.posts[1_000 + number]["reads"] = seen

    async def vanish(self, number: int) -> None:
        await self.delete(number)

    async def edit(self, number: int, text: str) -> None:
        self.forum.posts[1_000 + number]["cooked"] = f"<p>{text}</p>"

    async def delete(self, number: int) -> None:
        self.forum.posts[1_000 + number] |= {
            "user_deleted": True,
            "cooked": "<p>(post deleted by author)</p>",
        }

    async def spoil(self, number: int, at: int) -> None:
        self.forum.write(1_000 + number, at, {"no": "text"})
