"""Posts of X as they come over the wire, read into ours; by their older and their newer names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from listener.collectors.plain import decoded
from listener.collectors.post import Post
from storage.mention import Reading

FIELDS = (
    "id,text,created_at,author_id,lang,public_metrics,referenced_tweets,conversation_id,edit_history_tweet_ids,"
    "note_tweet"
)
"""What is asked for of each post: nothing of it costs more."""
_COUNTERS = {
    "like_count": "likes",
    "reply_count": "replies",
    "quote_count": "quotes",
    "retweet_count": "reposts",
    "repost_count": "reposts",
    "impression_count": "views",
    "bookmark_count": "bookmarks",
}
# The service means: no language, and not told which.
_NO_LANGUAGE = ("und", "zxx", "art", "qam", "qct", "qht", "qme", "qst")


def to_event(item: Mapping[str, Any]) -> Post:
    """Read one post. Raises ValueError, KeyError or TypeError for what is none."""
    native_id, text = item["id"], item["text"]
    if not is_id(native_id):
        raise ValueError("no id")
    note = item.get("note_tweet") or item.get("note_post")
    if note is not None:
        # What is longer than 280 characters stands whole only here.
        text = note["text"]
    if not isinstance(text, str):
        raise TypeError("no text")
    refers = {
        one["type"]: one["id"] for one in item.get("referenced_tweets") or item.get("referenced_posts") or ()
    }
    language = item.get("lang")
    return Post(
        native_id=native_id,
        text=decoded(text),  # X escapes & < and > as for a page
        published_at=seconds(item["created_at"]),
        url=f"https://x.com/i/web/status/{native_id}",
        language=None if language in _NO_LANGUAGE else _text(language),
        author=_text(item.get("username")),
        author_id=_text(item.get("author_id")),
        in_reply_to=_text(refers.get("replied_to")),
        thread=_text(item.get("conversation_id")),
        copy_of=_text(refers.get("retweeted") or refers.get("quoted")),
        followers=_number(item.get("followers")),
    )


def is_id(found: object) -> bool:
    """Whether this is the number of a post, an account or a job, as the wire writes it."""
    return isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) <= 20


def reading(item: Mapping[str, Any], at: int) -> Reading | None:
    """What the counters of a post show; None where it tells none."""
    native_id, told = item.get("id"), item.get("public_metrics")
    if not isinstance(native_id, str) or not isinstance(told, Mapping):
        return None
    counters = {
        ours: told[theirs] for theirs, ours in _COUNTERS.items() if _number(told.get(theirs)) is not None
    }
    return Reading(native_id, at, counters) if counters else None


def with_authors(answer: Mapping[str, Any], items: list[Any]) -> list[Any]:
    """The posts with the name and followers of their authors beside them, where the answer brought those along."""
    beside = answer.get("includes")
    users = beside.get("users") if isinstance(beside, Mapping) else None
    known = {
        user["id"]: user
        for user in (users if isinstance(users, list) else ())
        if isinstance(user, Mapping) and isinstance(user.get("id"), str)
    }
    return [_named(item, known) for item in items] if known else items


def followers_of(user: object) -> int | None:
    """How many follow an account; None where it does not say."""
    metrics = user.get("public_metrics") if isinstance(user, Mapping) else None
    return _number(metrics.get("followers_count")) if isinstance(metrics, Mapping) else None


def seconds(stamp: str) -> int:
    """A time of the wire in whole seconds UTC. Raises ValueError, TypeError, AttributeError."""
    when = datetime.fromisoformat(stamp)
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


def iso(at: int) -> str:
    """A time as the wire takes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _named(item: Any, known: Mapping[str, Mapping[str, Any]]) -> Any:
    author = item.get("author_id") if isinstance(item, Mapping) else None
    user = known.get(author) if isinstance(author, str) else None
    return (
        item if user is None else {**item, "username": user.get("username"), "followers": followers_of(user)}
    )


def _text(found: object) -> str | None:
    if found is not None and not isinstance(found, str):
        raise TypeError("no text")
    return found or None


def _number(found: object) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None
