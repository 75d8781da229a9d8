"""From numbers to a report's content: what is said of each KPI, and what stands in its charts. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from alerts import format as reading
from alerts.digest.wording import about_source
from alerts.progress import Measured
from alerts.render import clean, shorten
from alerts.report import pictures, wording
from alerts.report.content import GoalLine, Grid, Lacking, MarkLine, Report, Row, Section
from alerts.report.gather import KpiFacts, ReportFacts
from alerts.telling import why
from storage.calendar import iso, start_of
from storage.kpi import KPIS, Kpi, KpiValue
from storage.kpi.compare import NO_CHANGE
from storage.kpi.value import Compared

_LONGEST_NAME = 60
_NAMED = 4


def compose(facts: ReportFacts) -> Report:
    """Return the report's content. The same facts always give the same report."""
    ask = facts.wanted.ask
    first = next((one for group in facts.kpis.values() for one in group), None)
    brands = list(dict.fromkeys(one.value.brand for group in facts.kpis.values() for one in group))
    marks = _mark_lines(facts)
    return Report(
        title=_name(facts.wanted.title) or "Report",
        period=reading.period(ask.window.since, ask.window.until, ask.zone),
        compared=_compared(first, ask.zone),
        brands=_several(brands),
        sections=tuple(
            _section(facts.declared[name], group, facts) for name, group in facts.kpis.items() if _told(group)
        ),
        lacking=tuple(
            Lacking(wording.named(name), "; ".join(dict.fromkeys(wording.reason(one.value) for one in group)))
            for name, group in facts.kpis.items()
            if not _told(group)
        ),
        goals=tuple(_goal(one, ask.zone) for one in facts.goals),
        marks=marks,
        imported=_imported(facts),
        hearing=_hearing(facts),
        remarks=_remarks(facts),
        command=_command(facts),
        written_at=reading.stamp(iso(ask.now, ask.zone)),
    )


def _name(text: str) -> str:
    return shorten(clean(text), _LONGEST_NAME)


def _several(brands: Sequence[str]) -> str:
    """Name the first brands, and how many more there are."""
    more = f" and {len(brands) - _NAMED} more" if len(brands) > _NAMED else ""
    return ", ".join(_name(brand) for brand in brands[:_NAMED]) + more


def _compared(first: KpiFacts | None, zone: ZoneInfo) -> str:
    if first is None or first.value.before is None or first.value.year_before is None:
        return ""
    before, year = first.value.before, first.value.year_before
    return (
        f"Before: {reading.period(before.since, before.until, zone)}. "
        f"A year before: {reading.period(year.since, year.until, zone)}."
    )


def _told(group: Sequence[KpiFacts]) -> bool:
    """Whether there is any value to show: a section of dashes would only hide the others."""
    return any(value.value is not None for one in group for value in (one.value, *one.by_source, *one.series))


def _section(kpi: Kpi, group: Sequence[KpiFacts], facts: ReportFacts) -> Section:
    return Section(
        title=wording.named(kpi.name),
        formula=kpi.formula[:1].upper() + kpi.formula[1:],
        rows=tuple(_row(one) for one in group),
        charts=pictures.of_kpi(kpi, group, facts),
        networks=_by(group, "Network", "by_source", "source"),
        languages=_by(group, "Language", "by_language", "language"),
        periods=_periods(group, facts),
        remark="It may rise while nothing improves: read it beside an outcome." if kpi.vanity else "",
    )


def _row(one: KpiFacts) -> Row:
    value = one.value
    before, before_from = _moved(value, value.before, one.requeried[0])
    year, year_from = _moved(value, value.year_before, one.requeried[1])
    return Row(
        brand=_name(value.brand),
        value=wording.figure(value.value, value.unit, value.kpi),
        interval=wording.interval(value),
        n=reading.count(value.n),
        before=before,
        before_from=before_from,
        year_before=year,
        year_before_from=year_from,
        note="; ".join(part for part in (wording.reason(value), *_beside(value)) if part),
    )


def _moved(value: KpiValue, found: Compared | None, requeried: bool) -> tuple[str, str]:
    """How a value has moved and from what; or that it has not, and why it cannot be said."""
    if found is None or found.change is None:
        return wording.NO_VALUE, why(found.reason if found else None)
    from_ = [f"from {wording.figure(found.then, value.unit, value.kpi)}"]
    # Beside what chance makes, a note tells where files are of other parts of the two windows.
    from_ += [
        "may be chance" if note == NO_CHANGE else note for note in (found.note or "").split("; ") if note
    ]
    if requeried:
        from_.append("counted by another query")
    if found.left_out:
        from_.append(f"without {', '.join(_name(name) for name in found.left_out)}")
    return wording.moved(found, value.unit, value.kpi), "; ".join(from_)


def _beside(value: KpiValue) -> list[str]:
    """What a KPI's declaration gives with its value, where a reader needs it."""
    said = []
    if value.value is not None and value.more.get("method") == "adjusted":
        said.append("estimated")
    if "note" in value.more and value.value is not None:
        said.append(str(value.more["note"]))
    answered = value.more.get("answered_share")
    if answered is not None:
        said.append(f"{reading.percent(cast('float', answered))} answered")
    return said


def _by(group: Sequence[KpiFacts], title: str, field: str, dimension: str) -> Grid | None:
    """A table of a dimension by brand; None where it has but one row, or none at all."""
    found: dict[str, dict[str, str]] = {}
    for one in group:
        for value in getattr(one, field):
            name = _name(getattr(value, dimension) or "unknown")
            cell = wording.told(value) if value.value is not None else wording.reason(value)
            found.setdefault(name, {})[value.brand] = cell
    if not found:
        return None
    brands = [one.value.brand for one in group]
    rows = (
        (name, *(cells.get(brand, wording.NO_VALUE) for brand in brands)) for name, cells in found.items()
    )
    return Grid(title, (title, *(_name(brand) for brand in brands)), tuple(rows))


