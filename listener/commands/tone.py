"""listener tone: judge texts from standard input; and what is known of how right that is."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from pydantic import ValidationError

from listener.commands.lazy import LazyGroup
from listener.commands.options import Failure, WrongUsage, engine_of, read_config

PARTS: dict[str, str] = {
    "convert": "listener.commands.tone_convert",
    "quality": "listener.commands.tone_quality",
    "learn": "listener.commands.tone_learn",
    "head": "listener.commands.tone_head",
}


@click.group("tone", cls=LazyGroup, parts=PARTS, invoke_without_command=True)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    metavar="FILE",
    help="Take the engine and its options from here.",
)
@click.option(
    "--engine",
    "engine_name",
    help="One of the engines of docs/tone.md; default: the configured one, or builtin.",
)
@click.pass_context
def command(ctx: click.Context, config_file: Path | None, engine_name: str | None) -> None:
    """Judge JSON Lines from standard input, one line out for each.

    In: {"text": "...", "lang": "en", "target": "Acme"}, of which lang and target may be missing.

    Out: {"label", "p_negative", "p_neutral", "p_positive", "lang", "engine"}; label is null with a reason where
    the engine abstains, and with an error where the line cannot be read.
    """
    if ctx.invoked_subcommand is not None:
        # `listener tone --config FILE quality` means the same file as `listener tone quality --config FILE`.
        ctx.default_map = {part: {"config_file": config_file} for part in PARTS} if config_file else None
        return
    _judge(config_file, engine_name)


def _judge(config_file: Path | None, engine_name: str | None) -> None:
    from sentiment.engines import load
    from sentiment.lines import judge_lines
    from sentiment.tone import EngineUnavailable

    if config_file is None and Path("config.yaml").exists():
        config_file = Path("config.yaml")
    config = read_config(config_file) if config_file else None
    name = engine_name or (config.engine if config else "builtin")
    options = config.engine_options if config and config.engine == name else {}
    try:
        # Asked for by name, an engine is that one or none: its fallback is for where the configuration decides.
        if config and engine_name is None:
            engine = engine_of(config)
        else:
            engine = load(name, options, config.copies if config else None)
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
