"""The preview of a channel as t.me shows it in HTML -> its messages, oldest first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Post

Item = dict[str, str | None]
"""id (CHANNEL/NUMBER), text and poll as HTML, date, views, forwarded and reply as links: as they stand in the page."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")
_ID = re.compile(r"([A-Za-z][A-Za-z0-9_]{3,31})/([1-9]\d{0,11})")
_LINK = re.compile(
    r"https?://(?:www\.)?t(?:elegram)?\.me/(?:s/)?([A-Za-z][A-Za-z0-9_]{3,31}/[1-9]\d{0,11})(?:[?#].*)?"
)
_COUNT = re.compile(r"(\d{1,12}(?:\.\d{1,3})?)([KMB]?)")
_FACTORS = {"": 1, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
# A page shows some twenty messages. Parsing time grows with the square of the depth of what is nested.
_MOST_TAGS = 20_000
_MESSAGE = ".tgme_widget_message[data-post]"
_REPLY = "tgme_widget_message_reply"


@dataclass(frozen=True, slots=True)
class Preview:
    """One page. `telegram`: t.me made it; `channel`: it is the list of a channel's messages; `gone`: it says that the
    one message that was asked for does not exist."""

    items: list[Item]
    telegram: bool
    channel: bool
    gone: bool


def read_preview(body: bytes) -> Preview:
    """Read a page; what is none of t.me's has no messages."""
    if body.count(b"<") > _MOST_TAGS:
        return Preview([], telegram=False, channel=False, gone=False)
    tree = LexborHTMLParser(body.decode("utf-8", "replace"))
    items = [_item(node) for node in tree.css(_MESSAGE) if "service_message" not in _classes(node)]
    error = tree.css_first(".tgme_widget_message_error")
    return Preview(
        items,
        telegram=tree.css_first("[class^=tgme_]") is not None,
        channel=tree.css_first(".tgme_channel_history, .tgme_channel_info") is not None,
        gone=error is not None and "post not found" in error.text(deep=True).lower(),
    )


def _item(message: LexborNode) -> Item:
    text = next((node for node in message.css(".tgme_widget_message_text") if not _is_quoted(node)), None)
    poll = message.css_first(".tgme_widget_message_poll_question")
    views = message.css_first(".tgme_widget_message_views")
    return {
        "id": message.attributes.get("data-post"),
        "text": text.html if text is not None else None,
        "poll": poll.html if poll is not None else None,
        "date": _attribute(message, ".tgme_widget_message_date time", "datetime"),
        "views": views.text(deep=True).strip() if views is not None else None,
        "forwarded": _attribute(message, "a.tgme_widget_message_forwarded_from_name", "href"),
        "reply": _attribute(message, f"a.{_REPLY}", "href"),
    }


def _is_quoted(node: LexborNode) -> bool:
    """Whether it is the beginning of the message that this one answers."""
    above = node.parent
    while above is not None:
        if _REPLY in _classes(above):
            return True
        above = above.parent
    return False


def _classes(node: LexborNode) -> list[str]:
    return (node.attributes.get("class") or "").split()


def _attribute(node: LexborNode, selector: str, name: str) -> str | None:
    found = node.css_first(selector)
    return found.attributes.get(name) if found is not None else None


def to_event(item: Mapping[str, Any]) -> Post | None:
    """Turn a message into a Post; None where it says nothing (a picture alone)."""
    found = _ID.fullmatch(item["id"])
    if found is None:
        raise ValueError("no id of a message")
    text = "\n\n".join(part for part in (to_plain(item["text"] or ""), to_plain(item["poll"] or "")) if part)
    if not text:
        return None
    return Post(
        native_id=found[0],
        text=text[:LONGEST_TEXT],
        published_at=written_at(item),
        author=found[1],
        url=f"https://t.me/{found[0]}",
        in_reply_to=_linked(item["reply"]),
        copy_of=_linked(item["forwarded"]),
    )


def written_at(item: Mapping[str, Any]) -> int:
    """When a message was written. Raises TypeError or ValueError where that is no time with its zone."""
    when = datetime.fromisoformat(item["date"])
    if when.tzinfo is None:
        raise ValueError("a time without its zone")
    return int(when.timestamp())


def number(item: Mapping[str, Any]) -> int | None:
    """The number of a message within its channel."""
    found = _ID.fullmatch(item["id"] or "")
    return int(found[2]) if found else None


def views(item: Mapping[str, Any]) -> int | None:
    """How often a message was seen, as the page rounds it: 1.2K is 1200."""
    found = _COUNT.fullmatch(item["views"] or "")
    return round(float(found[1]) * _FACTORS[found[2]]) if found else None


def _linked(link: str | None) -> str | None:
    found = _LINK.fullmatch(link or "")
    return found[1] if found else None
