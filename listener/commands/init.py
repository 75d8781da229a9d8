"""listener init: five questions, and a config.yaml that explains itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from alerts.language import LANGUAGES
from listener.commands.options import Failure, WrongUsage, config_option
from listener.config import adding, starting
from listener.config.starting import Answers


@dataclass(frozen=True, slots=True)
class _Question:
    """One of the five: its words, an example, what Enter means, and how its answer goes into the others."""

    asks: str
    example: str
    default: str
    take: Callable[[Answers, str], Answers]


def _brand(so_far: Answers, said: str) -> Answers:
    name, *aliases = starting.names(said) or ("",)
    if not name:
        raise ValueError("a brand is needed, by the name that people write")
    return replace(so_far, brand=name, aliases=tuple(aliases))


def _competitors(so_far: Answers, said: str) -> Answers:
    return replace(so_far, competitors=starting.names(said))


def _handles(so_far: Answers, said: str) -> Answers:
    return replace(so_far, handles=starting.handles(said))


def _languages(so_far: Answers, said: str) -> Answers:
    codes, named = starting.languages(said)
    return replace(so_far, languages=codes or ("en",), names_in=named)


def _channels(so_far: Answers, said: str) -> Answers:
    names, mail = starting.channels(said)
    return replace(so_far, channels=names or ("console",), mail=mail)


QUESTIONS = {
    "brand": _Question(
        "Your brand, and after commas other names that people write for it.",
        "Acme, Acme Corp",
        "",
        _brand,
    ),
    "competitors": _Question(
        "Whom you compare it with: share of voice is counted among all of you.",
        "Globex, Initech",
        "",
        _competitors,
    ),
    "handles": _Question(
        "Your own accounts, by network: what they write is no mention of you.",
        "bluesky=acme.example, mastodon=acme@social.example, hackernews=acme",
        "",
        _handles,
    ),
    "languages": _Question(
        f"Languages of those who speak of you, as codes, with your name in them where\n"
        f"   it is another. Alerts are written in the first of {', '.join(LANGUAGES)}.",
        "en, fa=آکمه",
        "en",
        _languages,
    ),
    "channels": _Question(
        f"Where to tell you: {', '.join(starting.CHANNELS)}.",
        "slack, email=ana@example.com",
        "console",
        _channels,
    ),
}


@click.command("init")
@config_option
@click.option("--brand", metavar="NAME,...", help="Your brand, and other names for it.")
@click.option("--competitors", metavar="NAME,...", help="Whom you compare it with.")
@click.option("--handles", metavar="NETWORK=ACCOUNT,...", help="Your own accounts.")
@click.option("--languages", metavar="CODE[=NAME],...", help="In which people speak of you.")
@click.option("--tell", "channels", metavar="CHANNEL,...", help=f"Any of {', '.join(starting.CHANNELS)}.")
@click.option("--timezone", metavar="ZONE", help="As in Europe/Madrid; else that of this machine.")
@click.option(
    "--yes", "-y", "unasked", is_flag=True, help="Ask nothing: take defaults for what is not given."
)
@click.option("--force", is_flag=True, help="Replace a file that is there; a copy of it is kept.")
def command(config_file: Path, timezone: str | None, unasked: bool, force: bool, **given: str | None) -> None:
    """Ask five questions and write a configuration.

    What is given as an option is not asked. Without a terminal the answers are read from standard input, a line each,
    in the order of the options; where it ends, defaults are taken. A file that is there already stays as it is.
    """
    if os.path.lexists(config_file) and not force:
        raise WrongUsage(
            f"{config_file} is there already; write another one with --config FILE, or replace it with --force "
            f"(the old one is kept as {config_file.name}.bak)"
        )
    answers = _checked(Answers("Acme", zone=timezone or _zone_here()))
    if not unasked and sys.stdin.isatty():
        click.echo("Five questions. Enter alone takes what stands in [ ]; Ctrl-C ends, nothing is written.")
    for number, (name, question) in enumerate(QUESTIONS.items(), 1):
        answers = _answered(question, number, answers, given[name], unasked, name)
    _write(config_file, starting.config_text(answers))
    for line in _next_steps(answers, config_file):
        click.echo(line)


def _answered(
    question: _Question,
    number: int,
    so_far: Answers,
    given: str | None,
    unasked: bool,
    name: str,
) -> Answers:
    """Take an answer in; on a terminal one that is wrong is asked for again. Raises WrongUsage."""
    asked = given is None and not unasked
    if asked and sys.stdin.isatty():
        click.echo(f"\n{number}. {question.asks}\n   For instance: {question.example}")
    while True:
        said = _read(question.default) if asked else given
        try:
            return _checked(question.take(so_far, said or question.default))
        except (ValueError, WrongUsage) as error:
            if not asked or not sys.stdin.isatty():
                raise WrongUsage(f"{name}: {error}") from None
            click.echo(f"   {error}")


def _read(default: str) -> str:
    """The next line of whoever answers; empty at the end of what is piped in."""
    terminal = sys.stdin.isatty()
    try:
        return input(f"   [{default}] > " if terminal else "").strip()
    except EOFError:
        if terminal:
            raise click.Abort from None
        return ""
    except UnicodeDecodeError:
        raise WrongUsage("the answers are no text in UTF-8; save them as UTF-8") from None


def _checked(answers: Answers) -> Answers:
    """The same answers, once the file that they make is without a mistake. Raises WrongUsage."""
    if found := starting.mistakes(answers, os.environ):
        raise WrongUsage("; ".join(found))
    return answers


def _zone_here() -> str:
    """The zone of this machine, as far as it says; otherwise UTC."""
    named = os.environ.get("TZ") or os.path.realpath("/etc/localtime").rpartition("/zoneinfo/")[2]
    try:
        return ZoneInfo(named.removeprefix(":").removeprefix("Etc/")).key
    except (KeyError, ValueError, OSError):
        # A variable in the manner of POSIX (CET-1CEST), or a machine that does not say.
        return "UTC"


def _write(file: Path, text: str) -> None:
    try:
        if os.path.lexists(file):
            adding.replace(file, text)
            return
        # "x": somebody may have written it while the questions were answered.
        with file.open("x", encoding="utf-8", newline="") as opened:
            opened.write(text)
    except FileExistsError:
        raise WrongUsage(f"{file} is there already now; nothing was written") from None
    except OSError as error:
        raise Failure(
            f"{file} cannot be written ({error.strerror}); name another one with --config"
        ) from None


def _next_steps(answers: Answers, file: Path) -> Iterator[str]:
    config = "" if file == Path("config.yaml") else f" --config {click.format_filename(file)}"
    yield f"\nWritten: {click.format_filename(file)}, which explains itself. Time zone: {answers.zone}."
    for kind in starting.waiting_for_a_key(answers):
        yield f"Your account on {kind} is noted; to listen there, see docs/sources/{kind}.md and its line in the file."
    if answers.secrets:
        yield "\nSet these where Listener runs; they never stand in the file:"
        width = max(map(len, answers.secrets))
        yield from (
            f"  export {f'{name}=...':{width + 4}}  # {what}" for name, (_, what) in answers.secrets.items()
        )
    yield "\nThen:"
    steps = {
        "preview": "what would be heard, judged and told; stores nothing",
        "doctor": "are all sources and channels there?",
        "alerts test": "sends a sample to each channel",
        "run": "listens",
    }
    yield from (f"  {f'listener {name}{config}':{27 + len(config)}}{does}" for name, does in steps.items())
