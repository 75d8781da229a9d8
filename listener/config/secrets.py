"""Secrets in config.yaml: they stand in it by the name of an environment variable only, and no message quotes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from listener.config.problems import Place

_SECRET = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"://[^/\s:@]*:[^/\s@]+@")


def is_plain(text: str) -> bool:
    """Whether a text means itself in the configuration: it names no variable, and holds no password."""
    return not _SECRET.search(text) and not _PASSWORD.search(text)


def named_in(node: Any) -> list[str]:
    """The variables that the texts of a tree name, each once, in order."""
    if isinstance(node, Mapping):
        found = [name for value in node.values() for name in named_in(value)]
    elif isinstance(node, list):
        found = [name for value in node for name in named_in(value)]
    else:
        found = _SECRET.findall(node) if isinstance(node, str) else []
    return list(dict.fromkeys(found))


class Environment:
    """Puts in values for ${NAME}: `filled` are the places where it did, `missing` those where there was none."""

    def __init__(self, values: Mapping[str, str], complain: Callable[[Place, str], None]) -> None:
        self._values = values
        self._complain = complain
        self.filled: set[Place] = set()
        self.missing: set[Place] = set()

    def expand(self, node: Any, path: Place = ()) -> Any:
        """Return a tree of mappings, lists and values with every ${NAME} replaced."""
        if isinstance(node, Mapping):
            return {str(key): self.expand(value, (*path, str(key))) for key, value in node.items()}
        if isinstance(node, list):
            return [self.expand(value, (*path, index)) for index, value in enumerate(node)]
        if not isinstance(node, str):
            return node
        if not _SECRET.search(node):
            if _PASSWORD.search(node):
                says = 'holds a password; write the address as "${NAME}" and set NAME in the environment'
                self._complain(path, says)
            return node
        missing = sorted({n for n in _SECRET.findall(node) if not self._values.get(n)})
        if missing:
            self._complain(path, self._told(missing))
            self.missing.add(path)
        self.filled.add(path)
        return _SECRET.sub(lambda match: self._values.get(match[1]) or "unset", node)

    def _told(self, missing: Sequence[str]) -> str:
        # Who has set a variable looks for another mistake as long as it is called missing.
        empty = [name for name in missing if name in self._values]
        unset = [name for name in missing if name not in self._values]
        told = [f"the environment has no {', '.join(unset)}; set it before starting"] if unset else []
        if empty:
            told.append(f"{', '.join(empty)} is empty in the environment; give it a value before starting")
        return "; ".join(told)


def secrets_of(options: BaseModel) -> Iterator[Place]:
    """Where a secret is set that may not be written into the file, in these options and those inside of them."""
    for name, field in type(options).model_fields.items():
        value = getattr(options, name)
        key = field.alias or name
        if field.json_schema_extra != {"literal": True}:
            yield from ((key, *place) for place in _bare(value))
        for place, inner in _inside(value):
            yield from ((key, *place, *found) for found in secrets_of(inner))


def _bare(value: object) -> Iterator[Place]:
    if isinstance(value, SecretStr):
        yield ()
    elif isinstance(value, list | tuple):
        yield from ((index,) for index, one in enumerate(value) if isinstance(one, SecretStr))


def _inside(value: object) -> Iterator[tuple[Place, BaseModel]]:
    if isinstance(value, BaseModel):
        yield (), value
    elif isinstance(value, list | tuple):
        yield from (((index,), one) for index, one in enumerate(value) if isinstance(one, BaseModel))


def is_secret(model: type[BaseModel], key: Sequence[object]) -> bool:
    """Whether a key (none: the model itself) holds a secret, which no message may quote however wrong it is."""
    fields = [field for name, field in model.model_fields.items() if {name, field.alias} & set(key)]
    return any(_holds_secret(field.annotation) for field in fields)


def _holds_secret(annotation: Any) -> bool:
    if annotation is SecretStr:
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(_holds_secret(field.annotation) for field in annotation.model_fields.values())
    return any(_holds_secret(part) for part in get_args(annotation))


def secret_keys(model: type[BaseModel]) -> frozenset[str]:
    """The keys of these options, and of those inside of them, under which secrets stand."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        for part in _leaves(field.annotation):
            if part is SecretStr:
                found |= {name, field.alias or name}
            elif isinstance(part, type) and issubclass(part, BaseModel):
                found |= secret_keys(part)
    return frozenset(found)


def _leaves(annotation: Any) -> Iterator[Any]:
    parts = get_args(annotation)
    if not parts:
        yield annotation
    for part in parts:
        yield from _leaves(part)
