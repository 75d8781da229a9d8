"""Post -> which brands -> which tone -> what is kept. Pure: no clock, no store, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from listener.collectors.post import LONGEST_TEXT, Page, Post, plausible
from listener.matching.matcher import Matcher
from listener.matching.said import Said, network_of
from sentiment.targets import Mask
from sentiment.tone import Engine, Text, Tone
from storage.mention import Brand, Kept, KeptPost, Mention, Source

_UNPRINTABLE = {0: None}


def clean(text: str) -> str:
    """Make a text storable: no NUL, no half surrogate pairs, at most LONGEST_TEXT characters."""
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode("utf-8")
    return text[:LONGEST_TEXT].translate(_UNPRINTABLE) if "\0" in text else text[:LONGEST_TEXT]


@dataclass(frozen=True, slots=True)
class Named:
    """A post with the brands that it concerns, before its tone is judged."""

    post: KeptPost
    mentions: tuple[Mention, ...]


class Pipeline:
    """Matches and judges pages of posts. Its engine decides how long that takes, so the caller picks the thread."""

    def __init__(self, brands: Sequence[Brand], engine: Engine) -> None:
        """Raises QueryError or ValueError for a brand that cannot be looked for."""
        self._matcher = Matcher(brands)
        self._engine = engine
        self._mask = Mask(
            [name for brand in brands for name in brand.names],
            [handle for brand in brands for handle in brand.handles.values()],
        )
        self._accounts = _accounts(brands)

    def keep(self, page: Page, source: Source, now: int, *, live: bool = True) -> Kept:
        """Turn a page into what is committed of it: posts that name a brand, are written by one, or reply."""
        named = [found for post in page.posts if (found := self.name(post, source, now))]
        return Kept(
            source,
            self.judge(named),
            page.next_cursor,
            page.heard,
            live and not page.first,
            page.set_aside,
            now,
        )

    def name(self, post: Post, source: Source, now: int) -> Named | None:
        """Find the brands that a post concerns; None when it can be left out.

        A reply that names no brand is passed on without mentions: the store keeps it if it answers a brand.
        """
        text = clean(post.text)
        own = self._owners(source, post.author)
        hits = self._matcher.match(_said(post, text, source))
        mentions = [
            Mention(hit.brand, True, hit.brand in own, hit.addressed, post.automatic and hit.brand in own)
            for hit in hits
        ]
        matched = {hit.brand for hit in hits}
        mentions += [
            Mention(brand, matched=False, own=True, automatic=post.automatic)
            for brand in own
            if brand not in matched
        ]
        if not mentions and post.in_reply_to is None:
            return None
        return Named(_kept(post, text, now), tuple(mentions))

    def name_as(self, post: Post, source: Source, now: int, brand: str) -> Named:
        """Take the word of an imported row for which brand it is about, instead of the query.

        Whether the text calls the brand's handle is still looked for: then it is addressed to the brand.
        """
        text = clean(post.text)
        own = brand in self._owners(source, post.author)
        called = {hit.brand for hit in self._matcher.match(_said(post, text, source)) if hit.addressed}
        mention = Mention(brand, True, own, brand in called, post.automatic and own)
        return Named(_kept(post, text, now), (mention,))

    def judge(self, named: Sequence[Named]) -> list[KeptPost]:
        """Judge the posts that are mentions, each once, names and handles masked; own posts are not judged."""
        counted = [n.post for n in named if any(m.matched and not m.own for m in n.mentions)]
        masked = [Text(self._mask.mask(post.text), post.language) for post in counted]
        tones = dict(zip((id(post) for post in counted), self._engine.judge(masked), strict=True))
        return [replace(n.post, mentions=_with_tone(n.mentions, tones.get(id(n.post)))) for n in named]

    def _owners(self, source: Source, author: str | None) -> Iterable[str]:
        if not author:
            return ()
        account = author.lstrip("@").casefold()
        return self._accounts.get((network_of(source), account), ())


def _said(post: Post, text: str, source: Source) -> Said:
    return Said(text, source, post.title, post.url, post.author, post.language, post.in_reply_to)


def _with_tone(mentions: tuple[Mention, ...], tone: Tone | None) -> tuple[Mention, ...]:
    return tuple(replace(m, tone=tone) if m.matched and not m.own else m for m in mentions)


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
