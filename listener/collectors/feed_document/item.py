"""One item of a feed -> a Post: its identity, text and date, and bounds for everything that strangers may write."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from listener.collectors.feed_document.document import Item
from listener.collectors.plain import clean, tidy, to_plain
from listener.collectors.post import LONGEST_TEXT, Post

_LONGEST_ID = 500
_LONGEST_NAME = 200
_LONGEST_TITLE = 1_000
_LONGEST_URL = 2_000
_PERSON = re.compile(r"\s*[^\s()@]+@[^\s()@]+\s+\((.+)\)\s*")
_PERSON_TOO = re.compile(r"\s*([^()@]+)\s\(\s*[^\s()@]+@[^\s()@]+\s*\)\s*")
_PRIMARY = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_]|\s*$)")


def to_event(item: Item) -> Post | None:
    """Turn an item into a Post; None where it has neither title nor text."""
    plain = to_plain if item["kind"] == "html" else _as_it_is
    title = _one_line(plain(item["title"] or ""))
    body = plain(item["body"] or "")
    if not title and not body:
        return None
    text = _join(title, body)
    return Post(
        native_id=_native_id(item, text),
        text=text,
        published_at=_seconds(item["published"]),
        title=title[:_LONGEST_TITLE] or None,
        author=_author(item["author"]),
        url=_web_address(item["link"]),
        language=_language(item["language"]),
    )


def _join(title: str, body: str) -> str:
    if not body or not title or body.startswith(title):
        return (body or title)[:LONGEST_TEXT]
    # Services without titles put the beginning of the text there, shortened.
    if title.endswith(("…", "...")) and body.startswith(title.rstrip("….").rstrip()):
        return body
    return f"{title}\n\n{body}"[:LONGEST_TEXT]


def _native_id(item: Item, text: str) -> str:
    found = clean(item["id"] or item["link"] or "").strip()
    if found and len(found) <= _LONGEST_ID:
        return found
    seed = found or f"{text}\n{item['published'] or ''}"
    return hashlib.sha256(seed.encode()).hexdigest()


def _seconds(published: str | None) -> int | None:
    if not published:
        return None
    try:
        when = datetime.fromisoformat(published.strip())
        return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() // 1)
    except (ValueError, OverflowError):
        return None


def _author(author: str | None) -> str | None:
    """Return the name; RSS writes `mail@host (Name)`, some write `Name (mail@host)`."""
    found = _PERSON.fullmatch(author or "") or _PERSON_TOO.fullmatch(author or "")
    return _one_line(to_plain(found.group(1) if found else author or ""))[:_LONGEST_NAME] or None


def _language(language: str | None) -> str | None:
    found = _PRIMARY.match(language or "")
    return found.group(1).lower() if found else None


def _web_address(link: str | None) -> str | None:
    address = clean(link or "").strip()
    fits = address.lower().startswith(("http://", "https://")) and len(address) <= _LONGEST_URL
    return address if fits else None


def _as_it_is(text: str) -> str:
    return tidy(clean(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())
