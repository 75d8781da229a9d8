"""Writes the parts of docs/ that come from the code: `python docs/generate.py`, or with --check only compares."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from api_pages import routes_table
from kpi_pages import kpi_catalogue, kpi_facts, kpi_table
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from ruamel.yaml import YAML

from alerts.channels import CHANNELS
from alerts.goals import GoalOptions
from alerts.routing.options import InhibitOptions, MatchOptions, QuietOptions, RouteOptions
from alerts.rules import RuleOptions
from listener.cli import listener
from listener.collectors import COLLECTORS
from listener.collectors.feeds.collector import Feed
from listener.completion import words
from listener.config.options import (
    BrandOptions,
    DashboardOptions,
    DigestOptions,
    StorageOptions,
    TagOptions,
    TopicOptions,
)
from listener.metrics import FAMILIES
from sentiment.engines import ENGINES
from storage.described import VIEWS
from storage.durations import format_duration, parse_duration
from storage.kpi import CARD

DOCS = Path(__file__).parent
_BLOCK = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_PLAIN = re.compile(r"[\w./][\w .@/-]*|[\w.]+ [<>=]+ [\w.%]+")
_WORDS: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "number",
    float: "number",
    date: "day",
    Decimal: "number",
    Any: "anything",
    SecretStr: "secret",
    Feed: "feed",
}


class Stale(Exception):
    """The docs and the code say different things."""


def sections() -> dict[str, type[BaseModel]]:
    """The options of every section of config.yaml, by the path that leads to it."""

    def of(prefix: str, registry: Mapping[str, str]) -> dict[str, type[BaseModel]]:
        return {f"{prefix}.{name}": import_module(path).Options for name, path in registry.items()}

    roots = {
        "brands[]": BrandOptions,
        "topics[]": TopicOptions,
        **of("sources", COLLECTORS),
        **of("sentiment", ENGINES),
        "storage": StorageOptions,
        **of("channels", CHANNELS),
        "alerts.rules[]": RuleOptions,
        "alerts.quiet_hours": QuietOptions,
        "alerts.routes[]": RouteOptions,
        "alerts.routes[].match": MatchOptions,
        "alerts.inhibit[]": InhibitOptions,
        "digest": DigestOptions,
        "dashboard": DashboardOptions,
        "tags[]": TagOptions,
        "goals[]": GoalOptions,
    }
    found: dict[str, type[BaseModel]] = {}
    for name, model in roots.items():
        found[name] = model
        # A topic is written like a brand: what is said of its keys' own keys once is enough.
        if name != "topics[]":
            found.update(inner_sections(name, model))
    return found


def inner_sections(name: str, model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """The options that stand inside of a section's keys, by path: "[]" where there may be several."""
    found: dict[str, type[BaseModel]] = {}
    for key, field in keys(model).items():
        for several, inner in _models(field.annotation):
            path = f"{name}.{key}" + "[]" * several
            found[path] = inner
            found.update(inner_sections(path, inner))
    return found