def _periods(group: Sequence[KpiFacts], facts: ReportFacts) -> Grid:
    """The numbers behind the chart."""
    zone = facts.wanted.ask.zone
    found: dict[tuple[int, int], dict[str, str]] = {}
    for one in group:
        for value in one.series:
            cell = wording.told(value) if value.value is not None else wording.reason(value)
            found.setdefault((value.since, value.until), {})[value.brand] = cell
    title = facts.period.capitalize()
    brands = [one.value.brand for one in group]
    rows = (
        (reading.period(*window, zone), *(cells.get(brand, wording.NO_VALUE) for brand in brands))
        for window, cells in found.items()
    )
    return Grid(f"By {facts.period}", (title, *(_name(brand) for brand in brands)), tuple(rows))


def _goal(one: Measured, zone: ZoneInfo) -> GoalLine:
    goal, stand, unit = one.goal, one.progress, KPIS[one.goal.kpi].unit
    way = f"{reading.percent(stand.way, 0)} of the way" if stand.way is not None else ""
    time = f"{reading.percent(stand.elapsed, 0)} of the time"
    chance = one.current is not None and wording.by_chance(one.current, one.baseline)
    return GoalLine(
        name=_name(goal.name),
        what=f"{wording.named(goal.kpi)} of {_name(goal.brand)}"
        + (f" on {_name(goal.source)}" if goal.source else ""),
        baseline=wording.told(one.baseline),
        now=_now(one) + ("; may be chance" if chance else ""),
        target=wording.figure(goal.target, unit, goal.kpi),
        way=f"{way} in {time}" if way else f"{time} is over",
        width=min(100, max(0, round(100 * stand.way))) if stand.way is not None else None,
        pace=stand.pace,
        until=f"by {reading.day(start_of(goal.by, 'day', zone), zone)} {goal.by.year}, {_name(goal.owner)}",
        review=f"Review due: {one.due}" if one.due else "",
    )


def _now(one: Measured) -> str:
    if one.current is None:
        return "no whole period since"
    missing = wording.reason(one.current)
    return f"{wording.NO_VALUE} ({missing})" if missing else wording.told(one.current)


def _mark_lines(facts: ReportFacts) -> tuple[MarkLine, ...]:
    zone = facts.wanted.ask.zone
    return tuple(
        MarkLine(
            mark.label,
            reading.period(mark.since, mark.until or mark.since + 1, zone),
            mark.text,
            mark.about,
        )
        for mark in pictures.marks(facts)
    )


def _imported(facts: ReportFacts) -> Grid | None:
    rows = tuple(
        (
            _name(one.brand),
            f"{_name(one.metric)} ({_name(one.kind)})",
            _name(one.network) or "all",
            _name(one.account) or "all",
            wording.figure(one.value, one.unit, one.metric),
            "on the last day told" if one.level else f"sum of {reading.plural(one.days, 'day')}",
        )
        for one in facts.imported
    )
    if not rows:
        return None
    return Grid("Imported numbers", ("Brand", "Measure", "Network", "Account", "Value", ""), rows)


def _hearing(facts: ReportFacts) -> tuple[str, ...]:
    """What was heard of the window, source by source, and what was left out."""
    made_of_it = (group for name, group in facts.kpis.items() if facts.declared[name].of_sources)
    value = next((one.value for group in made_of_it for one in group), None)
    if value is None:
        return ("Every number here is of imported files; none is of what was heard.",)
    said = [
        f"{_name(one.source)}: {reading.hours(one.heard / 3600)} of {reading.hours(one.asked / 3600)}, "
        f"{about_source(one.heard / 3600, one.asked / 3600)}"
        for one in value.heard
    ]
    if value.left_out:
        said.append(f"Left out of every number: {', '.join(_name(name) for name in value.left_out)}")
    return tuple(said or ["Nothing was heard in this period."])


def _remarks(facts: ReportFacts) -> tuple[str, ...]:
    zone = facts.wanted.ask.zone
    values = [one.value for group in facts.kpis.values() for one in group]
    queries = {change for value in values for change in value.query_changes}
    engines = {change for value in values for change in value.engine_changes}
    return (
        *reading.query_changes([replace(c, brand=_name(c.brand)) for c in queries], zone),
        *(
            reading.engine_change(_name(c.brand), c.engine, c.at, zone)
            for c in sorted(engines, key=lambda c: c.at)
        ),
    )


def _command(facts: ReportFacts) -> str:
    """The command that writes this report again."""
    wanted = facts.wanted
    ask = wanted.ask
    words = ["listener", "report"]
    words += [word for name in wanted.kpis for word in ("--kpi", name)]
    words += [word for name in ask.only for word in ("--brand", name)]
    words += [word for name in ask.sources for word in ("--source", name)]
    words += [word for name in ask.accounts for word in ("--account", name)]
    words += ["--since", _moment(ask.window.since, ask.zone), "--until", _moment(ask.window.until, ask.zone)]
    words += ["--by", facts.period, "--timezone", ask.zone.key]
    return shlex.join(words)


def _moment(at: int, zone: ZoneInfo) -> str:
    local = datetime.fromtimestamp(at, zone)
    midnight = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second) == timedelta()
    return f"{local:%Y-%m-%d}" if midnight else f"{local:%Y-%m-%dT%H:%M:%S}"
