"""Feeds in any encoding -> UTF-8: what the bytes show is believed before what the header or the server says."""

from __future__ import annotations

import codecs
import re

_DECLARATION = re.compile(rb"^\s*<\?xml[^>]*?\?>")
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Names that stand for a larger set in practice (https://encoding.spec.whatwg.org/#names-and-labels).
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_ALIASES = {"x-sjis": "cp932", "windows-31j": "cp932", "ks_c_5601-1987": "cp949", "windows-874": "cp874"}
# Python's own codecs, and UTF-7, in which markup can hide from every check.
_NEVER = {"utf-7", "unicode_escape", "raw_unicode_escape", "punycode", "idna", "undefined", "palmos"}
_SEVEN_BIT = ("iso2022", "hz")
# What XML does not allow; libxml2 drops the rest of an item at the first of them.
_CONTROLS = bytes(code for code in range(32) if code not in (9, 10, 13))


def to_utf8(body: bytes, content_type: str | None = None) -> bytes:
    """Return the document in UTF-8, without byte order mark, control codes, or a declaration that lies.

    In order: a byte order mark or the zeros of UTF-16; valid UTF-8 (hardly ever an accident); the charset of the
    HTTP header; the XML declaration; UTF-8 with a few broken bytes; Windows-1252. Never fails: what is no
    character in the chosen encoding becomes U+FFFD.
    """
    if not body:
        return body
    marked = next(((mark, name) for mark, name in _MARKS if body.startswith(mark)), None)
    if marked is not None:
        return _finish(body[len(marked[0]) :].decode(marked[1], "replace"))
    wide = _wide(body)
    if wide is not None:
        return _finish(body.decode(wide, "replace"))
    declared = _codec(_ascii(_DECLARED.match(body[:400])))
    if declared is None or not declared.startswith(_SEVEN_BIT):
        try:
            body.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return body.translate(None, _CONTROLS) if declared == "utf-8" else _finish_bytes(body)
    served = _CHARSET.search(content_type or "")
    for name in (_codec(served.group(1)) if served else None, declared):
        if name is not None and name != "utf-8":
            return _finish(body.decode(name, "replace"))
    return _finish(_mostly_utf8(body))


def _mostly_utf8(body: bytes) -> str:
    """A long UTF-8 text with one broken byte is still UTF-8; a text full of them never was."""
    text = body.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = len(body) - len(text)
    return text if broken <= sound // 4 else body.decode("cp1252", "replace")


def _wide(body: bytes) -> str | None:
    """Recognize UTF-16 without a byte order mark by its zeros."""
    head = body[:200]
    if b"\0" not in head or len(head) < 4:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 3 and not even:
        return "utf-16-le"
    return "utf-16-be" if even > len(head) // 3 and not odd else None


def _codec(name: str | None) -> str | None:
    if not name:
        return None
    try:
        known = codecs.lookup(_ALIASES.get(name.lower(), name)).name
        "".encode(known)
    except LookupError:
        return None
    if known in _NEVER or known.startswith(("utf-16", "utf-32")):
        return None
    return _LARGER.get(known, known)


def _ascii(found: re.Match[bytes] | None) -> str | None:
    return found.group(1).decode("ascii") if found else None


def _finish(text: str) -> bytes:
    return _finish_bytes(text.encode("utf-8", "replace"))


def _finish_bytes(body: bytes) -> bytes:
    """Take the declaration away: it names the old encoding, and parsers believe it."""
    body = _DECLARATION.sub(b"", body[:2048], count=1) + body[2048:]
    return body.translate(None, _CONTROLS)
