"""Keys of config.yaml that were given another name: the old one works for one minor version, with a warning."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

from listener.config.problems import Place, dotted, line_of

Complain = Callable[[Place, str], None]


@dataclass(frozen=True, slots=True)
class Renamed:
    """`old` is called `new` since a version, and means nothing any more from `until` on (both as "0.2").

    Keys are joined by dots, and `[]` stands for every entry of a list; both have their lists in common:
    `alerts.rules[].least` and `alerts.rules[].min_n`.
    """

    old: str
    new: str
    since: str
    until: str


RENAMED: tuple[Renamed, ...] = ()
"""One line for each; a line stays for good, so that whoever updates late is told the name of today."""


def put_right(
    raw: CommentedMap, version: str, complain: Complain, table: Sequence[Renamed] = RENAMED
) -> tuple[CommentedMap, tuple[str, ...]]:
    """Return the read file (ruamel's tree) with the names of today, and the warnings.

    What cannot be put right is complained of at the place of the old name: both names given, or one that is over.
    Each keeps its line, so that what is wrong with its value is told where it stands.
    """
    warnings: list[str] = []
    if not table:
        return raw, ()
    raw = _apart(raw)
    for one in table:
        lists, old = _split(one.old)
        others, new = _split(one.new)
        assert lists == others, f"{one.old} and {one.new} must have their lists in common"
        for place, entry in list(_entries(raw, lists, ())):
            if not _stands(entry, old):
                continue
            where = (*place, *old)
            if _parts(version) >= _parts(one.until):
                complain(where, f"is called {one.new} since {one.since}; write that")
            elif _stands(entry, new):
                complain(
                    where, f"is called {one.new} since {one.since}, which is given too; take {one.old} out"
                )
            else:
                warnings.append(
                    f"{dotted(where)} (line {line_of(raw, where)}) is called {one.new} since {one.since}; "
                    f"write that: the old name works until {one.until}"
                )
            _move(entry, old, new)
    return raw, tuple(warnings)


def _apart(node: Any) -> Any:
    """Return a copy in which nothing is merged or shared: what is moved at one place would be gone at another."""
    if isinstance(node, CommentedSeq):
        entries = CommentedSeq([_apart(entry) for entry in node])
        entries.lc.data = dict(node.lc.data or {})
        return entries
    if not isinstance(node, CommentedMap):
        return node
    made, lines = CommentedMap(), node.lc.data or {}
    for key, value in node.items():
        made[key] = _apart(value)
        # What was merged has no line of its own here.
        made.lc.add_kv_line_col(key, lines.get(key, [node.lc.line, node.lc.col] * 2))
    return made


def _split(path: str) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """Return the ways to each list on a path, and the way from its entries on."""
    *lists, last = path.split("[].")
    return [tuple(one.split(".")) for one in lists], tuple(last.split("."))


def _entries(
    node: Any, lists: Sequence[tuple[str, ...]], place: Place
) -> Iterator[tuple[Place, CommentedMap]]:
    """Yield every entry of lists in lists with its place; without any list the node itself."""
    if not lists:
        if isinstance(node, CommentedMap):
            yield place, node
        return
    found = _at(node, lists[0])
    for index, entry in enumerate(found if isinstance(found, list) else []):
        yield from _entries(entry, lists[1:], (*place, *lists[0], index))


def _at(node: Any, way: Sequence[str]) -> Any:
    """Return what stands at the end of a way of keys, or None."""
    for key in way:
        node = node.get(key) if isinstance(node, CommentedMap) else None
    return node


def _stands(entry: CommentedMap, way: tuple[str, ...]) -> bool:
    section = _at(entry, way[:-1])
    return isinstance(section, CommentedMap) and way[-1] in section


def _move(entry: CommentedMap, old: tuple[str, ...], new: tuple[str, ...]) -> None:
    """Take a value with its line from one way to another, where nothing stands there and no mistake is in the way."""
    section = _at(entry, old[:-1])
    value, line = section[old[-1]], section.lc.data[old[-1]]
    del section[old[-1]]
    goal = entry
    for key in new[:-1]:
        if goal.get(key) is None:
            goal[key] = CommentedMap()
            goal.lc.add_kv_line_col(key, line)
        goal = goal[key]
        if not isinstance(goal, CommentedMap):
            return
    if new[-1] not in goal:
        goal[new[-1]] = value
        goal.lc.add_kv_line_col(new[-1], line)


def _parts(version: str) -> tuple[int, ...]:
    """Return major and minor of a version."""
    return tuple(int(part) for part in version.split(".")[:2])
