"""Names out of config.yaml for a shell's Tab: read in a hurry, and without a word where the file has mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any


def _tree(file: Path) -> Mapping[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        tree = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError, RecursionError):
        return {}
    return tree if isinstance(tree, Mapping) else {}


def _names(entries: object) -> Iterable[str]:
    """The names in a list of mappings; what has none, or one that no line of a terminal can hold, is passed over."""
    for one in entries if isinstance(entries, list) else []:
        name = one.get("name") if isinstance(one, Mapping) else None
        if isinstance(name, str) and name.isprintable():
            yield name


def _keys(section: object) -> list[str]:
    return [str(key) for key in section] if isinstance(section, Mapping) else []


def brands(file: Path) -> list[str]:
    tree = _tree(file)
    return [*_names(tree.get("brands")), *_names(tree.get("topics"))]


def sources(file: Path) -> list[str]:
    """Kinds of source, and the names that feeds have of their own."""
    section = _tree(file).get("sources")
    feeds = section.get("feeds") if isinstance(section, Mapping) else None
    return [*_keys(section), *_names(feeds.get("urls") if isinstance(feeds, Mapping) else None)]


def channels(file: Path) -> list[str]:
    return _keys(_tree(file).get("channels"))


def rules(file: Path) -> list[str]:
    section = _tree(file).get("alerts")
    return list(_names(section.get("rules") if isinstance(section, Mapping) else None))


def goals(file: Path) -> list[str]:
    return list(_names(_tree(file).get("goals")))


FROM_CONFIG: Mapping[str, Callable[[Path], list[str]]] = {
    "brand": brands,
    "source": sources,
    "channel": channels,
    "rule": rules,
    "goal": goals,
}
"""What reads the values of a kind, by the kind's name in words.json."""
