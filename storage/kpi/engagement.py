"""What people do with a brand's own posts: clicks, saves, visits, and rates per follower, post, reach or impression."""

from __future__ import annotations

from collections.abc import Callable

from storage.kpi import own
from storage.kpi.declaration import Example, Kpi
from storage.kpi.imported import Imported, imported_kpi, ratio
from storage.kpi.value import Reading

HOOTSUITE = "Hootsuite, social media metrics"
TSM = "TrueSocialMetrics, after Kaushik"


def _sum(metric: str) -> Callable[[Imported], Reading]:
    def total(numbers: Imported) -> Reading:
        """The sum over the days of the window; over networks too, for what is done is not an audience."""
        value = own.sums(numbers, metric)[metric]
        return Reading(value, int(value))

    return total


def _ad_clicks(numbers: Imported) -> Reading:
    """Clicks on paid posts, as the advertising platform counts them."""
    clicks = numbers.total("ads", "clicks")
    return Reading(clicks, int(clicks))


def _per_follower(metric: str) -> Callable[[Imported], Reading]:
    def rate(numbers: Imported) -> Reading:
        """What is done in the window / followers at its end; n is the count of followers."""
        return ratio(own.sums(numbers, metric)[metric], own.level(numbers).end, "no followers")

    return rate


def _approvals_per_follower(numbers: Imported) -> Reading:
    """(likes + saves) / followers; `approvals` is their sum. Saves count where the network tells them."""
    counted = own.sums(numbers, "likes", either=("likes", "saves"))
    numbers.more["approvals"] = approvals = int(sum(counted.values()))
    return ratio(approvals, own.level(numbers).end, "no followers")


def _per_post(metric: str) -> Callable[[Imported], Reading]:
    def rate(numbers: Imported) -> Reading:
        """What is done / own posts of the window; n is the number of posts."""
        counted = own.sums(numbers, metric, "posts")
        return ratio(counted[metric], counted["posts"], "no own posts")

    return rate


def _engagement(of: str) -> Callable[[Imported], Reading]:
    def rate(numbers: Imported) -> Reading:
        """(likes + comments + saves of a post) / its denominator, averaged over posts; n is the number of posts.

        What a network does not count is left out of the sum: `components` says what was counted.
        """
        below = own.followers_of(numbers) if of == "followers" else own.counted(of)
        found = own.posts(numbers)
        told = [metric for metric in own.INTERACTIONS if any(metric in post.numbers for post in found)]
        numbers.more["components"] = told
        return own.average(numbers, own.interactions, below, f"{' or '.join(own.INTERACTIONS)}, and {of}")

    return rate


def _virality(numbers: Imported) -> Reading:
    """Shares / impressions, both of the account's days or both of its posts; n is the count of impressions."""
    counted = own.sums(numbers, "shares", "impressions")
    return ratio(counted["shares"], counted["impressions"], "no impressions")


def _rate(
    name: str,
    formula: str,
    of: Callable[[Imported], Reading],
    row: str,
    worked: str,
    example: Example,
    source: str,
    *,
    unit: str = "ratio",
) -> Kpi:
    """A rate of own posts: a ratio, of an audience, is told of each network apart; another also of all together."""
    return imported_kpi(
        name,
        unit,
        formula,
        of,
        ("native",),
        additive=unit != "ratio",
        family="engagement",
        rows=(row,),
        worked=worked,
        example=example,
        better="up",
        kind=("quantitative", "practical"),
        source=source,
    )


def _count(name: str, unit: str, formula: str, row: str, example: int) -> Kpi:
    metric = name
    return imported_kpi(
        name,
        unit,
        formula,
        _sum(metric),
        ("native",),
        family="engagement",
        rows=(row,),
        worked=f"{{{metric}}}",
        example=Example({metric: example}, example, f"{example - 10} and 10 on two days"),
        better="up",
        kind=("quantitative", "output"),
        source="count of the network",
    )


KPIS = (
    _count("link_clicks", "clicks", "clicks on links of own posts", "17", 50),
    imported_kpi(
        "link_clicks.ads",
        "clicks",
        "clicks on ads",
        _ad_clicks,
        ("ads",),
        family="engagement",
        rows=("17",),
        worked="{clicks}",
        example=Example({"clicks": 300}, 300, "100 and 200 on two days"),
        better="up",
        kind=("quantitative", "output"),
        source="count of the advertising platform",
    ),
    _count("saves", "saves", "times that own posts were saved", "21", 20),
    _count("profile_visits", "visits", "visits of the brand's own profiles", "22", 80),
    _rate(
        "amplification_rate.followers",
        "shares of own posts / followers",
        _per_follower("shares"),
        "26",
        "{shares} / {followers}",
        Example({"shares": 26, "followers": 1040}, 0.025),
        HOOTSUITE,
    ),
    _rate(
        "amplification_rate.posts",
        "shares of own posts / own posts",
        _per_post("shares"),
        "26",
        "{shares} / {posts}",
        Example({"shares": 26, "posts": 4}, 6.5),
        TSM,
        unit="shares per post",
    ),
    _rate(
        "applause_rate.followers",
        "(likes + saves of own posts) / followers",
        _approvals_per_follower,
        "27",
        "{approvals} / {followers}",
        Example({"approvals": 104, "followers": 1040}, 0.1, "90 likes and 14 saves"),
        HOOTSUITE,
    ),
    _rate(
        "applause_rate.posts",
        "likes of own posts / own posts",
        _per_post("likes"),
        "27",
        "{likes} / {posts}",
        Example({"likes": 90, "posts": 4}, 22.5),
        TSM,
        unit="likes per post",
    ),
    *(
        _rate(
            f"engagement_rate.{of}",
            f"(likes + comments + saves of a post) / {words}, averaged over posts",
            _engagement(of),
            "28",
            "{rates} / {posts}",
            Example({"rates": 0.09, "posts": 3}, 0.03, "rates of 0.02, 0.03 and 0.04"),
            source,
        )
        for of, words, source in (
            ("followers", "followers of its account", HOOTSUITE),
            ("reach", "its reach", HOOTSUITE),
            ("impressions", "its impressions", "Orlo, account comparison report"),
        )
    ),
    _rate(
        "conversation_rate.followers",
        "comments on own posts / followers",
        _per_follower("comments"),
        "29",
        "{comments} / {followers}",
        Example({"comments": 52, "followers": 1040}, 0.05),
        TSM,
    ),
    _rate(
        "conversation_rate.posts",
        "comments on own posts / own posts",
        _per_post("comments"),
        "29",
        "{comments} / {posts}",
        Example({"comments": 52, "posts": 4}, 13),
        TSM,
        unit="comments per post",
    ),
    _rate(
        "virality_rate",
        "shares of own posts / impressions of own posts",
        _virality,
        "30",
        "{shares} / {impressions}",
        Example({"shares": 26, "impressions": 10400}, 0.0025),
        HOOTSUITE,
    ),
)
