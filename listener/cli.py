"""The command line: which commands there are, and how errors are told to the person who typed them."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time

import click

from listener import __version__
from listener.commands.failing import Failure, WrongUsage
from listener.commands.lazy import LazyGroup

COMMANDS: dict[str, str] = {
    "init": "listener.commands.init",
    "preview": "listener.commands.preview",
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
    "completion": "listener.commands.completion",
}


@click.group(
    cls=LazyGroup,
    parts=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="listener")
def listener() -> None:
    """Hear what is said about your brand, know its tone, count it honestly, and be told when it changes.

    Start with `listener init`, then `listener preview` and `listener run`. Exit codes: 0 good, 1 failed, 2 wrong
    configuration or usage.
    """


# A page of posts is some hundred thousand objects and no cycle among them: with Python's own threshold of a few hundred
# the collector looks through them again and again, a fifteenth of all the work.
OBJECTS = 50_000


def main() -> None:
    """Run a command. Exit 0 good, 1 failed, 2 wrong configuration or usage."""
    if asked := os.environ.get("_LISTENER_COMPLETE"):
        # A shell whose user waits: the commands themselves would take too long to load.
        from listener.completion import complete

        sys.exit(complete(asked))
    began = time.time()
    gc.set_threshold(OBJECTS)
    try:
        # None: as the output can show them. Click itself does not ask for NO_COLOR.
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        listener(standalone_mode=False, color=False if plain else None)
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
    except Exception as error:
        # A mistake of ours. Python would write what the exception says, which may be a post's text or a token.
        if sys.flags.dev_mode:
            raise
        from listener import crash

        now = time.time()
        crash.tell(error, now - began, now)
        if any(
            not thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread()
        ):
            # One that hangs must not keep the supervisor from starting the daemon again.
            os._exit(1)
        sys.exit(1)


def _end(message: str, code: int) -> None:
    click.echo(f"listener: {message}", err=True)
    sys.exit(code)
