"""The sources that can be listened to, and the one place where a broken item is set aside.

Each module named here has a pydantic class `Options` and a function `build(options, client) -> list[Collector]`.
"""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import TypeVar

from listener.collectors.post import Post
from storage.mention import SetAside

COLLECTORS = {
    "feeds": "listener.collectors.feeds",
    "hackernews": "listener.collectors.hackernews",
}

LONGEST_ITEM = 65_536
Item = TypeVar("Item", bound=Mapping[str, object])


def read_items(
    items: Iterable[Item], to_post: Callable[[Item], Post | None], id_key: str = "id"
) -> tuple[list[Post], list[SetAside]]:
    """Read every item with a collector's pure `to_post`; set aside those that it cannot read.

    None from `to_post` means that there is nothing to keep (an empty or deleted item).
    """
    posts: list[Post] = []
    aside: list[SetAside] = []
    for item in items:
        try:
            post = to_post(item)
        # One strange item must not silence its source for ever: it is kept for replay, the rest goes on.
        except Exception as error:
            aside.append(_set_aside(item, id_key, error))
            continue
        if post is not None:
            posts.append(post)
    return posts, aside


def _set_aside(item: Mapping[str, object], id_key: str, error: Exception) -> SetAside:
    found = item.get(id_key) if isinstance(item, Mapping) else None
    native_id = str(found)[:500] if isinstance(found, str | int) else None
    return SetAside(native_id, _cause(error), json.dumps(item, default=str)[:LONGEST_ITEM])


def _cause(error: Exception) -> str:
    """Name the error and the lines it passed through. Its message is left out: it may quote the post."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{'/'.join(PurePath(f.filename).parts[-2:])}:{f.lineno} in {f.name}" for f in frames]
    return "\n".join([type(error).__name__, *lines])
