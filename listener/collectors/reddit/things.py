"""Reads Reddit's things: posts (t3) and comments (t1) as its lists, its search and its inbox show them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from listener.collectors.plain import clean, to_plain
from listener.collectors.post import LONGEST_TEXT, Delete, Post
from storage.mention import Reading

SITE = "https://www.reddit.com"
_FULLNAME = re.compile(r"t[13]_[0-9a-z]{1,15}")
_GONE = re.compile(r"\[\s*(?:deleted|removed)(?: by [^\]]{1,40})?\s*\]", re.IGNORECASE)
_PLACE = re.compile(r"/(?:r|user|u)/[^/?#]{1,60}/comments/([0-9a-z]{1,15})/[^?#]{0,400}")
_LONGEST_ADDRESS = 2_000
Thing = Mapping[str, Any]
"""What stands under `data` of a thing, with its `kind` beside it."""


def flat(children: Sequence[Any]) -> list[Thing]:
    """Things with their kind beside their fields. What is no thing stays in, to be set aside."""
    return [_flat(child) for child in children]


def _flat(child: Any) -> Thing:
    data = child.get("data") if isinstance(child, Mapping) else None
    return {**data, "kind": child.get("kind")} if isinstance(data, Mapping) else {"no thing": child}


def to_event(thing: Thing) -> Post | Delete | None:
    """Turn a post or a comment into a Post, or into a Delete where its text or its author is gone.

    None for what is neither: a private message, the place of comments that are not shown, an empty one.
    """
    kind = thing["kind"]
    if kind not in ("t1", "t3"):
        return None
    name = fullname(thing)
    if is_gone(thing):
        return Delete(name)
    author = thing["author"]
    if not isinstance(author, str) or not author:
        raise TypeError("author is no text")
    title, text = _said(thing)
    if not text:
        return None
    return Post(
        native_id=name,
        text=text,
        published_at=written(thing),
        title=title,
        author=clean(author)[:200],
        url=_address(thing),
        in_reply_to=_optional(thing, "parent_id"),
        thread=_thread(thing, name),
        # Reddit marks no account as a program; this one is.
        automatic=author == "AutoModerator",
        author_id=_optional(thing, "author_fullname"),
        copy_of=_optional(thing, "crosspost_parent"),
    )


def fullname(thing: Thing) -> str:
    """Its name among all things, as t3_4r4inc. Raises ValueError, TypeError and KeyError."""
    name = thing["name"]
    if not _FULLNAME.fullmatch(name) or not name.startswith(f"{thing['kind']}_"):
        raise ValueError("this is no fullname of its kind")
    return str(name)


def is_gone(thing: Thing) -> bool:
    """Whether it was taken back, by its author, by moderators or by Reddit, or its author's account is gone.

    The author's name must go then as well, though the text of a closed account may still stand on Reddit.
    """
    if thing.get("removed_by_category") is not None:
        return True
    said = [thing.get(key) for key in ("author", "selftext", "body", "title")]
    return any(isinstance(one, str) and _GONE.fullmatch(one.strip()) for one in said)


def written(thing: Thing) -> int:
    """When it was written. Raises TypeError, ValueError and KeyError."""
    at = thing["created_utc"]
    if isinstance(at, bool) or not isinstance(at, int | float) or not math.isfinite(at):
        raise TypeError("created_utc is no time")
    return int(at)


def oldest(things: Sequence[Thing]) -> int | None:
    """When the last of these things, which stand newest first, was written."""
    times = []
    for thing in things:
        try:
            times.append(written(thing))
        except (KeyError, TypeError, ValueError):
            continue
    return times[-1] if times else None


def reading(thing: Thing, now: int) -> Reading | None:
    """What is counted of a thing; None where nothing is. A score that Reddit still hides is not known."""
    try:
        name = fullname(thing)
    except (KeyError, TypeError, ValueError):
        return None
    hidden = thing.get("score_hidden") or thing.get("hide_score")
    found = {
        "points": None if hidden else thing.get("score"),
        "comments": thing.get("num_comments") if thing["kind"] == "t3" else None,
    }
    counters = {key: count for key, count in found.items() if type(count) is int and abs(count) < 2**53}
    return Reading(name, now, counters) if counters else None


def _said(thing: Thing) -> tuple[str | None, str]:
    """Title and text; the text includes the title. Reddit's own HTML, or the Markdown where that is all it gives."""
    if thing["kind"] == "t1":
        return None, _body(thing, "body")
    title = to_plain(thing["title"]) or None
    parts = (part for part in (title, _body(thing, "selftext")) if part)
    return title, "\n\n".join(parts)[:LONGEST_TEXT]


def _body(thing: Thing, key: str) -> str:
    body = thing.get(f"{key}_html") or thing.get(key) or ""
    return to_plain(body)


def _address(thing: Thing) -> str | None:
    """Where people read it. The inbox gives no permalink, but its context leads to the same place.

    Old answers give neither for a comment; Reddit finds it by its own name and that of its post.
    """
    found = thing.get("permalink") or thing.get("context")
    if isinstance(found, str) and _PLACE.match(found):
        return clean(SITE + found.partition("?")[0])[:_LONGEST_ADDRESS]
    link = _optional(thing, "link_id")
    if thing["kind"] != "t1" or link is None or not _FULLNAME.fullmatch(link):
        return None
    return f"{SITE}/comments/{link[3:]}/_/{fullname(thing)[3:]}"


def _thread(thing: Thing, name: str) -> str | None:
    if thing["kind"] == "t3":
        return name
    link = _optional(thing, "link_id")
    if link is not None:
        return link
    context = thing.get("context")
    found = _PLACE.match(context) if isinstance(context, str) else None
    return f"t3_{found.group(1)}" if found else None


def _optional(thing: Thing, key: str) -> str | None:
    found = thing.get(key)
    if found is not None and not isinstance(found, str):
        raise TypeError(f"{key} is no text")
    return clean(found)[:100] if found else None
