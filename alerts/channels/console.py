"""The console: a readable block on standard output, for a first look and for whoever reads the journal."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click
from pydantic import BaseModel, ConfigDict

from alerts.channels.base import NOTHING, Past, Undelivered
from alerts.message import Letter, Message
from alerts.render import as_text, clean_lines

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from alerts.transport import Transport

_COLOURS = {"fired": "red", "resolved": "green", "expired": "yellow", "test": "cyan"}
_RULE = "─" * 60


class Options(BaseModel):
    """The console has nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Console:
    """Writes to standard output; in colour only where a person looks at a terminal and did not object."""

    pace = 0.0

    async def send(self, item: Message | Letter, past: Past = NOTHING) -> None:
        """Raise Undelivered when nobody reads standard output any more."""
        if isinstance(item, Letter):
            text, colour = clean_lines(item.text), None
        else:
            text, colour = as_text(item), _COLOURS[item.kind]
        try:
            # In a thread: a terminal that was stopped with Ctrl-S, or a full pipe, would hold the whole daemon.
            await asyncio.to_thread(_write, text, colour)
        except (OSError, ValueError) as error:  # a closed pipe, a closed file
            raise Undelivered(f"standard output cannot be written: {type(error).__name__}") from None


def build(options: Options, transport: Transport) -> Console:
    return Console()


def _write(text: str, colour: str | None) -> None:
    first, _, rest = text.strip("\n").partition("\n")
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    colourful = sys.stdout.isatty() and not plain
    if colourful:
        first = click.style(first, fg=colour, bold=True)
    block = f"{_RULE}\n{first}\n{rest}\n{_RULE}"
    encoding = sys.stdout.encoding or "utf-8"
    # A terminal that knows no UTF-8 shows question marks; it must not cost the message.
    click.echo(block.encode(encoding, "replace").decode(encoding), color=colourful)
