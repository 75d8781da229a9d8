"""Mistakes in config.yaml as a person reads them: where each one stands, and what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from storage.durations import format_duration, parse_duration

Place = tuple[str | int, ...]
"""The keys and positions that lead to a value."""
_PLAIN = {
    "bool": "must be true or false",
    "dict": "needs keys with values, as in {key: value}",
    "int": "must be a whole number",
    "list": "must be a list, as in [one, two]",
    "mapping": "needs keys with values, as in {key: value}",
    "model": "needs keys with values, as in {key: value}",
    "string": "must be a text; put it in quotation marks",
    "tuple": "must be a list, as in [one, two]",
}
"""What pydantic asks for by a type of Python, for somebody who writes YAML."""


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
    if given is None and kind.endswith("_type"):
        return "is empty; give it a value, or take it out"
    message = _plain(model, problem)
    quoted = show and kind != "value_error" and not isinstance(given, Mapping | list)
    if not quoted:
        return message
    if isinstance(given, int) and _is_duration(model, place):
        return f"{message}; got {format_duration(given)}"
    return f"{message}; got {given!r}"


def _plain(model: type[BaseModel], problem: Mapping[str, Any]) -> str:
    """What is wrong, in the words of a file instead of those of Python's types."""
    kind = str(problem["type"])
    if kind in {"too_short", "string_too_short"}:
        return "may not be empty"
    bound = problem.get("ctx", {}).get("ge", problem.get("ctx", {}).get("le"))
    if bound is not None:
        least = "at least" if kind == "greater_than_equal" else "at most"
        return f"must be {least} {format_duration(bound) if _is_duration(model, problem['loc']) else bound}"
    wanted, _, wrong = kind.partition("_")
    if wrong in {"type", "parsing", "from_float"} and wanted in _PLAIN:
        return _PLAIN[wanted]
    return str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")


def _is_duration(model: type[BaseModel], place: Sequence[object]) -> bool:
    """Whether a key of this model is a duration whose number was read, so that it can be written as one."""
    fields = [f for name, f in model.model_fields.items() if place[:1] in ((name,), (f.alias,))]
    return any(getattr(entry, "func", None) is parse_duration for f in fields for entry in f.metadata)


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
