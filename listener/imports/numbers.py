"""Numbers as people's programs write them: which sign is the decimal one is decided by all of a file, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from listener.imports.locales import Ambiguous, Decimal

LARGEST = 10.0**15
"""From here on a REAL no longer holds each whole number; no business counts that far."""
MISSING = frozenset({"", "-", "--", "—", "–", "n/a", "null"})
"""What exports write where there is no number. That is no zero."""

_SPACES = r"[ \u00a0\u202f'’]"
_CURRENCY = r"(?:US\$|[€£$¥]|[A-Z]{3}|kr\.?|lei)"
_WRITTEN = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-−+]?)\s*(?P<before>{_CURRENCY})?\s*(?P<sign2>[-−+]?)"
    rf"(?P<digits>[0-9](?:[0-9.,]|{_SPACES}(?=[0-9]))*|[.,][0-9]+)\s*(?P<after>{_CURRENCY})?\s*(?P<close>\))?"
)


def _shape(decimal: str, group: str) -> re.Pattern[str]:
    between = rf"(?:{re.escape(group)}|{_SPACES})"
    # Groups of two are those of India: 1,23,456.
    whole = rf"(?:[0-9]+|[0-9]{{1,3}}(?:{between}[0-9]{{2,3}})*{between}[0-9]{{3}})"
    return re.compile(rf"{whole}?(?:{re.escape(decimal)}[0-9]+)?")


_SHAPES = {".": _shape(".", ","), ",": _shape(",", ".")}
_LONGEST = 40
_CODES = {"€": "EUR", "£": "GBP", "US$": "USD"}


def is_missing(text: str) -> bool:
    """Whether a cell says that there is no number."""
    return text.strip().casefold() in MISSING


def decimal_of(cells: Iterable[tuple[int, str, bool]]) -> Decimal | None:
    """Which sign is the decimal one, by all cells (line, text, whether it counts whole things) of a file.

    None where nothing asks for it: only whole numbers without separators. Raises Ambiguous where 1,234 may be two
    numbers and no other cell decides, or where cells contradict one another.
    """
    said: dict[str, tuple[int, str]] = {}
    for line, text, whole in cells:
        sign = _says(text, whole)
        if sign:
            said.setdefault(sign, (line, text.strip()))
    if "." in said and "," in said:
        (line, point), (other, comma) = said["."], said[","]
        raise Ambiguous(
            f"{point!r} on line {line} has a decimal point and {comma!r} on line {other} a decimal comma: "
            "say which with --locale, as --locale en_US or --locale es_ES; the others are then refused"
        )
    if "." in said or "," in said:
        return "." if "." in said else ","
    if said:
        line, text = said["?"]
        raise Ambiguous(
            f"{text!r} on line {line} may be thousands or a fraction, and nothing else in the file decides: "
            "say how numbers are written, as --locale en_US (1,234.5) or --locale es_ES (1.234,5)"
        )
    return None


def _says(text: str, whole: bool) -> str:
    """The decimal sign that a cell shows: "." or ",", "?" where it may be either, "" where it shows none."""
    written = _WRITTEN.fullmatch(text.strip().rstrip("%").strip()) if len(text) <= _LONGEST else None
    if written is None:
        return ""
    digits = written["digits"]
    signs = [sign for sign in ".," if sign in digits]
    if not signs:
        return ""
    if len(signs) == 2:
        return max(signs, key=digits.rfind)
    sign = signs[0]
    other = "," if sign == "." else "."
    if digits.count(sign) > 1:
        return other
    before, after = digits.split(sign)
    if len(after) != 3 or len(before) > 3 or before in ("", "0"):
        return sign
    # A count has no thousandths: there, three digits after a sign are thousands.
    return other if whole else "?"


def number(text: str, decimal: Decimal | None) -> float:
    """Read one number; currency signs around it are left aside. Raises ValueError with the reason."""
    shown = text.strip()[:_LONGEST]
    written = _WRITTEN.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if written is None or bool(written["open"]) != bool(written["close"]):
        raise ValueError(f"{shown!r} is no number")
    digits, sign = written["digits"], decimal or "."
    if not _SHAPES[sign].fullmatch(digits):
        kind = "point" if sign == "." else "comma"
        raise ValueError(f"{shown!r} is no number with a decimal {kind}")
    plain = re.sub(_SPACES, "", digits.replace("," if sign == "." else ".", "")).replace(",", ".")
    value = float(plain)
    if value >= LARGEST:
        raise ValueError(f"{shown!r} is larger than any number that can be meant")
    signs = written["sign"] + written["sign2"] + ("-" if written["open"] else "")
    if len(signs) > 1:
        raise ValueError(f"{shown!r} has two signs")
    return -value if signs in {"-", "−"} else value


def ratio(text: str, decimal: Decimal | None) -> float:
    """Read a share: "40%", "40,5 %" or "0.4" -> 0.4. Raises ValueError with the reason."""
    stripped = text.strip()
    if stripped.endswith("%"):
        return number(stripped[:-1], decimal) / 100
    value = number(stripped, decimal)
    if not 0 <= value <= 1:
        raise ValueError(f"{stripped[:_LONGEST]!r} is no share: write 0.4 or 40%")
    return value


def currency_in(text: str) -> str | None:
    """The ISO 4217 code that stands beside a number; None where none does, or a sign of several ("$", "kr")."""
    written = _WRITTEN.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if written is None:
        return None
    sign = written["before"] or written["after"]
    if sign is None:
        return None
    return _CODES.get(sign, sign if re.fullmatch("[A-Z]{3}", sign) else None)
