"""KPIs of numbers of days, most of them imported: by name, by network, and NULL with a reason where there are none."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any, TypeVar

from storage.kpi import measured
from storage.kpi.cell import Cell
from storage.kpi.declaration import Input, Kpi
from storage.kpi.evidence import Evidence
from storage.kpi.measured import Answers, Lead
from storage.kpi.scope import Scope
from storage.kpi.value import Reading
from storage.measures import SNAPSHOT

NOT_ADDED = "audiences of several networks are not added up: ask by source"
NOT_TOLD = "no source told figures of these days"
SOCIAL = frozenset(("Organic Social", "Paid Social", "Social"))
"""The channel groups that are social media: two of GA4, and the one of Universal Analytics."""
SOCIAL_NETWORKS = frozenset(
    (
        *(
            "facebook",
            "instagram",
            "threads",
            "meta",
            "x",
            "linkedin",
            "youtube",
            "tiktok",
            "bluesky",
            "mastodon",
        ),
        *("reddit", "pinterest", "hackernews", "snapchat", "quora", "vk"),
    )
)
"""Of the places that files name as a source, those that are social media: a search engine or a letter is none."""

Pick = Callable[[Sequence[Cell]], Sequence[Cell]]
Told = TypeVar("Told", bound=Cell | Lead | Answers)
Found = TypeVar("Found")


class Missing(Exception):
    """There is no value: why, and what can be told all the same."""

    def __init__(self, reason: str, more: Mapping[str, object] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.more = more or {}


def whole(cells: Sequence[Cell]) -> Sequence[Cell]:
    """What is told of everything together; of a day, network and account of which only items are told, these."""
    told = {cell[:3] for cell in cells if not cell.item}
    return [cell for cell in cells if not cell.item or cell[:3] not in told]


def social(cells: Sequence[Cell]) -> Sequence[Cell]:
    """What came by social media, free and paid. Raises Missing where the file does not tell channels apart."""
    if not any(cell.item for cell in cells):
        raise Missing("no channel groups in what was imported of ga4")
    return [cell for cell in cells if cell.item in SOCIAL]


def of_kind(kind: str) -> str:
    """Where numbers of a kind come from, in words that follow "what"."""
    return "sources told" if kind == SNAPSHOT else f"was imported of {kind}"


def added(cells: Iterable[Cell]) -> float:
    """The sum of some cells, exact for cents."""
    return math.fsum(cell.value for cell in cells)


class Imported:
    """What was imported for one brand in one window: of these networks, or of all.

    What is looked up is told: `more` fills with sums by name, and with the days that had numbers.
    """

    def __init__(
        self, scope: Scope, networks: frozenset[str] | None, evidence: Evidence | None = None
    ) -> None:
        self.scope = scope
        self.more: dict[str, object] = {}
        self.evidence = evidence or scope.evidence
        self._networks = networks
        first, end = measured.asked_days(self.evidence, scope.zone)
        self.first, self.last = first.isoformat(), (end - timedelta(days=1)).isoformat()
        self.days_asked = (end - first).days
        self._days: dict[str, int] = {}
        self._currencies: set[str | None] = set()

    def before(self) -> Imported:
        """The same in the period before."""
        return Imported(self.scope, self._networks, self.scope.evidence_before)

    def told(self) -> dict[str, object]:
        """All that was looked up: sums by name, days with numbers of days asked, the currency."""
        days = {"days": self._days, "days_asked": self.days_asked} if self._days else {}
        money = {"currency": next(iter(self._currencies))} if len(self._currencies) == 1 else {}
        return {**self.more, **days, **money}

    def networks(self, kinds: Iterable[str]) -> list[str]:
        """The networks that files of these kinds tell of in the window; '' where they do not say."""
        return sorted({network for kind in kinds for network in self._networks_of(kind)})

    def _networks_of(self, kind: str) -> frozenset[str]:
        return self.once(("networks", kind), lambda: frozenset(row.network for row in self._rows_of(kind)))

    def cells(self, kind: str, metric: str) -> Sequence[Cell]:
        """The numbers of one metric, in order of days. Raises Missing."""
        kept = self.kept(kind)
        if metric not in kept:
            raise Missing(f"no {metric} in what {of_kind(kind)}")
        return kept[metric]

    def kept(self, kind: str) -> Mapping[str, Sequence[Cell]]:
        """The numbers of one kind by metric. Raises Missing where there are none."""
        kept = self._kept(kind)
        if not kept:
            raise self._nothing(kind)
        self._days[kind] = self.once(
            ("days", kind), lambda: len({cell.day for cells in kept.values() for cell in cells})
        )
        return kept

    def once(self, what: Hashable, reckon: Callable[[], Found]) -> Found:
        """What is reckoned of these numbers alone: once a window, however many KPIs need it."""
        return self.evidence.once(("imported", self._brand, self._networks, what), reckon)

    def of_network(self, network: str) -> Imported:
        """The same of one of its networks; what is looked up there is not told here."""
        return Imported(self.scope, frozenset((network,)), self.evidence)

    def days(self, kind: str) -> int:
        """How many days of the window had numbers of a kind that was looked up."""
        return self._days[kind]

    def since_eve(self, kind: str, metric: str) -> list[Cell]:
        """The numbers of one metric, with those of the eve of the window before them. Raises Missing."""
        self.cells(kind, metric)
        return self._mine(self._measures(kind)[metric])

    def total(self, kind: str, metric: str, pick: Pick = whole, name: str | None = None) -> float:
        """The sum of one metric over days and networks, told as `name`. Raises Missing."""
        value = added(pick(self.cells(kind, metric)))
        self.more[name or metric] = _plain(value)
        return value

    def money(self, kind: str, metric: str, pick: Pick = whole, name: str | None = None) -> float:
        """The same of amounts of money. Raises Missing where they are in several currencies."""
        cells = self.cells(kind, metric)
        # Where none of them is picked the sum is zero, and of the currency that the others are in.
        self.one_currency(cell.unit for cell in pick(cells) or cells)
        return self.total(kind, metric, pick, name)

    def one_currency(self, currencies: Iterable[str | None]) -> None:
        """Raise Missing where these amounts and those looked up before are not all in one currency."""
        self._currencies.update(currencies)
        if len(self._currencies) > 1:
            named = " and ".join(sorted(code or "an unnamed currency" for code in self._currencies))
            raise Missing(f"amounts in {named} are not added up")

    def leads(self) -> list[Lead]:
        """The leads created in the window. Raises Missing where those imported lie all before or all after it."""
        window = self.evidence.window
        first, last = measured.lead_span(self.evidence, self._brand)
        if first is None or last is None or first >= window.until or last < window.since:
            raise self._nothing("crm")
        return self._mine(measured.leads(self.evidence, self._brand))

    def answers(self, kind: str) -> list[Answers]:
        """What was answered to one kind of question, csat or nps. Raises Missing."""
        if not any(self._rows_of("survey")):
            raise self._nothing("survey")
        said = self._mine(measured.answers(self.evidence, self.scope.zone, self._brand).get(kind, ()))
        if not said:
            raise Missing(f"no {kind} in what was imported of survey")
        self._days["survey"] = len({one.day for one in said})
        return said

    def of_social(self, kind: str, rows: Sequence[Told]) -> list[Told]:
        """Those rows that came from social networks. Raises Missing where nobody knows, or where another place is asked
        for."""
        if self._networks is not None and self._networks.isdisjoint(SOCIAL_NETWORKS):
            raise Missing("no social network")
        if rows and not any(row.network for row in rows):
            raise Missing(f"no networks in what was imported of {kind}")
        return [row for row in rows if row.network in SOCIAL_NETWORKS]

    def _nothing(self, kind: str) -> Missing:
        if not self.days_asked and kind != "crm":
            return Missing("no day begins in this window")
        if kind == SNAPSHOT:
            return Missing(NOT_TOLD)
        return Missing(f"nothing imported of {kind} for these days: listener import --kind {kind} FILE")

    def _mine(self, rows: Iterable[Told]) -> list[Told]:
        mine = [row for row in rows if self._networks is None or row.network in self._networks]
        accounts = self.scope.accounts
        if accounts is None:
            return mine
        # Leads and answers are told of no account: they are of all.
        return [row for row in mine if not isinstance(row, Cell) or row.account in accounts]

    def _rows_of(self, kind: str) -> Iterable[Cell | Lead | Answers]:
        if kind in ("crm", "survey"):
            return self._mine(measured.rows(self.evidence, self.scope.zone, kind, self._brand))
        return chain.from_iterable(self._kept(kind).values())

    @property
    def _brand(self) -> int:
        return self.scope.brand.number

    def _measures(self, kind: str) -> Mapping[str, Sequence[Cell]]:
        return measured.measures(self.evidence, self.scope.zone, kind, self._brand)

    def _kept(self, kind: str) -> Mapping[str, Sequence[Cell]]:
        def inside() -> Mapping[str, Sequence[Cell]]:
            found = {
                metric: [cell for cell in self._mine(cells) if cell.day >= self.first]
                for metric, cells in self._measures(kind).items()
            }
            return {metric: cells for metric, cells in found.items() if cells}

        return self.once(("kept", kind), inside)


@dataclass(frozen=True, slots=True)
class Measured:
    """Reads one KPI by `of`, which is handed what was imported; parts by network stand beside a total.

    `kinds` are the kinds of files it needs. `apart`: an audience, of which several networks have no total.
    """

    of: Callable[[Imported], Reading]
    kinds: tuple[str, ...]
    apart: bool

    def __call__(self, scope: Scope) -> Reading:
        """Read it of the network that is asked for, or of all of them together."""
        if scope.by_language:
            return Reading(None, 0, "what is imported is of all languages together")
        asked = scope.networks if scope.source is None else frozenset((scope.source,))
        networks = Imported(scope, asked).networks(self.kinds)
        if len(networks) < 2:
            return self._read(scope, asked)
        parts = {network: self._read(scope, frozenset((network,))) for network in networks}
        values = {network or "unknown": part.value for network, part in parts.items()}
        total = _of_audiences(list(parts.values())) if self.apart else self._read(scope, asked)
        beside = {"parts": values} if any(value is not None for value in values.values()) else {}
        return Reading(total.value, total.n, total.reason, {**total.more, **beside})

    def _read(self, scope: Scope, networks: frozenset[str] | None) -> Reading:
        numbers = Imported(scope, networks)
        try:
            found = self.of(numbers)
        except Missing as missing:
            return Reading(None, 0, missing.reason, numbers.told() | dict(missing.more))
        return Reading(_plain(found.value), found.n, found.reason, numbers.told() | dict(found.more))


def _of_audiences(parts: Sequence[Reading]) -> Reading:
    """The only part that says something; where several do, they are not added up."""
    told = [part for part in parts if part.value is not None]
    if len(told) > 1:
        return Reading(None, 0, NOT_ADDED)
    return told[0] if told else parts[0]


def imported_kpi(
    name: str,
    unit: str,
    formula: str,
    of: Callable[[Imported], Reading],
    inputs: tuple[Input, ...],
    *,
    additive: bool = True,
    apart: bool | None = None,
    **more: Any,
) -> Kpi:
    """Declare a KPI of imported numbers, read network by network where it is not `additive` unless `apart` says
    otherwise; `more` are the other fields of a Kpi."""
    read = Measured(of, inputs, not additive if apart is None else apart)
    return Kpi(name, unit, formula, read, inputs=inputs, additive=additive, **more)


def ratio(part: float, of: float, nothing: str, n: float | None = None) -> Reading:
    """part / of; n is `of` unless given. Raises Missing with the reason `nothing` where it is of nothing."""
    if not of:
        raise Missing(nothing)
    return Reading(part / of, round(of if n is None else n))


def _plain(value: float | None) -> float | int | None:
    """Counts come back as they were counted, though a column of amounts keeps them."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
