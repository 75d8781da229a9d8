"""Plain text out of what sources send: markup removed, entities decoded, nothing left that a store would choke on."""

from __future__ import annotations

import html
import re

from selectolax.lexbor import LexborHTMLParser

from listener.collectors.post import LONGEST_TEXT

_LONGEST_MARKUP = 2_000_000
# Parsing time grows with the square of the depth: 300,000 nested divs would hold the process for minutes.
_MOST_TAGS = 5_000
_ANY_TAG = re.compile(r"<[^<>]*>")
_TAG = re.compile(r"<[a-zA-Z/!?]")
# Set apart what a browser sets apart: "<p>one</p><p>two</p>" must not become the word "onetwo".
_BLOCK = re.compile(
    r"<(?=/?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|figure|footer|h[1-6]|header|hr|li|ol"
    r"|main|nav|option|p|pre|section|table|td|th|tr|ul)\b)",
    re.IGNORECASE,
)
_UNSEEN = ["script", "style", "template", "head", "iframe", "object", "svg"]
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_SPACES = re.compile(r"[^\S\n]+")
_ENTITY = re.compile(r"&(?:[a-z]{2,8}|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)
_LINES = re.compile(r" *\n[\s]*")


def clean(text: str) -> str:
    """Replace what is no character (control codes, halves of surrogate pairs): stores and JSON refuse them."""
    if text.isprintable():
        return text
    return _UNFIT.sub("\ufffd", text)


def to_plain(markup: str) -> str:
    """Return the text that a reader of this HTML would see, paragraphs on lines of their own.

    Text without any tag or entity passes through with its white space tidied, so a plain-text source may use
    it too. At most LONGEST_TEXT characters.
    """
    text = clean(markup[:_LONGEST_MARKUP])
    if _TAG.search(text):
        text = _without_tags(text)
    elif "&" in text:
        text = clean(html.unescape(text))
    return tidy(text)


def decoded(text: str) -> str:
    """Return a plain text that was escaped on its way, as exports do: "AT&amp;T" is "AT&T" again, once.

    Only what ends in a semicolon: "?a=1&copy=2" is an address.
    """
    return _ENTITY.sub(lambda found: html.unescape(found.group()), text) if "&" in text else text


def tidy(text: str) -> str:
    """Collapse white space, keep line breaks, cut to LONGEST_TEXT."""
    if "  " in text or not text.isprintable():
        text = _LINES.sub("\n", _SPACES.sub(" ", text))
    return text.strip()[:LONGEST_TEXT].rstrip()


def _without_tags(markup: str) -> str:
    if markup.count("<") > _MOST_TAGS:
        return clean(html.unescape(_ANY_TAG.sub("\n", markup)))
    tree = LexborHTMLParser(_BLOCK.sub("\n<", markup))
    tree.strip_tags(_UNSEEN, recursive=True)
    return clean(tree.body.text(deep=True, separator="")) if tree.body is not None else ""
