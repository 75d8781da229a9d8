"""From a question to its values: cut the window, see what was heard, count once, read each KPI."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache, partial
from itertools import product

from storage.base import Rows
from storage.calendar import UNITS, Window, before, cut, year_before
from storage.coverage import ENOUGH, Ledger, SourceHeard, ledgers
from storage.kpi.compare import compared
from storage.kpi.declaration import FILES, Kpi
from storage.kpi.engines import EngineChange, engine_changes
from storage.kpi.evidence import Evidence
from storage.kpi.judged import Judged
from storage.kpi.measured import networks
from storage.kpi.recent import Recent
from storage.kpi.responses import waits
from storage.kpi.scope import Numbered, Scope
from storage.kpi.value import ENGINE_CHANGED, NOT_COMPARABLE, OVERLAPPING, Ask, Compared, KpiValue, Reading
from storage.queries import QueryChange, changes


class Gathered:
    """What questions of one moment have in common: who is known, what was heard, and what was counted in each window.

    Rules ask of a hundred brands one by one, and all of the same hour: counted for each of them anew it would be
    counted a hundred times. The newest `windows` are kept. `recent` has the minutes from `since` on at hand.
    """

    def __init__(self, store: Rows, windows: int = 8, recent: Recent | None = None, since: int = 0) -> None:
        # One window is the period before of the next, and what others are compared with: a few stay at hand.
        self.evidence = lru_cache(windows)(self._evidence)
        self.ledgers = cache(self._ledgers)
        self.changes = lru_cache(windows)(self._changes)
        self._store = store
        self._recent = recent
        self._since = since

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The numbers of the brands that the store has seen, by name."""
        return dict(self._store.rows("SELECT name, id FROM brands"))

    def _ledgers(self, sources: tuple[str, ...]) -> list[Ledger]:
        return ledgers(self._store, sources)

    def _changes(self, brands: tuple[str, ...], window: Window) -> list[QueryChange]:
        return changes(self._store, list(brands), window.since, window.until)

    def _evidence(
        self, brands: tuple[int, ...], window: Window, by_language: bool, live_only: bool, tag: str | None
    ) -> Evidence:
        return Evidence(
            self._store,
            brands,
            window,
            by_language=by_language,
            live_only=live_only,
            tag=tag,
            recent=self._recent if window.since >= self._since else None,
        )


def compute(store: Rows, kpis: Sequence[Kpi], ask: Ask, gathered: Gathered | None = None) -> list[KpiValue]:
    """Return the values of these KPIs by window, source, language and brand, in that order.

    `gathered`: what earlier questions of this moment have found.
    """
    known = gathered or Gathered(store)
    brands = [Numbered(known.numbers.get(brand.name, 0), brand) for brand in ask.brands]
    numbers = tuple(brand.number for brand in brands)
    sources = known.ledgers(ask.sources)
    changed = known.changes(tuple(brand.name for brand in ask.brands), ask.window)

    def evidence(window: Window, live_only: bool) -> Evidence:
        return known.evidence(numbers, window, "language" in ask.by, live_only, ask.tag)

    @lru_cache(maxsize=8)
    def period(window: Window) -> _Period:
        return _Period(store, ask, window, brands, sources, changed, evidence)

    values: list[KpiValue] = []
    for window in _windows(ask):
        beside = [before(window, ask.zone), year_before(window, ask.zone)] if ask.compare else []
        values.extend(_of_window(period(window), kpis, [period(other) for other in beside]))
    return values


def _windows(ask: Ask) -> list[Window]:
    unit = next((unit for unit in UNITS if unit in ask.by), None)
    return cut(ask.window, unit, ask.zone) if unit else [ask.window]


