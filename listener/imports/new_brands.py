"""Adds brands to config.yaml with care: every other byte as it was, a copy first, checked before it is saved."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from storage.mention import Brand

_TOP_LEVEL = re.compile(r"[^\s#-]")


class CannotAdd(Exception):
    """The file is written in a way that cannot be added to safely; the message says what to do by hand."""


class BrandWriter:
    """Collects new competitors and appends them to the configuration in one go."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._names: list[str] = []

    def add(self, name: str) -> Brand:
        """Note a new competitor in the default market."""
        self._names.append(name)
        return Brand(name)

    def save(self) -> None:
        """Write the new brands into the file; the old one is kept beside it with .bak. Raises CannotAdd."""
        if not self._names:
            return
        text = self._file.read_text(encoding="utf-8")
        added = with_brands(text, self._names)
        shutil.copy2(self._file, self._file.with_name(self._file.name + ".bak"))
        # Replaced in one step, so that a crash leaves the old file or the new one, never half of one.
        new = self._file.with_name(self._file.name + ".new")
        new.write_text(added, encoding="utf-8")
        shutil.copymode(self._file, new)
        new.replace(self._file)


def with_brands(text: str, names: list[str]) -> str:
    """Return the YAML text with these brands after its last one. Raises CannotAdd.

    Lines are put in by hand, because a YAML library that writes the whole file moves its comments about.
    """
    document = _load(text)
    lines = text.splitlines(keepends=True)
    if not isinstance(document["brands"].lc.line, int) or document["brands"].fa.flow_style():
        raise CannotAdd(
            "brands is written on one line; write it as a list with a line each, then import again"
        )
    first_line, column = document["brands"].lc.item(0)
    indent = " " * (column - 2)
    # A quoted name is one YAML scalar whatever is in it: JSON strings are YAML.
    new = [f"{indent}- {{name: {json.dumps(name, ensure_ascii=False)}}}\n" for name in names]
    at = _end_of_list(lines, first_line, indent)
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += "\n"
    added = "".join([*lines[:at], *new, *lines[at:]])
    wanted = _load(text)
    wanted["brands"].extend({"name": name} for name in names)
    if _load(added) != wanted:
        raise CannotAdd(f"brands cannot be added by program to this file; add by hand: {', '.join(names)}")
    return added


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
