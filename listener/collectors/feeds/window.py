"""How much of the past a feed lets us hear: a feed is a window on the latest items, and it may roll over."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from listener.collectors.post import Post, plausible
from storage.mention import Heard

REMEMBERED = 200


def first_heard(posts: Sequence[Post], now: int) -> Heard:
    """Return what the first reading of a feed covers; `posts` in the order of the document.

    From the oldest item of the run that stands in order: an old item pinned to the top does not pretend that
    years were heard. Without dates only the moment itself is certain.
    """
    dates = [date for post in _in_order(posts, now) if (date := _usable(post, now)) is not None]
    return Heard(min(min(dates, default=now), now - 1), now)


def next_heard(posts: Sequence[Post], remembered: Sequence[str], polled_at: int, now: int) -> Heard | None:
    """Return what a later reading covers, `remembered` being the hashes of the reading at `polled_at`.

    All the time since then, if an item of that reading is still there (new items push out the oldest first, so
    none came and went unseen). Otherwise the feed has rolled over, and what lies before its oldest item is lost.
    """
    if now <= polled_at:
        return None
    if not remembered:
        # Nothing was there then: what this reading shows of the past, a first reading would have shown.
        return Heard(min(polled_at, first_heard(posts, now).since), now)
    if not posts or not _ids(posts).isdisjoint(remembered):
        return Heard(polled_at, now)
    return Heard(max(polled_at, first_heard(posts, now).since), now)


def remember(posts: Sequence[Post], now: int) -> list[str]:
    """Return hashes of the items to look for in the next reading: the newer half of the dated ones.

    What is new leaves last, so these suffice; an old item pinned to the top is none of them, because it is still
    there when everything else has rolled over. Where dates are rare both ends of the document are kept, since
    nobody knows at which one it grows.
    """
    dated = [post for post in posts if _usable(post, now) is not None]
    if 2 * len(dated) < len(posts):
        half = REMEMBERED // 2
        chosen = list(posts) if len(posts) <= REMEMBERED else [*posts[:half], *posts[-half:]]
    else:
        newest = sorted(dated, key=lambda post: post.published_at or 0, reverse=True)
        chosen = newest[: min(REMEMBERED, (len(newest) + 1) // 2)]
    return [_short(post.native_id) for post in chosen]


def _in_order(posts: Sequence[Post], now: int) -> list[Post]:
    """Return the longest run of neighbours whose dates only fall, or only rise; undated items are stepped over."""
    dated = [(post, date) for post in posts if (date := _usable(post, now)) is not None]
    best: list[Post] = []
    for sign in (1, -1):
        run: list[Post] = []
        before: int | None = None
        for post, date in dated:
            if before is not None and sign * date > sign * before:
                run = []
            run.append(post)
            before = date
            if len(run) > len(best):
                best = run
    return best


def _usable(post: Post, now: int) -> int | None:
    """Return the date of a post, unless it is one that no post can have."""
    return post.published_at if plausible(post.published_at, now) else None


def _ids(posts: Sequence[Post]) -> set[str]:
    return {_short(post.native_id) for post in posts}


def _short(native_id: str) -> str:
    return hashlib.sha256(native_id.encode()).hexdigest()[:12]
