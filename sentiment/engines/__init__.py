"""The engines there are, by name; each is imported when it is first asked for, so that unused ones cost nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import BaseModel

from sentiment.tone import Engine

ENGINES: dict[str, str] = {
    "builtin": "sentiment.engines.builtin.engine",
    "neural": "sentiment.engines.neural",
    "vader": "sentiment.engines.vader",
    "transformers": "sentiment.engines.transformers",
    "cascade": "sentiment.engines.cascade",
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


def load(name: str, options: Mapping[str, object] | None = None, copies: Path | None = None) -> Engine:
    """Return the engine, ready to judge. Raises what `check` raises, and EngineUnavailable if it cannot be loaded.

    `copies` is where int8 copies of models lie, for an engine that can have one and is not told another folder.
    """
    return _part(name).build(check(name, _complete(name, options or {}, copies)))


def obstacle(
    name: str, options: Mapping[str, object] | None = None, copies: Path | None = None
) -> str | None:
    """Why the engine can certainly not be had (a package, a file is missing), without loading it, offline; or None.

    Raises what `check` raises.
    """
    why: Callable[[BaseModel], str | None] = getattr(_part(name), "obstacle", lambda options: None)
    return why(check(name, _complete(name, options or {}, copies)))


def _complete(name: str, options: Mapping[str, object], copies: Path | None) -> Mapping[str, object]:
    if copies is None or "copies" not in _part(name).Options.model_fields:
        return options
    return {"copies": str(copies), **options}


def _part(name: str) -> _Part:
    if name not in ENGINES:
        near = get_close_matches(name, ENGINES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"there is no engine {name!r}{hint} (known: {', '.join(ENGINES)})")
    return cast(_Part, import_module(ENGINES[name]))
