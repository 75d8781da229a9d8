"""Who follows a brand: how many, how their number grows, who they are as the network reports it, how they take part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from storage.kpi import own
from storage.kpi.cell import Cell
from storage.kpi.declaration import Example
from storage.kpi.imported import Imported, Missing, imported_kpi
from storage.kpi.value import Reading

GROUPS = ("age", "gender", "country", "city", "interest")
"""By what a network tells an audience apart, if it does."""


def followers(numbers: Imported) -> Reading:
    """Followers at the end of the last day that was counted; never added up over networks."""
    found = own.level(numbers)
    return Reading(found.end, int(found.end), None, {"day": found.end_day, "accounts": len(found.accounts)})


def _growth(numbers: Imported, of: Callable[[own.Level], float], where: str) -> Reading:
    found = own.level(numbers)
    change = int(found.end - found.start)
    more: dict[str, object] = {
        "change": change,
        "start": int(found.start),
        "end": int(found.end),
        "start_day": found.start_day,
        "end_day": found.end_day,
    }
    if found.start_day == found.end_day:
        raise Missing("followers of one day only")
    if not of(found):
        raise Missing(f"no followers at the {where}", more)
    return Reading(change / of(found), int(of(found)), None, more)


def audience_growth(numbers: Imported) -> Reading:
    """(followers at the end - at the start) / at the start; `change` is given where it starts from none."""
    return _growth(numbers, lambda found: found.start, "start")


def audience_growth_total(numbers: Imported) -> Reading:
    """(followers at the end - at the start) / at the end: the part of the audience that is new on balance."""
    return _growth(numbers, lambda found: found.end, "end")


def follower_quality(numbers: Imported) -> Reading:
    """Interactions per own post and follower, beside the same of the period before.

    A heuristic: it falls where followers come who do not take part. No profile is looked into, and no share of false
    accounts is claimed.
    """
    rate, counted = _per_post_and_follower(numbers)
    more: dict[str, object] = {"heuristic": "interactions held against followers"}
    try:
        before = numbers.before()
        more["before"], _ = _per_post_and_follower(before)
        more["followers_before"] = before.more["followers"]
    except Missing:
        more["before"] = None
    return Reading(rate, int(counted), None, more)


def _per_post_and_follower(numbers: Imported) -> tuple[float, float]:
    counted = own.sums(numbers, "posts", either=own.INTERACTIONS)
    found = own.level(numbers)
    if not found.end:
        raise Missing("no followers")
    interactions = sum(value for metric, value in counted.items() if metric != "posts")
    numbers.more["interactions"] = int(interactions)
    if not counted["posts"]:
        raise Missing("no own posts")
    return interactions / counted["posts"] / found.end, counted["posts"]


def _audience(name: str) -> Callable[[Imported], Reading]:
    def largest(numbers: Imported) -> Reading:
        """The share of the largest group; all shares stand in `groups`, as the network reports them."""
        cells = [c for c in numbers.cells("native", "audience") if c.item.startswith(f"{name}:")]
        if not cells:
            raise Missing(f"no {name} in what was imported of native")
        latest = [cell for cell in cells if cell.day == cells[-1].day]
        groups = _shares(latest)
        group = max(groups, key=lambda one: groups[one])
        more = {"groups": groups, "largest": group, "day": latest[0].day, "share": groups[group]}
        return Reading(groups[group], len(groups), None, more)

    return largest


def _shares(cells: list[Cell]) -> dict[str, float]:
    """Shares by group: as told where they are ratios, else of the people told."""
    if {cell.unit for cell in cells} == {"ratio"}:
        if len({cell.account for cell in cells}) > 1:
            raise Missing("shares of several accounts are not added up")
        return {cell.item.partition(":")[2]: cell.value for cell in cells}
    people: dict[str, float] = defaultdict(float)
    for cell in cells:
        people[cell.item.partition(":")[2]] += cell.value
    told = sum(people.values())
    if not told:
        raise Missing("nobody in the audience that was imported")
    return {group: count / told for group, count in people.items()}


KPIS = (
    imported_kpi(
        "followers",
        "people",
        "followers of the brand's accounts at the end of the window, each network apart",
        followers,
        ("native",),
        additive=False,
        rows=("1",),
        worked="{followers}",
        example=Example({"followers": 1040}, 1040, "1 000 followers on 31 October, 1 040 on 7 November"),
        vanity=True,
        better="up",
        kind=("quantitative", "output"),
        source="count of the network",
    ),
    imported_kpi(
        "audience_growth",
        "ratio",
        "(followers at the end - followers at the start) / followers at the start",
        audience_growth,
        ("native",),
        additive=False,
        rows=("7",),
        worked="{change} / {start}",
        example=Example(
            {"change": 40, "start": 1000}, 0.04, "1 000 followers at the start, 1 040 at the end"
        ),
        vanity=True,
        better="up",
        kind=("quantitative", "directional"),
        source="standard growth rate",
    ),
    imported_kpi(
        "audience_growth.total",
        "ratio",
        "(followers at the end - followers at the start) / followers at the end",
        audience_growth_total,
        ("native",),
        additive=False,
        rows=("7",),
        worked="{change} / {end}",
        example=Example({"change": 40, "end": 1040}, 40 / 1040, "the same, of the whole audience"),
        vanity=True,
        better="up",
        kind=("quantitative", "directional"),
        source="Hootsuite, audience growth rate: net new followers / total audience",
    ),
    imported_kpi(
        "follower_quality",
        "ratio",
        "(likes + comments + saves) / own posts / followers, beside the same of the period before; a heuristic",
        follower_quality,
        ("native",),
        additive=False,
        rows=("16",),
        worked="{interactions} / {posts} / {followers}",
        example=Example({"interactions": 120, "posts": 3, "followers": 1040}, 120 / 3 / 1040),
        better="up",
        kind=("qualitative", "directional"),
        source="engagement rate held against the count of followers",
    ),
    *(
        imported_kpi(
            f"demographics.{name}",
            "ratio",
            f"share of the largest group of the audience by {name}, as the network reports it",
            _audience(name),
            ("native",),
            additive=False,
            rows=("15",),
            worked="{share}",
            example=Example({"share": 0.6}, 0.6, "60 of 100 people in the largest group"),
            kind=("qualitative",),
            source="audience report of the network; never inferred",
        )
        for name in GROUPS
    ),
)
