"""What networks tell the owner of an account: Meta, LinkedIn, X, YouTube and TikTok, and a table of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from listener.imports.forms import Form
from listener.imports.networks import network_of
from listener.imports.row import BadRow, Row
from storage.measures import Measure

METRICS = frozenset(
    {
        "followers",
        "impressions",
        "reach",
        "likes",
        "shares",
        "comments",
        "saves",
        "profile_visits",
        "link_clicks",
        "video_views",
        "posts",
        "followers_gained",
        "followers_lost",
    }
)
_COUNTED = {name: name for name in sorted(METRICS)}
# A file "Date, Primary" of Meta Business Suite says above the table what it counts. Views took the place of impressions
# there in 2024 and 2025, viewers that of reach.
_TITLES: dict[str, tuple[str, str]] = {
    "facebook follows": ("facebook", "followers_gained"),
    "facebook visits": ("facebook", "profile_visits"),
    "facebook link clicks": ("facebook", "link_clicks"),
    "facebook reach": ("facebook", "reach"),
    "instagram follows": ("instagram", "followers_gained"),
    "instagram visits": ("instagram", "profile_visits"),
    "instagram profile visits": ("instagram", "profile_visits"),
    "instagram link clicks": ("instagram", "link_clicks"),
    "instagram reach": ("instagram", "reach"),
    "follows": ("", "followers_gained"),
    "visits": ("", "profile_visits"),
    "link clicks": ("", "link_clicks"),
    "reach": ("", "reach"),
    "viewers": ("", "reach"),
    "views": ("", "impressions"),
    "impressions": ("", "impressions"),
}


def _days(network: str) -> Callable[[Row], Iterator[Measure]]:
    """Read rows of which each is a day of the whole account."""

    def read(row: Row) -> Iterator[Measure]:
        where = {"network": network, "account": row.account()}
        yield from row.measures("native", _COUNTED, day=row.day(), **where)

    return read


def _posts(network: str) -> Callable[[Row], Iterator[Measure]]:
    """Read rows of which each is a post: on the day of its publication, what it had reached at the export."""

    def read(row: Row) -> Iterator[Measure]:
        post = row.label("post")
        if not post:
            raise BadRow("has no post")
        if "E+" in post.upper() and "." in post:
            raise BadRow(f"post {post[:40]!r} was rounded by a spreadsheet; export it again as text")
        where = {"network": network, "account": row.account(), "item": f"post:{post}"}
        day = row.day()
        yield from row.measures("native", _COUNTED, day=day, **where)
        yield Measure("native", "posts", day, 1.0, None, **where)

    return read


def _series(row: Row) -> Iterator[Measure]:
    title = row.above[-1] if row.above else ""
    network, metric = _TITLES.get(title.casefold(), ("", ""))
    if not metric:
        raise BadRow(f"{title[:40]!r}, which stands above the table, is none of the numbers that are kept")
    network = network or row.wish.network
    if not network:
        raise BadRow(f"{title[:40]!r} does not say of which network; add --network facebook or instagram")
    value = row.count("count")
    if value is not None:
        yield Measure("native", metric, row.day(), float(value), None, network=network, account=row.account())


def _own(row: Row) -> Iterator[Measure]:
    network, metric = network_of(row.label("network")) or row.wish.network, row.label("metric").casefold()
    if not network:
        raise BadRow("names no network; add a column network, or --network")
    where = {"network": network, "account": row.account(), "item": row.label("item")}
    if metric == "audience":
        share = row.ratio("value")
        if share is not None:
            yield Measure("native", "audience", row.day(), share, "ratio", **where)
        return
    if metric not in METRICS:
        known = ", ".join(sorted(METRICS | {"audience"}))
        raise BadRow(f"metric {metric[:40]!r} is none of {known}; others with --kind custom")
    value = row.positive("value")
    if value is not None and not value.is_integer():
        raise BadRow(f"{metric} is {value:g}, and is counted in whole numbers")
    if value is not None:
        yield Measure("native", metric, row.day(), value, None, **where)


_META_POSTS: Mapping[str, tuple[str, ...]] = {
    "post": ("post id",),
    "date": ("publish time",),
    "impressions": ("views", "impressions"),
    "reach": ("reach", "viewers"),
    "likes": ("likes", "reactions"),
    "shares": ("shares",),
    "comments": ("comments",),
    "saves": ("saves",),
    "link_clicks": ("link clicks",),
    "profile_visits": ("profile visits",),
    "followers_gained": ("follows",),
}

FORMS = (
    Form(
        "Instagram posts of Meta Business Suite",
        {**_META_POSTS, "account": ("account username",)},
        ("post", "date", "account"),
        _posts("instagram"),
    ),
    Form(
        "Facebook posts of Meta Business Suite",
        {**_META_POSTS, "account": ("page name",)},
        ("post", "date", "account"),
        _posts("facebook"),
    ),
    Form(
        "a series of Meta Business Suite",
        {"date": ("date",), "count": ("primary",)},
        ("date", "count"),
        _series,
    ),
    Form(
        "X posts",
        {
            "post": ("post id",),
            "date": ("date",),
            "impressions": ("impressions",),
            "likes": ("likes",),
            "shares": ("reposts",),
            "comments": ("replies",),
            "saves": ("bookmarks",),
            "profile_visits": ("profile visits",),
            "link_clicks": ("url clicks",),
            "followers_gained": ("new follows",),
        },
        ("post", "date", "impressions", "shares"),
        _posts("x"),
    ),
    Form(
        "X account overview",
        {
            "date": ("date",),
            "impressions": ("impressions",),
            "likes": ("likes",),
            "shares": ("reposts",),
            "comments": ("replies",),
            "saves": ("bookmarks",),
            "profile_visits": ("profile visits",),
            "video_views": ("video views",),
            "posts": ("create post",),
            "followers_gained": ("new follows",),
            "followers_lost": ("unfollows",),
        },
        ("date", "impressions", "shares", "followers_lost"),
        _days("x"),
    ),
    Form(
        "LinkedIn page content",
        {
            "date": ("date",),
            "impressions": ("impressions (total)", "impressions (organic)"),
            "reach": ("unique impressions (organic)",),
            "likes": ("reactions (total)", "reactions (organic)"),
            "comments": ("comments (total)", "comments (organic)"),
            "shares": ("reposts (total)", "shares (total)", "reposts (organic)", "shares (organic)"),
            "link_clicks": ("clicks (total)", "clicks (organic)"),
        },
        ("date", "impressions", "likes"),
        _days("linkedin"),
    ),
    # Its "Total followers" are the new ones of the day, organic and sponsored together: no level.
    Form(
        "LinkedIn new followers",
        {"date": ("date",), "followers_gained": ("total followers",), "organic": ("organic followers",)},
        ("date", "followers_gained", "organic"),
        _days("linkedin"),
    ),
    Form(
        "LinkedIn page visitors",
        {"date": ("date",), "profile_visits": ("total page views (total)",)},
        ("date", "profile_visits"),
        _days("linkedin"),
    ),
    Form(
        "YouTube videos (Table data.csv)",
        {
            "post": ("content",),
            "date": ("video publish time",),
            "video_views": ("views",),
            "likes": ("likes",),
            "comments": ("comments added", "comments"),
            "shares": ("shares",),
            "reach": ("unique viewers",),
            "impressions": ("impressions", "thumbnail impressions"),
            "followers_gained": ("subscribers gained",),
            "followers_lost": ("subscribers lost",),
        },
        ("post", "date", "video_views"),
        _posts("youtube"),
    ),
    Form(
        "YouTube days (Table data.csv)",
        {
            "date": ("date",),
            "video_views": ("views",),
            "watched": ("watch time (hours)",),
            "likes": ("likes",),
            "comments": ("comments added", "comments"),
            "shares": ("shares",),
            "reach": ("unique viewers",),
            "impressions": ("impressions", "thumbnail impressions"),
            "followers_gained": ("subscribers gained",),
            "followers_lost": ("subscribers lost",),
        },
        ("date", "video_views", "watched"),
        _days("youtube"),
    ),
    Form(
        "TikTok overview",
        {
            "date": ("date", "datum"),
            "video_views": ("video views", "videovisningar"),
            "reach": ("reached audience", "målgrupp som nåtts"),
            "profile_visits": ("profile views", "profilvisningar"),
            "likes": ("likes", "gilla-markeringar"),
            "comments": ("comments", "kommentarer"),
            "shares": ("shares", "delningar"),
            "followers_gained": ("new followers", "nya följare"),
            "followers_lost": ("lost followers", "tappade följare"),
        },
        ("date", "video_views", "profile_visits"),
        _days("tiktok"),
    ),
    Form(
        "TikTok followers (FollowerHistory.csv)",
        {
            "date": ("date",),
            "followers": ("followers",),
            "difference": ("difference in followers from previous day",),
        },
        ("date", "followers", "difference"),
        _days("tiktok"),
    ),
    Form(
        "a table of an account",
        {
            "date": ("date",),
            "network": ("network",),
            "account": ("account",),
            "metric": ("metric",),
            "value": ("value",),
            "item": ("item",),
        },
        ("date", "metric", "value"),
        _own,
        by_map=True,
    ),
)
