"""History matched again by the queries of today: what is kept, and the sample of what matched nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from listener.pipeline import Named, Pipeline
from storage import queries, rematching
from storage.desk import tags
from storage.mention import Brand
from storage.posting import counts
from storage.rematching import Rematched, SampleShare, Standing
from storage.sqlite import SqliteStore


@dataclass
class Outcome:
    """What rematching came to. `incomplete` are the sources of which the sample does not hold everything."""

    looked_at: int = 0
    added: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    incomplete: Sequence[SampleShare] = ()


def rematch(
    store: SqliteStore,
    pipeline: Pipeline,
    brands: Sequence[Brand],
    since: int,
    now: int,
    told: Callable[[int], None] = lambda posts: None,
) -> Outcome:
    """Match what was published since then again, page by page.

    Each page is a transaction of its own, and matching twice changes nothing: it may be ended at any time, and begun
    again. Where the sample holds everything that matched nobody, the break that the new queries made in the series
    moves to `since`. `told` how many posts each page had.
    """
    outcome = Outcome()
    with store.writing() as db:
        queries.keep_versions(db, brands, now)
    # Brands' own posts first: which replies address a brand follows from them, wherever the replies stand.
    for standings in rematching.pages(store, rematching.own_posts, since):
        _write(store, outcome, pipeline, _again(pipeline, standings), ())
    tagging = bool(pipeline.tag_rules) or tags.any_by_rule(store)
    for standings in rematching.pages(store, rematching.kept_posts, since):
        _write(store, outcome, pipeline, _again(pipeline, standings), ())
        _tell_stories(store, [one for one in standings if not _by_queries(one)])
        if tagging:
            _tag(store, pipeline, standings)
        outcome.looked_at += len(standings)
        told(len(standings))
    for standings in rematching.pages(store, rematching.unmatched_posts, since):
        # A reply may answer what is a brand's own post now; the store knows.
        again = _again(pipeline, [_tagged(pipeline, one) for one in standings])
        found = [o for o in again if o.mentions or o.standing.post.in_reply_to]
        _write(store, outcome, pipeline, (), found)
        outcome.looked_at += len(standings)
        told(len(standings))
    outcome.incomplete = [share for share in rematching.sample_shares(store, since) if share.share < 1]
    if not outcome.incomplete:
        with store.writing() as db:
            queries.settle(db, [brand.name for brand in brands], since)
    return outcome


def _by_queries(standing: Standing) -> bool:
    """Whether queries alone say whose post it is; where an imported row said so, its word stands instead of them."""
    return all(mention.by_query for mention in standing.post.mentions)


def _tell_stories(store: SqliteStore, imported: Sequence[Standing]) -> None:
    """Give what no query is asked about a story of its own too: it may have been kept before there were any."""
    if imported:
        with store.writing() as db:
            rematching.tell_stories(db, imported)


def _tag(store: SqliteStore, pipeline: Pipeline, standings: Sequence[Standing]) -> None:
    """What the rules of today say of each post, also where an imported row said whose post it is."""
    found = [_tagged(pipeline, one) for one in standings]
    with store.writing() as db:
        rematching.tag(db, found)


def _tagged(pipeline: Pipeline, standing: Standing) -> Standing:
    return replace(standing, post=pipeline.tagged(standing.post, standing.source))


def _again(pipeline: Pipeline, standings: Sequence[Standing]) -> list[Rematched]:
    """What the queries of today say of each post, judged where it was no mention of anybody before."""
    standings = [one for one in standings if _by_queries(one)]
    found: list[Named] = []
    for standing in standings:
        # What it was judged to be towards a brand holds, whichever query finds it now.
        tones = {mention.brand: mention.tone for mention in standing.post.mentions}
        mentions = pipeline.name_again(standing.post, standing.source)
        found.append(
            Named(
                standing.post,
                tuple(replace(m, tone=tones.get(m.brand) if counts(m) else None) for m in mentions),
            )
        )
    fresh = [n for n in found if any(counts(m) and m.tone is None for m in n.mentions)]
    judged = {id(n): post.mentions for n, post in zip(fresh, pipeline.judge(fresh), strict=True)}
    return [
        Rematched(standing, judged.get(id(named), named.mentions))
        for standing, named in zip(standings, found, strict=True)
    ]


def _write(
    store: SqliteStore,
    outcome: Outcome,
    pipeline: Pipeline,
    kept: Sequence[Rematched],
    sampled: Sequence[Rematched],
) -> None:
    with store.writing() as db:
        changes = rematching.apply(db, pipeline.definitions, kept, sampled)
    outcome.added.update(changes.added)
    outcome.removed.update(changes.removed)
