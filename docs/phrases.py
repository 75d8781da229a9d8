"""Writes what alerts/locales/ holds: `python docs/phrases.py` (needs Babel, which only development has).

The table of formats comes from CLDR by Babel; each catalogue gets the phrases that the code holds now, and is compiled.
English numbers and dates are the house's own (thin spaces, day before month), not CLDR's.
"""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
LOCALES = ROOT / "alerts" / "locales"
TRANSLATED = ("es", "ca", "ro", "sv", "fa")
PLURALS = {
    "es": (2, "(n != 1)"),
    "ca": (2, "(n != 1)"),
    "ro": (3, "(n==1 ? 0 : (n==0 || (n%100 > 0 && n%100 < 20)) ? 1 : 2)"),
    "sv": (2, "(n != 1)"),
    "fa": (2, "(n > 1)"),
}
"""How many plural forms a language has and which a count takes, CLDR's rules for whole numbers below a million."""
_UNITS = ("day", "hour", "minute", "second")
_DATES = {
    "weekday_day": "Ed",
    "day": "MMMEd",
    "dated": "yMMMEd",
    "day_month": "MMMd",
    "day_month_year": "yMMMd",
    "month_year": "yMMM",
}
_FIELDS = {"E": "{weekday}", "d": "{day}", "M": "{month}", "L": "{month}", "y": "{year}"}
_ENGLISH: dict[str, Any] = {
    "direction": "ltr",
    "digits": "0123456789",
    "decimal": ".",
    "group": "\u202f",
    "minus": "\u2212",
    "plus": "+",
    "percent": "{} %",
    "weekdays": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    "months": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "months_alone": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    "dates": {
        "weekday_day": "{weekday} {day}",
        "day": "{weekday} {day} {month}",
        "dated": "{weekday} {day} {month} {year}",
        "day_month": "{day} {month}",
        "day_month_year": "{day} {month} {year}",
        "month_year": "{month} {year}",
    },
    "moment": "{date}, {time}",
    "lists": {"2": "{0} and {1}", "middle": "{0}, {1}", "end": "{0} and {1}"},
    "units": {"day": "{}d", "hour": "{}h", "minute": "{}m", "second": "{}s"},
    "units_join": " ",
    "hours": "{} h",
}
_JALALI = [
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "آبان",
    "آذر",
    "دی",
    "بهمن",
    "اسفند",
]


def formats() -> dict[str, Any]:
    """The table of all languages."""
    return {"en": _ENGLISH, **{code: _formats(Locale.parse(code)) for code in TRANSLATED}}


def _formats(locale: Locale) -> dict[str, Any]:
    system = locale.default_numbering_system
    symbols = locale.number_symbols[system]
    months = locale.months["format"]["abbreviated"], locale.months["stand-alone"]["abbreviated"]
    shown, alone = ([names[number] for number in range(1, 13)] for names in months)
    persian = locale.language == "fa"
    percent = locale.percent_formats[None].pattern.replace("#,##0", "{}")
    return {
        "direction": "rtl" if locale.character_order == "right-to-left" else "ltr",
        "digits": "۰۱۲۳۴۵۶۷۸۹" if system == "arabext" else "0123456789",
        "decimal": symbols["decimal"],
        "group": symbols["group"],
        "minus": symbols["minusSign"].replace("-", "\u2212"),
        "plus": symbols["plusSign"],
        "percent": percent.replace("%", symbols["percentSign"]),
        "weekdays": [locale.days["format"]["abbreviated"][number] for number in range(7)],
        "months": _JALALI if persian else shown,
        "months_alone": _JALALI if persian else alone,
        "dates": {name: _pattern(locale, skeleton) for name, skeleton in _DATES.items()},
        "moment": str(locale.datetime_formats["medium"]).replace("{1}", "{date}").replace("{0}", "{time}"),
        "lists": {key: locale.list_patterns["standard"][key] for key in ("2", "middle", "end")},
        "units": {unit: _unit(locale, unit) for unit in _UNITS},
        "units_join": " و " if persian else " ",
        "hours": _unit(locale, "hour"),
    }


