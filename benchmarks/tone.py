"""`python -m benchmarks.tone`: how right each engine is, and what it costs.

Engines are chosen and calibrated on the tuning part of the labelled texts, and that is what is scored unless
`--held-out` asks for the part that nobody looked at: it may be scored three times in all, and each is written down
(`benchmarks.tone_ledger`).
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from benchmarks import feed_to_kpis, tone_cost, tone_ledger
from benchmarks.tone_cost import Cost
from benchmarks.tone_intervals import intervals
from benchmarks.tone_table import BESIDE, FIGURES, TOPICS, Findings, Table, costs, quality, recorded
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
# All of what the fast engine leaves is judged by the better one: otherwise it would depend on this machine's speed.
UNHURRIED: Mapping[str, Mapping[str, object]] = {"cascade": {"budget": "60s"}}
TIMED = 1_000
"""Texts that are judged to see how fast an engine is; the neural one takes seconds for them."""


_BLOCK = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


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
    """Read the tuning part, or what is held out. Raises Missing.

    Of topics the tuning part holds only those that are in it as a whole: on a topic that it was trained on an engine
    strays less than it will on anybody's own.
    """
    folder = folder or DATA
    for name in FOLDERS:
        if not (folder / name).is_dir():
            raise Missing(f"{name}/ in ../shared/data, or in the folder that LISTENER_DATA names")
    rows = [row for name in FOLDERS for row in read(folder / name)]
    if held_out:
        return test_rows(rows)
    training, tuning = training_and_tuning(rows)
    trained_on = {_topic(row) for row in training}
    return [row for row in tuning if row.set != TOPICS or _topic(row) not in trained_on]


def _topic(row: Row) -> str | None:
    return row.target.casefold() if row.set == TOPICS and row.target else None


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
        except ValueError as why:
            absent[name] = str(why)
    return engines, absent


def cost(
    names: Sequence[str], rows: Sequence[Row], options: Mapping[str, Mapping[str, object]], repeats: int
) -> dict[str, Cost]:
    """Measure what engines cost on the English posts among the rows, on made ones where there are none."""
    posts = texts_of([row for row in rows if row.set == "en_posts"][:TIMED])
    posts = posts or [Text(text) for text in feed_to_kpis.posts(TIMED)]
    return tone_cost.measure({name: options.get(name, {}) for name in names}, posts, repeats)


def report(measured: Measured) -> Iterator[str]:
    """Return the lines that are printed in a terminal."""
    for _, title, table in tables(measured):
        yield title
        yield from (f"  {line}" for line in table.aligned())
    for name, why in measured.unmeasured.items():
        yield f"{name}: NOT MEASURED, {why}"


def tables(measured: Measured) -> Iterator[tuple[str, str, Table]]:
    """Return each table with its name in the docs and what it shows."""
    if measured.found:
        title = f"Tone on {measured.part}; macro recall unless said; ! misses its must"
        yield "tone", title, quality(FIGURES, measured.found)
        yield "beside", "Beside it, on the same part", quality(BESIDE, measured.found)
    written = tone_ledger.newest() if measured.part == TUNING else {}
    if written:
        days = ", ".join(sorted({at[:10] for at, _ in written.values()}))
        title = f"Tone on {HELD_OUT}, written down on {days}; macro recall unless said; ! misses its must"
        yield "held_out", title, recorded(FIGURES, {name: values for name, (_, values) in written.items()})
    if measured.costs:
        title = f"What engines cost: {TIMED:,} English posts, one core, best of the turns"
        yield "costs", title, costs(measured.costs)


def markdown(measured: Measured) -> dict[str, str]:
    """Return each table as it stands in the docs, by its name."""
    return {name: "\n".join([f"{title}:", "", *table.markdown()]) for name, title, table in tables(measured)}


def write_into(page: Path, blocks: Mapping[str, str]) -> None:
    """Put the tables between the marks that the page holds for them. Raises ValueError where it holds none."""
    text = page.read_text(encoding="utf-8")
    wanted = set(_BLOCK.findall(text))
    if not any(name in blocks for _, name, _ in wanted):
        raise ValueError(
            f"{page.name} has no place for {', '.join(blocks)}: <!-- measured: NAME --> ... <!-- end -->"
        )
    filled = _BLOCK.sub(lambda at: f"{at[1]}\n{blocks[at[2]]}\n\n{at[3]}" if at[2] in blocks else at[0], text)
    page.write_text(filled, encoding="utf-8")


def as_json(measured: Measured) -> str:
    """Return everything that was measured, each set by itself, for a program."""
    engines = {
        name: {
            "figures": figures_of(found),
            "sets": {each: _plain(one) for each, one in found.sets.items()},
            "intervals": asdict(found.intervals) if found.intervals else None,
        }
        for name, found in measured.found.items()
    }
    spent = {name: asdict(cost) for name, cost in measured.costs.items()}
    whole = {"part": measured.part, "engines": engines, "costs": spent, "unmeasured": measured.unmeasured}
    return json.dumps(whole, indent=1)


def figures_of(found: Findings) -> dict[str, float | None]:
    """Return every figure by its name, to four decimals."""
    values = {figure.name: figure.value(found) for figure in (*FIGURES, *BESIDE)}
    return {name: None if value is None else round(value, 4) for name, value in values.items()}


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


_PAGE = click.Path(path_type=Path, exists=True, dir_okay=False)


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
@click.option(
    "--into", "pages", multiple=True, type=_PAGE, metavar="FILE", help="Also put the tables into this page."
)
def main(
    names: Sequence[str],
    given: Sequence[tuple[str, dict[str, object]]],
    held_out: bool,
    told: bool,
    repeats: int,
    to_json: bool,
    pages: Sequence[Path],
) -> None:
    """Measure how right every engine is that is available here, and what it costs."""
    options = {**UNHURRIED, **dict(given)}
    part = TUNING
    if held_out:
        try:
            part = f"{HELD_OUT}, time {tone_ledger.check()} of {tone_ledger.MOST}"
        except tone_ledger.Spent as why:
            raise click.ClickException(str(why)) from None
    engines, unmeasured = available(names or list(ENGINES), options)
    rows: list[Row] = []
    try:
        rows = labelled(held_out=held_out)
    except Missing as missing:
        unmeasured["how right they are"] = f"missing {missing}"
    found = {name: findings_of(rows, engine, told=told) for name, engine in engines.items() if rows}
    if held_out and found:
        # Written down before anybody sees it: what was seen is spent.
        tone_ledger.enter(_now(), {engines[name].name: figures_of(one) for name, one in found.items()})
    spent = cost(list(engines), rows, options, repeats) if repeats else {}
    measured = Measured(part, found, spent, unmeasured)
    for line in [as_json(measured)] if to_json else report(measured):
        click.echo(line)
    for page in pages:
        write_into(page, markdown(measured))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    main()
