"""The fields of a query, such as lang: and site: what may stand behind each, and when it is true of a post."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from listener.matching.said import Said
from listener.matching.tree import Field

NAMES = ("lang", "source", "site", "author", "title", "url", "type", "min_followers")

# What the query languages of others call what we call otherwise, or do not know.
_ELSEWHERE = {
    "language": "lang",
    "domain": "site",
    "host": "site",
    "from": "author",
    "user": "author",
    "intitle": "title",
    "inurl": "url",
    "link": "url",
    "links": "url",
    "raw": "",
    "sentiment": "",
    "city": "",
    "country": "",
    "location": "",
}
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_HOST = re.compile(r"[^\s/:@?#*]+")
_LONGEST_HOST = 253
_LONGEST_URL = 4096
_LONGEST_NUMBER = 12
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def value_of(name: str, given: str) -> str:
    """Return the value of a field in the form that is compared. Raises ValueError, which says what to write."""
    value = given.strip().casefold()
    if name == "min_followers":
        return _number(value)
    if name == "type":
        return _type(value)
    if "*" in value and name not in ("url", "site"):
        raise ValueError(f"a wildcard cannot stand in {name}: only in words and in title:")
    if name == "lang":
        return _language(value)
    if name == "site":
        return _site(value)
    if name == "author":
        value = value.lstrip("@")
    if not value:
        raise ValueError(f"something must stand behind {name}:")
    return value


def _type(value: str) -> str:
    if value == "repost":
        raise ValueError("type:repost cannot be used: no source tells reposts from posts")
    if value not in ("post", "comment"):
        raise ValueError("type: takes post or comment")
    return value


def _number(value: str) -> str:
    if not (value.isascii() and value.isdigit()) or len(value) > _LONGEST_NUMBER:
        raise ValueError("min_followers: takes a whole number, as in min_followers:1000")
    return str(int(value))


def _language(value: str) -> str:
    code = value.replace("_", "-")
    if not _LANGUAGE.fullmatch(code):
        raise ValueError("lang: takes the code of a language, as in lang:en or lang:pt-br")
    return code


def _site(value: str) -> str:
    host = _ascii(value.removeprefix("*.").removeprefix("www.").strip("."))
    if _HOST.fullmatch(host) is None:
        raise ValueError(
            "site: takes a host alone, as in site:example.com; for a part of an address there is url:"
        )
    return host


def tells(field: Field, said: Said) -> bool:
    """Say whether a field is true of a post; what the source does not tell is true of nothing."""
    if field.name not in _TELLS:
        raise ValueError(f"there is no field {field.name}")
    return _TELLS[field.name](field, said)


def _in_language(field: Field, said: Said) -> bool:
    code = _code(said.language)
    return code == field.value or code.startswith(field.value + "-") or (not code and field.or_unknown)


def _followed(field: Field, said: Said) -> bool:
    return said.followers is not None and said.followers >= int(field.value)


def _code(language: str | None) -> str:
    code = (language or "").strip().casefold().replace("_", "-")
    return "" if code == "und" else code


def account(author: str | None) -> str:
    """An author's name in the form that is compared."""
    return (author or "").strip().lstrip("@").casefold()


def address(url: str | None) -> str:
    """The address of a post in the form that is compared; half a surrogate pair in it would stop the pass."""
    return (url or "")[:_LONGEST_URL].casefold().encode("utf-8", "replace").decode("utf-8")


def sites(url: str | None) -> tuple[str, ...]:
    """The host of an address and every domain that it belongs to: blog.example.com, example.com, com."""
    return tuple(_domains(_host(url))) if url else ()


def _host(url: str) -> str:
    try:
        host = urlsplit(url if _SCHEME.match(url) else f"//{url}").hostname
    except ValueError:
        return ""
    # No real host is longer, and one of a hundred thousand dots would have as many domains.
    return _ascii(host.casefold().strip(".")) if host and len(host) <= _LONGEST_HOST else ""


def _domains(host: str) -> Iterator[str]:
    while host:
        yield host
        host = host.partition(".")[2]


def _ascii(host: str) -> str:
    """One form for a host with other letters than ASCII, which addresses write in two ways."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii").casefold()
    except UnicodeError:
        return host


_TELLS: dict[str, Callable[[Field, Said], bool]] = {
    "lang": _in_language,
    "source": lambda field, said: field.value in (said.source.name.casefold(), said.source.kind.casefold()),
    "site": lambda field, said: field.value in sites(said.url),
    "author": lambda field, said: field.value == account(said.author),
    "url": lambda field, said: field.value in address(said.url),
    "type": lambda field, said: field.value == ("post" if said.in_reply_to is None else "comment"),
    "min_followers": _followed,
}


def unknown(word: str) -> str | None:
    """Return what is wrong with a word like "langage:en", which would otherwise be looked for as it stands."""
    name, colon, rest = word.partition(":")
    name = name.casefold()
    if not colon or not rest or rest.startswith("//"):
        return None
    known = _ELSEWHERE.get(name)
    if known is None:
        known = next(iter(difflib.get_close_matches(name, NAMES, 1, 0.75)), None)
    if known is None:
        return None
    meant = f"write {known}:{rest}" if known else f"there are {', '.join(f'{known}:' for known in NAMES)}"
    return f'there is no field {name}: here; {meant}, or "{word}" to look for the words'
