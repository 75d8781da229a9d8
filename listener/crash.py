"""What a crash leaves: a report beside the store, without secrets and without texts of posts, to show to others."""

from __future__ import annotations

import faulthandler
import json
import os
import platform
import re
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

import click
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from listener import __version__, tracebacks
from listener.config import Config

KEPT = 10
"""Reports that stay: a daemon that its supervisor starts again and again fills no disk."""
_HIDDEN = "<secret>"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>]+")
_MAIL = re.compile(r"[^\s@<>\"']+@(?=[\w-]+(\.[\w-]+)+)")
_FATAL = "Fatal Python error"
_SHORTEST_SECRET = 4
"""A shorter value stands in too many words to be taken out of them; none such is a secret."""
_remembered: list[Config] = []


@dataclass(frozen=True, slots=True)
class Scene:
    """Where it happened: the command line, the seconds since it began, and the configuration, where one was read."""

    arguments: Sequence[str]
    seconds: float
    config: Config | None
    environment: Mapping[str, str]


def remember(config: Config) -> None:
    """Take note of the configuration that this process works with, for the report of a crash that nobody foresees."""
    _remembered[:] = [config]


def tell(error: Exception, seconds: float, now: float) -> None:
    """Write the report of what ended this process after `seconds`; say where it is, in the log or to the person."""
    # Only now: it takes longer to load than most commands need.
    import structlog

    config = _remembered[0] if _remembered else None
    text = report(error, Scene(sys.argv, seconds, config, os.environ), now)
    try:
        where = str(keep(folder_of(config), text, now)) if config is not None else None
    except OSError as failure:
        where = f"not written: {failure.strerror}"
    what, at = tracebacks.named(tracebacks.innermost(error)), tracebacks.place(error)
    if structlog.is_configured():
        structlog.get_logger(__name__).critical("crashed", error=what, at=at, report=where, exc_info=error)
        return
    told = f"its report, without secrets and texts: {where}" if where else tracebacks.told(error)
    click.echo(f"listener: a mistake of Listener's own ended this: {what}, at {at}\n{told}", err=True)


def report(error: BaseException, scene: Scene, now: float) -> str:
    """Write the report. What an exception says is never in it: see tracebacks."""
    parts = [
        f"Listener {__version__} was ended by a mistake of its own.",
        "Neither secrets nor texts of posts stand here; names of brands and what is looked for do, as configured.",
        "",
        f"error:    {tracebacks.named(tracebacks.innermost(error))}",
        f"in:       {tracebacks.place(error)}",
        f"when:     {datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}, after {scene.seconds:.0f} s",
        f"command:  {_command(scene.arguments)}",
        *_machine(),
        "",
        "traceback",
        tracebacks.told(error),
        "",
        "configuration",
        "none was read" if scene.config is None else _configuration(scene.config),
        "",
    ]
    return _without(_secrets(scene), "\n".join(parts))


def folder_of(config: Config) -> Path:
    """Where reports lie: beside the store."""
    return config.database.parent / "crashes"


def keep(folder: Path, text: str, now: float) -> Path:
    """Write a report into the folder, for its owner's eyes; the oldest go. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / _name(now, str(os.getpid()))
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    _drop_oldest(folder)
    return file


def _name(when: float, what: str) -> str:
    return f"crash-{datetime.fromtimestamp(when, UTC):%Y%m%dT%H%M%SZ}-{what}.txt"


def _drop_oldest(folder: Path) -> None:
    for old in sorted(folder.glob("crash-*.txt"))[:-KEPT]:
        old.unlink(missing_ok=True)


def _command(arguments: Sequence[str]) -> str:
    """Return the command and the names of its options. Values are left out: some are people's names, or texts."""
    options = [one.partition("=")[0] for one in arguments[2:] if one.startswith("-")]
    return " ".join(["listener", *arguments[1:2], *options])


def _machine() -> list[str]:
    return [
        f"Python:   {platform.python_implementation()} {platform.python_version()}",
        f"SQLite:   {sqlite3.sqlite_version}",
        f"platform: {platform.platform()}",
    ]


def _configuration(config: Config) -> str:
    """Return what config.yaml says without secrets, accounts of mail and comments, which may say anything."""
    try:
        tree = YAML(typ="safe", pure=True).load(config.text)
    except YAMLError:
        return "cannot be read again"
    return json.dumps(_bare_tree(tree), ensure_ascii=False, indent=1, default=str)


def _bare_tree(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {_bare(str(key)): _bare_tree(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_bare_tree(value) for value in node]
    return _bare(node) if isinstance(node, str) else node


def _bare(text: str) -> str:
    """Return a text without what may be secret: of an address its host alone stays, for its path may be the key."""
    if _VARIABLE.search(text):
        return _HIDDEN
    return _MAIL.sub("...@", _ADDRESS.sub(lambda match: _host(match[0]), text))


def _host(address: str) -> str:
    try:
        parts = urlsplit(address)
        if parts.scheme == "sqlite":
            return f"sqlite:///.../{parts.path.rpartition('/')[2]}"
        return f"{parts.scheme}://{parts.hostname or ''}/..."
    except ValueError:
        return "(an address)"


def _secrets(scene: Scene) -> list[str]:
    """Return the values of the variables that the configuration names, the longest first."""
    names = _VARIABLE.findall(scene.config.text) if scene.config is not None else []
    values = {scene.environment.get(name, "") for name in names}
    return sorted((one for one in values if len(one) >= _SHORTEST_SECRET), key=len, reverse=True)


def _without(secrets: Sequence[str], text: str) -> str:
    # None should be there by now: this is for the day when somebody adds a line to the report.
    for one in secrets:
        text = text.replace(one, _HIDDEN)
    return text


@contextmanager
def fatal_signals(folder: Path) -> Iterator[None]:
    """Have Python write where each thread was when the process dies of a fatal signal (SIGSEGV, SIGABRT, SIGBUS ...).

    That takes an open file; `past` finds it after the next start. Where there can be none, nothing is written.
    """
    file = folder / f"running-{os.getpid()}.txt"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        out = file.open("w", encoding="utf-8")
    except OSError:
        yield
        return
    with out:
        _begin(out)
        faulthandler.enable(out)
        try:
            yield
        finally:
            faulthandler.disable()
            file.unlink(missing_ok=True)
            _remove_empty(folder)


def _begin(out: TextIO) -> None:
    out.write("\n".join([f"Listener {__version__} was ended by a fatal signal.", *_machine(), "", ""]))
    out.flush()


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def past(folder: Path) -> list[Path]:
    """Return the reports of earlier runs that a fatal signal has ended, each once: they get the names of reports."""
    found = []
    try:
        for file in folder.glob("running-*.txt"):
            if _FATAL in file.read_text(encoding="utf-8", errors="replace"):
                found.append(file.rename(folder / _name(file.stat().st_mtime, "signal")))
            elif not _alive(file.stem.removeprefix("running-")):
                file.unlink(missing_ok=True)
        _drop_oldest(folder)
    except OSError:
        # Two daemons that start at once: the other one has it.
        return found
    return found


def _alive(pid: str) -> bool:
    """Whether another process of that number runs: what it has open is not ours to remove."""
    if not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
