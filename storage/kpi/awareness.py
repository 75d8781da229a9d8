"""How much a brand is looked up and written about: page views, and its part of the articles looked through."""

from __future__ import annotations

from collections.abc import Sequence

from storage.kpi.cell import Cell
from storage.kpi.declaration import Example
from storage.kpi.imported import Imported, Missing, added, imported_kpi, ratio, whole
from storage.kpi.value import Reading
from storage.measures import SNAPSHOT


def page_views(numbers: Imported) -> Reading:
    """How often the encyclopaedia's articles about the brand were opened; one person may be counted many times."""
    views = numbers.total(SNAPSHOT, "page_views")
    return Reading(views, int(views))


def share_of_news(numbers: Imported) -> Reading:
    """Articles that name the brand / all articles that were looked through, of the days that tell both; n is the
    denominator."""
    matching, monitored = (
        whole(numbers.cells(SNAPSHOT, metric)) for metric in ("articles_matching", "articles_monitored")
    )
    found, of = _both(matching, monitored)
    if not found:
        raise Missing("no day tells both articles_matching and articles_monitored")
    numbers.more.update(articles_matching=int(added(found)), articles_monitored=int(added(of)))
    return ratio(added(found), added(of), "no articles monitored")


def _both(one: Sequence[Cell], other: Sequence[Cell]) -> tuple[list[Cell], list[Cell]]:
    """Those numbers of each that the other has too."""
    here, there = ({cell[:4]: cell for cell in cells} for cells in (one, other))
    kept = [key for key in here if key in there]
    return [here[key] for key in kept], [there[key] for key in kept]


KPIS = (
    imported_kpi(
        "awareness.page_views",
        "views",
        "times that the encyclopaedia's articles about the brand were opened",
        page_views,
        (SNAPSHOT,),
        rows=("11", "35"),
        worked="{page_views}",
        example=Example({"page_views": 1500}, 1500, "900 and 600 on two days"),
        vanity=True,
        better="up",
        kind=("quantitative", "leading"),
        source="count of the encyclopaedia",
    ),
    imported_kpi(
        "share_of_news",
        "ratio",
        "articles that name the brand / all articles that were looked through",
        share_of_news,
        (SNAPSHOT,),
        rows=("9", "35"),
        worked="{articles_matching} / {articles_monitored}",
        example=Example(
            {"articles_matching": 30, "articles_monitored": 60_000}, 0.0005, "10 of 20 000, 20 of 40 000"
        ),
        better="up",
        kind=("quantitative", "leading"),
        source="MutualMind (2013), the whole of what is said as the denominator",
    ),
)
