"""Groups of commands whose modules are loaded when they are called, and that say what they know."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Loads a command's module when it is called, so that `listener tone` does not load a web server.

    `parts` maps the name of each command to the dotted path of a module that holds it as `command`.
    """

    def __init__(self, *arguments: Any, parts: Mapping[str, str], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._parts = parts

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._parts)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._parts:
            return None
        command: click.Command = import_module(self._parts[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self._parts and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], self._parts, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(self._parts)}"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)
