"""listener doctor: everything, with the network, and what to do about what is wrong."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from listener.commands.check import describe
from listener.commands.options import (
    Failure,
    WrongUsage,
    config_option,
    json_option,
    read_config,
    store_errors,
)
from listener.config.secrets import named_in

if TYPE_CHECKING:
    from listener.finding import Finding


@click.command("doctor")
@config_option
@json_option
def command(config_file: Path, as_json: bool) -> None:
    """Check everything, with the network, and say what to do.

    Looks at configuration, keys, store, disk, engine, fonts, sources, channels and the clock. Nothing is stored and
    nothing is told. Exit 1 when something needs a hand, 2 when the configuration is wrong or a key is not set.
    """
    named = _variables(config_file)
    from listener import machine

    keys = machine.keys(named, os.environ)
    try:
        config = read_config(config_file)
    except WrongUsage:
        # The remedy first, for whoever has only forgotten to set them; then all that is wrong with the file.
        if not keys.good:
            _show([keys], as_json=as_json)
        raise
    from listener.examining import examine

    if not as_json:
        for line in describe(config):
            click.echo(f"  ok   {line}")
    with store_errors():
        findings = [keys, *asyncio.run(examine(config, time.time, _free(config.database.parent)))]
    _show(findings, as_json=as_json)
    bad = [finding.what for finding in findings if not finding.good]
    if bad:
        raise Failure(f"needs a hand: {', '.join(bad)}")
    if not as_json:
        click.echo("All is well: `listener run` starts the daemon.")


def _show(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False))
        return
    for finding in findings:
        mark = "  ok  " if finding.good else "  FAIL"
        click.echo(f"{mark} {finding.what}: {finding.says}")
        if finding.remedy:
            click.echo(f"         {finding.remedy}")


def _variables(file: Path) -> list[str]:
    """What the configuration names as ${NAME}; of a file that cannot be read nothing is known."""
    try:
        return named_in(YAML(typ="safe").load(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, YAMLError, RecursionError):
        return []


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
