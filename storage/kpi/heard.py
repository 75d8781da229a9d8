"""What sources tell of a brand's own accounts: followers, counters of posts; where an export tells it, that counts."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from storage.base import Rows
from storage.calendar import local_day, start_of
from storage.counting import KIND_OF
from storage.kpi.cell import Cell

POST = "post:"
"""How the item of a number begins that is of one post."""
TOLD_AS: Mapping[str, tuple[str, ...]] = {"native": ("followers",), "reviews": ("stars",)}
"""Of what sources tell by the day, what files tell too, by the kind of file."""
METRIC_OF: Mapping[str, str] = {**KIND_OF, "views": "impressions", "impressions": "impressions"}
"""Under which metric of an export a counter stands."""
VIDEOS = frozenset(("youtube",))
"""Networks where a view is one of a video, and not of a post that passed by."""

# A reading is written each time that a counter has changed: the last one tells the counter as it is now. What answers
# somebody is no publication: an account that helps many people would seem to be liked by nobody.
_POSTS = """SELECT s.kind, coalesce(p.author, ''), p.native_id, coalesce(p.url, ''), p.published_at, r.counter, r.value
    FROM turns t JOIN posts p ON p.id = t.post_id JOIN sources s ON s.id = p.source_id
    JOIN readings r ON r.post_id = p.id
    WHERE t.brand_id = ? AND t.role IN (1, 2) AND t.at >= ? AND t.at < ? AND p.in_reply_to IS NULL
    AND r.at = (SELECT max(l.at) FROM readings l WHERE l.post_id = r.post_id AND l.counter = r.counter)
    ORDER BY p.published_at, p.id"""
_PARTS = re.compile(r"[/=:]")


class OwnPost(NamedTuple):
    """A kept post by one of a brand's accounts, with its newest counters by metric, and the ids that an export may
    know it by."""

    day: str
    network: str
    account: str
    native_id: str
    ids: frozenset[str]
    numbers: Mapping[str, int]


def own_posts(store: Rows, zone: ZoneInfo, brand: int, first: date, end: date) -> list[OwnPost]:
    """A brand's own posts of these days [first, end) of which counters were read, the oldest first; no answers."""
    asked = (brand, start_of(first, "day", zone), start_of(end, "day", zone))
    numbers: dict[tuple[str, str, str, str, int], dict[str, int]] = defaultdict(dict)
    for *post, counter, value in store.rows(_POSTS, asked):
        metric = METRIC_OF.get(counter)
        if counter == "views" and post[0] in VIDEOS:
            metric = "video_views"
        if metric is not None:
            told = numbers[tuple(post)]
            told[metric] = told.get(metric, 0) + value
    return [
        OwnPost(
            local_day(at, zone).isoformat(), network, folded(author), native_id, _ids(native_id, url), told
        )
        for (network, author, native_id, url, at), told in numbers.items()
    ]


def blended(
    exported: Mapping[str, Sequence[Cell]],
    snapshots: Mapping[str, Sequence[Cell]],
    posts: Sequence[OwnPost] = (),
) -> Mapping[str, list[Cell]]:
    """Numbers of one kind by metric, in order of days, each told once: by the export, else as heard.

    An account is the same in both where its names are, with or without the @ and what stands behind the name. An
    export that names no account tells of whichever there is. Where exports tell of a network and none of an account
    heard there, what was heard is left out: the same account under another name would be counted twice.
    """
    found = {metric: list(cells) for metric, cells in exported.items()}
    accounts = _accounts(exported)
    # Whatever its item: who tells of some stars of a day has counted the others too.
    told = {(metric, *cell[:3]) for metric, cells in exported.items() for cell in cells}
    for metric, heard in snapshots.items():
        for cell in heard:
            account = _exported_as(folded(cell.account), accounts.get(cell.network))
            if account is not None and (metric, cell.day, cell.network, account) not in told:
                found.setdefault(metric, []).append(cell._replace(account=account))
    known = _known_posts(exported)
    for post in posts:
        account = _exported_as(post.account, accounts.get(post.network))
        if account is not None and known[post.network].isdisjoint(post.ids):
            item = POST + post.native_id
            for metric, value in post.numbers.items():
                cell = Cell(post.day, post.network, account, item, value, None)
                found.setdefault(metric, []).append(cell)
    return {metric: sorted(cells, key=lambda cell: cell.day) for metric, cells in found.items()}


def folded(account: str) -> str:
    """The name of an account as it is compared."""
    return account.strip().lstrip("@").casefold()


def _accounts(exported: Mapping[str, Sequence[Cell]]) -> Mapping[str, dict[str, str]]:
    """By network the accounts that exports name: as they are compared -> as they are written."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for cell in (cell for cells in exported.values() for cell in cells):
        found[cell.network].setdefault(folded(cell.account), cell.account)
    return found


def _exported_as(account: str, accounts: Mapping[str, str] | None) -> str | None:
    """How exports write an account that was heard; as it is where they tell nothing of its network, else None."""
    if accounts is None:
        return account
    for name in (account, re.split(r"[@.]", account)[0], ""):
        if name in accounts:
            return accounts[name]
    return None


def _known_posts(exported: Mapping[str, Sequence[Cell]]) -> Mapping[str, set[str]]:
    """By network the posts that exports tell of."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for cell in (cell for cells in exported.values() for cell in cells):
        if cell.item.startswith(POST):
            found[cell.network].add(cell.item.removeprefix(POST).casefold())
    return found


def _ids(*names: str) -> frozenset[str]:
    """What an export may call a post: all of its id or address, or the end of it."""
    parts = (part for name in names for part in (name, _PARTS.split(name)[-1]))
    return frozenset(part.casefold() for part in parts if part)
