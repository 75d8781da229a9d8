"""An explanation: everything that one number was made of, as records and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from storage.calendar import iso
from storage.explain.listening import Listened
from storage.kpi.declaration import Kpi
from storage.kpi.value import KpiValue

NO_STORIES = "too many mentions in this window for their stories to be read one by one"
NO_POSTS = "this number is made of no posts"


@dataclass(frozen=True, slots=True)
class Judging:
    """What one engine said of the mentions; `engine` is None where none judged. `measured_on`: its card, if any."""

    engine: str | None
    negative: int
    neutral: int
    positive: int
    unjudged: int
    measured_on: str | None

    @property
    def mentions(self) -> int:
        return self.negative + self.neutral + self.positive + self.unjudged


@dataclass(frozen=True, slots=True)
class Stratum:
    """Mentions that one engine judged in one language: how many, and the shares that its measured line makes of them.

    `p_positive` and `p_negative` are the means of what it said; None where nothing is measured of the two.
    """

    engine: str
    language: str | None
    mentions: int
    p_positive: float
    p_negative: float
    positive: float | None
    negative: float | None


@dataclass(frozen=True, slots=True)
class QueryVersion:
    """One version of a brand's query: from `at` on it was in force; `mentions` of the window were found by it.

    `version` is None, and with it `at` and `definition`, for mentions that an imported file said to be some.
    """

    brand: str
    version: int | None
    at: int | None
    definition: str | None
    mentions: int


@dataclass(frozen=True, slots=True)
class Corrections:
    """What people corrected: how many, of which chance drew `sampled`; pairs of labels (said, corrected) counted."""

    count: int
    sampled: int
    changed: Mapping[tuple[str | None, str], int]


@dataclass(frozen=True, slots=True)
class Behind:
    """A post behind the number. `label` is a person's where one spoke. `erased`: its author took the text back."""

    id: int
    source: str
    native_id: str
    url: str | None
    published_at: int
    label: str | None
    corrected: bool
    erased: bool
    text: str


@dataclass(frozen=True, slots=True)
class Posts:
    """One page of the posts, newest first; `total` is how many there are, `next` where the next page begins."""

    shown: tuple[Behind, ...]
    total: int
    next: int | None


@dataclass(frozen=True, slots=True)
class File:
    """An imported file that the number may rest on."""

    kind: str
    name: str
    sha256: str
    at: int
    rows: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """One number, opened.

    `numbers` are those that `worked` (None where the KPI is no arithmetic) puts in place of its names; `counted` is
    what comes of it, which differs from the value where that is an estimate. `unlike`: by the periods that it stands
    beside, the sources that were heard otherwise then, with the shares of the time heard now and then.
    `copies`: how many of the mentions behind it repeat another one of them; None where they are too many to look at.
    `warnings`: what whoever uses the number must know first, in words.
    """

    value: KpiValue
    kpi: Kpi
    numbers: Mapping[str, float]
    worked: str | None
    counted: float | None
    sql: tuple[str, ...]
    listened: tuple[Listened, ...]
    unlike: Mapping[str, Sequence[tuple[str, float, float]]]
    judgings: tuple[Judging, ...]
    strata: tuple[Stratum, ...]
    queries: tuple[QueryVersion, ...]
    corrections: Corrections | None
    posts: Posts | None
    files: tuple[File, ...]
    warnings: tuple[str, ...]
    copies: int | None

    def to_json(self, zone: ZoneInfo | None = None) -> dict[str, object]:
        """The fields of the value, as `listener kpi --json` gives them, and under `explained` all the rest."""
        return {**self.value.to_json(zone), "explained": self._explained(zone)}

    @property
    def _no_copies(self) -> str | None:
        if self.copies is not None:
            return None
        return NO_STORIES if self.kpi.of_sources else NO_POSTS

    def _explained(self, zone: ZoneInfo | None) -> dict[str, object]:
        kpi = self.kpi
        return {
            "warnings": list(self.warnings),
            "formula": kpi.formula,
            "formula_source": kpi.source,
            "family": kpi.family,
            "kind": list(kpi.kind),
            "better": kpi.better,
            "inputs": list(kpi.inputs),
            "worked": self.worked,
            "numbers": dict(self.numbers),
            "counted": self.counted,
            "sql": list(self.sql),
            "coverage": [_coverage(one, zone) for one in self.listened],
            "heard_unlike": {
                period: [
                    {"source": source, "share": round(now, 4), "share_then": round(then, 4)}
                    for source, now, then in sources
                ]
                for period, sources in self.unlike.items()
            },
            "engines": [
                _plain(one, "engine", "negative", "neutral", "positive", "unjudged", "measured_on")
                for one in self.judgings
            ],
            "estimate": [_plain(one, *Stratum.__slots__) for one in self.strata],
            "queries": [
                {
                    **_plain(one, *QueryVersion.__slots__),
                    "at": iso(one.at, zone) if one.at is not None else None,
                }
                for one in self.queries
            ],
            "corrections": _corrections(self.corrections),
            "copies": {"collapsed": self.copies, "reason": self._no_copies},
            "posts": _posts(self.posts, zone),
            "files": [{**_plain(one, *File.__slots__), "at": iso(one.at, zone)} for one in self.files],
        }


def _plain(record: Any, *names: str) -> dict[str, object]:
    return {name: getattr(record, name) for name in names}


def _coverage(one: Listened, zone: ZoneInfo | None) -> dict[str, object]:
    return {
        **_plain(one, "source", "kind", "counted", "imported"),
        "hours_heard": _hours(one.heard),
        "hours_asked": _hours(one.asked),
        "gaps": [
            {
                "since": iso(gap.since, zone),
                "until": iso(gap.until, zone),
                "hours": _hours(gap.until - gap.since),
                "reason": gap.reason,
            }
            for gap in one.gaps
        ],
    }


def _hours(seconds: int) -> float:
    return round(seconds / 3600, 2)


def _corrections(made: Corrections | None) -> dict[str, object] | None:
    if made is None:
        return None
    changed = [{"from": said, "to": label, "count": count} for (said, label), count in made.changed.items()]
    return {"count": made.count, "sampled": made.sampled, "changed": changed}


def _posts(posts: Posts | None, zone: ZoneInfo | None) -> dict[str, object] | None:
    if posts is None:
        return None
    shown = [
        {**_plain(one, *Behind.__slots__), "published_at": iso(one.published_at, zone)} for one in posts.shown
    ]
    return {"total": posts.total, "next": posts.next, "shown": shown}
