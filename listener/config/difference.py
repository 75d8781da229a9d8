"""What differs between two configurations, key by key, in words that hold no secret. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

from listener.config.options import Config
from listener.config.secrets import secret_keys

HIDDEN = "<secret>"
LONGEST = 100
"""Characters of a value that are shown."""
_NAMES = ("name", "url", "host")
"""The keys by which an entry of a list is found again, the first that it has."""
_CONTEXT = 20
"""Characters shown before the place where two long values part."""
_LOGIN = re.compile(r"(\w+://)[^/\s@]*@")
# A feed's address may hold a key.
_ASKED = re.compile(r"(\w+://[^\s?#]*)[?#]\S*")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True, slots=True)
class Change:
    """What a key said before and says now, shortened; None where it was not there, or is not any more."""

    path: str
    before: str | None
    after: str | None


def difference(old: Config, new: Config) -> list[Change]:
    """The keys whose values differ as they stand in the two files; none where only comments or the layout do.

    Entries of a list are found again by their name or address, as in brands[Acme].query.
    """
    telling = _Telling(_secrets(old) | _secrets(new))
    return list(telling.changes(_tree(old.text), _tree(new.text), "", ()))


def _tree(text: str) -> Any:
    return _plain(YAML(typ="rt").load(text))


def _plain(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {str(key): _plain(value) for key, value in node.items()}
    return [_plain(value) for value in node] if isinstance(node, list) else node


def _secrets(config: Config) -> set[tuple[str, ...]]:
    """(section, part, key) of what may never be shown; the key stands anywhere inside of the part."""
    return {
        (section, name, key)
        for section, parts in (("sources", config.sources), ("channels", config.channels))
        for name, options in parts.items()
        for key in secret_keys(type(options))
    }


class _Absent:
    """Where nothing stands: null is a value of YAML."""


_ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class _Telling:
    """Walks down two trees; `place` are the keys that lead to where it is, without the positions in lists."""

    secrets: set[tuple[str, ...]]

    def changes(self, old: Any, new: Any, path: str, place: tuple[str, ...]) -> Iterator[Change]:
        if isinstance(old, dict) and isinstance(new, dict) and not self._is_secret(place):
            for key in {**old, **new}:
                below = f"{path}.{_line(key)}" if path else _line(key)
                yield from self.changes(old.get(key, _ABSENT), new.get(key, _ABSENT), below, (*place, key))
        elif isinstance(old, list) and isinstance(new, list) and not self._is_secret(place):
            yield from self._in_lists(old, new, path, place)
        elif type(old) is not type(new) or old != new:
            yield Change(path, *_cut(self._shown(old, place), self._shown(new, place)))

    def _in_lists(
        self, old: list[Any], new: list[Any], path: str, place: tuple[str, ...]
    ) -> Iterator[Change]:
        before, after = self._by_name(old, place), self._by_name(new, place)
        if before is None or after is None:
            for index in range(max(len(old), len(new))):
                was, will = (entries[index] if index < len(entries) else _ABSENT for entries in (old, new))
                yield from self.changes(was, will, f"{path}[{index}]", place)
            return
        for name in {**before, **after}:
            was, will = before.get(name, _ABSENT), after.get(name, _ABSENT)
            # A plain entry is its own name.
            named = f"{path}[{name}]" if isinstance(was, dict) or isinstance(will, dict) else path
            yield from self.changes(was, will, named, place)
        stayed = [
            [name for name in one if name in other] for one, other in ((before, after), (after, before))
        ]
        if stayed[0] != stayed[1]:
            yield Change(path, *_cut(*(f"in the order {', '.join(names)}" for names in stayed)))

    def _by_name(self, entries: Sequence[Any], place: tuple[str, ...]) -> dict[str, Any] | None:
        """The entries by what they are called; None where one has no name, or two have the same."""
        found: dict[str, Any] = {}
        for entry in entries:
            key, called = "", entry
            if isinstance(entry, dict):
                key, called = next(((key, entry[key]) for key in _NAMES if key in entry), ("", None))
            if called is None or isinstance(called, dict | list) or self._is_secret((*place, key)):
                return None
            found[self._shown(called, place) or ""] = entry
        return found if len(found) == len(entries) else None

    def _is_secret(self, place: tuple[str, ...]) -> bool:
        return (*place[:2], place[-1]) in self.secrets if len(place) > 2 else False

    def _shown(self, value: Any, place: tuple[str, ...]) -> str | None:
        if value is _ABSENT:
            return None
        if self._is_secret(place):
            return HIDDEN
        if isinstance(value, dict):
            inner = (f"{_line(key)}: {self._shown(one, (*place, key))}" for key, one in value.items())
            return f"{{{', '.join(inner)}}}"
        if isinstance(value, list):
            return f"[{', '.join(str(self._shown(one, place)) for one in value)}]"
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        return _ASKED.sub(rf"\1?{HIDDEN}", _LOGIN.sub(rf"\1{HIDDEN}@", _line(value)))


def _line(value: object) -> str:
    return _UNPRINTABLE.sub(" ", str(value)).strip()


def _cut(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Shorten both; where both are long they begin shortly before the place at which they part."""
    start = 0
    if before is not None and after is not None and max(len(before), len(after)) > LONGEST:
        common = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False))
        start = max(0, sum(1 for _ in common) - _CONTEXT)
    return _from(before, start), _from(after, start)


def _from(text: str | None, start: int) -> str | None:
    if text is None:
        return None
    shown = f"…{text[start:]}" if start else text
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
