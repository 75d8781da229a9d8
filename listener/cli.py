"""The command line: which commands there are, and how errors are told to the person who typed them."""

from __future__ import annotations

import gc
import sys

import click

from listener import __version__
from listener.commands.lazy import LazyGroup
from listener.commands.options import Failure, WrongUsage

COMMANDS: dict[str, str] = {
    "run": "listener.commands.run",
    "once": "listener.commands.once",
    "check": "listener.commands.check",
    "doctor": "listener.commands.doctor",
    "import": "listener.commands.importing",
    "tone": "listener.commands.tone",
    "kpi": "listener.commands.kpi",
    "explain": "listener.commands.explain",
    "datasette": "listener.commands.datasette",
    "digest": "listener.commands.digest",
    "report": "listener.commands.report",
    "outcome": "listener.commands.outcome",
    "annotate": "listener.commands.annotate",
    "campaign": "listener.commands.campaign",
    "goal": "listener.commands.goal",
    "alerts": "listener.commands.alerts",
    "spikes": "listener.commands.spikes",
    "sources": "listener.commands.sources",
    "query": "listener.commands.query",
    "rematch": "listener.commands.rematch",
    "correct": "listener.commands.correct",
    "case": "listener.commands.case",
    "rejudge": "listener.commands.rejudge",
    "quarantine": "listener.commands.quarantine",
    "erase": "listener.commands.erase",
    "export": "listener.commands.export",
    "backup": "listener.commands.backup",
    "restore": "listener.commands.restore",
    "token": "listener.commands.token",
    "story": "listener.commands.story",
    "tag": "listener.commands.tag",
}


@click.group(
    cls=LazyGroup,
    parts=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="listener")
def listener() -> None:
    """Hear what is said about your brand, know its tone, count it honestly, and be told when it changes.

    Start with `listener doctor`, then `listener run`. Exit codes: 0 good, 1 failed, 2 wrong configuration or
    usage.
    """


# A page of posts is some hundred thousand objects and no cycle among them: with Python's own threshold of a few hundred
# the collector looks through them again and again, a fifteenth of all the work.
OBJECTS = 50_000


def main() -> None:
    """Run a command. Exit 0 good, 1 failed, 2 wrong configuration or usage."""
    gc.set_threshold(OBJECTS)
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
