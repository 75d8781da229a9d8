"""Pages of our own posts for tests that need a store with something in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sentiment.tone import Label, Tone
from storage.mention import Brand, Heard, Kept, KeptPost, Mention, Source

ACME = Brand("Acme", own=True)
BOLT = Brand("Bolt")
BRANDS = (ACME, BOLT)
HACKERNEWS = Source("hackernews", "hackernews")

_P: dict[Label | None, tuple[float, float, float]] = {
    "negative": (0.9, 0.1, 0.0),
    "neutral": (0.1, 0.8, 0.1),
    "positive": (0.0, 0.1, 0.9),
    None: (0.3, 0.4, 0.3),
}


def tone(label: Label | None, engine: str = "ours-1") -> Tone:
    """A judgement of an engine of which nothing was measured, unless another is named."""
    return Tone(label, *_P[label], engine, reason=None if label else "unsure")


def post(
    native_id: str,
    at: int,
    label: Label | None = "neutral",
    *,
    text: str | None = None,
    brands: Sequence[str] = ("Acme",),
    author: str | None = None,
    url: str | None = None,
    addressed: bool = False,
    engine: str = "ours-1",
) -> KeptPost:
    """One post that mentions these brands."""
    mentions = tuple(Mention(brand, addressed=addressed, tone=tone(label, engine)) for brand in brands)
    said = f"words of {native_id}" if text is None else text
    return KeptPost(native_id, said, at, at, author=author, url=url, mentions=mentions)


def page(
    posts: Iterable[KeptPost],
    heard: tuple[int, int] | None,
    *,
    source: Source = HACKERNEWS,
    live: bool = True,
) -> Kept:
    """A page as a collector's poll or an import leaves it behind."""
    return Kept(source, list(posts), None, Heard(*heard) if heard else None, live)