def _pattern(locale: Locale, skeleton: str) -> str:
    """A pattern of CLDR with the names of its parts: "E, d MMM" -> "{weekday}, {day} {month}"."""
    pattern = locale.datetime_skeletons[skeleton].pattern
    parts = re.split(r"('[^']*')", pattern)
    return "".join(
        part.strip("'")
        if part.startswith("'")
        else re.sub(r"E+|d+|M+|L+|y+", lambda found: _FIELDS[found.group()[0]], part)
        for part in parts
    )


def _unit(locale: Locale, unit: str) -> dict[str, str] | str:
    """How an amount of a unit is written, short: by plural form where that matters."""
    forms = locale._data["unit_patterns"][f"duration-{unit}"][
        "short"
    ]  # Babel has no other way to the patterns
    written = {
        form: pattern.replace("{0}", "{}")
        for form, pattern in forms.items()
        if form in ("one", "few", "other")
    }
    return written["other"] if len(set(written.values())) == 1 else written


def template() -> Catalog:
    """All phrases of the code, each with where it stands."""
    made = Catalog(project="listener", charset="utf-8", fuzzy=False)
    keywords = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
    for top in ("alerts", "listener"):
        methods = [("**/templates/**.html", "jinja2"), ("**.py", "python")]
        found = extract_from_dir(
            ROOT / top, methods, keywords=keywords, comment_tags=("Translators:",), strip_comment_tags=True
        )
        for file, _line, phrase, comments, context in found:
            made.add(phrase, locations=[(f"{top}/{file}", 0)], auto_comments=comments, context=context)
    return made


def catalogue(code: str) -> Catalog:
    """A language's catalogue as it is committed."""
    with (LOCALES / code / "LC_MESSAGES" / "listener.po").open("rb") as file:
        return read_po(file, locale=code)


def compiled(made: Catalog) -> bytes:
    """The catalogue as the standard library reads it."""
    made.creation_date = made.revision_date = datetime(
        2026, 1, 1, tzinfo=UTC
    )  # the same phrases, the same bytes
    into = io.BytesIO()
    write_mo(into, made)
    return into.getvalue()


def updated(code: str, phrases: Catalog) -> Catalog:
    """The catalogue with the phrases that the code holds now; a new one is empty until somebody translates it."""
    path = LOCALES / code / "LC_MESSAGES" / "listener.po"
    made = catalogue(code) if path.exists() else Catalog(locale=code, fuzzy=False)
    made.update(phrases, no_fuzzy_matching=True)
    made.obsolete.clear()
    number, rule = PLURALS[code]
    made.mime_headers = [("Plural-Forms", f"nplurals={number}; plural={rule};")]
    return made


def write() -> None:
    """Write the table and all catalogues."""
    table = json.dumps(formats(), ensure_ascii=False, indent=1)
    (LOCALES / "formats.json").write_text(table + "\n", encoding="utf-8")
    phrases = template()
    for code in TRANSLATED:
        made = updated(code, phrases)
        folder = LOCALES / code / "LC_MESSAGES"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "listener.po").write_bytes(written(made))
        (folder / "listener.mo").write_bytes(compiled(catalogue(code)))
        missing = sum(1 for one in made if one.id and not _done(one.string))
        print(f"{code}: {sum(1 for one in made if one.id)} phrases, {missing} not translated")


def written(made: Catalog) -> bytes:
    """The catalogue as it is committed: of the header only what readers need, so that no date changes the file."""
    number, rule = PLURALS[str(made.locale)]
    header = (
        f"# Listener's phrases: {made.locale.english_name}. Written by docs/phrases.py.\n"
        f'msgid ""\nmsgstr ""\n"Language: {made.locale}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: nplurals={number}; plural={rule};\\n"\n\n'
    )
    into = io.BytesIO()
    write_po(into, made, width=110, sort_output=True, include_lineno=False, omit_header=True)
    return header.encode() + into.getvalue()


def _done(string: str | tuple[str, ...]) -> bool:
    return all(string) if isinstance(string, tuple) else bool(string)


if __name__ == "__main__":
    write()
