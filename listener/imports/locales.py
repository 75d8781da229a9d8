"""How numbers and dates are written where a file comes from: only what decides between two readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Decimal = Literal[".", ","]
Order = Literal["dmy", "mdy"]


@dataclass(frozen=True, slots=True)
class Locale:
    """`decimal` divides whole from parts; `order` is that of 03/04/2026."""

    decimal: Decimal
    order: Order


# Unicode CLDR, release 45: the decimal symbol and the short date pattern. A whole library of locales (babel, 10 MB)
# would be asked for these two only.
LOCALES: dict[str, Locale] = {
    "ca_ES": Locale(",", "dmy"),
    "de_DE": Locale(",", "dmy"),
    "en_GB": Locale(".", "dmy"),
    "en_US": Locale(".", "mdy"),
    "es_ES": Locale(",", "dmy"),
    "es_MX": Locale(".", "dmy"),
    "fr_FR": Locale(",", "dmy"),
    "it_IT": Locale(",", "dmy"),
    "nl_NL": Locale(",", "dmy"),
    "pt_BR": Locale(",", "dmy"),
    "pt_PT": Locale(",", "dmy"),
    "ro_RO": Locale(",", "dmy"),
    "sv_SE": Locale(",", "dmy"),
}


class Ambiguous(Exception):
    """Nothing in the whole file decides how it is meant, or it contradicts itself; the message holds the remedy."""
