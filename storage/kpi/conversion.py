"""What comes of a visit: clicks of what was shown, conversions of what was clicked, sales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from storage.kpi import own
from storage.kpi.cell import Cell
from storage.kpi.declaration import Example, Input, Kpi
from storage.kpi.imported import SOCIAL, Imported, Missing, added, imported_kpi, ratio, social, whole
from storage.kpi.value import Reading

EVENT = "key_event:"
PURCHASES = frozenset(
    (
        *("purchase", "in_app_purchase", "ecommerce_purchase"),
        *("app_store_subscription_convert", "app_store_subscription_renew"),
    )
)
"""The key events of GA4 that are a sale."""


def ctr_ads(numbers: Imported) -> Reading:
    """Clicks on ads / impressions of ads; n is the count of impressions."""
    clicks, shown = numbers.total("ads", "clicks"), numbers.total("ads", "impressions")
    return ratio(clicks, shown, "no impressions")


def ctr_native(numbers: Imported) -> Reading:
    """Clicks on links of own posts / impressions of own posts; n is the count of impressions."""
    counted = own.sums(numbers, "link_clicks", "impressions")
    return ratio(counted["link_clicks"], counted["impressions"], "no impressions")


def ctr_search(numbers: Imported) -> Reading:
    """Clicks on search results / impressions of search results; n is the count of impressions."""
    clicks, shown = numbers.total("gsc", "search_clicks"), numbers.total("gsc", "search_impressions")
    return ratio(clicks, shown, "no impressions")


def conversion_rate_clicks(numbers: Imported) -> Reading:
    """Conversions of ads / clicks on ads; may exceed 1, for one click may convert twice. n is the count of clicks."""
    conversions, clicks = numbers.total("ads", "conversions"), numbers.total("ads", "clicks")
    return ratio(conversions, clicks, "no clicks")


def conversion_rate_sessions(numbers: Imported) -> Reading:
    """Key events of sessions from social media / those sessions; n is the count of sessions."""
    events = numbers.total("ga4", "key_events", _social_events)
    return ratio(events, numbers.total("ga4", "sessions", social), "no sessions from social media")


def conversion_share_social(numbers: Imported) -> Reading:
    """Key events of sessions from social media / all key events; n is their number."""
    events = numbers.total("ga4", "key_events", _social_events, "social_key_events")
    return ratio(events, numbers.total("ga4", "key_events", _of_channels), "no key events")


def _of_channels(cells: Sequence[Cell]) -> Sequence[Cell]:
    """Key events by channel or altogether: those that are told by name are the same ones again."""
    return whole([cell for cell in cells if not cell.item.startswith(EVENT)])


def _social_events(cells: Sequence[Cell]) -> Sequence[Cell]:
    return social([cell for cell in cells if not cell.item.startswith(EVENT)])


def bounce_rate_ga4(numbers: Imported) -> Reading:
    """1 - engaged sessions / sessions, over days that tell engaged sessions; `social` is the same of social media."""
    return _bounces(numbers, "engaged_sessions", lambda engaged, sessions: 1 - engaged / sessions)


def bounce_rate_ua(numbers: Imported) -> Reading:
    """Sessions of a single page / sessions, over days that tell those; `social` is the same of social media."""
    return _bounces(numbers, "bounced_sessions_ua", lambda bounced, sessions: bounced / sessions)


def _bounces(numbers: Imported, metric: str, of: Callable[[float, float], float]) -> Reading:
    # Files of Universal Analytics and of GA4 both tell sessions: never bounces of one over sessions of the other.
    counted = numbers.cells("ga4", metric)
    told = {cell[:4] for cell in counted}
    sessions = [cell for cell in numbers.cells("ga4", "sessions") if cell[:4] in told]
    part, every = added(whole(counted)), added(whole(sessions))
    numbers.more.update({metric: int(part), "sessions": int(every)})
    if not every:
        raise Missing("no sessions")
    by_social = [added(cell for cell in cells if cell.item in SOCIAL) for cells in (counted, sessions)]
    return Reading(of(part, every), int(every), None, {"social": of(*by_social) if by_social[1] else None})


def leads_ads(numbers: Imported) -> Reading:
    """Leads as the advertising platform counts them."""
    count = numbers.total("ads", "leads")
    return Reading(count, int(count))


def non_revenue_conversions(numbers: Imported) -> Reading:
    """Key events that are no sale, as sign-ups, downloads and forms; `events` counts each by name."""
    # GA4 gives parts of a key event to a channel: a count need not be whole.
    named: dict[str, float] = defaultdict(float)
    kept = numbers.kept("ga4")
    for cell in (*kept.get("key_event", ()), *kept.get("key_events", ())):
        if cell.item.startswith(EVENT):
            named[cell.item.removeprefix(EVENT)] += cell.value
    if not named:
        raise Missing("no key events by name in what was imported of ga4")
    events = {name: count for name, count in sorted(named.items()) if name.casefold() not in PURCHASES}
    count = sum(events.values())
    return Reading(count, round(count), None, {"conversions": count, "events": events})


def _kpi(
    name: str,
    unit: str,
    formula: str,
    of: Callable[[Imported], Reading],
    inputs: tuple[Input, ...],
    row: str,
    worked: str,
    example: Example,
    source: str,
    **more: Any,
) -> Kpi:
    fields = {"better": "up", "kind": ("quantitative", "lagging", "actionable"), **more}
    return imported_kpi(
        name,
        unit,
        formula,
        of,
        inputs,
        family="conversion",
        rows=(row,),
        worked=worked,
        example=example,
        source=source,
        **fields,
    )


_HOOTSUITE = "Hootsuite, social media metrics"
_STANDARD = "standard business arithmetic"

KPIS = (
    _kpi(
        "ctr",
        "ratio",
        "clicks on ads / impressions of ads",
        ctr_ads,
        ("ads",),
        "36",
        "{clicks} / {impressions}",
        Example({"clicks": 300, "impressions": 20000}, 0.015),
        _HOOTSUITE,
        additive=False,
    ),
    _kpi(
        "ctr.native",
        "ratio",
        "clicks on links of own posts / impressions of own posts",
        ctr_native,
        ("native",),
        "36",
        "{link_clicks} / {impressions}",
        Example({"link_clicks": 50, "impressions": 10000}, 0.005),
        _HOOTSUITE,
        additive=False,
    ),
    _kpi(
        "ctr.search",
        "ratio",
        "clicks on search results / impressions of search results",
        ctr_search,
        ("gsc",),
        "36",
        "{search_clicks} / {search_impressions}",
        Example({"search_clicks": 35, "search_impressions": 700}, 0.05),
        "Google Search Console",
        additive=False,
    ),
    _kpi(
        "conversion_rate.clicks",
        "ratio",
        "conversions of ads / clicks on ads",
        conversion_rate_clicks,
        ("ads",),
        "37",
        "{conversions} / {clicks}",
        Example({"conversions": 12, "clicks": 300}, 0.04),
        _HOOTSUITE,
    ),
    _kpi(
        "conversion_rate.sessions",
        "ratio",
        "key events of sessions from social media / sessions from social media",
        conversion_rate_sessions,
        ("ga4",),
        "37",
        "{key_events} / {sessions}",
        Example({"key_events": 8, "sessions": 160}, 0.05),
        "Determ: visitors who act",
    ),
    _kpi(
        "conversion_share.social",
        "ratio",
        "key events of sessions from social media / all key events",
        conversion_share_social,
        ("ga4",),
        "38",
        "{social_key_events} / {key_events}",
        Example({"social_key_events": 8, "key_events": 40}, 0.2),
        "Determ: against the total number of conversions",
    ),
    _kpi(
        "bounce_rate.ga4",
        "ratio",
        "1 - engaged sessions / sessions",
        bounce_rate_ga4,
        ("ga4",),
        "39",
        "1 - {engaged_sessions} / {sessions}",
        Example({"engaged_sessions": 300, "sessions": 400}, 0.25),
        "Google Analytics 4; does not compare with Universal Analytics",
        better="down",
    ),
    _kpi(
        "bounce_rate.ua",
        "ratio",
        "sessions of a single page / sessions",
        bounce_rate_ua,
        ("ga4",),
        "39",
        "{bounced_sessions_ua} / {sessions}",
        Example({"bounced_sessions_ua": 180, "sessions": 400}, 0.45),
        "Universal Analytics; does not compare with GA4",
        better="down",
    ),
    _kpi(
        "leads.ads",
        "leads",
        "leads that the advertising platform counts",
        leads_ads,
        ("ads",),
        "40",
        "{leads}",
        Example({"leads": 20}, 20, "8 and 12 on two days"),
        "count of the advertising platform",
    ),
    _kpi(
        "non_revenue_conversions",
        "conversions",
        "key events that are no sale: sign-ups, downloads, forms",
        non_revenue_conversions,
        ("ga4",),
        "44",
        "{conversions}",
        Example({"conversions": 25}, 25, "20 sign_up and 5 file_download; 9 purchases do not count"),
        "Sprout Social, non-revenue conversions",
    ),
)
