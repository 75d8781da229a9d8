"""Finds the feed that an HTML page names, as its `<link rel="alternate">` says."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser

from alerts.addresses import public_url
from listener.collectors.base import Permanent

_MOST_PAGE = 2_000_000
_MOST_LINKS = 200
_MARK = re.compile(rb"<!--|<(?:script|style|template)\b|<(?:link|base)\b[^<>]{0,4000}>", re.IGNORECASE)
# Where markup ends that holds no links, or links that are none.
_ENDS = {
    b"<!--": re.compile(rb"-->"),
    b"<scr": re.compile(rb"</script", re.IGNORECASE),
    b"<sty": re.compile(rb"</style", re.IGNORECASE),
    b"<tem": re.compile(rb"</template", re.IGNORECASE),
}
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"}
)
# Blogs name the feed of their comments beside that of their posts.
_COMMENTS = re.compile(r"comment|kommentar|comentari|commentaire", re.IGNORECASE)


class NamesFeed(Permanent):
    """It is a page, and names the feed that is meant; `address` may hold a key in its query string."""

    def __init__(self, address: str) -> None:
        super().__init__(f"it is an HTML page, not a feed; the page names this feed: {public_url(address)}")
        self.address = address


def feed_named_by(page: bytes, base: str = "") -> str | None:
    """Return the address of the feed that a page in UTF-8 names: the first of posts, else the first at all.

    Only addresses on the web, without a user name or password. None where it names none.
    """
    tags = _links(page[:_MOST_PAGE])
    tree = LexborHTMLParser(b"\n".join(tags).decode("utf-8", "replace"))
    set_base = tree.css_first("base[href]")
    if set_base is not None:
        base = _joined(base, set_base.attributes.get("href")) or base
    found: list[tuple[bool, str]] = []
    for link in tree.css("link[href]"):
        if "alternate" not in (link.attributes.get("rel") or "").lower().split():
            continue
        kind = (link.attributes.get("type") or "").partition(";")[0].strip().lower()
        address = _joined(base, link.attributes.get("href"))
        if kind in _FEED_TYPES and address is not None:
            title = link.attributes.get("title") or ""
            found.append((_COMMENTS.search(f"{title} {urlsplit(address).path}") is not None, address))
    return min(found, key=lambda one: one[0])[1] if found else None


def _links(page: bytes) -> list[bytes]:
    """Return the `link` and `base` tags of a page, those in comments and scripts left out.

    By hand, because parsing a hostile page as a whole takes a time that grows with the square of its depth.
    """
    tags: list[bytes] = []
    place = 0
    while len(tags) < _MOST_LINKS and (mark := _MARK.search(page, place)) is not None:
        place = mark.end()
        end_of = _ENDS.get(mark.group()[:4].lower())
        if end_of is None:
            tags.append(mark.group())
            continue
        end = end_of.search(page, place)
        if end is None:
            break
        place = end.end()
    return tags


def _joined(base: str, href: str | None) -> str | None:
    try:
        address = urljoin(base, (href or "").strip())
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.username is None
    except ValueError:
        return None
    return address if usable and len(address) <= 2_000 else None
