"""One report written two ways: a page of HTML that needs nothing else, and Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from alerts.charts.lines import Chart, svg
from alerts.charts.style import STYLE
from alerts.made_by import MADE_BY
from alerts.render import clean, html_page
from alerts.report.content import GoalLine, MarkLine, Report, Row, Section

_WIDE, _NARROW = 760, 350
# What begins something in Markdown or HTML; strangers named sources and accounts.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")


def as_html(report: Report) -> str:
    """Write the report as one page: charts inside of it, no script, nothing fetched, light and dark, for paper too."""
    return html_page("report.html", report=report, drawn=_drawn, chart_style=STYLE)


def _drawn(chart: Chart) -> list[tuple[str, str]]:
    """A chart for wide and for narrow screens; the page shows one of them. Everything in it is escaped already."""
    sizes = (("wide", _WIDE), ("narrow", _NARROW))
    drawn = ((name, svg(replace(chart, key=f"{chart.key}-{name}"), width)) for name, width in sizes)
    return [(name, picture) for name, picture in drawn if picture]


def as_markdown(report: Report) -> str:
    """Write the report as Markdown, its charts as tables of the numbers behind them."""
    return "\n".join(_markdown(report)).rstrip() + "\n"


def _markdown(report: Report) -> Iterator[str]:
    yield f"# {_md(report.title)}: {_md(report.brands)}"
    yield f"\n{_md(report.period)}. {_md(report.compared)}\n"
    if report.goals:
        yield "## Goals\n"
        yield from _table(
            ("Goal", "KPI", "Baseline", "Now", "Target", "Way", "Pace", "Until"),
            [_goal(g) for g in report.goals],
        )
        yield from (f"{_md(goal.name)}: {_md(goal.review)}\n" for goal in report.goals if goal.review)
    for section in report.sections:
        yield from _section(section)
    if report.lacking:
        yield "## Without a value\n"
        yield from (f"- {_md(one.title)}: {_md(one.reason)}" for one in report.lacking)
        yield ""
    if report.marks:
        yield "## What happened\n"
        yield from _table(("", "When", "What", "About"), [_mark(mark) for mark in report.marks])
    if report.imported:
        yield "## Imported numbers\n"
        yield from _table(report.imported.head, report.imported.rows)
    yield "## What was heard\n"
    yield from (f"- {_md(line)}" for line in (*report.hearing, *report.remarks))
    yield f"\nWritten {_md(report.written_at)} by {MADE_BY} with `{report.command.replace('`', '')}`"


def _section(section: Section) -> Iterator[str]:
    yield f"## {_md(section.title)}\n"
    yield f"{_md(section.formula)}.{' ' + _md(section.remark) if section.remark else ''}\n"
    head = ("Brand", "Value", "95 % interval", "n", "Against before", "Against a year before", "")
    yield from _table(head, [_row(row) for row in section.rows])
    for grid in (section.networks, section.languages, section.periods):
        if grid is not None:
            yield from _table(grid.head, grid.rows)


def _row(row: Row) -> tuple[str, ...]:
    before = " ".join(
        part for part in (row.before, f"({row.before_from})" if row.before_from else "") if part
    )
    year = " ".join(
        part for part in (row.year_before, f"({row.year_before_from})" if row.year_before_from else "")
    )
    return row.brand, row.value, row.interval, row.n, before, year.strip(), row.note


def _goal(goal: GoalLine) -> tuple[str, ...]:
    return goal.name, goal.what, goal.baseline, goal.now, goal.target, goal.way, goal.pace, goal.until


def _mark(mark: MarkLine) -> tuple[str, ...]:
    return mark.label, mark.when, mark.text, mark.about or "all brands"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(_md(cell) for cell in head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(_md(cell) for cell in row) + " |"
    yield ""


def _md(text: str) -> str:
    """A text on one line that means itself in Markdown, also inside a table."""
    return _SPECIAL.sub(r"\\\1", clean(text))
