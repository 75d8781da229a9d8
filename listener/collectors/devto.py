"""Listens to DEV (dev.to): every new article, in full where its title may concern a brand; comments on kept ones.

The list of articles (https://developers.forem.com/api) shows titles, descriptions and tags; each text is a request.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from listener.collectors import fields, read_items
from listener.collectors.asking import Address, Asker, PoliteOptions
from listener.collectors.base import Collector, Ear, Grade, Permanent, Visited
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Older
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Delete, Edit, Event, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Reading, SetAside, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "devto"
GRADE: Grade = "silver"
LIMIT = 100
MOST_TEXTS = 30
"""Articles of one answer that are asked for in full; of the others title and description are read."""
MOST_COMMENTS = 1_000
OVERLAP = 1_800
ARTICLE = "article"
"""The key under which we note with each comment which article it is on."""
_COUNTED = {"public_reactions_count": "reactions", "comments_count": "comments"}
_GONE = frozenset({404, 410})
_VERSION = {"Accept": "application/vnd.forem.api-v1+json"}


class Options(PoliteOptions):
    """The key `sources.devto` of config.yaml.

    `tags`: whose articles are read in full, whatever their titles say. `url`: DEV, or another site that runs Forem.
    """

    SHORTEST: ClassVar[int] = 300

    tags: tuple[str, ...] = Field(default=(), max_length=100)
    url: Address = "https://dev.to"
    poll: Duration = 900
    history: Duration = Field(default=86_400, ge=60, le=366 * 86_400)


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Devto(options, client, ear)]


class Devto:
    """Reads the newest articles; visits what is kept one by one, and reads what is said under it."""

    streams = False
    at_once = 10
    most_calls = 1

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._ear = ear
        self._tags = {tag.strip().lstrip("#").lower() for tag in options.tags}
        self._asker = Asker(client, options.url, allow_private=options.allow_private, headers=_VERSION)
        self.source = Source(KIND, KIND, 2 * options.poll, Visits())
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield the articles that were published since the last poll, oldest first."""
        self._ear.know(self._ear.handles)
        pause = 0.0 if self._options.allow_private else 1.0
        pace = Pace(self._options.history, OVERLAP, answers=20, pause=pause)
        lanes = [Lane("articles", partial(self._articles, now))]
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    async def _articles(self, now: int, since: int, token: Older | None) -> Listing:
        page = int(token or 1)
        path = "/api/articles/latest"
        listed = await self._asker.get(path, {"page": page, "per_page": LIMIT})
        if not isinstance(listed, list):
            raise self._asker.strange(path)
        # What is kept reads in full there: the description would stand in its stead.
        new = [one for one in listed if not self._ear.kept(_name(one))]
        shown, aside = read_items(new, to_event)
        wanted = [one for one in shown if isinstance(one, Post) and self._concerns(one, new)]
        texts, broken = read_items(await self._in_full(wanted[:MOST_TEXTS]), to_event)
        # The others have their text with the next look at them.
        events = [*texts, *wanted[MOST_TEXTS:]]
        counted = [reading for one in listed if (reading := counters_of(one, now)) is not None]
        times = [at for one in listed if (at := fields.instant_or_none(one, "published_at")) is not None]
        more = page + 1 if len(listed) >= LIMIT else None
        return Listing([*events, *counted], [*aside, *broken], times[-1] if times else None, more)

    def _concerns(self, post: Post, listed: Sequence[Any]) -> bool:
        """Whether an article is worth a request: by what the list shows, by its author, or by a tag."""
        item = next(one for one in listed if _name(one) == post.native_id)
        if self._tags.intersection(_tags(item)):
            return True
        return self._ear.wanted(f"{post.text}\n{' '.join(f'#{tag}' for tag in _tags(item))}", post.author_id)

    async def _in_full(self, posts: Sequence[Post]) -> list[Any]:
        found = []
        for post in posts:
            try:
                found.append(await self._asker.get(f"/api/articles/{post.native_id}"))
            except Permanent as failure:
                if failure.status not in _GONE:
                    raise
        return found

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts again, one request for each, and one more for the comments on an article."""
        return Visited.together([await self._look(native_id, now) for native_id in native_ids])

    async def _look(self, native_id: str, now: int) -> Visited:
        kind, _, code = native_id.rpartition("/")
        try:
            item = await self._asker.get(f"/api/comments/{code}" if kind else f"/api/articles/{code}")
        except Permanent as failure:
            if failure.status not in _GONE:
                raise
            return Visited([Delete(native_id)])
        if _name(item) != native_id:
            return Visited(unseen=[native_id])
        events, aside = read_items([item], to_event)
        edits: list[Event] = [Edit(one) if isinstance(one, Post) else one for one in events]
        counted = counters_of(item, now)
        said: list[Post | Delete] = []
        if counted is not None and counted.counters.get("comments"):
            said, broken = await self._comments(native_id)
            aside += broken
        return Visited([*edits, *([counted] if counted else []), *said], aside)

    async def _comments(self, native_id: str) -> tuple[list[Post | Delete], list[SetAside]]:
        """What is said under an article, as far as it concerns us."""
        tree = await self._asker.get("/api/comments", {"a_id": native_id})
        if not isinstance(tree, list):
            raise self._asker.strange("/api/comments")
        ours = [{**one, ARTICLE: native_id} for one in _flat(tree)]
        events, aside = read_items(ours[:MOST_COMMENTS], to_event, "id_code")
        wanted = [
            one
            for one in events
            if isinstance(one, Post) and self._ear.wanted(one.text, one.author_id, one.in_reply_to)
        ]
        return [one for one in wanted if not self._ear.kept(one.native_id)], aside


def _flat(tree: Sequence[Any]) -> Iterator[dict[str, Any]]:
    """All comments of a tree, each with the id of the one that it answers. What is no comment is left out."""
    waiting = [(one, None) for one in reversed(tree)]
    while waiting:
        comment, parent = waiting.pop()
        if not isinstance(comment, dict):
            continue
        children = comment.get("children")
        yield {**comment, "children": None, "parent": parent}
        if isinstance(children, list):
            waiting += [(child, comment.get("id_code")) for child in reversed(children)]


def to_event(item: Mapping[str, Any]) -> Post | Delete | None:
    """Turn an article or a comment into a Post, or a Delete where it was taken back; None where it is empty."""
    native_id = _name(item)
    if not native_id:
        raise ValueError("no id")
    is_comment = "/" in native_id
    user = fields.part(item, "user")
    if is_comment and not user:
        # The words of a comment that was deleted are replaced, and its author is not told.
        return Delete(native_id)
    title = None if is_comment else to_plain(fields.text(item, "title") or "") or None
    body = to_plain(
        fields.text(item, "body_html") or ("" if is_comment else fields.text(item, "description")) or ""
    )
    text = "\n\n".join(part for part in (title, body) if part)[:LONGEST_TEXT]
    if not text:
        return None
    article, parent = fields.text(item, ARTICLE), fields.text(item, "parent")
    author = fields.text(user, "username")
    return Post(
        native_id=native_id,
        text=text,
        published_at=fields.instant(fields.text(item, "created_at" if is_comment else "published_at")),
        title=title,
        author=author,
        author_id=author,
        url=None if is_comment else fields.text(item, "url"),
        in_reply_to=f"c/{parent}" if parent else article,
        thread=article if is_comment else native_id,
    )


def counters_of(item: object, at: int) -> Reading | None:
    """Reactions to and comments on an article; None where nothing is counted."""
    name = _name(item)
    return fields.reading(name, at, item, _COUNTED) if name else None


def _name(item: object) -> str:
    """The native id, "" where there is none: articles and comments are numbered apart."""
    if not isinstance(item, Mapping):
        return ""
    code, number = item.get("id_code"), item.get("id")
    if isinstance(code, str) and code.isalnum() and code.isascii():
        return f"c/{code}"
    return str(number) if type(number) is int else ""


def _tags(item: Mapping[str, Any]) -> list[str]:
    """The tags of a listed article."""
    found = item.get("tag_list")
    return [tag.lower() for tag in found if isinstance(tag, str)] if isinstance(found, list) else []
