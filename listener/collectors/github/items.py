"""Reads issues, pull requests, comments and discussions as GitHub tells them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from listener.collectors import fields
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Post
from storage.mention import Reading

_REPOSITORY = re.compile(r"(?:.*/repos/)?([\w.-]{1,100}/[\w.-]{1,100})\Z", re.ASCII)
_ISSUE = re.compile(r".*/repos/([\w.-]{1,100}/[\w.-]{1,100})/issues/([0-9]{1,15})\Z", re.ASCII)
NATIVE = re.compile(r"([\w.-]+)/([\w.-]+?)(#|/d/)([0-9]+)(?:/c/([0-9]+))?", re.ASCII)
"""owner/name#12, an issue; owner/name#12/c/345, a comment on it; owner/name/d/6, a discussion."""


def name_of(item: Mapping[str, Any]) -> str:
    """The native id of an item: as people name it. Raises KeyError, TypeError, ValueError."""
    if "issue_url" in item:
        issue = _ISSUE.match(fields.text(item, "issue_url") or "")
        if issue is None:
            raise ValueError("no issue")
        return f"{issue[1]}#{issue[2]}/c/{fields.number(item, 'id')}"
    of_discussion = fields.text(fields.part(item, "repository"), "nameWithOwner")
    repository = _REPOSITORY.match(of_discussion or fields.text(item, "repository_url") or "")
    if repository is None:
        raise ValueError("no repository")
    return f"{repository[1]}{'/d/' if of_discussion else '#'}{fields.number(item, 'number')}"


def to_event(item: Mapping[str, Any]) -> Post | None:
    """Turn an issue, a comment or a discussion into a Post; None where it is empty.

    A comment's text is its own only: with the issue's title in it, every comment would name the brand.
    """
    native_id = name_of(item)
    is_comment = "/c/" in native_id
    title = None if is_comment else to_plain(fields.text(item, "title") or "") or None
    body = to_plain(fields.text(item, "body") or "")
    text = "\n\n".join(part for part in (title, body) if part)[:LONGEST_TEXT]
    if not text:
        return None
    # Who has closed an account is told as nobody.
    user = fields.part(item, "user" if "user" in item else "author")
    number = fields.number_or_none(user, "id")
    thread = native_id.partition("/c/")[0]
    return Post(
        native_id=native_id,
        text=text,
        published_at=fields.instant(fields.text(item, "created_at") or fields.text(item, "createdAt")),
        title=title,
        author=fields.text(user, "login"),
        author_id=None if number is None else str(number),
        url=fields.text(item, "html_url") or fields.text(item, "url"),
        in_reply_to=thread if is_comment else None,
        thread=thread,
        automatic=fields.text(user, "type") == "Bot",
    )


def counters_of(item: object, at: int) -> Reading | None:
    """Comments on an item, reactions and votes; None where it cannot be named, or nothing is counted."""
    if not isinstance(item, Mapping):
        return None
    try:
        native_id = name_of(item)
    except (KeyError, TypeError, ValueError):
        return None
    inner = {
        "comments": _inside(item.get("comments"), "totalCount"),
        "reactions": _inside(item.get("reactions"), "total_count"),
        "upvotes": item.get("upvoteCount"),
    }
    return fields.reading(native_id, at, inner, {name: name for name in inner})


def _inside(value: object, key: str) -> object:
    """A count, which stands alone or inside of an object."""
    return value.get(key) if isinstance(value, Mapping) else value
