"""Post -> which brands -> which tone -> what is kept. Pure: no clock, no store, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from listener.collectors.post import LONGEST_TEXT, Delete, Edit, Figure, Page, Post, plausible
from listener.matching.matcher import Matcher
from listener.matching.said import Said, network_of
from listener.matching.tagging import Tagger, TagRule
from sentiment.targets import Mask, Spans
from sentiment.targets import Named as NamedBrand
from sentiment.tone import Engine, Text, Tone
from storage.mention import (
    Brand,
    BrandFigure,
    Counted,
    Kept,
    KeptPost,
    Mention,
    Reading,
    Sampled,
    Source,
    Unmatched,
)

_UNPRINTABLE = {0: None}


def clean(text: str) -> str:
    """Make a text storable: no NUL, no half surrogate pairs, at most LONGEST_TEXT characters."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text[:LONGEST_TEXT].translate(_UNPRINTABLE) if "\0" in text else text[:LONGEST_TEXT]


@dataclass(frozen=True, slots=True)
class Named:
    """A post with the brands that it concerns, before its tone is judged.

    `near`: it concerns nobody, but something that a query asks for stands in it.
    """

    post: KeptPost
    mentions: tuple[Mention, ...]
    near: bool = False

    @property
    def stays_out(self) -> bool:
        """Whether it can be left out; not a reply, which the store keeps where it answers a brand's own post."""
        return not self.mentions and self.post.in_reply_to is None


class Pipeline:
    """Matches and judges pages of posts. Its engine decides how long that takes, so the caller picks the thread."""

    def __init__(self, brands: Sequence[Brand], engine: Engine, tags: Sequence[TagRule] = ()) -> None:
        """Raises QueryError or ValueError for a brand that cannot be looked for, or a tag whose query is wrong."""
        self.matcher = Matcher(brands)
        self._tagger = Tagger(tags)
        self._engine = engine
        # The words of a topic are no names: masked, "electric cars" would lose what the post is about.
        self._mask = Mask(
            NamedBrand(brand.name, brand.names, tuple(brand.handles.values()))
            for brand in brands
            if not brand.topic
        )
        self._accounts = _accounts(brands)
        self.definitions = {brand.name: brand.definition for brand in brands}

    @property
    def tag_rules(self) -> tuple[TagRule, ...]:
        """The rules that give tags."""
        return self._tagger.rules

    @property
    def engine_name(self) -> str:
        """The engine that judges, with its version."""
        return self._engine.name

    def judge_by(self, engine: Engine) -> None:
        """Let another engine judge from now on; on the thread that judges, or one page would have two."""
        self._engine = engine

    def keep(self, page: Page, source: Source, now: int, *, live: bool = True) -> Kept:
        """Turn a page into what is committed of it: posts that name a brand, are written by one, or reply.

        An edited post is passed on even where it names nobody any more; what concerns nobody goes into the sample.
        """
        named: list[Named] = []
        edited: list[Named] = []
        sample: list[Unmatched] = []
        readings: list[Reading] = []
        deleted: list[str] = []
        departed: list[str] = []
        figures: list[BrandFigure] = []
        counted: list[Counted] = []
        sampled: list[Sampled] = []
        for event in page.events:
            if isinstance(event, Post):
                found = self.name(event, source, now)
                if not found.stays_out:
                    named.append(found)
                if not found.mentions:
                    sample.append(Unmatched(found.post, found.near))
            elif isinstance(event, Reading):
                readings.append(event)
            elif isinstance(event, Edit):
                edited.append(self.name(event.post, source, now))
            elif isinstance(event, Delete):
                deleted.append(clean(event.native_id))
            elif isinstance(event, Figure):
                figures += self._figures(event, source)
            elif isinstance(event, Counted):
                counted.append(event)
            elif isinstance(event, Sampled):
                sampled.append(event)
            else:
                departed.append(clean(event.author_id))
        judged = self.judge([*named, *edited])
        return Kept(
            source,
            judged[: len(named)],
            page.next_cursor,
            page.heard,
            live and not page.first,
            [replace(one, native_id=_optional(one.native_id)) for one in page.set_aside],
            now,
            edits=judged[len(named) :],
            deleted=deleted,
            departed=departed,
            readings=readings,
            unmatched=sample,
            items=len(page.events) + len(page.set_aside),
            cut=page.cut,
            gap=page.gap,
            definitions=self.definitions,
            figures=figures,
            counted=counted,
            sampled=sampled,
        )

    def _figures(self, told: Figure, source: Source) -> list[BrandFigure]:
        """Whose number it is: one of a brand that is not configured is nobody's."""
        known = told.brand in self.definitions
        brands = [told.brand] if told.brand and known else self._owners(source, told.account)
        account, item = clean(told.account), clean(told.item)
        return [
            BrandFigure(brand, told.metric, told.day, told.value, source.kind, account, item)
            for brand in brands
        ]

    def name(self, post: Post, source: Source, now: int) -> Named:
        """Find the brands that a post concerns."""
        text = clean(post.text)
        mentions, near = self._mentions(said_of(post, text, source), post.automatic)
        mentions = self._with_its_subject(mentions, post.about)
        kept = _kept(post, text, now)
        return Named(self.tagged(kept, source) if mentions else kept, mentions, near)

    def _with_its_subject(self, mentions: tuple[Mention, ...], brand: str | None) -> tuple[Mention, ...]:
        """Add the brand that a post is about without naming it; what a brand's own people write stays theirs."""
        if brand not in self.definitions or any(mention.brand == brand for mention in mentions):
            return mentions
        return (*mentions, Mention(brand, by_query=False))

    def tagged(self, post: KeptPost, source: Source) -> KeptPost:
        """The post with the tags that the rules of today give to its mentions."""
        return (
            replace(post, tags=self._tagger.tags(said_of(post, post.text, source)))
            if self.tag_rules
            else post
        )

    def name_again(self, post: KeptPost, source: Source) -> tuple[Mention, ...]:
        """Find the brands that a kept post concerns by the queries of today; none of the mentions bears a tone."""
        automatic = any(mention.automatic for mention in post.mentions)
        return self._mentions(said_of(post, post.text, source), automatic)[0]

    def _mentions(self, said: Said, automatic: bool) -> tuple[tuple[Mention, ...], bool]:
        own = self._owners(said.source, said.author)
        hits, near = self.matcher.look(said)
        found = [
            Mention(hit.brand, True, hit.brand in own, hit.addressed, automatic and hit.brand in own)
            for hit in hits
        ]
        matched = {hit.brand for hit in hits}
        found += [
            Mention(brand, matched=False, own=True, automatic=automatic)
            for brand in own
            if brand not in matched
        ]
        return tuple(found), near

    def name_as(self, post: Post, source: Source, now: int, brand: str) -> Named:
        """Take the word of an imported row for which brand it is about, instead of the query.

        Whether the text calls the brand's handle is still looked for: then it is addressed to the brand.
        """
        text = clean(post.text)
        own = brand in self._owners(source, post.author)
        called = {hit.brand for hit in self.matcher.match(said_of(post, text, source)) if hit.addressed}
        mention = Mention(brand, True, own, brand in called, post.automatic and own, by_query=False)
        return Named(self.tagged(_kept(post, text, now), source), (mention,))

    def judge(self, named: Sequence[Named]) -> list[KeptPost]:
        """Judge the tone towards each brand that a post mentions, names and handles masked; own posts are not judged.

        A mention that bears a tone already keeps it. Brands that are named in the same places, or nowhere (a topic,
        an import's word), share one judgement.
        """
        asked: list[Text] = []
        places: list[dict[str, int]] = [self._ask(one, asked) for one in named]
        tones = self._engine.judge(asked)
        return [
            replace(n.post, mentions=tuple(replace(m, tone=_of(m, place, tones)) for m in n.mentions))
            for n, place in zip(named, places, strict=True)
        ]

    def _ask(self, named: Named, asked: list[Text]) -> dict[str, int]:
        """Add to `asked` what must be judged of a post; return for each brand at which place its judgement stands."""
        places: dict[str, int] = {}
        counted = [m.brand for m in named.mentions if m.matched and not m.own and m.tone is None]
        if counted:
            masked = self._mask.mask(named.post.text)
            by_spans: dict[Spans, int] = {}
            for brand in counted:
                spans = masked.spans.get(brand, ())
                if spans not in by_spans:
                    by_spans[spans] = len(asked)
                    target = brand if spans else None
                    others = masked.others(brand) if spans else ()
                    asked.append(Text(masked.text, named.post.language, target, spans, others))
                places[brand] = by_spans[spans]
        return places

    def _owners(self, source: Source, author: str | None) -> Iterable[str]:
        if not author:
            return ()
        account = author.lstrip("@").casefold()
        return self._accounts.get((network_of(source), account), ())


