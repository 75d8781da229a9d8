"""What is seen of a brand: impressions, reach, search results, and who came from social media."""

from __future__ import annotations

from storage.kpi import own
from storage.kpi.declaration import Example
from storage.kpi.imported import SOCIAL, Imported, Missing, added, imported_kpi, social, whole
from storage.kpi.value import Reading


def impressions(numbers: Imported) -> Reading:
    """How often own posts were shown, as the network counts it; one person may be counted many times."""
    shown = own.sums(numbers, "impressions")["impressions"]
    return Reading(shown, int(shown))


def search_impressions(numbers: Imported) -> Reading:
    """How often the own site was shown among search results."""
    shown = numbers.total("gsc", "search_impressions")
    return Reading(shown, int(shown))


def search_clicks(numbers: Imported) -> Reading:
    """How often a search result was clicked."""
    clicks = numbers.total("gsc", "search_clicks")
    return Reading(clicks, int(clicks))


def reach(numbers: Imported) -> Reading:
    """Distinct people who saw something of an account on one day.

    Days are not added up, for the same people come again: over several days `low` is the best day, `high` the sum.
    """
    days = [cell for cell in numbers.cells("native", "reach") if not cell.item]
    if not days:
        raise Missing("no reach of the account in what was imported of native")
    low, high = int(max(cell.value for cell in days)), int(added(days))
    if len(days) > 1:
        raise Missing("the reach of several days is not added up", {"low": low, "high": high})
    return Reading(high, high, None, {"reach": high})


def post_reach(numbers: Imported) -> Reading:
    """Distinct people who saw one own post, on average over the posts of the window; n is their number."""
    reached = [post.numbers["reach"] for post in own.posts(numbers) if "reach" in post.numbers]
    if not reached:
        raise Missing("no reach of single posts in what was imported of native")
    more = {"reached": int(sum(reached)), "posts": len(reached), "highest": int(max(reached))}
    return Reading(sum(reached) / len(reached), len(reached), None, more)


def post_reach_rate(numbers: Imported) -> Reading:
    """Reach of a post / followers of its account, on average over the posts of the window."""
    return own.average(numbers, own.counted("reach"), own.followers_of(numbers), "reach and followers")


def sessions_from_social(numbers: Imported) -> Reading:
    """Sessions whose channel group is Organic Social or Paid Social; `share` is of all sessions."""
    cells = numbers.cells("ga4", "sessions")
    sessions = numbers.total("ga4", "sessions", social)
    groups = {name: int(added(c for c in cells if c.item == name)) for name in sorted(SOCIAL)}
    every = numbers.total("ga4", "sessions", whole, "all_sessions")
    told = {name: count for name, count in groups.items() if count}
    more = {"groups": told, "share": sessions / every if every else None}
    return Reading(sessions, int(every), None, more)


HOOTSUITE = "Hootsuite, social media metrics"

KPIS = (
    imported_kpi(
        "impressions",
        "impressions",
        "times that own posts were shown, each network apart",
        impressions,
        ("native",),
        additive=False,
        rows=("2",),
        worked="{impressions}",
        example=Example({"impressions": 9000}, 9000, "5 000 and 4 000 on two days"),
        vanity=True,
        better="up",
        kind=("quantitative", "output"),
        source="count of the network",
    ),
    imported_kpi(
        "search_impressions",
        "impressions",
        "times that the site was shown among search results",
        search_impressions,
        ("gsc",),
        additive=False,
        rows=("3",),
        worked="{search_impressions}",
        example=Example({"search_impressions": 700}, 700, "300 and 400 on two days"),
        better="up",
        kind=("quantitative", "leading"),
        source="Google Search Console",
    ),
    imported_kpi(
        "search_clicks",
        "clicks",
        "clicks on search results that lead to the site",
        search_clicks,
        ("gsc",),
        rows=("3", "17"),
        worked="{search_clicks}",
        example=Example({"search_clicks": 35}, 35, "15 and 20 on two days"),
        better="up",
        kind=("quantitative", "output"),
        source="Google Search Console",
    ),
    imported_kpi(
        "reach",
        "people",
        "distinct people who saw something of the account, on one day and of one network",
        reach,
        ("native",),
        additive=False,
        rows=("4",),
        worked="{reach}",
        example=Example({"reach": 2500}, 2500, "one day"),
        vanity=True,
        better="up",
        kind=("quantitative", "output"),
        source="count of the network",
    ),
    imported_kpi(
        "post_reach",
        "people",
        "distinct people who saw a post / own posts: the average post",
        post_reach,
        ("native",),
        additive=False,
        rows=("4a",),
        worked="{reached} / {posts}",
        example=Example({"reached": 900, "posts": 3}, 300, "posts that reached 200, 300 and 400"),
        better="up",
        kind=("quantitative", "output"),
        source="count of the network",
    ),
    imported_kpi(
        "post_reach_rate",
        "ratio",
        "reach of a post / followers of its account, averaged over posts",
        post_reach_rate,
        ("native",),
        additive=False,
        rows=("5",),
        worked="{rates} / {posts}",
        example=Example({"rates": 0.9, "posts": 3}, 0.3, "200, 300 and 400 of 1 000 followers"),
        better="up",
        kind=("quantitative", "output"),
        source=HOOTSUITE,
    ),
    imported_kpi(
        "sessions_from_social",
        "sessions",
        "sessions of the channel groups Organic Social and Paid Social",
        sessions_from_social,
        ("ga4",),
        rows=("8",),
        worked="{sessions}",
        example=Example({"sessions": 160}, 160, "120 Organic Social and 40 Paid Social"),
        better="up",
        kind=("quantitative", "output", "actionable"),
        source="Google Analytics 4, session default channel group",
    ),
)
