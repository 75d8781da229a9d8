"""What a shell's Tab offers: commands, options, and values out of config.yaml, within a fraction of a second.

The commands themselves take most of a second to load. So what they are called, and what they take, stands in
words.json, which `python docs/generate.py` writes; from it the command line is built again without what the commands
do, and click completes that.
"""

from __future__ import annotations

import json
import shlex
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import click
from click.shell_completion import BashComplete, CompletionItem, get_completion_class, shell_complete
from click.shell_completion import add_completion_class as offer

from listener.completion.values import FROM_CONFIG

VARIABLE = "_LISTENER_COMPLETE"
"""What the scripts of the shells set when they ask."""
SHELLS = ("bash", "zsh", "fish")
_PROGRAM = "listener"


class _Bash(BashComplete):
    """Bash puts in what it is given as it is: a name of two words needs quotation marks."""

    def format_completion(self, item: CompletionItem[Any]) -> str:
        return f"{item.type},{shlex.quote(str(item.value))}"


def complete(instruction: str) -> int:
    """Answer what a shell's script asks by the variable; print the answer and return the exit code."""
    offer(_Bash)
    return shell_complete(command_line(), {}, _PROGRAM, VARIABLE, instruction)


def script(shell: str) -> str:
    """The script of a shell (one of SHELLS) that has it ask us."""
    found = get_completion_class(shell)
    assert found is not None
    return found(click.Command(_PROGRAM), {}, _PROGRAM, VARIABLE).source()


def command_line() -> click.Command:
    """The whole command line, with all that Tab needs to know of it and nothing to run."""
    words = json.loads(
        resources.files("listener.completion").joinpath("words.json").read_text(encoding="utf-8")
    )
    return _command(_PROGRAM, words["listener"], words["values"])


def _command(name: str, said: dict[str, Any], values: dict[str, list[str]]) -> click.Command:
    given: dict[str, Any] = {
        "params": [_parameter(one, values) for one in said["takes"]],
        "short_help": said["help"],
        "context_settings": {"help_option_names": ["-h", "--help"]},
    }
    if "commands" not in said:
        return click.Command(name, **given)
    inner = {key: _command(key, one, values) for key, one in said["commands"].items()}
    return click.Group(name, commands=inner, invoke_without_command=True, **given)


def _parameter(said: dict[str, Any], values: dict[str, list[str]]) -> click.Parameter:
    given: dict[str, Any] = {"type": _type(said), "shell_complete": _offered(said.get("value"), values)}
    if "argument" in said:
        return click.Argument([said["argument"]], required=False, nargs=said["nargs"], **given)
    if said.get("flag"):
        return click.Option(said["option"], is_flag=True, help=said["help"])
    given["multiple"] = said.get("many", False)
    return click.Option(said["option"], help=said["help"], **given)


def _type(said: dict[str, Any]) -> click.ParamType[Any]:
    if "choices" in said:
        return click.Choice(said["choices"])
    path = said.get("value") in ("file", "folder")
    return click.Path(file_okay=said.get("value") != "folder") if path else click.STRING


def _offered(value: str | None, values: dict[str, list[str]]) -> Any:
    """What asks for the values of a kind, or None: then click offers files, choices, or nothing."""
    if value is not None and value in FROM_CONFIG:
        return _configured(value)
    return partial(_starting, values[value]) if value in values else None


def _starting(known: list[str], _ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
    return [one for one in known if one.startswith(begun)]


def _configured(kind: str) -> Any:
    def offered(ctx: click.Context, param: click.Parameter, begun: str) -> list[str]:
        file = Path(ctx.params.get("config_file") or "config.yaml")
        return _starting(FROM_CONFIG[kind](file), ctx, param, begun)

    return offered
