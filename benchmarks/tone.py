"""`python -m benchmarks.tone`: how right each engine is, and what it costs.

Engines are chosen and calibrated on the tuning part of the labelled texts, and that is what is scored unless
`--held-out` asks for the part that nobody looked at: it may be scored three times in all, and each is written down.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from benchmarks import feed_to_kpis, tone_cost
from benchmarks.tone_cost import Cost
from benchmarks.tone_intervals import intervals
from benchmarks.tone_table import BESIDE, FIGURES, TOPICS, Findings, Table, costs, quality
from sentiment.engines import ENGINES, load
from sentiment.lines import judge_lines
from sentiment.tone import Engine, EngineUnavailable, Text, Tone
from sentiment.training.corpus import Row, read, test_rows, training_and_tuning
from sentiment.training.scoring import Score, score

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("LISTENER_DATA", ROOT.parent / "shared" / "data"))
FOLDERS = ("tone", "targets")
TUNING = "the TUNING part (engines were chosen on it)"
HELD_OUT = "the HELD-OUT part"
TIMED = 1_000
"""Texts that are judged to see how fast an engine is; the neural one takes seconds for them."""


class Missing(Exception):
    """The labelled texts are not here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found of each engine and what it costs, and why others, or all, were not measured."""

    part: str
    found: Mapping[str, Findings]
    costs: Mapping[str, Cost]
    unmeasured: Mapping[str, str]


@dataclass
class _Gathering:
    """Judges nothing, and keeps the texts as an engine gets them."""

    name: str = "gathering"
    texts: list[Text] = field(default_factory=list)

    def judge(self, texts: Sequence[Text]) -> list[Tone]:
        self.texts += texts
        return [Tone(None, 1 / 3, 1 / 3, 1 / 3, self.name, reason="unsure") for _ in texts]


def labelled(folder: Path | None = None, *, held_out: bool = False) -> list[Row]:
    """Read the tuning part, or what is held out. Raises Missing."""
    folder = folder or DATA
    for name in FOLDERS:
        if not (folder / name).is_dir():
            raise Missing(f"{name}/ in ../shared/data, or in the folder that LISTENER_DATA names")
    rows = [row for name in FOLDERS for row in read(folder / name)]
    return test_rows(rows) if held_out else training_and_tuning(rows)[1]


def judge(rows: Sequence[Row], engine: Engine, *, told: bool = False) -> list[Tone]:
    """Judge rows as `listener tone` does, target and handles masked; with their language only where it is `told`."""
    answers = map(json.loads, judge_lines(_lines(rows, told), engine))
    return [
        Tone(
            a["label"],
            a["p_negative"],
            a["p_neutral"],
            a["p_positive"],
            a["engine"],
            a["lang"],
            a.get("reason"),
        )
        for a in answers
    ]


def texts_of(rows: Sequence[Row], *, told: bool = False) -> list[Text]:
    """Return what an engine gets of these rows."""
    gathering = _Gathering()
    for _ in judge_lines(_lines(rows, told), gathering):
        pass
    return gathering.texts


def _lines(rows: Sequence[Row], told: bool) -> Iterator[str]:
    for row in rows:
        yield json.dumps({"text": row.text, "target": row.target, "lang": row.lang if told else None})


def findings_of(rows: Sequence[Row], engine: Engine, *, told: bool = False) -> Findings:
    """Score an engine on each set among the rows, and on the topics' shares."""
    sets: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        sets[row.set].append(row)
    judged = {name: judge(found, engine, told=told) for name, found in sets.items()}
    return Findings(
        {name: score(found, judged[name]) for name, found in sets.items()},
        intervals(sets[TOPICS], judged[TOPICS]) if TOPICS in judged else None,
    )


def available(
    names: Sequence[str], options: Mapping[str, Mapping[str, object]]
) -> tuple[dict[str, Engine], dict[str, str]]:
    """Load engines; return those that are there, and for each other one a line that says why not."""
    engines, absent = {}, {}
    for name in names:
        try:
            engines[name] = load(name, options.get(name))
        except EngineUnavailable as why:
            absent[name] = str(why)
        except ValidationError as why:
            keys = ", ".join(".".join(map(str, problem["loc"])) for problem in why.errors())
            absent[name] = f"it needs options ({keys}): give --options {name} '{{...}}'"
    return engines, absent


