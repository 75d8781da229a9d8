"""Reads YouTube's resources: videos, comments, and threads of comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from listener.collectors.plain import clean, tidy
from listener.collectors.post import LONGEST_TEXT, Post
from storage.mention import Reading

VIDEO_PARTS = "snippet,statistics"
_ID = re.compile(r"[A-Za-z0-9_.-]{1,120}")
_PRIMARY = re.compile(r"([a-zA-Z]{2,3})(?:-|$)")
_COUNT = re.compile(r"[0-9]{1,15}")
_VIDEO_COUNTERS = {"views": "viewCount", "likes": "likeCount", "comments": "commentCount"}
_LONGEST_NAME = 200
Resource = Mapping[str, Any]


def to_event(item: Resource) -> Post | None:
    """Turn a video or a comment into a Post; None where it is something else, or empty.

    Raises KeyError, TypeError and ValueError.
    """
    read = {"youtube#video": _video, "youtube#comment": _comment}.get(item["kind"])
    return read(item) if read else None


def is_video(native_id: str) -> bool:
    """Whether an id is a video's: those have eleven characters, a comment's has more than twenty."""
    return len(native_id) <= 11


def is_reply(native_id: str) -> bool:
    """Whether a comment's id is that of an answer to another one, whose id stands before the point."""
    return "." in native_id


def comments_of(thread: Resource) -> Iterator[Resource]:
    """The comments that a thread holds, its first one first, each with what YouTube says of the thread alone."""
    snippet = thread["snippet"]
    first = snippet["topLevelComment"]
    yield _placed(first, snippet, snippet.get("totalReplyCount"))
    replies = thread.get("replies")
    for reply in replies["comments"] if replies is not None else ():
        yield _placed(reply, snippet, None)


def placed(reply: Resource, video: str | None) -> Resource:
    """A comment that was asked for by itself, with the video under which it stands."""
    return _placed(reply, {"videoId": video}, None)


def _placed(comment: Resource, snippet: Resource, replies: object) -> Resource:
    place = {"videoId": snippet.get("videoId")} if snippet.get("videoId") is not None else {}
    return {**comment, "snippet": {**place, **comment["snippet"]}, "replies": replies}


def opened(threads: Sequence[Any]) -> list[Resource]:
    """All comments of these threads. A thread that cannot be read stays whole, to be set aside."""
    found: list[Resource] = []
    for thread in threads:
        try:
            found += list(comments_of(thread))
        except (KeyError, TypeError, AttributeError):
            found.append({"id": None, "no thread": thread})
    return found


def reading(item: Resource, now: int) -> Reading | None:
    """What is counted of a video or comment; None where nothing is. What its owner hides is not there."""
    native_id, kind = item.get("id"), item.get("kind")
    if not isinstance(native_id, str) or not _ID.fullmatch(native_id):
        return None
    found: Mapping[str, int | None] = {}
    if kind == "youtube#video":
        statistics = item.get("statistics")
        told = statistics if isinstance(statistics, Mapping) else {}
        found = {name: count(told.get(key)) for name, key in _VIDEO_COUNTERS.items()}
    elif kind == "youtube#comment":
        snippet = item.get("snippet")
        likes = snippet.get("likeCount") if isinstance(snippet, Mapping) else None
        found = {"likes": count(likes), "replies": count(item.get("replies"))}
    counters = {name: number for name, number in found.items() if number is not None}
    return Reading(native_id, now, counters) if counters else None


def count(number: object) -> int | None:
    """A count, that YouTube writes as text where it may be large."""
    said = str(number) if type(number) in (int, str) else ""
    return int(said) if _COUNT.fullmatch(said) else None


def seconds(when: object) -> int:
    """A time as YouTube writes it. Raises TypeError and ValueError."""
    if not isinstance(when, str):
        raise TypeError("the time is no text")
    read = datetime.fromisoformat(when)
    return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() // 1)


def as_time(at: int) -> str:
    """A time as YouTube reads it."""
    return datetime.fromtimestamp(max(at, 0), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identity(value: object) -> str:
    """An id. Raises TypeError and ValueError."""
    if not isinstance(value, str):
        raise TypeError("the id is no text")
    if not _ID.fullmatch(value):
        raise ValueError("this is no id")
    return value


def _video(item: Resource) -> Post | None:
    native_id, snippet = identity(item["id"]), item["snippet"]
    title = tidy(clean(_text(snippet["title"]))) or None
    description = tidy(clean(_text(snippet.get("description") or "")))
    text = "\n\n".join(part for part in (title, description) if part)[:LONGEST_TEXT]
    if not text:
        return None
    return Post(
        native_id=native_id,
        text=text,
        published_at=seconds(snippet["publishedAt"]),
        title=title,
        author=_name(snippet.get("channelTitle")),
        url=f"https://www.youtube.com/watch?v={native_id}",
        language=_language(snippet.get("defaultAudioLanguage") or snippet.get("defaultLanguage")),
        thread=native_id,
        author_id=identity(snippet["channelId"]),
    )


def _comment(item: Resource) -> Post | None:
    native_id, snippet = identity(item["id"]), item["snippet"]
    text = tidy(clean(_text(snippet["textDisplay"])))
    if not text:
        return None
    video = identity(snippet["videoId"]) if snippet.get("videoId") else None
    parent = identity(snippet["parentId"]) if snippet.get("parentId") else None
    channel = snippet.get("authorChannelId")
    return Post(
        native_id=native_id,
        text=text,
        published_at=seconds(snippet["publishedAt"]),
        author=_name(snippet.get("authorDisplayName")),
        url=f"https://www.youtube.com/watch?v={video}&lc={native_id}" if video else None,
        in_reply_to=parent or video,
        # Each first comment begins a conversation: one answer under a video is no answer to everybody there.
        thread=parent or native_id,
        author_id=identity(channel["value"]) if channel else None,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("the text is no text")
    return value


def _name(value: object) -> str | None:
    """What people know an author by; YouTube writes handles with an @."""
    if value is not None and not isinstance(value, str):
        raise TypeError("the name is no text")
    return clean(value).strip().removeprefix("@")[:_LONGEST_NAME] or None if value else None


def _language(value: object) -> str | None:
    found = _PRIMARY.match(value) if isinstance(value, str) else None
    return found.group(1).lower() if found else None
