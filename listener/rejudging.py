"""History judged again by the engine of today, page by page, each page a transaction with how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from listener.pipeline import Named, Pipeline, without_tone
from sentiment.tone import Tone
from storage import rejudging
from storage.posting import counts
from storage.rejudging import Rejudging
from storage.rematching import PAGE, Standing
from storage.sqlite import SqliteStore

Told = Callable[[Rejudging, int], None]
"""Is told after each page how far it has come, and how many posts the page had."""


def rejudge(
    store: SqliteStore,
    pipeline: Pipeline,
    done: Rejudging,
    now: Callable[[], int],
    told: Told,
    size: int = PAGE,
) -> tuple[Rejudging, int]:
    """Judge what is left of `done`, which `storage.rejudging.begin` gave; return it, and how many erased lost a label.

    It may be ended at any time, by kill -9 too, and begun again: what it comes to is the same. What people said of a
    mention stays. Raises Overtaken where another program does the same.
    """
    while standings := rejudging.page(store, done, size):
        tones = _judged(pipeline, standings, done.brand)
        with store.writing() as db:
            done = rejudging.write(db, done, standings, tones)
        told(done, len(standings))
    with store.writing() as db:
        return done, rejudging.finish(db, done, now())


def _judged(
    pipeline: Pipeline, standings: Sequence[Standing], brand: str | None
) -> dict[tuple[int, str], Tone]:
    """What the engine says of each mention, by post and brand; a brand's own posts are not judged."""
    # All that a post names is judged, also where one brand is asked for: the others are what it is compared with.
    asked = [
        one for one in standings if any(counts(m) and brand in (None, m.brand) for m in one.post.mentions)
    ]
    posts = pipeline.judge([Named(one.post, without_tone(one.post.mentions)) for one in asked])
    return {
        (one.id, mention.brand): mention.tone
        for one, post in zip(asked, posts, strict=True)
        for mention in post.mentions
        if counts(mention) and mention.tone is not None and brand in (None, mention.brand)
    }
