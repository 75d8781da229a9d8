"""Counts what a letter says: every KPI of the week and of the week before, what was heard, which posts to quote."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from alerts.digest.around import Span, around
from alerts.digest.facts import BrandFacts, CoverageFacts, DigestFacts, KpiFact, QueryFact, QuoteRef
from alerts.goals import Goal
from alerts.language import N_
from sentiment.tone import Label
from storage import browse
from storage.base import Rows
from storage.calendar import Window, before
from storage.coverage import ENOUGH, Ledger, ledgers
from storage.kpi import CARD, KPIS, Ask, KpiValue, compute
from storage.mention import Brand
from storage.queries import changes
from storage.stats.clusters import Interval, difference
from storage.stats.wilson import wilson

_QUOTES_EACH = 2
_BESIDE = ("change", "p90", "answered_share", "within_target", "response_target", "unjudged")

_ENGINE_CHANGED = N_("the engine that judges the tone was changed, so these periods cannot be compared")

_Values = Mapping[tuple[str, str], KpiValue]


def gather(
    store: Rows,
    brands: Sequence[Brand],
    window: Window,
    zone: ZoneInfo,
    now: int,
    next_letter_at: int | None,
    dashboard: str | None,
    *,
    goals: Sequence[Goal] = (),
    language: str = "en",
    to: tuple[str, ...] = (),
) -> DigestFacts:
    """Return the facts of the letter on a window. Comparisons use sources heard in both periods only.

    `store` should be a snapshot: the letter's numbers are then all of one moment.
    """
    earlier = before(window, zone)
    sources = [s for s in ledgers(store) if s.active or s.live or s.imports]
    both = [s.name for s in sources if _enough(s, window, now) and _enough(s, earlier, now)]
    ask = Ask(window, now, zone, tuple(brands))
    values = _values(store, replace(ask, compare=True))
    like = _values(store, Ask(window, now, zone, tuple(brands), sources=tuple(both))) if both else {}
    then = _values(store, Ask(earlier, now, zone, tuple(brands), sources=tuple(both))) if both else {}
    why = None if both else _why_not(sources, window, earlier, now)
    engines = browse.engines(store, window)
    if both and len({*engines, *browse.engines(store, earlier)}) > 1:
        both, like, then, why = [], {}, {}, _ENGINE_CHANGED
    requeried = {
        change.brand for change in changes(store, [b.name for b in brands], earlier.since, window.until)
    }
    days = compute(store, [KPIS["mentions"]], Ask(window, now, zone, tuple(brands), by=("day",)))
    first = next(iter(values.values()), None)
    return DigestFacts(
        timezone=zone.key,
        since=window.since,
        until=window.until,
        written_at=now,
        comparable=bool(both),
        why_not=why,
        brands=tuple(
            _brand(brand, values, like, then, days, _unlike(brand, brands, requeried)) for brand in brands
        ),
        coverage=tuple(
            _coverage(s, window, earlier, now) for s in sources if s.heard(*_of(window), now).heard
        ),
        left_out=first.left_out if first else (),
        quotes=tuple(_quotes(store, brands, window)),
        next_letter_at=next_letter_at,
        engine=", ".join(engines) or None,
        dashboard=dashboard,
        query_changes=tuple(
            QueryFact(change.brand, change.at, change.first)
            for change in changes(store, [brand.name for brand in brands], earlier.since, window.until)
        ),
        language=language,
        to=to,
        **around(store, brands, goals, Span(window, earlier, now, zone, tuple(both))),
    )


def _unlike(brand: Brand, brands: Sequence[Brand], requeried: Collection[str]) -> set[str]:
    """The KPIs of a brand that another query made of other posts: no change of them is news."""
    if brand.name in requeried:
        return set(CARD)
    rivals = {one.name for one in brands if one.market == brand.market}
    return {name for name in CARD if KPIS[name].market_wide} if rivals & set(requeried) else set()


def _of(window: Window) -> tuple[int, int]:
    return window.since, window.until


def _enough(source: Ledger, window: Window, now: int) -> bool:
    heard = source.heard(*_of(window), now)
    return heard.heard > 0 and heard.share >= ENOUGH


def _why_not(sources: Sequence[Ledger], window: Window, earlier: Window, now: int) -> str:
    if not any(source.heard(*_of(earlier), now).heard for source in sources):
        return N_("this is the first period that was heard, so there is none to compare it with")
    if not any(_enough(source, window, now) for source in sources):
        return N_("no source was heard for nine tenths of this period, so it is not compared with another")
    return N_("no source was heard for nine tenths of both periods, so they are not compared")


def _values(store: Rows, ask: Ask) -> dict[tuple[str, str], KpiValue]:
    return {(v.brand, v.kpi): v for v in compute(store, [KPIS[name] for name in CARD], ask)}


def _brand(
    brand: Brand,
    values: _Values,
    like: _Values,
    then: _Values,
    days: Sequence[KpiValue],
    unlike: Collection[str],
) -> BrandFacts:
    kpis = {}
    for name in CARD:
        value = values[brand.name, name]
        same, earlier = like.get((brand.name, name)), then.get((brand.name, name))
        kpis[name] = KpiFact(
            value=value.value,
            before=earlier.value if earlier else None,
            unit=value.unit,
            n=value.n,
            n_before=earlier.n if earlier else None,
            reason=value.reason,
            like_for_like=same.value if same else None,
            n_like=same.n if same else None,
            beside={
                **{key: _number(value.more[key]) for key in _BESIDE if key in value.more},
                **(
                    {"within_before": _number(earlier.more["within_target"])}
                    if earlier and "within_target" in earlier.more
                    else {}
                ),
                **(
                    {"within_like": _number(same.more["within_target"])}
                    if same and "within_target" in same.more
                    else {}
                ),
            },
            interval=_pair(value.more.get("interval")),
            change_interval=_change(value, same, earlier) if name not in unlike else None,
        )
    per_day = tuple(_whole(v.value) for v in days if v.brand == brand.name)
    return BrandFacts(brand.name, brand.own, brand.market, kpis, per_day, brand.topic)


def _change(value: KpiValue, same: KpiValue | None, earlier: KpiValue | None) -> tuple[float, float] | None:
    """How far the change may be from what it is, where both periods were heard and judged alike."""
    if same is None or earlier is None or value.before is None:
        return None
    if value.kpi == "first_response_time":
        return _sooner(same, earlier)
    return value.before.interval


def _sooner(same: KpiValue, earlier: KpiValue) -> tuple[float, float] | None:
    """The interval of the change of the share answered in time: a median has none of its own."""
    now, then = (value.more.get("within_target") for value in (same, earlier))
    if not isinstance(now, float | int) or not isinstance(then, float | int) or not (same.n and earlier.n):
        return None
    (low, high), (low_then, high_then) = (
        wilson(share * n, n) for share, n in ((now, same.n), (then, earlier.n))
    )
    found = difference(Interval(now, low, high), Interval(then, low_then, high_then))
    return found.low, found.high


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None


def _pair(value: object) -> tuple[float, float] | None:
    return (value[0], value[1]) if isinstance(value, list) else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _coverage(source: Ledger, window: Window, earlier: Window, now: int) -> CoverageFacts:
    current, previous = source.heard(*_of(window), now), source.heard(*_of(earlier), now)
    return CoverageFacts(
        source.name,
        current.heard / 3600,
        current.asked / 3600,
        previous.heard / 3600,
        previous.asked / 3600,
    )


def _quotes(store: Rows, brands: Sequence[Brand], window: Window) -> list[QuoteRef]:
    labels: tuple[Label, ...] = ("positive", "negative")
    return [
        QuoteRef(str(post), brand.name, label)
        for brand in brands
        if brand.own
        for label in labels
        for post in browse.strongest(store, brand.name, window, label, _QUOTES_EACH)
    ]