def _of_window(period: _Period, kpis: Sequence[Kpi], beside: Sequence[_Period]) -> Iterator[KpiValue]:
    groups = period.groups(kpis)
    for group, language, brand in product(groups, period.languages(), period.asked_brands()):
        scope = period.scope(group, language, brand)
        engines = period.engine_changes(scope)
        for kpi in filter(group.tells, kpis):
            reading = kpi.read(scope)
            yield KpiValue(
                kpi.name,
                brand.brand.name,
                group.name,
                language,
                period.window.since,
                period.window.until,
                reading.value,
                _unit(kpi, reading),
                reading.n,
                reading.reason,
                reading.more,
                () if kpi.imported else group.heard,
                () if kpi.imported else group.left_out,
                () if kpi.imported else period.query_changes(scope.market if kpi.market_wide else (brand,)),
                # Who says by which method a value was made has made it of tones.
                engines if "method" in reading.more else (),
                *(_compared(kpi, period, other, group, language, brand) for other in beside),
            )


def _unit(kpi: Kpi, reading: Reading) -> str:
    """The unit of a value: of money the ISO 4217 code, where it is known."""
    return str(reading.more.get("currency") or kpi.unit) if kpi.unit == "currency" else kpi.unit


def _compared(
    kpi: Kpi, period: _Period, other: _Period, group: _Group, language: str | None, brand: Numbered
) -> Compared:
    """A KPI's value beside that of another window, over the sources that were heard in both."""
    if other.window.until > period.window.since:
        # What stands in both would be compared with itself, and look like no change.
        return Compared(other.window.since, other.window.until, reason=OVERLAPPING)
    both = period.heard_in_both(group, other.window)
    deaf = () if kpi.imported else group.ledgers
    left_out = tuple(ledger.name for ledger in deaf if ledger not in both.ledgers)
    if kpi.of_sources and not both.ledgers:
        since, until = other.window.since, other.window.until
        return Compared(since, until, reason=NOT_COMPARABLE, left_out=left_out)
    here, there = (one.scope(both, language, brand) for one in (period, other))
    now, then = kpi.read(here), kpi.read(there)
    # Who says by which method a value was made has made it of tones.
    if "method" in now.more and len(period.engines(both, brand) | other.engines(both, brand)) > 1:
        return Compared(other.window.since, other.window.until, reason=ENGINE_CHANGED, left_out=left_out)
    chance = (kpi.chance(here), kpi.chance(there)) if kpi.chance else (None, None)
    return compared(now, then, other.window, left_out, chance)


@dataclass(frozen=True, slots=True)
class _Group:
    """The sources behind one value: one by name, or all that were heard (name None).

    `listened`: a source bears the name. `kinds`: what kinds of files tell of a network of that name.
    """

    name: str | None
    ledgers: tuple[Ledger, ...]
    asked: frozenset[int]
    heard: tuple[SourceHeard, ...]
    left_out: tuple[str, ...]
    comparable: frozenset[int]
    listened: bool = True
    kinds: frozenset[str] = frozenset()

    def tells(self, kpi: Kpi) -> bool:
        """Whether there is anything here that this KPI could be made of."""
        if self.name is None:
            return True
        return (self.listened and not kpi.imported) or not self.kinds.isdisjoint(kpi.inputs)


