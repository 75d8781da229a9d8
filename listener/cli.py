"""The command line: which commands there are, and how errors are told to the person who typed them."""

from __future__ import annotations

import difflib
import sys
from importlib import import_module

import click

from listener import __version__
from listener.commands.options import Failure, WrongUsage

COMMANDS: dict[str, str] = {
    "run": "listener.commands.run",
    "once": "listener.commands.once",
    "check": "listener.commands.check",
    "doctor": "listener.commands.doctor",
    "import": "listener.commands.importing",
    "tone": "listener.commands.tone",
    "kpi": "listener.commands.kpi",
    "digest": "listener.commands.digest",
    "alerts": "listener.commands.alerts",
    "sources": "listener.commands.sources",
    "query": "listener.commands.query",
    "rematch": "listener.commands.rematch",
    "rejudge": "listener.commands.rejudge",
    "quarantine": "listener.commands.quarantine",
    "token": "listener.commands.token",
}


class _Lazy(click.Group):
    """Loads a command's module when it is called, so that `listener tone` does not load a web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(COMMANDS)}"
            ctx.fail(f"there is no command {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="listener")
def listener() -> None:
    """Hear what is said about your brand, know its tone, count it honestly, and be told when it changes.

    Start with `listener doctor`, then `listener run`. Exit codes: 0 good, 1 failed, 2 wrong configuration or
    usage.
    """


def main() -> None:
    """Run a command. Exit 0 good, 1 failed, 2 wrong configuration or usage."""
    try:
        listener(standalone_mode=False)
    except WrongUsage as error:
        _end(str(error), 2)
    except Failure as error:
        _end(str(error), 1)
    except click.UsageError as error:
        error.show()
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output (head, less) has left; Python would complain while it flushes.
        sys.stderr.close()
        sys.exit(0)


def _end(message: str, code: int) -> None:
    click.echo(f"listener: {message}", err=True)
    sys.exit(code)
