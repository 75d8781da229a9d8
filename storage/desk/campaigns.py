"""Campaigns: a name, two dates, and by what its mentions or its imported numbers are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from storage.base import Row, Rows, Transaction
from storage.calendar import PERIODS, Window, before, local_day, start_of, unit_of
from storage.desk.corrections import STANDING
from storage.mention import KeptPost, Source

PAGE = 500
TAGGED_BY = "campaign"
"""Who gives the tag of a campaign; None would say that a rule of the configuration does, and nobody a person."""

_SELECT = "SELECT name, since, until, query, utm, at, by FROM campaigns"
_POSTS = """SELECT m.published_at, p.id, s.name, s.kind, s.lateness, p.native_id, p.text, p.fetched_at, p.dated,
    p.title, p.author, p.url, p.language, p.in_reply_to, p.thread, p.author_id, p.followers
    FROM brands b CROSS JOIN mentions m CROSS JOIN posts p CROSS JOIN sources s
    WHERE b.name = ? AND m.brand_id = b.id AND m.published_at >= ? AND m.published_at < ?
    AND (m.published_at > ? OR (m.published_at = ? AND m.post_id > ?))
    AND p.id = m.post_id AND p.erased_at IS NULL AND s.id = p.source_id ORDER BY m.published_at, p.id LIMIT ?"""
# A person's word goes before the engine's. Authors are accounts within a source; whoever is unknown is none of them.
_COUNT = f"""SELECT count(*), count(DISTINCT coalesce('a' || m.author_id,
        p.source_id || ':' || coalesce(p.author_id, p.author))),
    coalesce(sum(CASE coalesce(c.label, m.label) WHEN 1 THEN 1 ELSE 0 END), 0),
    coalesce(sum(CASE coalesce(c.label, m.label) WHEN 0 THEN 1 ELSE 0 END), 0),
    coalesce(sum(CASE coalesce(c.label, m.label) WHEN -1 THEN 1 ELSE 0 END), 0)
    FROM tags t JOIN brands b ON b.id = t.brand_id
    JOIN mentions m ON m.brand_id = t.brand_id AND m.post_id = t.post_id JOIN posts p ON p.id = m.post_id
    LEFT JOIN corrections c ON c.brand_id = m.brand_id AND c.post_id = m.post_id AND {STANDING}
    WHERE t.tag = ? AND b.name = ? AND m.published_at >= ? AND m.published_at < ?"""
_LEADS = """SELECT b.name, l.network, count(*) FROM leads l JOIN brands b ON b.id = l.brand_id
    WHERE l.campaign = ? AND l.created_at >= ? AND l.created_at < ? GROUP BY b.name, l.network ORDER BY 1, 2"""


@dataclass(frozen=True, slots=True)
class Campaign:
    """[since, until) in seconds. `query` finds its mentions, `utm` is the name that imported numbers call it by."""

    name: str
    since: int
    until: int
    query: str | None
    utm: str | None
    at: int
    by: str | None

    @property
    def window(self) -> Window:
        return Window(self.since, self.until)

    @property
    def tag(self) -> str:
        """What its mentions are tagged with."""
        return f"campaign:{self.name}"


@dataclass(frozen=True, slots=True)
class Around:
    """The campaign's window, and one of equal length on either side."""

    before: Window
    during: Window
    after: Window


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a brand in a campaign: mentions, by how many known authors, in which tone."""

    mentions: int
    authors: int
    positive: int
    neutral: int
    negative: int


def add(db: Transaction, campaign: Campaign) -> None:
    """Keep a campaign. Raises ValueError where there is one of its name."""
    if named(db, campaign.name) is not None:
        raise ValueError(
            f"there is a campaign {campaign.name!r} already; remove it first, or take another name"
        )
    db.run(
        "INSERT INTO campaigns (name, since, until, query, utm, at, by) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            campaign.name,
            campaign.since,
            campaign.until,
            campaign.query,
            campaign.utm,
            campaign.at,
            campaign.by,
        ),
    )


def remove(db: Transaction, name: str) -> bool:
    """Forget a campaign, and take its tag off its mentions; False where there is none of that name."""
    found = named(db, name)
    if found is not None:
        db.run("DELETE FROM tags WHERE tag = ? AND by = ?", (found.tag, TAGGED_BY))
    return db.run("DELETE FROM campaigns WHERE name = ?", (name,)) == 1


def named(store: Rows, name: str) -> Campaign | None:
    """The campaign of this name."""
    rows = store.rows(f"{_SELECT} WHERE name = ?", (name,))
    return Campaign(*rows[0]) if rows else None


def all_campaigns(store: Rows) -> list[Campaign]:
    """All of them, the latest first."""
    return [Campaign(*row) for row in store.rows(f"{_SELECT} ORDER BY since DESC, name")]


def overlapping(store: Rows, window: Window) -> list[Campaign]:
    """Those that run in some part of a window, the earliest first."""
    rows = store.rows(
        f"{_SELECT} WHERE since < ? AND until > ? ORDER BY since, name", (window.until, window.since)
    )
    return [Campaign(*row) for row in rows]


def around(window: Window, zone: ZoneInfo) -> Around:
    """The windows before and after: the neighbours of a whole day, ISO week or month; as many whole days as these
    where it begins and ends at midnight, although a day of spring or autumn has another length; else as many seconds.
    """
    if any(unit_of(window.since, unit, zone) == window for unit in PERIODS):
        unit = next(unit for unit in PERIODS if unit_of(window.since, unit, zone) == window)
        return Around(before(window, zone), window, unit_of(window.until, unit, zone))
    first, end = local_day(window.since, zone), local_day(window.until, zone)
    days = (end - first).days
    if window == Window(start_of(first, "day", zone), start_of(end, "day", zone)):
        return Around(
            Window(start_of(first - timedelta(days=days), "day", zone), window.since),
            window,
            Window(window.until, start_of(end + timedelta(days=days), "day", zone)),
        )
    length = window.until - window.since
    return Around(
        Window(window.since - length, window.since), window, Window(window.until, window.until + length)
    )


def mentions_in(store: Rows, brand: str, window: Window) -> Iterator[list[tuple[int, Source, KeptPost]]]:
    """A brand's mentions in a window that can still be read, page by page: the number of each post, and the post."""
    at, number = window.since - 1, 0
    while True:
        rows = store.rows(_POSTS, (brand, window.since, window.until, at, at, number, PAGE))
        if not rows:
            return
        yield [_post(row) for row in rows]
        at, number = rows[-1][0], rows[-1][1]


def said(store: Rows, tag: str, brand: str, window: Window) -> Said:
    """Count a brand's mentions in a window that bear a tag."""
    return Said(*store.rows(_COUNT, (tag, brand, window.since, window.until))[0])


def leads(store: Rows, utm: str, window: Window) -> list[tuple[str, str, int]]:
    """(brand, network, leads) that a campaign brought in a window."""
    return [(row[0], row[1], row[2]) for row in store.rows(_LEADS, (utm, window.since, window.until))]


def _post(row: Row) -> tuple[int, Source, KeptPost]:
    at, number, name, kind, lateness, native_id, text, fetched_at, dated, *more = row
    title, author, url, language, in_reply_to, thread, author_id, followers = more
    post = KeptPost(
        native_id, text, at, fetched_at, bool(dated), title, author, url, language, in_reply_to, thread, (),
        author_id, followers,
    )  # fmt: skip
    return number, Source(name, kind, lateness), post
