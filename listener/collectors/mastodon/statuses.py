"""Reads what a Mastodon server sends: a status, or a message of its stream, becomes an event. Pure."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from listener.collectors.plain import clean, to_plain
from listener.collectors.post import LONGEST_TEXT, Delete, Edit, Post
from storage.mention import Reading

Status = Mapping[str, Any]
"""A status, or a message of a stream, as the wire brought it."""

STAMP = "listener"
"""Where what the item does not say of itself is written into it: `instance` (the domain of the accounts without
one), `parent` and `thread` (uris), and for a deletion `uri`. So an item that was set aside reads the same later."""

_HEARD = frozenset({"public", "unlisted"})
_COUNTERS = {
    "likes": "favourites_count",
    "reposts": "reblogs_count",
    "replies": "replies_count",
    "quotes": "quotes_count",
}
_LONGEST_ID = 500
_LONGEST_NAME = 300
_LONGEST_URL = 2_000
_LONGEST_LINKED = 100_000
_LONGEST_MARKUP = 200_000
_MOST_OPTIONS = 100
_PRIMARY = re.compile(r"\s*([A-Za-z]{2,3})(?:[-_]|\s*$)")
# A person in a text is a link whose words are only "@name", whichever server the account is on.
# Its length is bounded, for a tag that repeats href= and never ends takes time by the square of it.
_CALL = re.compile(
    r'<a\s[^<>]{0,1000}?href="([^"<>]{0,2000})"[^<>]{0,1000}>\s*@\s*(?:<span>)?([\w.-]+)(?:</span>)?\s*</a>'
)


def to_event(item: Status) -> Post | Edit | Delete | None:
    """Turn a status, or a message of a stream, into an event; None where there is nothing to keep.

    Raises ValueError, TypeError and KeyError for what cannot be read.
    """
    if "event" in item:
        return _of_stream(item)
    return _post(item, _stamp(item))


def opened(message: str | bytes) -> dict[str, Any]:
    """Read a message of a stream as far as it can be read; `to_event` refuses the rest."""
    try:
        item = json.loads(message)
        if isinstance(item, dict) and isinstance(item.get("payload"), str) and _carries(item.get("event")):
            status = json.loads(item["payload"])
            # A text in the text in the text would be read by `to_event`, and then be no status to anybody else.
            item = {**item, "payload": status} if isinstance(status, dict) else None
    except (ValueError, RecursionError):
        item = None
    if not isinstance(item, dict):
        text = message if isinstance(message, str) else message.decode("utf-8", "replace")
        return {"event": None, "payload": text}
    return item


def _carries(event: object) -> bool:
    return isinstance(event, str) and event in ("update", "status.update")


def native_id(status: Status) -> str:
    """The name that a status has on every server: the same status seen on two of them counts once."""
    uri = status["uri"]
    if not isinstance(uri, str) or not uri.strip():
        raise TypeError("uri is no text")
    uri = clean(uri.strip())
    return uri if len(uri) <= _LONGEST_ID else hashlib.sha256(uri.encode()).hexdigest()


def local_id(status: object) -> str | None:
    """The name that a status has on one server; None where it has none that can be used."""
    found = status.get("id") if isinstance(status, Mapping) else None
    # It becomes part of an address, in which half of a surrogate pair cannot be written.
    fits = isinstance(found, str) and 0 < len(found) <= _LONGEST_ID and found.isprintable()
    return found if fits else None


def created(status: Status) -> int | None:
    """When it was written, in seconds; None where that is not said."""
    return _seconds(status.get("created_at"))


def edited(status: Status) -> str | None:
    """When it was changed, as the server writes it; None where it never was."""
    found = status.get("edited_at")
    return found if isinstance(found, str) and found else None


def reading(status: Status, at: int) -> Reading:
    """The counters of a status as this server knows them."""
    found = {name: status.get(field) for name, field in _COUNTERS.items()}
    counters = {
        name: n for name, n in found.items() if isinstance(n, int) and not isinstance(n, bool) and n >= 0
    }
    return Reading(native_id(status), at, counters)


def account_id(account: Status) -> str | None:
    """What the network knows an account by; older servers tell only its address."""
    found = account.get("uri") or account.get("url")
    return clean(found)[:_LONGEST_URL] if isinstance(found, str) and found else None


def _of_stream(item: Status) -> Post | Edit | Delete | None:
    event, payload = item["event"], item.get("payload")
    if not isinstance(event, str):
        raise TypeError("event is no text")
    if event == "delete":
        uri = _stamp(item).get("uri")
        return Delete(uri) if isinstance(uri, str) and uri else None
    if not _carries(event):
        return None
    status = json.loads(payload) if isinstance(payload, str) else payload
    if not isinstance(status, Mapping):
        raise TypeError("payload is no status")
    post = _post(status, _stamp(item))
    return Edit(post) if post is not None and event == "status.update" else post


def _stamp(item: Status) -> Mapping[str, Any]:
    found = item.get(STAMP)
    return found if isinstance(found, Mapping) else {}


def _post(status: Status, stamp: Mapping[str, Any]) -> Post | None:
    """A boost is a post of whoever boosts, with the boosted text."""
    said = status.get("reblog") or status
    if status.get("visibility") not in _HEARD or said.get("visibility") not in _HEARD:
        return None
    account = status["account"]
    home = stamp.get("instance") or urlsplit(account.get("url") or "").hostname or ""
    text = _text(said, home)
    if not text:
        return None
    name = native_id(status)
    answers = status.get("in_reply_to_id") is not None
    return Post(
        native_id=name,
        text=text,
        published_at=created(status),
        author=_address(account["acct"], home),
        url=_web_address(said.get("url")) or _web_address(said.get("uri")),
        language=_language(said.get("language")),
        in_reply_to=stamp.get("parent") if answers else None,
        thread=stamp.get("thread") if answers else name,
        automatic=account.get("bot") is True,
        author_id=account_id(account),
        followers=_followers(account.get("followers_count")),
        copy_of=_repeated(status),
    )


def _repeated(status: Status) -> str | None:
    """The status that this one boosts, or quotes: a quote shows it only where its author lets it."""
    quote = status.get("quote")
    quoted = quote.get("quoted_status") if isinstance(quote, Mapping) else None
    found = status.get("reblog") or quoted
    return native_id(found) if isinstance(found, Mapping) and isinstance(found.get("uri"), str) else None


def _text(status: Status, home: str) -> str:
    """The warning above a status, what it says, and what its poll lets people choose."""
    poll = status.get("poll") or {}
    options = [to_plain(option["title"] or "") for option in (poll.get("options") or ())[:_MOST_OPTIONS]]
    content = status["content"] or ""
    if len(content) <= _LONGEST_LINKED:
        content = _with_addresses(content, status.get("mentions") or (), home)
    warning = status.get("spoiler_text") or ""
    texts = [to_plain(markup[:_LONGEST_MARKUP]) for markup in (warning, content)]
    parts = [*texts, "\n".join(options).strip()]
    return "\n\n".join(part for part in parts if part)[:LONGEST_TEXT]


def _with_addresses(content: str, mentions: Sequence[Status], home: str) -> str:
    """Write each "@acme" that names a person as "@acme@social.example": a name alone says not which Acme it is."""
    if not mentions:
        return content
    by_link = {mention.get("url"): mention["acct"] for mention in mentions}
    named: defaultdict[str, set[str]] = defaultdict(set)
    for mention in mentions:
        named[mention["acct"].partition("@")[0].lower()].add(mention["acct"])

    def write(found: re.Match[str]) -> str:
        alike = named.get(found.group(2).lower(), ())
        acct = by_link.get(html.unescape(found.group(1))) or (next(iter(alike)) if len(alike) == 1 else None)
        return found.group(0) if acct is None else "@" + html.escape(_address(acct, home))

    return _CALL.sub(write, content)


def _address(acct: str, home: str) -> str:
    """An account's name with its domain, which a server leaves out for its own: so names compare equal everywhere."""
    name = clean(acct).strip().removeprefix("@")
    return (name if "@" in name or not home else f"{name}@{home}")[:_LONGEST_NAME]


def _seconds(when: object) -> int | None:
    if not isinstance(when, str) or not when:
        return None
    try:
        read = datetime.fromisoformat(when.strip())
        return int((read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp() // 1)
    except (ValueError, OverflowError):
        return None


def _language(language: object) -> str | None:
    found = _PRIMARY.match(language) if isinstance(language, str) else None
    return found.group(1).lower() if found else None


def _followers(count: object) -> int | None:
    """Servers that hide the number say -1 or nothing."""
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**53 else None


def _web_address(link: object) -> str | None:
    if not isinstance(link, str):
        return None
    address = clean(link).strip()
    fits = address.lower().startswith(("http://", "https://")) and len(address) <= _LONGEST_URL
    return address if fits else None