def without_tone(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """The mentions of a kept post, to be judged anew."""
    return tuple(replace(mention, tone=None) for mention in mentions)


def said_of(post: Post | KeptPost, text: str, source: Source) -> Said:
    """What the matcher is told of a post, fresh or kept."""
    return Said(
        text, source, post.title, post.url, post.author, post.language, post.in_reply_to, post.followers
    )


def _of(mention: Mention, places: Mapping[str, int], tones: Sequence[Tone]) -> Tone | None:
    return tones[places[mention.brand]] if mention.brand in places else mention.tone


def _kept(post: Post, text: str, now: int) -> KeptPost:
    dated = plausible(post.published_at, now)
    published_at = post.published_at if dated and post.published_at is not None else now
    return KeptPost(
        native_id=clean(post.native_id),
        text=text,
        published_at=published_at,
        fetched_at=now,
        dated=dated,
        title=_optional(post.title),
        author=_optional(post.author),
        url=_optional(post.url),
        language=_optional(post.language),
        in_reply_to=_optional(post.in_reply_to),
        thread=_optional(post.thread),
        author_id=_optional(post.author_id),
        followers=post.followers,
        copy_of=_optional(post.copy_of),
    )


def _optional(text: str | None) -> str | None:
    return clean(text) if text else None


def _accounts(brands: Iterable[Brand]) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Who writes for a brand: (source, account) -> brands."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for brand in brands:
        for source, handle in brand.handles.items():
            key = (source, handle.lstrip("@").casefold())
            found[key] = (*found.get(key, ()), brand.name)
    return found
