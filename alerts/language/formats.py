"""How each language writes numbers, dates and amounts of time: the table made from CLDR. Pure once it is read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Direction = Literal["ltr", "rtl"]
_ASCII = "0123456789"


@dataclass(frozen=True, slots=True)
class Formats:
    """One language's row of the table; patterns hold named places, those of amounts one `{}`.

    An amount of time is one pattern, or one for each plural form where they differ.
    """

    direction: Direction
    digits: str
    decimal: str
    group: str
    minus: str
    plus: str
    percent: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    months_alone: tuple[str, ...]
    dates: dict[str, str]
    moment: str
    lists: dict[str, str]
    units: dict[str, str | dict[str, str]]
    units_join: str
    hours: str | dict[str, str]

    def number(self, value: float, digits: int = 0, *, signed: bool = False) -> str:
        """Write a number with so many decimals; what rounds to zero has no sign, for it has no direction."""
        text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
        if not text.strip("+-0.,"):
            text = text.lstrip("+-")
        signs = {"-": self.minus, "+": self.plus, ",": self.group, ".": self.decimal}
        return "".join(signs.get(letter, letter) for letter in self.localized(text))

    def localized(self, text: str) -> str:
        """Write the digits of a text as the language does: "08:30" -> "۰۸:۳۰"."""
        return text if self.digits == _ASCII else text.translate(str.maketrans(_ASCII, self.digits))

    def listed(self, parts: list[str]) -> str:
        """Join names: "a, b and c"."""
        if len(parts) < 2:
            return "".join(parts)
        if len(parts) == 2:
            return self.lists["2"].format(*parts)
        first, *rest, last = parts
        for part in rest:
            first = self.lists["middle"].format(first, part)
        return self.lists["end"].format(first, last)


@cache
def formats(code: str) -> Formats:
    """Return the row of a language that the table has; KeyError for another."""
    rows = json.loads(files("alerts").joinpath("locales/formats.json").read_text(encoding="utf-8"))
    row = rows[code]
    lists = {name: tuple(row[name]) for name in ("weekdays", "months", "months_alone")}
    return Formats(**{**row, **lists})


def plural_form(code: str, number: float) -> str:
    """Return CLDR's plural form of a number ("one", "few", "other") as far as our languages tell them apart."""
    if code == "fa":
        return "one" if 0 <= number <= 1 else "other"
    if number == 1:
        return "one"
    if code == "ro" and (number != int(number) or number == 0 or 0 < number % 100 < 20):
        return "few"
    return "other"
