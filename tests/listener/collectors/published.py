"""Compares what was asked and answered with a published description: the part of OpenAPI 3.0 that we need."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


def mismatches(schema: Mapping[str, Any], value: Any, place: str = "$") -> Iterator[str]:
    """Where a value is not what a schema says, in words."""
    if value is None and schema.get("nullable"):
        return
    choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if choices and all(any(mismatches(one, value, place)) for one in choices):
        yield f"{place} is none of {len(choices)} choices"
    for one in schema.get("allOf", ()):
        yield from mismatches(one, value, place)
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is {value!r}, not one of {schema['enum']}"
    kind = schema.get("type")
    if kind and (not isinstance(value, _TYPES[kind]) or (kind != "boolean" and isinstance(value, bool))):
        yield f"{place} is no {kind}"
        return
    yield from _inside(schema, value, place)


def _inside(schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key in schema.get("required", ()):
            if key not in value:
                yield f"{place} lacks {key}"
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                yield from mismatches(inner, value[key], f"{place}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            yield from mismatches(schema["items"], one, f"{place}[{number}]")


def operation_of(operations: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The operation that a path is of, the most literal one first. Raises KeyError."""
    for template in sorted(operations, key=lambda one: one.count("{")):
        if re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path):
            return dict(operations[template])
    raise KeyError(path)


def asked_otherwise(parameters: Mapping[str, Any], query: Mapping[str, str]) -> Iterator[str]:
    """Which parameters of a query string are not described, or not of these values."""
    for name, said in query.items():
        if name not in parameters:
            yield f"there is no parameter {name}"
            continue
        schema = parameters[name]
        value: Any = int(said) if schema.get("type") == "integer" and said.isdecimal() else said
        yield from mismatches(schema, value, name)
