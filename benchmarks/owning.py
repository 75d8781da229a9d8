"""What it costs to own it, beside the peers: installed size, start to serving, memory at rest, first mention."""

from __future__ import annotations

import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import at_rest, feed_to_kpis

NOT_OURS = ("pip", "setuptools", "_distutils_hack", "distutils-precedence", "pkg_resources")


@dataclass(frozen=True, slots=True)
class Cost:
    """MB on the disk, seconds from start to serving, MB at rest, seconds from start to the first item kept; None: not
    measured, or there is no such thing."""

    program: str
    installed: float | None = None
    serving: float | None = None
    memory: float | None = None
    mention: float | None = None
    peak: float | None = None
    note: str = ""

    def row(self) -> str:
        """One line of the table."""
        cells = (
            self.program,
            _number(self.installed, ",.0f", "MB"),
            _number(self.serving, ".1f", "s"),
            _number(self.memory, ".0f", "MB"),
            _number(self.mention, ".1f", "s"),
            _number(self.peak, ".0f", "MB"),
            self.note,
        )
        return "| " + " | ".join(cells) + " |"


# Measured on two cores in November 2026: sizes and peaks when the peers were compared; serving and rest of 0.60.10 as
# ours, best of three, from its start to the first answer on `/`, and ten seconds later with its two example pages. A
# program that polls once and ends has nothing to serve and nothing at rest.
PEERS = (
    Cost("Review Hound 1.0", installed=281, peak=79, note="its service layer, no feed, no KPIs"),
    Cost("obsei 1.1.1", installed=149, peak=174, note="RSS to webhook, no tone; ends after each run"),
    Cost("obsei 0.0.15", installed=5_900, peak=850, note="feed, VADER, HTTP; ends after each run"),
    Cost("changedetection.io 0.60", 675, 0.9, 76, note="page changes to channels; no tone, no numbers"),
)

_HEAD = [
    "| | installed | start to serving | memory at rest | first mention | peak at 10,000 mentions | |",
    "|---|---:|---:|---:|---:|---:|---|",
]


def _number(value: float | None, form: str, unit: str) -> str:
    return "-" if value is None else f"{value:{form}} {unit}"


def installed(packages: Path) -> int:
    """The bytes of a site-packages folder, without what every virtual environment has."""
    return sum(
        path.stat().st_size
        for path in packages.rglob("*")
        if path.is_file() and not path.relative_to(packages).parts[0].startswith(NOT_OURS)
    )


def ours(repeats: int, rest: float, packages: Path) -> Cost:
    """Measure this install: each figure the best of the runs."""
    with tempfile.TemporaryDirectory() as folder:
        runs = [at_rest.measure(Path(folder) / f"rest {number}", rest) for number in range(repeats)]
        costs, _, _ = feed_to_kpis.measure(10_000, 1, Path(folder))
    return Cost(
        "**Listener**",
        installed=installed(packages) / 1e6,
        serving=min(run.serving for run in runs),
        memory=min(run.memory for run in runs),
        mention=min(run.mention for run in runs),
        peak=max(cost.peak for cost in costs),
        note="feed, tone in many languages, KPIs, alerts",
    )


def table(own: Cost) -> list[str]:
    """The table in Markdown."""
    return [*_HEAD, own.row(), *(peer.row() for peer in PEERS)]


@click.command()
@click.option("--repeats", default=5, show_default=True, help="Runs of which the best counts.")
@click.option("--rest", default=10.0, show_default=True, help="Seconds of rest before memory is read.")
@click.option(
    "--packages",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(sysconfig.get_path("purelib")),
    help="The site-packages whose size counts.  [default: those of this Python]",
)
def main(repeats: int, rest: float, packages: Path) -> None:
    """Print the table. Run it by the Python of a default install: `make bench` makes one in build/bench."""
    for line in table(ours(repeats, rest, packages)):
        click.echo(line)


if __name__ == "__main__":
    main()
