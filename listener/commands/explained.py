"""An explanation, laid out for the terminal: what the number is first, what it was made of after it, its SQL last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import click

from alerts import format as reading
from alerts.render import clean, clean_lines, safe_url, shorten
from alerts.telling import amount, span
from storage.calendar import iso
from storage.explain import Explanation, Verified
from storage.explain.explanation import NO_STORIES, Behind, QueryVersion
from storage.explain.listening import Listened

_SIDE = 14
_MOST_GAPS = 12
_EXCERPT = 60


def lines(made: Explanation, zone: ZoneInfo) -> Iterator[str]:
    """The whole page, line by line."""
    yield from _head(made, zone)
    for title, content in (
        ("Formula", _formula(made)),
        ("Estimate", _estimate(made)),
        ("Heard", _heard(made, zone)),
        ("Compared", _beside(made, zone)),
        ("Tone", _tone(made)),
        ("Query", _queries(made, zone)),
        ("Corrections", _corrections(made)),
        ("Copies", _copies(made)),
        ("Files", _files(made, zone)),
        ("Posts", _posts(made, zone)),
        ("SQL", _sql(made)),
    ):
        yield from _block(title, content)


def _copies(made: Explanation) -> list[str]:
    if not made.kpi.of_sources:
        return []
    if made.copies is None:
        return [NO_STORIES]
    if not made.copies:
        return ["no mention repeats another one"]
    verb = "mention repeats" if made.copies == 1 else "mentions repeat"
    return [f"{made.copies} {verb} another one; listener story shows which"]


def _block(title: str, content: Iterable[str]) -> Iterator[str]:
    label = title
    for line in content:
        if label:
            yield ""
        side = click.style(label.ljust(_SIDE), bold=True) if label else " " * _SIDE
        yield f"{side}{line}".rstrip()
        label = ""


def _head(made: Explanation, zone: ZoneInfo) -> Iterator[str]:
    value, kpi = made.value, made.kpi
    yield click.style(f"{kpi.name} of {value.brand}", bold=True)
    since, until = (reading.stamp(iso(at, zone)) for at in (value.since, value.until))
    yield f"{since} to {until}" + ("" if zone.key == "UTC" else f" ({zone.key})")
    yield ""
    said = "–" if value.value is None else amount(value.value, value.unit, kpi.name)
    interval = value.more.get("interval")
    may = span(interval, value.unit, kpi.name)  # type: ignore[arg-type]
    told = [
        click.style(said, bold=True),
        f"95 % interval {may}" if may else "",
        f"n = {reading.count(value.n)}",
    ]
    yield "   ".join(part for part in told if part)
    if value.reason:
        yield f"No value: {value.reason}."
    if value.more.get("note"):
        yield f"{str(value.more['note']).capitalize()}."
    for warning in made.warnings:
        yield click.style(f"! {clean(warning)}", fg="yellow")


def _formula(made: Explanation) -> Iterator[str]:
    yield made.kpi.formula
    if made.worked is not None:
        told = made.counted is None or made.worked == _figure(made.counted)
        result = "" if told else f" = {_figure(made.counted)}"
        yield click.style(f"{made.worked}{result}", bold=True)
    if made.strata and made.counted is not None:
        yield f"as counted; corrected for the engine's measured error: {_figure(made.value.value)}"
    if made.kpi.source:
        yield f"source: {made.kpi.source}"


def _figure(number: float | None) -> str:
    return "–" if number is None else f"{number:.6g}"


def _estimate(made: Explanation) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    if made.strata:
        rows.append(("engine", "language", "mentions", "says + / −", "by its line + / −"))
    for one in made.strata:
        line = f"{_share(one.positive)} / {_share(one.negative)}"
        said = f"{_share(one.p_positive)} / {_share(one.p_negative)}"
        rows.append(
            (clean(one.engine), clean(one.language or "unknown"), reading.count(one.mentions), said, line)
        )
    yield from _table(rows, right=(2,))


def _share(ratio: float | None) -> str:
    return "not measured" if ratio is None else reading.percent(ratio)


def _heard(made: Explanation, zone: ZoneInfo) -> Iterator[str]:
    if not made.listened:
        yield "no source" if made.kpi.of_sources else "not asked: this number comes of no source"
    width = max((len(clean(one.source)) for one in made.listened), default=0)
    for one in made.listened:
        yield f"{clean(one.source).ljust(width)}  {_hours_of(one)}"
        for gap in one.gaps[:_MOST_GAPS]:
            since, until = reading.moment(gap.since, zone), reading.moment(gap.until, zone)
            lost = reading.hours((gap.until - gap.since) / 3600)
            yield f"  deaf {since} to {until}, {lost}: {clean(gap.reason)}"
        if len(one.gaps) > _MOST_GAPS:
            yield f"  and {reading.plural(len(one.gaps) - _MOST_GAPS, 'more gap')}, see --json"


def _hours_of(one: Listened) -> str:
    asked = reading.hours(one.asked / 3600)
    if one.imported:
        return f"{asked.removesuffix(' h')} of {asked}, by import"
    heard = reading.hours(one.heard / 3600).removesuffix(" h")
    return f"{heard} of {asked}, {reading.percent(one.share)}" + ("" if one.counted else ", left out")


def _beside(made: Explanation, zone: ZoneInfo) -> Iterator[str]:
    value = made.value
    for title, other in (("before", value.before), ("a year before", value.year_before)):
        if other is None:
            continue
        period = reading.period(other.since, other.until, zone)
        if other.change is None:
            yield f"{title}: no comparison with {period} ({other.reason})"
            continue
        now, then = (amount(one, value.unit, made.kpi.name) for one in (other.value, other.then))
        note = f"; {other.note}" if other.note else ""
        yield f"{title}: {now} now, {then} {period}{note}"
        if other.left_out:
            yield f"  over what was heard in both: without {', '.join(clean(name) for name in other.left_out)}"


def _tone(made: Explanation) -> Iterator[str]:
    rows: list[tuple[str, ...]] = []
    if made.judgings:
        rows.append(("engine", "mentions", "+", "0", "−", "not judged", ""))
    for one in made.judgings:
        counts = (one.mentions, one.positive, one.neutral, one.negative, one.unjudged)
        measured = f"measured on {shorten(one.measured_on, _EXCERPT)}" if one.measured_on else "not measured"
        rows.append((clean(one.engine or "none"), *(reading.count(c) for c in counts), measured))
    yield from _table(rows, right=(1, 2, 3, 4, 5))


def _queries(made: Explanation, zone: ZoneInfo) -> Iterator[str]:
    for one in made.queries:
        yield _query(one, zone)
        if one.definition:
            yield f"  {clean(one.definition)}"
    if not made.queries and made.kpi.of_sources:
        yield "nothing was looked for by a query"


def _query(one: QueryVersion, zone: ZoneInfo) -> str:
    found = reading.plural(one.mentions, "mention")
    if one.version is None or one.at is None:
        return f"{one.brand}: {found} that a file said to be some, or from before queries had versions"
    return f"{one.brand}, version {one.version} since {reading.stamp(iso(one.at, zone))}: {found}"


def _corrections(made: Explanation) -> Iterator[str]:
    done = made.corrections
    if done is None:
        return
    drawn = f", {reading.count(done.sampled)} of them drawn by chance" if done.sampled else ""
    yield f"{reading.plural(done.count, 'correction')} by people{drawn}" if done.count else "none"
    for (said, label), count in done.changed.items():
        yield f"  {said or 'not judged'} → {label}: {reading.count(count)}"


def _files(made: Explanation, zone: ZoneInfo) -> Iterator[str]:
    for one in made.files:
        rows = reading.plural(one.rows, "row")
        yield f"{one.kind}: {clean(one.name)}, {rows}, {reading.stamp(iso(one.at, zone))}, sha256 {one.sha256[:12]}…"


def _posts(made: Explanation, zone: ZoneInfo) -> Iterator[str]:
    posts = made.posts
    if posts is None:
        yield "none: this number is made of imported files"
        return
    if not posts.shown:
        yield reading.plural(posts.total, "post")
        return
    yield f"{reading.count(len(posts.shown))} of {reading.plural(posts.total, 'post')}, newest first"
    width = max(len(str(one.id)) for one in posts.shown)
    for one in posts.shown:
        yield from _post(one, width, zone)
    if posts.next is not None:
        yield f"more: --after {posts.next}"


def _post(one: Behind, width: int, zone: ZoneInfo) -> Iterator[str]:
    tone = (one.label or "not judged") + (" (corrected)" if one.corrected else "")
    words = "text erased" if one.erased else f"“{shorten(clean(one.text), _EXCERPT)}”"
    yield f"{one.id:>{width}}  {reading.dated(one.published_at, zone)}  {clean(one.source)}  {tone}  {words}"
    where = safe_url(one.url) or shorten(clean(one.native_id), 100)
    yield f"{'':>{width}}  {where}"


def _sql(made: Explanation) -> Iterator[str]:
    yield f"{reading.plural(len(made.sql), 'statement')}, as sqlite3 takes them"
    for statement in made.sql:
        yield ""
        yield from clean_lines(statement).split("\n")


def checked(found: Verified) -> Iterator[str]:
    """What a check of an evidence file found."""
    told = {key: clean(text or "") for key, text in found.manifest.items()}
    yield click.style(f"{told['kpi']} of {told['brand']}, {told['since']} to {told['until']}", bold=True)
    yield f"written by Listener {told['version']}, asked at {told['asked_at']}, {told['facts']} facts"
    yield ""
    yield f"hash     {'is the one written' if found.untouched else 'DIFFERS: the file was changed'}  {found.sha256}"
    value, answer = ("no value" if n is None else repr(n) for n in (found.value, found.answer))
    if found.remade:
        yield f"number   {'comes out again' if found.same else 'DIFFERS'}  {value}, made again {answer}"
    else:
        yield f"number   {value}, not made again"
    yield f"         {clean(found.recomputed)}"


def _table(rows: list[tuple[str, ...]], right: tuple[int, ...] = ()) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join(cells)
