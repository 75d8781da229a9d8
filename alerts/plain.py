"""Frozen dataclasses as plain JSON and back, for what waits in the outbox; what an older version lacked is default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Record = TypeVar("Record")


def read(kind: type[Record], plain: Mapping[str, Any]) -> Record:
    """Return the record that `dataclasses.asdict` made `plain` of, also after it went through a JSON text.

    Tuples, mappings and records within are read alike. Raises KeyError, TypeError, ValueError.
    """
    hints = _hints(kind)
    return kind(**{name: _value(hints[name], value) for name, value in plain.items()})


def _hints(kind: type[Any]) -> Mapping[str, Any]:
    known = get_type_hints(kind)
    return {field.name: known[field.name] for field in fields(kind)}


def _value(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _value(next(one for one in inner if one is not type(None)), value)
    if origin is tuple:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return tuple(_value(one, each) for one, each in zip(kinds, value, strict=True))
    if is_dataclass(hint) and isinstance(hint, type):
        return read(hint, value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {key: _value(inner[1], each) for key, each in value.items()}
    return value
