"""What a report says, every number already written for reading: the same for HTML and Markdown."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.charts.lines import Chart


@dataclass(frozen=True, slots=True)
class Row:
    """A KPI of one brand. `before` and `year_before` say how it moved, and from what; `note` why it lacks."""

    brand: str
    value: str
    interval: str
    n: str
    before: str
    before_from: str
    year_before: str
    year_before_from: str
    note: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of values: a head, and rows whose first cell names them. `title` says what the rows are."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One KPI."""

    title: str
    formula: str
    rows: tuple[Row, ...]
    charts: tuple[Chart, ...]
    networks: Grid | None
    languages: Grid | None
    periods: Grid
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Lacking:
    """A KPI that has no value of any brand, network or period, and why."""

    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class GoalLine:
    """A goal. `width`: how much of a bar is filled, in whole percent; None where there is no way."""

    name: str
    what: str
    baseline: str
    now: str
    target: str
    way: str
    width: int | None
    pace: str
    until: str
    review: str


@dataclass(frozen=True, slots=True)
class MarkLine:
    """What a mark in the charts stands for."""

    label: str
    when: str
    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report's content in reading order."""

    title: str
    period: str
    compared: str
    brands: str
    sections: tuple[Section, ...]
    lacking: tuple[Lacking, ...]
    goals: tuple[GoalLine, ...]
    marks: tuple[MarkLine, ...]
    imported: Grid | None
    hearing: tuple[str, ...]
    remarks: tuple[str, ...]
    command: str
    written_at: str
