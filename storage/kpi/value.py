"""What is asked of a KPI, and what it answers: a value with its n, its window, and NULL with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from storage.calendar import Window, iso
from storage.coverage import SourceHeard
from storage.mention import Brand
from storage.queries import QueryChange

if TYPE_CHECKING:
    from storage.kpi.engines import EngineChange

DIMENSIONS = ("source", "language", "day", "week", "month")

NO_SOURCE = "no source heard"
NOT_COMPARABLE = "no source heard for 90 % of both periods"
OVERLAPPING = "the two overlap: the window is longer than a year"
ENGINE_CHANGED = "the tone engine changed"


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. `brands` are all configured ones, because a share needs its market; `only` picks some.

    `sources` filters by name or kind. `strict` takes only sources heard for at least 90 % of the window, as rules
    do; `live_only` leaves out what came by an import, backfill or first poll. `tag`: only mentions that bear it.
    `compare`: beside each value stand those of the period before and of the same period a year before. `accounts`
    narrows imported numbers that are told by account. `rough`: the value is wanted, and not how sure it is.
    """

    window: Window
    now: int
    zone: ZoneInfo
    brands: tuple[Brand, ...]
    only: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    strict: bool = False
    live_only: bool = False
    tag: str | None = None
    compare: bool = False
    accounts: tuple[str, ...] = ()
    rough: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What one KPI's function says: `value` is None exactly where `reason` says why."""

    value: float | int | None
    n: int
    reason: str | None = None
    more: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """A value beside that of another window, both over the sources heard for at least 90 % of both.

    `value` and `then` are the two, `change` is value - then and `growth` change / |then|. `interval` is the change's,
    95 %, where both values say how sure they are; `note` where it holds 0. `change` is None exactly where `reason` says
    why. `left_out` are the sources that were not heard enough in both.
    """

    since: int
    until: int
    value: float | int | None = None
    then: float | int | None = None
    n: int = 0
    change: float | int | None = None
    growth: float | None = None
    interval: tuple[float, float] | None = None
    note: str | None = None
    reason: str | None = None
    left_out: tuple[str, ...] = ()

    def to_json(self, zone: ZoneInfo | None = None) -> dict[str, object]:
        """The fields as JSON, with times in ISO 8601."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {**fields, "since": iso(self.since, zone), "until": iso(self.until, zone)}


@dataclass(frozen=True, slots=True)
class KpiValue:
    """One number of one brand, for one window, source (None: all that were heard) and language (None: all)."""

    kpi: str
    brand: str
    source: str | None
    language: str | None
    since: int
    until: int
    value: float | int | None
    unit: str
    n: int
    reason: str | None
    more: Mapping[str, object]
    heard: tuple[SourceHeard, ...]
    left_out: tuple[str, ...]
    query_changes: tuple[QueryChange, ...] = ()
    engine_changes: tuple[EngineChange, ...] = ()
    before: Compared | None = None
    year_before: Compared | None = None

    def to_json(self, zone: ZoneInfo | None = None) -> dict[str, object]:
        """Return the fields of the contract, with times in ISO 8601 and coverage in hours."""
        return {
            "kpi": self.kpi,
            "brand": self.brand,
            "source": self.source,
            "language": self.language,
            "since": iso(self.since, zone),
            "until": iso(self.until, zone),
            "value": self.value,
            "unit": self.unit,
            "n": self.n,
            "reason": self.reason,
            **self.more,
            **({"before": self.before.to_json(zone)} if self.before else {}),
            **({"year_before": self.year_before.to_json(zone)} if self.year_before else {}),
            "heard": [
                {
                    "source": h.source,
                    "hours_heard": round(h.heard / 3600, 2),
                    "hours_asked": round(h.asked / 3600, 2),
                }
                for h in self.heard
            ],
            "left_out": list(self.left_out),
            "query_changes": [
                {"brand": change.brand, "at": iso(change.at, zone)} for change in self.query_changes
            ],
            "engine_changes": [
                {"engine": change.engine, "at": iso(change.at, zone)} for change in self.engine_changes
            ],
        }
