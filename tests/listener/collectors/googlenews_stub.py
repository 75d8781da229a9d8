"""A local stand-in for the search feeds of Google News, written from field reports: there is no documentation.

An item has Google's id and link, "TITLE - PUBLISHER" as its title, a description in HTML that repeats both, and the
publisher's name and site in <source>, as https://qiita.com/KMD/items/872d8f4eed5d6ebf5df1 shows one.
"""

from __future__ import annotations

from email.utils import formatdate
from html import escape

SEARCH = "/rss/search"


def article(
    number: int,
    at: int | None,
    title: str,
    publisher: str = "The Post",
    site: str = "https://www.post.example",
) -> str:
    """One item of a feed."""
    date = "" if at is None else f"<pubDate>{formatdate(at, usegmt=True)}</pubDate>"
    link = f"https://news.google.com/rss/articles/CBMi{number}?oc=5"
    # Escaped twice: once as the text of HTML, as titles are read in feeds, and once as XML.
    named = escape(escape(f"{title} - {publisher}", quote=False))
    body = escape(
        f'<a href="{link}" target="_blank">{title}</a>&nbsp;&nbsp;<font color="#6f6f6f">{publisher}</font>'
    )
    return (
        f'<item><title>{named}</title><link>{link}</link><guid isPermaLink="false">CBMi{number}</guid>{date}'
        f'<description>{body}</description><source url="{escape(site)}">{escape(publisher)}</source></item>'
    )


def feed(items: list[str]) -> str:
    """A whole feed, with what Google writes ahead of its items."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><rss xmlns:media="http://search.yahoo.com/mrss/"'
        ' version="2.0"><channel><generator>NFE/5.0</generator><title>"acme" - Google News</title>'
        "<link>https://news.google.com/search?q=acme</link><language>en-US</language>"
        f"<description>Google News</description>{''.join(items)}</channel></rss>"
    )
