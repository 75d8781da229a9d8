"""The kinds of numbers that can be brought. Each module named here has `FORMS`: the exports that it knows.

A form's `read` is pure: a row in, what it counts out. To add an export, write a Form into the tuple of its kind; to
add a kind, a module and a line here.
"""

from __future__ import annotations

from importlib import import_module

from listener.imports.forms import Form

KINDS = {
    "ga4": "listener.imports.tables.ga4",
    "gsc": "listener.imports.tables.gsc",
    "ads": "listener.imports.tables.ads",
    "crm": "listener.imports.tables.crm",
    "survey": "listener.imports.tables.survey",
    "native": "listener.imports.tables.native",
    "shop": "listener.imports.tables.shop",
    "business": "listener.imports.tables.business",
    "reviews": "listener.imports.tables.reviews",
    "custom": "listener.imports.tables.custom",
}


def forms_of(kind: str) -> tuple[Form, ...]:
    """The exports of a kind, the most particular first. Raises KeyError for a kind that is none."""
    forms: tuple[Form, ...] = import_module(KINDS[kind]).FORMS
    return forms
