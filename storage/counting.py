"""What networks call the counters of a post, and which kind of interaction each of them counts."""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, tuple[str, ...]] = {
    "likes": ("likes", "favourites", "favorites", "reactions", "upvotes", "points", "score"),
    "shares": ("reposts", "shares", "retweets", "reblogs", "boosts", "quotes"),
    "comments": ("replies", "comments", "answers"),
    "saves": ("saves", "bookmarks"),
}
"""Hacker News counts points and comments; Mastodon likes, reposts, quotes, replies; whoever sends to /ingest may use
any of these names. Views are no interaction."""
KIND_OF: Mapping[str, str] = {name: kind for kind, names in KINDS.items() for name in names}
