"""Which language a post is in, and "not sure": read from the text, with what its source says beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

# Links, handles, a hashtag's sign, and the words that stand for a masked name are in no language.
_NO_LANGUAGE = re.compile(r"(?:https?://|www\.)\S+|@\w+(?:[.@-]\w+)*|\bbrand\b|#")
_WORD = re.compile(r"[^\W\d_]+")
_HALF_PAIR = re.compile("[\ud800-\udfff]")
_DEVANAGARI = re.compile("[\u0900-\u097f]")
_CODE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]|$)", re.IGNORECASE)

# Codes that name no language, and those of ISO 639-2 and 639-3 that feeds use where a code of two letters is meant.
_NOBODY = frozenset({"und", "mul", "mis", "zxx"})
_SHORT = {
    "eng": "en", "spa": "es", "cat": "ca", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "ita": "it",
    "por": "pt", "ron": "ro", "rum": "ro", "swe": "sv", "nor": "no", "nob": "no", "nno": "no", "nb": "no", "nn": "no",
    "dan": "da", "nld": "nl", "dut": "nl", "fas": "fa", "per": "fa", "ara": "ar", "hin": "hi", "iw": "he", "in": "id",
    "fil": "tl", "arb": "ar", "pes": "fa", "zho": "zh", "chi": "zh", "jpn": "ja", "rus": "ru", "tur": "tr", "pol": "pl",
}  # fmt: skip

# Few enough words that neighbouring languages share them: "ok super" is as good German as it is Dutch.
_FEW_LETTERS = 12

# Hindi in Latin letters is in no identifier's list and comes out as English or as anything. These words hold its
# sentences together and are rare in the languages that it is taken for.
_HINDI_WORDS = (
    "hai hain nahi nahin nhi aur kya kyun kyu mein mera meri mere tera teri tere hum tum aap apna apne apni koi kuch "
    "bhi hota hoti hote raha rahi rahe gaya gayi gaye karo karna karke kiya diya liya wala wale wali bahut bohot accha "
    "acha abhi kabhi sabse lekin agar phir yeh woh iska uska unka isko usko inko unko jab tak toh yaar bhai ji"
)
_HINDI = frozenset(_HINDI_WORDS.split())
HINDI_IN_LATIN = "hi-Latn"


@dataclass(frozen=True, slots=True)
class Language:
    """A language's code (ISO 639-1; `hi-Latn` for Hindi in Latin letters), None where nothing tells it.

    `sure` is False for a guess: neither did the source say it, nor is the text long and plain enough.
    """

    code: str | None
    sure: bool


def declared(lang: str | None) -> str | None:
    """Return the code that a source's tag names ("en-GB" is "en"), None where it names no language."""
    found = _CODE.match(lang or "")
    if found is None:
        return None
    code = found[1].lower()
    code = _SHORT.get(code, code)
    if code in _NOBODY:
        return None
    return HINDI_IN_LATIN if code == "hi" and (found[2] or "").lower() == "latn" else code


def identify(text: str, said: str | None = None) -> Language:
    """Say which language a text is in; `said` is the source's own tag, where there is one.

    A text of some length that is plainly in one language is in that language, whatever its source says: feeds name
    one language for all that they hold. Short and doubtful texts are in the language that the source says; without
    one the best guess is given, with `sure` False.
    """
    told = declared(said)
    bare = _NO_LANGUAGE.sub(" ", text)
    if told == "hi" and not _DEVANAGARI.search(bare):
        told = HINDI_IN_LATIN
    if (told is None or told in ("hi", "en", HINDI_IN_LATIN)) and _is_romanised_hindi(bare):
        return Language(HINDI_IN_LATIN, True)
    # Half a surrogate pair, which broken escapes leave behind, cannot be encoded for the library.
    found = _detector().detect_details(_HALF_PAIR.sub(" ", bare))
    guess: str | None = None if found.language == "und" else found.language
    if told is None:
        return Language(guess, bool(found.reliable))
    if guess is None or guess == told or not found.reliable or told not in _known():
        return Language(told, True)
    letters = sum(map(len, _WORD.findall(bare)))
    return Language(told if letters < _FEW_LETTERS else guess, True)


def _is_romanised_hindi(text: str) -> bool:
    words = text.lower().split()
    return len(_HINDI.intersection(words)) >= 2 and sum(word in _HINDI for word in words) * 8 >= len(words)


@cache
def _detector() -> Any:
    import eldc

    eldc.init()
    return eldc.instance()


@cache
def _known() -> frozenset[str]:
    """Languages that the identifier can tell from others; of Welsh it would make something else, and be certain."""
    import eldc

    return frozenset(eldc.LANGUAGES)
