"""listener datasette: the store, opened by Datasette with titles, units and ready queries."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterable
from pathlib import Path

import click
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from alerts.format import plural
from listener import __version__
from listener.commands.options import Failure, config_option, open_reader, read_config
from storage import views
from storage.described import QUESTIONS, VIEWS, Described

HEADER = "# Made by `listener datasette`, which writes it anew: keep changes of your own in another file.\n"
_UNITS = {"hours": "h", "hours_heard": "h", "hours_asked": "h"}
_SORTED = {
    "v_kpi_daily": "day",
    "v_kpi_daily_by_source": "day",
    "v_heard_daily": "day",
    "v_coverage": "since",
}


@click.command("datasette")
@config_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there, metadata.yaml for instance; otherwise to standard output.",
)
@click.option(
    "--allow-sql",
    is_flag=True,
    help="Let readers write SQL of their own: it reaches every table, not only the views.",
)
def command(config_file: Path, out: Path | None, allow_sql: bool) -> None:
    """Describe the store for Datasette, with ready queries.

    Its views get titles and units, and all else is denied. Datasette is another program, to be installed by itself;
    it only reads.

    Example: listener datasette --out metadata.yaml, then datasette data/listener.db -m metadata.yaml
    """
    config = read_config(config_file)
    with open_reader(config) as reader:
        text = written(metadata(config.database.stem, views.internals(reader), allow_sql=allow_sql))
    if out is None:
        click.echo(text, nl=False)
        return
    _write(out, text)
    told = f"{plural(len(VIEWS), 'view')}, {plural(len(QUESTIONS), 'ready query', 'ready queries')}"
    click.echo(f"{out}: {told}. Now run: datasette {config.database} -m {out}")


def metadata(database: str, internals: Iterable[str], *, allow_sql: bool) -> dict[str, object]:
    """What Datasette is told: `database` is the name it gives the file, `internals` are denied to everybody."""
    described: dict[str, object] = {name: _described(name, view) for name, view in VIEWS.items()}
    denied: dict[str, object] = {name: {"hidden": True, "allow": False} for name in internals}
    queries = {
        name: {
            "title": one.title,
            "description": one.says,
            "hide_sql": True,
            "sql": LiteralScalarString(inspect.cleandoc(one.sql) + "\n"),
        }
        for name, one in QUESTIONS.items()
    }
    told: dict[str, object] = {
        "description": "What is said about the brands. Ratios are ratios: 0.4 is 40 percent.",
        "tables": described | denied,
        "queries": queries,
    }
    if not allow_sql:
        told["allow_sql"] = False
    return {"title": "Listener", "databases": {database: told}}


def _described(name: str, view: Described) -> dict[str, object]:
    told: dict[str, object] = {"title": view.title, "description": view.says, "columns": dict(view.columns)}
    if units := {column: unit for column, unit in _UNITS.items() if column in view.columns}:
        told["units"] = units
    if name in _SORTED:
        told["sort_desc"] = _SORTED[name]
    return told


def written(told: dict[str, object]) -> str:
    """The metadata as YAML."""
    out = io.StringIO()
    yaml = YAML()
    yaml.width = 4_096
    yaml.dump(told, out)
    return f"{HEADER}# Listener {__version__}\n{out.getvalue()}"


def _write(out: Path, text: str) -> None:
    try:
        if out.exists() and not out.read_bytes().startswith(HEADER.encode()):
            raise Failure(f"{out} is there already, and was not made by this command; name another file")
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"{out} cannot be written ({error.strerror}); name another file") from None
