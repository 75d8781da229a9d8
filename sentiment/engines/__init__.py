"""The engines there are, by name; each is imported when it is first asked for, so that unused ones cost nothing."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, Protocol, cast

from pydantic import BaseModel

from sentiment.tone import Engine

ENGINES: dict[str, str] = {
    "builtin": "sentiment.engines.builtin.engine",
    "vader": "sentiment.engines.vader",
    "transformers": "sentiment.engines.transformers",
}


class _Part(Protocol):
    """What the module of an engine holds."""

    Options: type[BaseModel]

    def build(self, options: Any) -> Engine: ...


def check(name: str, options: Mapping[str, object]) -> BaseModel:
    """Return the engine's validated options, without loading the engine.

    Raises ValueError for an unknown name, and pydantic's ValidationError (a ValueError) for wrong options.
    """
    return _part(name).Options.model_validate(dict(options))


def load(name: str, options: Mapping[str, object] | None = None) -> Engine:
    """Return the engine, ready to judge. Raises what `check` raises, and EngineUnavailable if it cannot be loaded."""
    validated = check(name, options or {})
    return _part(name).build(validated)


def _part(name: str) -> _Part:
    if name not in ENGINES:
        near = get_close_matches(name, ENGINES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"there is no engine {name!r}{hint} (known: {', '.join(ENGINES)})")
    return cast(_Part, import_module(ENGINES[name]))
