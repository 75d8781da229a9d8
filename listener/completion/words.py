"""Writes down what the command line is called and takes, for words.json: `python docs/generate.py` asks for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from storage.kpi import KPIS

FILE = Path(__file__).with_name("words.json")
_VALUES = {
    "--brand": "brand",
    "--source": "source",
    "--kpi": "kpi",
    "--rule": "rule",
    "--channel": "channel",
    "query test BRAND": "brand",
    "query judge BRAND": "brand",
    "sources --explain": "source",
    "kpi [NAME ...]": "kpi",
    "explain [KPI]": "kpi",
    "alerts backtest RULE": "rule",
    "alerts test [CHANNELS]...": "channel",
    "goal show NAME": "goal",
    "goal review NAME": "goal",
}
"""Of which kind the values of a parameter are: by its name alone, or with its command."""
# An import names a source that is not there yet, and a baseline one that may be gone.
_NOT = {"import --source", "import-numbers --source"}


def words(listener: click.Group) -> str:
    """Return the whole command line as JSON: for each command its help in a line, what it takes, and its commands."""
    context = click.Context(listener, info_name="listener")
    made = {"listener": _said(listener, context, ""), "values": {"kpi": list(KPIS)}}
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _said(command: click.Command, context: click.Context, path: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "help": command.get_short_help_str(100),
        "takes": [
            _parameter(one, context, path) for one in command.params if not getattr(one, "hidden", False)
        ],
    }
    if isinstance(command, click.Group):
        said["commands"] = {}
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            if not inner.hidden:
                within = click.Context(inner, info_name=name, parent=context)
                said["commands"][name] = _said(inner, within, f"{path} {name}".strip())
    return said


def _parameter(one: click.Parameter, context: click.Context, path: str) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if isinstance(one, click.Option):
        # The name too: it is how what was given before is found.
        said |= {"option": [*one.opts, *one.secondary_opts, one.name], "help": one.help or ""}
        said |= {"flag": True} if one.is_flag or one.count else {}
        said |= {"many": True} if one.multiple else {}
        name = one.opts[0]
    else:
        said |= {"argument": one.name, "nargs": one.nargs}
        name = one.make_metavar(context)
    said |= _value(one, f"{path} {name}", name)
    return said


def _value(one: click.Parameter, place: str, name: str) -> dict[str, Any]:
    if isinstance(one.type, click.Choice):
        return {"choices": list(one.type.choices)}
    if isinstance(one.type, click.Path):
        return {"value": "file" if one.type.file_okay else "folder"}
    kind = _VALUES.get(place) or _VALUES.get(name)
    return {"value": kind} if kind and place not in _NOT else {}