class _Period:
    """One window: what was heard in it and counted in it, each fetched once however many values need it."""

    def __init__(
        self,
        store: Rows,
        ask: Ask,
        window: Window,
        brands: list[Numbered],
        sources: list[Ledger],
        changed: list[QueryChange],
        evidence: Callable[[Window, bool], Evidence],
    ) -> None:
        self.window = window
        self._changed = changed
        self._store = store
        self._ask = ask
        self._brands = brands
        self._sources = sources
        self._before = before(window, ask.zone)
        self._by_language = "language" in ask.by
        self._ends = {ledger.source_id: ledger for ledger in sources}
        self._evidence = evidence(window, ask.live_only)
        self._evidence_before = evidence(self._before, False)
        # Three shares and two counts are read of the same estimate.
        self._judged: Callable[[Evidence, int, frozenset[int], str | None], Judged] = cache(
            partial(Judged, rough=ask.rough)
        )

    def groups(self, kpis: Sequence[Kpi]) -> list[_Group]:
        """One group for the total, or with --by source one for each source and each network that files tell of."""
        if "source" not in self._ask.by:
            return [self._group(None, self._sources)]
        asked = {one.name: one for one in self._sources if one.active or one.live or one.imports}
        kinds = {kind for kpi in kpis for kind in kpi.inputs} & FILES
        told = networks(
            self._evidence, self._ask.zone, kinds, [brand.number for brand in self.asked_brands()]
        )
        if self._ask.sources:
            told = {name: kinds for name, kinds in told.items() if name in self._ask.sources}
        return [
            replace(
                self._group(name, [asked[name]] if name in asked else []),
                listened=name in asked,
                kinds=frozenset(told.get(name, ())),
            )
            for name in [*asked, *sorted(told.keys() - asked.keys())]
        ]

    def _group(self, name: str | None, candidates: Sequence[Ledger]) -> _Group:
        used, heard, left_out, comparable = [], [], [], set()
        for ledger in candidates:
            now = ledger.heard(self.window.since, self.window.until, self._ask.now)
            if now.heard and (now.share >= ENOUGH or not self._ask.strict):
                used.append(ledger)
                heard.append(now)
                if self._enough(ledger, self._before):
                    comparable.add(ledger.source_id)
            elif ledger.active:
                left_out.append(ledger.name)
        asked = frozenset(ledger.source_id for ledger in candidates)
        return _Group(name, tuple(used), asked, tuple(heard), tuple(left_out), frozenset(comparable))

    def heard_in_both(self, group: _Group, window: Window) -> _Group:
        """Those sources of a group that were heard for at least 90 % of this window and of another one."""
        both = tuple(ledger for ledger in group.ledgers if self._enough(ledger, window))
        return replace(group, ledgers=both)

    def _enough(self, ledger: Ledger, other: Window) -> bool:
        heard = (ledger.heard(w.since, w.until, self._ask.now).share for w in (self.window, other))
        return all(share >= ENOUGH for share in heard)

    def engines(self, group: _Group, brand: Numbered) -> frozenset[int]:
        """The engines that judged a brand's mentions in these sources."""
        sources = [ledger.source_id for ledger in group.ledgers]
        return self._evidence.tally.counts(brand.number, sources, None, False).engines

    def languages(self) -> list[str | None]:
        """With --by language all that mentions and conversations are in; those of unknown language last."""
        if not self._by_language:
            return [None]
        asked = self.asked_brands()
        spoken = {wait.language for brand in asked for wait in waits(self._evidence, brand.number)}
        known = {*self._evidence.tally.languages(), *spoken}
        return [*sorted(language for language in known if language), *([None] if None in known else [])]

    def query_changes(self, behind: Sequence[Numbered]) -> tuple[QueryChange, ...]:
        """When in this window it changed which posts are mentions of these brands."""
        names = {brand.brand.name for brand in behind}
        since, until = self.window.since, self.window.until
        return tuple(c for c in self._changed if c.brand in names and since < c.at < until)

    def engine_changes(self, scope: Scope) -> tuple[EngineChange, ...]:
        """When in this window another engine began to judge."""
        return engine_changes(self._store, scope)

    def asked_brands(self) -> list[Numbered]:
        return [b for b in self._brands if not self._ask.only or b.brand.name in self._ask.only]

    def scope(self, group: _Group, language: str | None, brand: Numbered) -> Scope:
        return Scope(
            brand=brand,
            market=tuple(b for b in self._brands if b.brand.market == brand.brand.market),
            window=self.window,
            sources=frozenset(ledger.source_id for ledger in group.ledgers),
            asked=group.asked,
            comparable=group.comparable,
            language=language,
            by_language=self._by_language,
            evidence=self._evidence,
            evidence_before=self._evidence_before,
            judge=self._judged,
            stretch_end=lambda source, at: self._ends[source].stretch_end(at),
            strict=self._ask.strict,
            source=group.name,
            zone=self._ask.zone,
            now=self._ask.now,
            networks=frozenset(self._ask.sources) or None,
            accounts=frozenset(self._ask.accounts) or None,
        )
