"""listener tone quality: how right the engine is, by what people said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from alerts import format as reading
from alerts.render import clean
from listener.asking import UsageError, brand_named
from listener.commands.options import WrongUsage, config_option, json_option, open_reader, read_config
from sentiment.tone import LABELS
from storage.desk import corrections, heads
from storage.desk.corrections import Correction
from storage.desk.heads import KeptHead
from storage.stats.agreement import Agreement, agreement

_KINDS = (
    (True, "sampled", "Drawn by chance: how right the engine is"),
    (
        False,
        "picked",
        "Picked by people: biased, for what looks wrong is picked more often than what looks right",
    ),
)


@dataclass(frozen=True, slots=True)
class _Row:
    """`by` is None for all, "language" or "source" for a part."""

    by: str | None
    name: str | None
    agreement: Agreement


@click.command("quality")
@config_option
@click.option("--brand", "brand_name", metavar="BRAND", help="Only mentions of this brand.")
@json_option
def command(config_file: Path, brand_name: str | None, as_json: bool) -> None:
    """Show how right the engine is, by your own corrections.

    Accuracy with its 95 % interval and macro recall, by language and by source, for what was drawn by chance
    (`listener correct --ask`) and apart from it for what people picked; and what a head would change.
    """
    config = read_config(config_file)
    try:
        brand = None if brand_name is None else brand_named(brand_name, config.brands)
    except UsageError as error:
        raise WrongUsage(str(error)) from None
    with open_reader(config) as reader:
        found = corrections.all_corrections(reader, brand)
        tried = next(iter(heads.all_heads(reader)), None)
    if as_json:
        kinds = {key: _to_json([c for c in found if c.sampled == kind]) for kind, key, _ in _KINDS}
        head = {"state": tried.state, "evidence": tried.evidence} if tried else None
        click.echo(json.dumps({**kinds, "head": head}, ensure_ascii=False))
        return
    for line in _lines(found, tried):
        click.echo(line)


def _lines(found: Sequence[Correction], tried: KeptHead | None) -> Iterator[str]:
    if not found:
        yield "Nobody has corrected anything yet: `listener correct --ask` asks you about mentions drawn by chance."
        return
    engines = Counter(c.engine for c in found if c.engine)
    yield f"Judged by {', '.join(f'{name} ({reading.count(n)})' for name, n in engines.most_common())}."
    if any("+head-" in name for name in engines):
        yield "A head learned from these corrections: on others it is less right, see `listener tone head`."
    for kind, _, title in _KINDS:
        these = [c for c in found if c.sampled == kind]
        yield ""
        yield f"{title} ({reading.plural(len(these), 'correction')})"
        if these:
            yield from _table(these)
    yield ""
    yield from _head_lines(tried)


def _table(found: Sequence[Correction]) -> Iterator[str]:
    unjudged = sum(c.engine_label is None for c in found)
    if unjudged:
        yield f"  of {reading.count(unjudged)} the engine said nothing; they are left out"
    rows = [("", "N", "ACCURACY", "95 %", "MACRO RECALL")]
    for row in _rows(found):
        name = "all" if row.by is None else f"{row.by} {clean(row.name or 'unknown')}"
        low, high = row.agreement.interval
        accuracy, recall = row.agreement.accuracy, row.agreement.macro_recall
        if accuracy is not None and recall is not None:
            between = f"{reading.percent(low)} to {reading.percent(high)}"
            cells = (reading.percent(accuracy), between, reading.percent(recall))
            rows.append((name, reading.count(row.agreement.n), *cells))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for first, *others in rows:
        padded = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        yield f"  {'  '.join([first.ljust(widths[0]), *padded])}"
    confusion = _rows(found)[0].agreement.confusion
    yield f"  {'people said':<12}  {'the engine said: ' + ', '.join(LABELS)}"
    for said in LABELS:
        counts = "  ".join(reading.count(confusion.get((said, judged), 0)).rjust(8) for judged in LABELS)
        yield f"  {said:<12}  {counts}"


def _rows(found: Sequence[Correction]) -> list[_Row]:
    judged = [c for c in found if c.engine_label is not None]
    rows = [_Row(None, None, _agreement(judged))]
    languages = sorted({c.language for c in judged}, key=lambda language: (language is None, language))
    rows += [
        _Row("language", name, _agreement([c for c in judged if c.language == name])) for name in languages
    ]
    sources = sorted({c.source for c in judged})
    return rows + [
        _Row("source", name, _agreement([c for c in judged if c.source == name])) for name in sources
    ]


def _agreement(found: Sequence[Correction]) -> Agreement:
    return agreement([(c.label, c.engine_label) for c in found if c.engine_label is not None])


def _head_lines(tried: KeptHead | None) -> Iterator[str]:
    from listener.commands import evidence
    from listener.learning import Evidence

    if tried is None:
        yield "No head was tried yet: `listener tone learn` says how many corrections that needs."
        return
    yield f"The head that was tried last ({tried.state}):"
    yield from (f"  {line}" for line in evidence.lines(Evidence.of(tried.evidence)))


def _to_json(found: Sequence[Correction]) -> dict[str, object]:
    return {
        "corrections": len(found),
        "unjudged": sum(c.engine_label is None for c in found),
        "engines": dict(Counter(c.engine for c in found if c.engine)),
        "rows": [
            {
                "by": row.by,
                "name": row.name,
                "n": row.agreement.n,
                "accuracy": row.agreement.accuracy,
                "interval": list(row.agreement.interval) if row.agreement.n else None,
                "macro_recall": row.agreement.macro_recall,
                "recalls": row.agreement.recalls,
            }
            for row in _rows(found)
        ],
        "confusion": [
            {"people": people, "engine": engine, "mentions": number}
            for (people, engine), number in sorted(_rows(found)[0].agreement.confusion.items())
        ],
    }
