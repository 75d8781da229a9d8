"""listener tone: judge texts from standard input."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import ValidationError

from listener.commands.options import Failure, WrongUsage, read_config


@click.command("tone")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Take the engine and its options from here.",
)
@click.option(
    "--engine", "engine_name", help="builtin, vader or transformers; default: the configured one, or builtin."
)
def command(config_file: Path | None, engine_name: str | None) -> None:
    """Judge JSON Lines from standard input, one line out for each.

    In: {"text": "...", "lang": "en", "target": "Acme"}, of which lang and target may be missing.

    Out: {"label", "p_negative", "p_neutral", "p_positive", "lang", "engine"}; label is null with a reason where
    the engine abstains, and with an error where the line cannot be read.
    """
    from sentiment.engines import load
    from sentiment.lines import judge_lines
    from sentiment.tone import EngineUnavailable

    if config_file is None and Path("config.yaml").exists():
        config_file = Path("config.yaml")
    config = read_config(config_file) if config_file else None
    name = engine_name or (config.engine if config else "builtin")
    options = config.engine_options if config and config.engine == name else {}
    try:
        engine = load(name, options)
    except EngineUnavailable as error:
        raise Failure(str(error)) from None
    except ValidationError as error:
        keys = ", ".join(str(problem["loc"][0]) for problem in error.errors())
        raise WrongUsage(
            f"the engine {name} needs options ({keys}); write them under sentiment in config.yaml, "
            "or name another file with --config"
        ) from None
    except ValueError as error:
        raise WrongUsage(str(error)) from None
    for line in judge_lines(sys.stdin.buffer, engine):
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
