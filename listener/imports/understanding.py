"""From a file of numbers to what it says: its form, how it is written, each row, and all that was not understood."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from alerts.render import clean_lines
from listener.imports import days, numbers
from listener.imports.forms import Form, Section, Unfit, find, missing
from listener.imports.locales import LOCALES, Ambiguous
from listener.imports.row import AMOUNTS, COUNTS, DATES, RATIOS, BadRow, Row, Wish, Writing
from listener.imports.sheet import Record, Sheet
from storage.imported_sums import LEVELS
from storage.measures import Counted, Measure, Scope, SurveyAnswers

_SHOWN = 20
_PREVIEWED = 3
_TOTAL = re.compile(r"(?:grand )?total(?:s|t|es)?|total\s*[:–—-].*|resultados totales", re.IGNORECASE)
NOT_SUMMED = frozenset(LEVELS)
"""What two rows of one key cannot be added up of: levels, people and shares."""


@dataclass
class Understood:
    """What a file says. `lines`: the first rows with what was read of them; `bad` as in the import of posts."""

    form: Form
    sheet: Sheet
    writing: Writing
    rows: int = 0
    counted: dict[tuple[object, ...], Counted] = field(default_factory=dict)
    lines: list[tuple[int, list[Counted]]] = field(default_factory=list)
    totals: int = 0
    ignored: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    bad_rows: int = 0
    bad: list[tuple[int, str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    complete: bool = True

    def refuse(self, line: int, reason: str) -> None:
        """Count a bad row; the first ones are told with their lines."""
        self.bad_rows += 1
        self.complete = False
        if len(self.bad) < _SHOWN:
            self.bad.append((line, clean_lines(reason)))

    def leave_out(self, line: int, reason: str) -> None:
        """Count a cell whose row is kept; what concerns a whole column is told once."""
        told = clean_lines(reason)
        if "add --" in told:
            self.left_out[told] += 1
        else:
            self.complete = False
            self.left_out[f"line {line}: {told}"] += 1

    @property
    def scope(self) -> Scope:
        """What of the kept the file replaces whole; nothing where a row was not understood, so that none is lost."""
        columns = self.form.scope
        if not columns or not self.complete:
            return Scope()
        values = {tuple(getattr(one, column) for column in columns) for one in self.counted.values()}
        if "network" in columns:
            at = columns.index("network")
            values |= {
                (*value[:at], other, *value[at + 1 :])
                for value in values
                for other in self.form.networks
                if value[at] in self.form.networks
            }
        return Scope(columns, frozenset(values))


def understand(
    sheets: Sequence[Sheet],
    forms: Sequence[Form],
    wish: Wish,
    *,
    mapped: Mapping[str, str],
    locale: str | None = None,
    year: int | None = None,
) -> Understood:
    """Read the first sheet that one of the forms knows. Raises Unfit, with a remedy, where none can be read.

    `mapped` names the column of a field, `locale` how numbers and dates are written (one of LOCALES), `year` that of
    the first date without one.
    """
    for sheet in sheets:
        sections = find(sheet, forms, mapped)
        if sections:
            break
    else:
        raise Unfit(missing(sheets, forms))
    form = sections[0].form
    if absent := [column for name, column in mapped.items() if name not in sections[0].columns.places]:
        raise Unfit(f"has no column {', '.join(map(repr, absent))}, which --map names")
    try:
        writing = _writing(sections, locale, year)
    except Ambiguous as error:
        raise Unfit(str(error)) from None
    found = Understood(form, sheet, writing)
    found.ignored = sections[0].columns.ignored
    found.unread = tuple(other.name for other in sheets if other is not sheet)
    for section in sections:
        _read(section, found, wish)
    return found


def _writing(sections: Sequence[Section], locale: str | None, year: int | None) -> Writing:
    years = dict(_years(sections, year))
    if locale:
        said = LOCALES[locale]
        return Writing(said.decimal, said.order, years)
    counts = ((line, text, True) for line, text in _cells(sections, COUNTS))
    amounts = ((line, text, False) for line, text in _cells(sections, AMOUNTS | RATIOS))
    decimal = numbers.decimal_of([*counts, *amounts])
    return Writing(decimal, days.order_of(_cells(sections, DATES)), years)


def _cells(sections: Sequence[Section], fields: frozenset[str]) -> Iterator[tuple[int, str]]:
    for section in sections:
        places = [at for name, at in section.columns.places.items() if name in fields]
        for record in section.rows:
            for at in places:
                if at < len(record.cells):
                    yield record.line, record.cells[at]


def _years(sections: Sequence[Section], year: int | None) -> Iterator[tuple[int, int]]:
    """The years of dates without one: rows go day by day, so from December to January is a year on, or back."""
    if year is None:
        return
    before: int | None = None
    for line, text in _cells(sections, frozenset({"date"})):
        if not days.lacks_year(text):
            continue
        try:
            # In a leap year each day exists; here only the month is asked for.
            month = days.read(text, None, 2000).day.month
        except ValueError:
            continue
        if before is not None and abs(month - before) > 6:
            year += 1 if month < before else -1
        before = month
        yield line, year


def _read(section: Section, found: Understood, wish: Wish) -> None:
    period = days.period_in(section.above)
    before: dict[str, str] = {}
    for record in section.rows:
        found.rows += 1

        def tell(reason: str, line: int = record.line) -> None:
            found.leave_out(line, reason)

        def pass_by(reason: str) -> None:
            found.passed[clean_lines(reason)] += 1

        row = Row(record, section.columns, section.above, period, found.writing, wish, tell, pass_by, before)
        try:
            if record.broken:
                raise BadRow(record.broken)
            if _is_total(record, row, section.form):
                found.totals += 1
                continue
            if any(record.cells[section.columns.width :]):
                raise BadRow("has more cells than there are headings")
            _take(list(section.form.read(row)), record, found)
        except BadRow as bad:
            found.refuse(record.line, str(bad))


def _is_total(record: Record, row: Row, form: Form) -> bool:
    """Whether a row sums up others: it says so, or lacks what each of the others is about."""
    named = [cell.strip() for cell in record.cells if cell.strip()]
    if named and (_TOTAL.fullmatch(named[0]) or _TOTAL.fullmatch(named[-1])):
        return True
    return any(row.has(name) and not row.raw(name) for name in form.of_whole)


def _take(counted: list[Counted], record: Record, found: Understood) -> None:
    together = [_together(one, found) for one in counted]
    for key, one in together:
        found.counted[key] = one
    if counted and len(found.lines) < _PREVIEWED:
        found.lines.append((record.line, counted))


def _together(one: Counted, found: Understood) -> tuple[tuple[object, ...], Counted]:
    """What is counted, with what rows before said of the same key: flows add up. Raises BadRow where nothing may."""
    if isinstance(one, Measure):
        key: tuple[object, ...] = (one.metric, one.day, one.network, one.account, one.campaign, one.item)
        earlier = found.counted.get(key)
        if not isinstance(earlier, Measure):
            return key, one
        if earlier.unit != one.unit:
            raise BadRow(f"{one.metric} is in {one.unit}, while the file is in {earlier.unit} of that day")
        if one.kind == "custom" or one.metric in NOT_SUMMED or one.item.startswith("post:"):
            if earlier.value != one.value:
                raise BadRow(f"says {one.metric} of {one.day} again, with another number")
            return key, one
        return key, replace(earlier, value=earlier.value + one.value)
    if isinstance(one, SurveyAnswers):
        key = (one.kind, one.day, one.network, one.scale, one.score)
        kept = found.counted.get(key)
        return key, replace(one, answers=one.answers + kept.answers) if isinstance(
            kept, SurveyAnswers
        ) else one
    key = (one.lead_id,)
    known = found.counted.get(key)
    # A CRM may list each stage of a lead on its own: the last one is where it stands.
    later = known is None or getattr(known, "stage_at", 0) <= one.stage_at
    return key, one if later or known is None else known
