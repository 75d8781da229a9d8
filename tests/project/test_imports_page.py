"""docs/imports.md tells every kind of numbers, and the whole vocabulary of what is kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from listener.imports.locales import LOCALES
from listener.imports.row import COUNTS
from listener.imports.tables import KINDS, business, native

PAGE = (Path(__file__).parents[2] / "docs" / "imports.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", PAGE, re.MULTILINE | re.DOTALL))
KEPT = PAGE[PAGE.index("## What is kept") : PAGE.index("## The kinds")]


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_has_its_paragraph(kind: str) -> None:
    assert set(SECTIONS) == set(KINDS)
    assert len(SECTIONS[kind]) > 80
    assert f"`{kind}`" in KEPT


def test_the_vocabulary_is_told_whole() -> None:
    told = set(re.findall(r"`([a-z_0-9]+)`", KEPT))
    others = {"search_clicks", "sessions", "bounced_sessions_ua", "stars", "audience"}
    assert business.METRICS | native.METRICS | others <= told
    assert {name for name in COUNTS if name in native.METRICS} == native.METRICS


def test_every_language_that_is_read_has_a_locale() -> None:
    assert {"en_US", "en_GB", "es_ES", "ca_ES", "ro_RO", "sv_SE"} <= set(LOCALES)
