"""The facts behind a number, as an evidence file keeps them: mentions without their texts, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sentiment.calibration import card
from sentiment.tone import LABELS
from storage.base import Rows
from storage.calendar import iso
from storage.coverage import Ledger
from storage.desk.corrections import STANDING
from storage.explain.behind import Facts
from storage.explain.listening import Listened
from storage.explain.recompute import TABLES
from storage.kpi.responses import responses
from storage.mention import LABEL_NUMBERS
from storage.rollups.counted import whole

_PAGE = 20_000
_LABELS = {LABEL_NUMBERS[label]: label for label in LABELS}
# A newer sqlite3 prints controls in another way than an older one, and a hash over them would not hold.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MENTIONS = f"""SELECT m.published_at, m.post_id, s.name, s.id, p.native_id, p.url, m.language, e.name, m.label,
    m.p_negative, m.p_neutral, m.p_positive, {whole("m.p_negative")}, {whole("m.p_positive")},
    m.author_id, c.label, c.at, c.sampled, p.erased_at IS NOT NULL
    FROM mentions m JOIN posts p ON p.id = m.post_id JOIN sources s ON s.id = m.source_id
    LEFT JOIN engines e ON e.id = m.engine_id
    LEFT JOIN corrections c ON c.brand_id = m.brand_id AND c.post_id = m.post_id AND {STANDING}
    WHERE m.brand_id = ? AND m.published_at >= ? AND m.published_at < ?
    AND m.source_id IN (SELECT value FROM json_each(?)) AND (m.published_at, m.post_id) > (?, ?)
    ORDER BY m.published_at, m.post_id LIMIT ?"""


def facts(
    store: Rows, period: str, brand: str, asked: Facts, comparable: frozenset[int]
) -> Iterator[tuple[object, ...]]:
    """The rows of `facts` of one brand in one period, page by page: there may be millions.

    `comparable` are the numbers of the sources by which two periods are compared.
    """
    last: tuple[int, int] = (asked.window.since - 1, 0)
    while rows := store.rows(_MENTIONS, (*asked.asked, *last, _PAGE)):
        for row in rows:
            yield _fact(period, brand, comparable, *row)
        last = (rows[-1][0], rows[-1][1])


def _fact(period: str, brand: str, comparable: frozenset[int], *row: Any) -> tuple[object, ...]:
    at, post, source, number, native_id, url, language, engine, label, *rest = row
    *ps, summed_negative, summed_positive, author, said, said_at, drawn, erased = rest
    return (
        period,
        plain(brand),
        post,
        plain(source),
        plain(native_id),
        plain(url),
        iso(at),
        plain(language),
        engine,
        _LABELS.get(label),
        *(None if p is None else repr(float(p)) for p in ps),
        summed_negative,
        summed_positive,
        author,
        _LABELS.get(said),
        iso(said_at) if said is not None else None,
        drawn,
        erased,
        int(number in comparable),
    )


def engines(strata: Sequence[tuple[str, str | None]]) -> Iterator[tuple[object, ...]]:
    """The rows of `engines`: of each engine and language, the figures that were measured."""
    for engine, language in strata:
        known = card(engine)
        measured = known.of(language) if known else None
        if known is None or measured is None:
            # As if the engine's probabilities were true: where nothing was measured, only people's labels count.
            line = ("0.0", "1.0", "1.0", None, "0.0", "1.0", "0.0")
            yield (engine, plain(language) or "", None, None, None, None, *line, *line)
            continue
        lines = [
            repr(float(getattr(line, figure)))
            for line in (measured.positive, measured.negative)
            for figure in ("intercept", "slope", "text_slope", "spread", "mean", "between", "within")
        ]
        about = (plain(known.measured_on), measured.topics, measured.texts, repr(measured.spread_net))
        yield (engine, plain(language) or "", *about, *lines)


def waits(
    store: Rows, asked: Facts, ledgers: Mapping[int, Ledger], *, first: bool
) -> Iterator[tuple[object, ...]]:
    """The rows of `waits`: who was not answered has waited for as long as that source was heard without a break."""
    for one in responses(store, asked.brand, asked.window, live_only=False):
        if one.source in asked.sources and one.first == first:
            ledger = ledgers[one.source]
            end = max(one.started, ledger.stretch_end(one.started) or one.started)
            seconds = end - one.started if one.seconds is None else one.seconds
            yield (plain(ledger.name), iso(one.started), seconds, int(one.seconds is not None))


def coverage(period: str, listened: Sequence[Listened]) -> Iterator[tuple[object, ...]]:
    """The rows of `coverage`."""
    for one in listened:
        yield (period, plain(one.source), one.kind, int(one.counted), int(one.imported), one.heard, one.asked)


def gaps(period: str, listened: Sequence[Listened]) -> Iterator[tuple[object, ...]]:
    """The rows of `gaps`."""
    for one in listened:
        for gap in one.gaps:
            yield (period, plain(one.source), iso(gap.since), iso(gap.until), plain(gap.reason))


def insert(table: str) -> str:
    """The statement that fills a table."""
    return f"INSERT INTO {table} VALUES ({','.join('?' * len(TABLES[table]))})"


def plain(text: str | None) -> str | None:
    """A text without controls, each replaced by a mark of its own."""
    return None if text is None else _CONTROLS.sub("\ufffd", text)
