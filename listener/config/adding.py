"""Adds entries to a list of config.yaml with care: every other byte as it was, a copy first, then checked and saved.

Lines are put in by hand, because a YAML library that writes the whole file moves its comments about.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from listener.config.secrets import is_plain

_UNWRITABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that a YAML file cannot hold, or that would break its line."""
_TOP_LEVEL = re.compile(r"[^\s#-]")
_EMPTY = re.compile(r"(\w+):(?:[ \t]*(?:\[[ \t]*\]|null|~))?(?P<comment>[ \t]+#[^\r\n]*|[ \t]*)")

Entry = Mapping[str, Any]
"""Keys with texts, numbers, days, or keys and values in their turn."""


class CannotAdd(Exception):
    """The file is written in a way that cannot be added to safely; the message says what to do by hand."""


def writable(text: str) -> bool:
    """Whether a text from outside can stand in the file and mean itself.

    A file could otherwise have a secret of the environment shown as the name of a brand.
    """
    return is_plain(text) and not any(unicodedata.category(character) in _UNWRITABLE for character in text)


def with_entries(text: str, section: str, entries: Sequence[Entry]) -> str:
    """Return the YAML text with these entries after the last one of a list, which is begun where there is none.

    Raises CannotAdd.
    """
    wanted = _load(text)
    if wanted.get(section):
        added = _continued(text, wanted, section, entries)
    else:
        added = _begun(text, section, entries, there=section in wanted)
    wanted[section] = [*(wanted.get(section) or []), *entries]
    if not _says(added, wanted):
        by_hand = "\n".join(f"  - {_flow(entry)}" for entry in entries)
        raise CannotAdd(f"{section} cannot be added by program to this file; add by hand:\n{by_hand}")
    return added


def replace(file: Path, text: str) -> None:
    """Write the file anew; the old one is kept beside it with .bak."""
    # Through a link to the file itself.
    file = file.resolve()
    shutil.copy2(file, file.with_name(file.name + ".bak"))
    # Replaced in one step, so that a crash leaves the old file or the new one, never half of one.
    new = file.with_name(file.name + ".new")
    new.write_text(text, encoding="utf-8", newline="")
    shutil.copymode(file, new)
    new.replace(file)


def read(file: Path) -> str:
    """The text of the file, with its own line ends."""
    with file.resolve().open(encoding="utf-8", newline="") as opened:
        return opened.read()


def _continued(text: str, document: Any, section: str, entries: Sequence[Entry]) -> str:
    lines = text.splitlines(keepends=True)
    if document[section].fa.flow_style():
        raise CannotAdd(
            f"{section} is written on one line; write it as a list with a line each, then do this again"
        )
    first = document[section].lc.item(0)[0]
    # The item may begin on the line after its dash.
    while not lines[first].lstrip().startswith("-"):
        first -= 1
    indent = lines[first][: lines[first].index("-")]
    end = "\r\n" if lines[first].endswith("\r\n") else "\n"
    at = _end_of_list(lines, first, indent)
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    new = [f"{indent}- {_flow(entry)}{end}" for entry in entries]
    return "".join([*lines[:at], *new, *lines[at:]])


def _begun(text: str, section: str, entries: Sequence[Entry], *, there: bool) -> str:
    """The list where it stands empty, or else at the end of the file."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    new = [f"  - {_flow(entry)}{end}" for entry in entries]
    if not there:
        if lines and not lines[-1].endswith("\n"):
            lines[-1] += end
        return "".join([*lines, end, f"{section}:{end}", *new])
    for number, line in enumerate(lines):
        found = _EMPTY.fullmatch(line.rstrip("\r\n"))
        if found and found[1] == section:
            return "".join(
                [*lines[:number], f"{section}:{found['comment'].rstrip()}{end}", *new, *lines[number + 1 :]]
            )
    raise CannotAdd(
        f"{section} is empty in a way that cannot be added to; write `{section}:` on a line of its own"
    )


def _flow(value: Any) -> str:
    """An entry on one line. A quoted text is one YAML scalar whatever is in it: JSON strings are YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def _says(text: str, wanted: Any) -> bool:
    try:
        return bool(_load(text) == wanted)
    except YAMLError:
        return False


def _end_of_list(lines: list[str], first: int, indent: str) -> int:
    """The number of the line after the last item of the list that begins on line `first`."""
    last = first
    for number in range(first + 1, len(lines)):
        line = lines[number]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if len(line) - len(line.lstrip()) < len(indent) or _TOP_LEVEL.match(line):
            break
        last = number
    return last + 1


def _load(text: str) -> Any:
    return YAML(typ="rt").load(text)