def cost(
    names: Sequence[str], rows: Sequence[Row], options: Mapping[str, Mapping[str, object]], repeats: int
) -> dict[str, Cost]:
    """Measure what engines cost on the English posts among the rows, on made ones where there are none."""
    posts = texts_of([row for row in rows if row.set == "en_posts"][:TIMED])
    posts = posts or [Text(text) for text in feed_to_kpis.posts(TIMED)]
    return tone_cost.measure({name: options.get(name, {}) for name in names}, posts, repeats)


def report(measured: Measured, *, markdown: bool = False) -> Iterator[str]:
    """Return the lines that are printed."""
    if measured.found:
        yield f"tone, scored on {measured.part}; macro recall unless said"
        yield "(! = worse than it must be; of n texts a figure is uncertain by about 1/sqrt(n))"
        yield from _drawn(quality(FIGURES, measured.found), markdown)
        yield "beside it"
        yield from _drawn(quality(BESIDE, measured.found), markdown)
    if measured.costs:
        yield f"what engines cost: {TIMED:,} English posts, one core, best of the turns"
        yield from _drawn(costs(measured.costs), markdown)
    for name, why in measured.unmeasured.items():
        yield f"{name}: NOT MEASURED, {why}"


def _drawn(table: Table, markdown: bool) -> Iterator[str]:
    if markdown:
        yield ""
        yield from table.markdown()
        yield ""
    else:
        yield from (f"  {line}" for line in table.aligned())


def as_json(measured: Measured) -> str:
    """Return everything that was measured, each set by itself, for a program."""
    engines = {
        name: {
            "figures": {figure.name: figure.value(found) for figure in (*FIGURES, *BESIDE)},
            "sets": {each: _plain(one) for each, one in found.sets.items()},
            "intervals": asdict(found.intervals) if found.intervals else None,
        }
        for name, found in measured.found.items()
    }
    spent = {name: asdict(cost) for name, cost in measured.costs.items()}
    whole = {"part": measured.part, "engines": engines, "costs": spent, "unmeasured": measured.unmeasured}
    return json.dumps(whole, indent=1)


def _plain(one: Score) -> dict[str, Any]:
    confusion: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (truth, said), count in one.confusion.items():
        confusion[truth][said or "abstained"] = count
    return {**asdict(replace(one, confusion={})), "confusion": confusion}


class _Options(click.ParamType[dict[str, object]]):
    """An object in JSON."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> Any:
        try:
            given = json.loads(value)
        except ValueError as error:
            self.fail(f"not JSON: {error}", param, context)
        return given if isinstance(given, dict) else self.fail("not an object", param, context)


@click.command()
@click.option(
    "--engine", "names", multiple=True, type=click.Choice(list(ENGINES)), help="Only these engines."
)
@click.option(
    "--options",
    "given",
    multiple=True,
    type=(click.Choice(list(ENGINES)), _Options()),
    metavar="ENGINE JSON",
    help="What stands under an engine's options in config.yaml.",
)
@click.option(
    "--held-out", is_flag=True, help="Score the held-out part: at most three times in all, each written down."
)
@click.option("--told", is_flag=True, help="Tell the engine each text's language, as a source may.")
@click.option(
    "--repeats", default=5, show_default=True, help="Turns of which the fastest counts; 0: no costs."
)
@click.option("--json", "to_json", is_flag=True, help="Everything, each set by itself, for a program.")
@click.option("--markdown", is_flag=True, help="Tables for a page of the docs.")
def main(
    names: Sequence[str],
    given: Sequence[tuple[str, dict[str, object]]],
    held_out: bool,
    told: bool,
    repeats: int,
    to_json: bool,
    markdown: bool,
) -> None:
    """Measure how right every engine is that is available here, and what it costs."""
    options = dict(given)
    engines, unmeasured = available(names or list(ENGINES), options)
    rows: list[Row] = []
    try:
        rows = labelled(held_out=held_out)
    except Missing as missing:
        unmeasured["how right they are"] = f"missing {missing}"
    found = {name: findings_of(rows, engine, told=told) for name, engine in engines.items() if rows}
    spent = cost(list(engines), rows, options, repeats) if repeats else {}
    measured = Measured(HELD_OUT if held_out else TUNING, found, spent, unmeasured)
    lines = [as_json(measured)] if to_json else report(measured, markdown=markdown)
    for line in lines:
        click.echo(line)


if __name__ == "__main__":
    main()
