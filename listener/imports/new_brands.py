"""Adds brands to config.yaml with care: every other byte as it was, a copy first, checked before it is saved."""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from listener.config.options import BrandOptions
from listener.config.secrets import is_plain
from storage.mention import Brand

_UNWRITABLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that a YAML file cannot hold, or that would break its line."""
_TOP_LEVEL = re.compile(r"[^\s#-]")


class CannotAdd(Exception):
    """The file is written in a way that cannot be added to safely; the message says what to do by hand."""


class BrandWriter:
    """Collects new competitors and appends them to the configuration in one go."""

    def __init__(self, file: Path, market: str = "default") -> None:
        """New brands are compared with those of `market`."""
        self._file = file
        self._market = market
        self._names: list[str] = []

    def add(self, name: str) -> Brand | None:
        """Note a new competitor; None where the configuration would refuse the name."""
        if any(unicodedata.category(character) in _UNWRITABLE for character in name):
            return None
        # A file could otherwise have a secret of the environment shown as the name of a brand.
        if not is_plain(name):
            return None
        try:
            brand = BrandOptions(name=name, market=self._market).brand()
        except ValidationError:
            return None
        self._names.append(name)
        return brand

    def save(self) -> None:
        """Write the new brands into the file; the old one is kept beside it with .bak. Raises CannotAdd."""
        if not self._names:
            return
        # Through a link to the file itself, and with its own line ends.
        file = self._file.resolve()
        with file.open(encoding="utf-8", newline="") as old:
            added = with_brands(old.read(), self._names, self._market)
        shutil.copy2(file, file.with_name(file.name + ".bak"))
        # Replaced in one step, so that a crash leaves the old file or the new one, never half of one.
        new = file.with_name(file.name + ".new")
        new.write_text(added, encoding="utf-8", newline="")
        shutil.copymode(file, new)
        new.replace(file)


def market_of(brands: Sequence[Brand]) -> str:
    """The market that new competitors belong to: that of our own brands, if it is the same for all."""
    named = [brand for brand in brands if not brand.topic]
    markets = {brand.market for brand in named if brand.own} or {brand.market for brand in named}
    return markets.pop() if len(markets) == 1 else "default"


def with_brands(text: str, names: list[str], market: str = "default") -> str:
    """Return the YAML text with these brands after its last one. Raises CannotAdd.

    Lines are put in by hand, because a YAML library that writes the whole file moves its comments about.
    """
    document = _load(text)
    lines = text.splitlines(keepends=True)
    if not isinstance(document["brands"].lc.line, int) or document["brands"].fa.flow_style():
        raise CannotAdd(
            "brands is written on one line; write it as a list with a line each, then import again"
        )
    first_line = document["brands"].lc.item(0)[0]
    # The item may begin on the line after its dash.
    while not lines[first_line].lstrip().startswith("-"):
        first_line -= 1
    indent = lines[first_line][: lines[first_line].index("-")]
    end = "\r\n" if lines[first_line].endswith("\r\n") else "\n"
    # A quoted name is one YAML scalar whatever is in it: JSON strings are YAML.
    entries = [{"name": name} if market == "default" else {"name": name, "market": market} for name in names]
    new = [f"{indent}- {_flow(entry)}{end}" for entry in entries]
    at = _end_of_list(lines, first_line, indent)
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    added = "".join([*lines[:at], *new, *lines[at:]])
    wanted = _load(text)
    wanted["brands"].extend(entries)
    if not _says(added, wanted):
        raise CannotAdd(f"brands cannot be added by program to this file; add by hand: {', '.join(names)}")
    return added


def _flow(entry: dict[str, str]) -> str:
    return (
        "{"
        + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items())
        + "}"
    )


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
