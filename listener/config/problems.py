"""Mistakes in config.yaml as a person reads them: where each one stands, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

Place = tuple[str | int, ...]
"""The keys and positions that lead to a value."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands and what to do."""

    path: str
    message: str
    line: int | None = None


class ConfigError(Exception):
    """The configuration cannot be used; `problems` holds every mistake found."""

    def __init__(self, file: Path, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        super().__init__(self._say())

    def _say(self) -> str:
        count = len(self.problems)
        head = f"{self.file}: {count} mistake{'s' if count > 1 else ''}"
        lines = []
        for problem in self.problems:
            where = f"{problem.path} (line {problem.line})" if problem.line else problem.path
            message = problem.message.replace("\n", "\n      ")
            lines.append(f"  {where}: {message}" if where else f"  {message}")
        return "\n".join([head, *lines])


def say(model: type[BaseModel], problem: Mapping[str, Any], *, show: bool) -> str:
    """Write pydantic's finding for a person who edits a YAML file; without `show` the value is not quoted."""
    kind, given, place = problem["type"], problem.get("input"), problem["loc"]
    if kind == "extra_forbidden":
        # Only for the keys of this model itself: what a list inside it may hold is not known here.
        known = [field.alias or name for name, field in model.model_fields.items()] if len(place) == 1 else []
        return f"unknown key{did_you_mean(str(place[-1]), known)}"
    if kind == "missing":
        return "is missing"
    message = str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    quoted = show and kind != "value_error" and not isinstance(given, Mapping | list)
    return f"{message}; got {given!r}" if quoted else message


def is_secret(model: type[BaseModel], key: Sequence[object]) -> bool:
    """Whether a key (none: the model itself) holds a secret, which no message may quote however wrong it is."""
    fields = [field for name, field in model.model_fields.items() if {name, field.alias} & set(key)]
    return any("SecretStr" in str(field.annotation) for field in fields)


def did_you_mean(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), 1, 0.6)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}" if known else ""


def dotted(path: Place) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def line_of(raw: Any, path: Place) -> int | None:
    """The line of a path in the file, or of the deepest part of it that stands there."""
    line = None
    for part in path:
        place = getattr(raw, "lc", None)
        try:
            found = place.key(part) if isinstance(raw, dict) else place.item(part)  # type: ignore[union-attr]
            line = found[0] + 1
            raw = raw[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line
