"""One article as GDELT lists it -> a Post: title, address, the time at which it was seen, and its language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from listener.collectors.plain import clean, to_plain
from listener.collectors.post import Post

_LONGEST_TITLE = 1_000
_LONGEST_URL = 2_000
_LONGEST_ID = 500
_LONGEST_HOST = 253
# As its documentation names the languages that it reads.
_NAMES = (
    "afrikaans:af albanian:sq amharic:am arabic:ar armenian:hy azerbaijani:az basque:eu belarusian:be bengali:bn"
    " bosnian:bs bulgarian:bg burmese:my catalan:ca chinese:zh croatian:hr czech:cs danish:da dutch:nl english:en"
    " estonian:et finnish:fi french:fr galician:gl georgian:ka german:de greek:el gujarati:gu hebrew:he hindi:hi"
    " hungarian:hu icelandic:is indonesian:id italian:it japanese:ja kannada:kn kazakh:kk khmer:km korean:ko"
    " latvian:lv lithuanian:lt macedonian:mk malay:ms malayalam:ml marathi:mr mongolian:mn nepali:ne norwegian:no"
    " norwegiannynorsk:nn persian:fa polish:pl portuguese:pt punjabi:pa romanian:ro russian:ru serbian:sr"
    " sinhalese:si slovak:sk slovenian:sl somali:so spanish:es swahili:sw swedish:sv tamil:ta telugu:te thai:th"
    " tibetan:bo turkish:tr ukrainian:uk urdu:ur uzbek:uz vietnamese:vi welsh:cy"
)
_LANGUAGES = dict(pair.split(":") for pair in _NAMES.split())


def to_event(article: Mapping[str, Any]) -> Post | None:
    """Turn an article into a Post; None where it has no title, or no address.

    The address is its id, and its publisher's host its author.
    """
    title = " ".join(to_plain(article.get("title") or "").split())[:_LONGEST_TITLE]
    url = clean(article["url"]).strip()
    if not title or not url.lower().startswith(("http://", "https://")):
        return None
    host = clean(article.get("domain") or "").strip().lower()[:_LONGEST_HOST]
    language = article.get("language") or ""
    return Post(
        native_id=url if len(url) <= _LONGEST_ID else hashlib.sha256(url.encode()).hexdigest(),
        text=title,
        title=title,
        published_at=seen_at(article),
        author=host or None,
        url=url if len(url) <= _LONGEST_URL else None,
        language=_LANGUAGES.get(language.replace(" ", "").lower()),
    )


def seen_at(article: Mapping[str, Any]) -> int:
    """When GDELT saw an article first, such as 20261128T031500Z. Raises ValueError, KeyError or TypeError."""
    return seconds(article["seendate"])


def seconds(stamp: str) -> int:
    """A time as GDELT answers with it -> whole seconds UTC."""
    return int(datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())


def stamp(at: int) -> str:
    """A time as GDELT is asked with it: 20261128031500."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%d%H%M%S")