def _models(annotation: Any, several: bool = False) -> Iterator[tuple[bool, type[BaseModel]]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield several, annotation
    for part in get_args(annotation):
        yield from _models(part, several or get_origin(annotation) in (list, tuple))


def example(name: str) -> dict[str, Any]:
    """One section with the example of each key, those inside of it too."""
    said = {key: note["example"] for key, note in notes()[name].items()}
    for path in sections():
        parent, _, key = path.removesuffix("[]").rpartition(".")
        if parent == name:
            said[key] = [example(path)] if path.endswith("[]") else example(path)
    return said


def notes() -> dict[str, dict[str, dict[str, Any]]]:
    """What docs/keys.yaml says of each key. Raises Stale where it and the options name different keys."""
    said = _read((DOCS / "keys.yaml").read_text(encoding="utf-8"))
    meant = {name: list(keys(model)) for name, model in sections().items()}
    if set(said) != set(meant):
        raise Stale(f"docs/keys.yaml: sections {sorted(set(said) ^ set(meant))} are there or here alone")
    for name, known in meant.items():
        if set(said[name]) != set(known):
            raise Stale(f"docs/keys.yaml: {name} differs in {sorted(set(said[name]) ^ set(known))}")
    return said


@cache
def _read(text: str) -> dict[str, dict[str, dict[str, Any]]]:
    # Each table asks for it, and reading it takes longer than writing the table.
    found: dict[str, dict[str, dict[str, Any]]] = YAML(typ="safe").load(text)
    return found


def keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a section by the key that stands in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def config_table(name: str) -> str:
    """One section of config.yaml as a table."""
    model, said = sections()[name], notes()[name]
    if not said:
        return "No keys.\n"
    lines = ["| key | type | default | example | |", "|---|---|---|---|---|"]
    for key, field in keys(model).items():
        note = said[key]
        kind = _kind(field) + (f", in {note['unit']}" if "unit" in note else "")
        cells = (f"`{key}`", kind, _default(field), f"`{_yaml(note['example'])}`", note["says"])
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _yaml(value: object) -> str:
    """A value on one line, as it may stand in the file."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_yaml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(inner) for inner in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value):
        return value
    return f"'{value}'" if '"' in value and "'" not in value else json.dumps(value, ensure_ascii=False)


def _is_duration(metadata: Iterable[object]) -> bool:
    return any(getattr(entry, "func", None) is parse_duration for entry in metadata)


def _kind(field: FieldInfo) -> str:
    kind = "duration" if _is_duration(field.metadata) else _words(field.annotation)
    low = max((entry.ge for entry in field.metadata if hasattr(entry, "ge")), default=None)
    high = min((entry.le for entry in field.metadata if hasattr(entry, "le")), default=None)
    show: Callable[[Any], str] = format_duration if kind == "duration" else str
    if low is not None and high is not None:
        return f"{kind}, {show(low)} to {show(high)}"
    return f"{kind}, at least {show(low)}" if low else kind


def _words(annotation: Any) -> str:
    origin, inside = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return "duration" if _is_duration(annotation.__metadata__) else _words(inside[0])
    if origin in (Union, UnionType):
        return ", or ".join(_words(part) for part in inside if part is not type(None))
    if origin is Literal:
        return "one of " + ", ".join(f"`{_yaml(part)}`" for part in inside)
    if origin in (list, tuple):
        return f"list of {_words(inside[0])}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"mapping of {_words(inside[0])} to {_words(inside[1])}"
    section = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return _WORDS.get(annotation, "keys of its own") if section else _WORDS[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value is PydanticUndefined:
        return "none"
    if isinstance(value, int) and "duration" in _kind(field):
        return f"`{format_duration(value).replace(' ', '')}`"
    return f"`{_yaml(list(value) if isinstance(value, tuple) else value)}`"


def view_tables() -> str:
    """Every view for SQL tools, with its columns."""
    parts = []
    for name, view in VIEWS.items():
        rows = "\n".join(f"| `{column}` | {_cell(says)} |" for column, says in view.columns.items())
        parts.append(f"### {name}\n\n{view.says}\n\n| column | |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def command_pages() -> str:
    """The help of every command, as it is printed."""
    context = click.Context(listener, info_name="listener", max_content_width=100)
    names = listener.list_commands(context)
    return "\n".join(page for name in names for page in _pages(listener, name, context))


def commands_table() -> str:
    """Every command at a glance, with what it does."""
    context = click.Context(listener, info_name="listener")
    lines = ["| command | |", "|---|---|"]
    for name in listener.list_commands(context):
        command = listener.get_command(context, name)
        assert command is not None
        lines.append(f"| [{name}](#listener-{name}) | {_cell(command.get_short_help_str(200))} |")
    return "\n".join(lines) + "\n"


def _pages(group: click.Group, name: str, parent: click.Context) -> Iterator[str]:
    command = group.get_command(parent, name)
    assert command is not None
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        max_content_width=100,
        terminal_width=100,
        help_option_names=["-h", "--help"],
    )
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            yield from _pages(command, inner, context)


def generated(name: str) -> str:
    """The text of one generated part. Raises Stale for a name that nothing here makes."""
    kind, _, rest = name.partition(":")
    makers: dict[str, Callable[[], str]] = {
        "commands": command_pages,
        "commands-table": commands_table,
        "kpis": kpi_table,
        "views": view_tables,
        "routes": routes_table,
        "sources": sources_table,
        "metrics": metrics_table,
        "kpi": lambda: kpi_facts(rest),
        "kpi-catalogue": kpi_catalogue,
        "config": lambda: config_table(rest),
    }
    try:
        return makers[kind]()
    except KeyError:
        raise Stale(f"nothing makes the part {name!r}") from None


def page(text: str) -> str:
    """A page with its generated parts made anew."""
    return _BLOCK.sub(lambda found: f"{found[1]}\n{generated(found[2])}\n{found[3]}", text)


def pages() -> list[Path]:
    """Every page that may hold generated parts."""
    return sorted([*DOCS.glob("*.md"), *DOCS.glob("sources/*.md")])


def metrics_table() -> str:
    """Every family of metrics, in the order in which they are told."""
    lines = ["| metric | type | labels | |", "|---|---|---|---|"]
    for name, family in FAMILIES.items():
        labels = ", ".join(f"`{label}`" for label in family.labels)
        lines.append(f"| `{name}` | {family.kind} | {labels} | {_cell(family.says)} |")
    return "\n".join(lines) + "\n"


def sources_table() -> str:
    """Every source at a glance: its page, what it hears, how well it is known to work."""
    lines = ["| source | | grade |", "|---|---|---|"]
    for kind, path in COLLECTORS.items():
        module = import_module(path)
        says = " ".join((module.__doc__ or "").split("\n\n")[0].split())
        lines.append(f"| [{kind}](sources/{kind}.md) | {_cell(says)} | {module.GRADE} |")
    return "\n".join(lines) + "\n"


def missing() -> list[str]:
    """Parts that the code could fill and no page asks for."""
    asked = {name for path in pages() for _, name, _ in _BLOCK.findall(path.read_text(encoding="utf-8"))}
    wanted = {
        "commands",
        "commands-table",
        "kpis",
        "views",
        "routes",
        "sources",
        "metrics",
        *(f"kpi:{name}" for name in CARD),
        "kpi-catalogue",
        *(f"config:{name}" for name in sections()),
    }
    return sorted(wanted - asked)


def _completion(checking: bool) -> list[str]:
    """Write what a shell's Tab knows of the commands, which is no page and comes from the same place."""
    made = words.words(listener)
    if words.FILE.exists() and words.FILE.read_text(encoding="utf-8") == made:
        return []
    if not checking:
        words.FILE.write_text(made, encoding="utf-8")
    return ["../listener/completion/words.json"]


def main(arguments: list[str]) -> int:
    """Write what is stale, or say it: exit 1 with --check where something is, 0 otherwise."""
    stale = []
    for path in pages():
        old = path.read_text(encoding="utf-8")
        new = page(old)
        if new != old:
            stale.append(str(path.relative_to(DOCS)))
            if "--check" not in arguments:
                path.write_text(new, encoding="utf-8")
    stale += _completion("--check" in arguments)
    absent = missing()
    for name in absent:
        print(f"docs: no page holds <!-- generated: {name} -->")
    checking = "--check" in arguments
    for name in stale:
        print(f"docs/{name}: {'is not current; run python docs/generate.py' if checking else 'written'}")
    return 1 if absent or (checking and stale) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
