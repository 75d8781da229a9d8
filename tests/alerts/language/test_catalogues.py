"""Every phrase of the code is in every catalogue, whole: translated, in all plural forms, with all of its parts."""

from __future__ import annotations

import ast
import importlib.util
import json
import string
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
LANGUAGES = ("es", "ca", "ro", "sv", "fa")


@cache
def phrases() -> ModuleType:
    spec = importlib.util.spec_from_file_location("phrases", ROOT / "docs" / "phrases.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def of_code() -> dict[object, object]:
    """The phrases that the code holds, by what makes each one."""
    return {(one.id, one.context): one for one in phrases().template() if one.id}


def parts(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_phrases_of_code_and_templates_are_found() -> None:
    known = {one if isinstance(one, str) else one[0] for one, _ in of_code()}
    assert "{low} to {high}" in known  # a method of Language
    assert "What was said" in known  # a template
    assert "Resolved" in known  # a constant
    assert "{n} more post not shown here." in known  # a count


def test_no_phrase_hides_where_the_catalogue_does_not_look() -> None:
    """Python's own parser finds what stands inside of an f-string, Babel's reader of words does not."""
    known = {text for one, _ in of_code() for text in ((one,) if isinstance(one, str) else one)}
    for file in (ROOT / "alerts").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node.func) in ("_", "N_", "gettext", "ngettext"):
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant):
                    assert first.value in known, (file.name, first.value)
                assert not isinstance(first, ast.JoinedStr | ast.BinOp), (file.name, node.lineno)


def _called(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_catalogue_holds_the_phrases_of_the_code_and_no_others(code: str) -> None:
    catalogue = phrases().catalogue(code)
    held = {(one.id, one.context) for one in catalogue if one.id}
    assert held == set(of_code()), "python docs/phrases.py puts the two together"
    assert not catalogue.obsolete


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_phrase_is_translated_with_all_its_forms_and_parts(code: str) -> None:
    number = phrases().PLURALS[code][0]
    for one in phrases().catalogue(code):
        if not one.id:
            continue
        told = one.string if isinstance(one.string, tuple) else (one.string,)
        source = one.id if isinstance(one.id, tuple) else (one.id,)
        assert len(told) == (number if len(source) == 2 else 1), one.id
        assert all(told) and not one.fuzzy, one.id
        # A form for one may do without the number, all others say what the original says.
        wanted = parts(source[-1])
        for form in told[1:] if len(told) > 1 else told:
            assert parts(form) == wanted, (one.id, form)
        assert parts(told[0]) | {"n"} == wanted | {"n"}, (one.id, told[0])
        assert all(
            form.strip() == form and form.endswith(".") == source[-1].endswith(".") for form in told
        ), told


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_read_at_run_time_is_what_is_committed_as_text(code: str) -> None:
    made = (phrases().LOCALES / code / "LC_MESSAGES" / "listener.mo").read_bytes()
    assert made == phrases().compiled(phrases().catalogue(code))


def test_the_table_of_formats_is_what_cldr_gives() -> None:
    committed = json.loads((phrases().LOCALES / "formats.json").read_text(encoding="utf-8"))
    assert committed == json.loads(json.dumps(phrases().formats()))
