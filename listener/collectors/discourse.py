"""Listens to Discourse forums: the newest posts of each whole forum; private ones with a key.

`/posts.json` shows the newest 50, and with `before` those before a post. Newer versions show what has a smaller number
than `before`; older ones what lies among the fifty numbers up to `before`, itself included, which may be nothing more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from listener.collectors import fields, read_items
from listener.collectors.asking import Address, Asker, PoliteOptions, Token
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

KIND = "discourse"
GRADE: Grade = "gold"
FORUM = "forum"
"""The key under which we note with each post which forum it is of: a forum numbers its posts for itself."""
OVERLAP = 900
_SHOWN = 50
_LIKE = 2
_GONE = frozenset({404, 410})
_COUNTED = {"reply_count": "replies", "reads": "views"}


class Forum(BaseModel):
    """One forum. `url`: where its start page is; `key` and `user`: of its interface, for forums that want a login."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: Address
    key: Token | None = None
    user: str | None = Field(default=None, min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")


def _as_forum(given: Any) -> Any:
    """A forum may be written as its host or address alone."""
    if not isinstance(given, str):
        return given
    return {"url": given if "://" in given else f"https://{given}"}


class Options(PoliteOptions):
    """The key `sources.discourse` of config.yaml. `forums`: hosts, addresses, or mappings; each is a source."""

    SHORTEST: ClassVar[int] = 120

    forums: tuple[Annotated[Forum, BeforeValidator(_as_forum)], ...] = Field(min_length=1, max_length=200)
    poll: Duration = 900
    history: Duration = Field(default=86_400, ge=60, le=366 * 86_400)


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return a collector for each forum. Raises ValueError for one that stands twice."""
    made = [Discourse(options, forum, client, ear) for forum in options.forums]
    names = Counter(one.source.name for one in made)
    if twice := [name.partition(":")[2] for name, times in names.items() if times > 1]:
        raise ValueError(f"{', '.join(twice)} stands twice: name each forum once")
    return list(made)


class Discourse:
    """Reads one forum, and visits kept posts one by one."""

    streams = False
    at_once = 10
    most_calls = 2

    def __init__(self, options: Options, forum: Forum, client: PoliteClient, ear: Ear) -> None:
        parts = urlsplit(forum.url)
        self._name = f"{parts.netloc.rpartition('@')[2]}{parts.path}"
        self._url = forum.url
        self._options = options
        self._ear = ear
        headers = {} if forum.key is None else {"Api-Key": forum.key.get_secret_value()}
        if forum.user is not None:
            headers["Api-Username"] = forum.user
        self._asker = Asker(client, forum.url, allow_private=options.allow_private, headers=headers)
        self.source = Source(f"{KIND}:{self._name}", KIND, 2 * options.poll, Visits())
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what was written since the last poll, oldest first."""
        pace = Pace(
            self._options.history, OVERLAP, answers=40, pause=0.0 if self._options.allow_private else 1.0
        )
        lanes = [Lane("posts", partial(self._newest, now))]
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    async def _newest(self, now: int, since: int, token: Older | None) -> Listing:
        place = _Place.of(token)
        asked = {} if place is None else {"before": place.before}
        found = await self._asker.rows("/posts.json", asked, "latest_posts")
        numbers = [item["id"] for item in found if isinstance(item, dict) and type(item.get("id")) is int]
        events, aside = self._read(found, now)
        times = [made for item in found if (made := fields.instant_or_none(item, "created_at")) is not None]
        return Listing(events, aside, times[-1] if times else None, _next(numbers, place))

    def _read(self, items: Sequence[Any], now: int) -> tuple[list[Event], list[SetAside]]:
        ours = [self._ours(item) for item in items]
        posts, aside = read_items(ours, to_event)
        counted = [reading for item in ours if (reading := counters_of(item, now)) is not None]
        return [*posts, *counted], aside

    def _ours(self, item: Any) -> Any:
        return {**item, FORUM: self._name, "address": self._url} if isinstance(item, dict) else item

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts again, one request for each."""
        return Visited.together([await self._look(native_id, now) for native_id in native_ids])

    async def _look(self, native_id: str, now: int) -> Visited:
        number = native_id.rpartition("/")[2]
        try:
            item = await self._titled(await self._asker.get(f"/posts/{number}.json"))
        except Permanent as failure:
            if failure.status in _GONE:
                return Visited([Delete(native_id)])
            if failure.status == 403:
                # Hidden from us is not taken back; but it is no use to ask at each poll.
                return Visited()
            raise
        if not isinstance(item, dict) or str(item.get("id")) != number:
            return Visited(unseen=[native_id])
        events, aside = self._read([item], now)
        return Visited([Edit(one) if isinstance(one, Post) else one for one in events], aside)

    async def _titled(self, item: Any) -> Any:
        """A single post does not say the title of its topic, which a first post's text includes."""
        topic_id = item.get("topic_id") if isinstance(item, dict) else None
        if type(topic_id) is not int or item.get("post_number") != 1 or item.get("topic_title") is not None:
            return item
        topic = await self._asker.get(f"/t/{topic_id}.json")
        return {**item, "topic_title": topic.get("title") if isinstance(topic, dict) else None}


def to_event(item: Mapping[str, Any]) -> Post | Delete | None:
    """Turn a post as `/posts.json` shows it into a Post, or a Delete where it was taken back; None where it is empty.

    Only the first post of a topic carries its title: else every answer would name the brand.
    """
    forum, number = str(item[FORUM]), fields.number(item, "id")
    if item.get("user_deleted") is True or item.get("deleted_at") is not None:
        return Delete(f"{forum}/{number}")
    topic, place = fields.number(item, "topic_id"), fields.number_or_none(item, "post_number")
    title = to_plain(fields.text(item, "topic_title") or "") or None if place == 1 else None
    body = to_plain(fields.text(item, "cooked") or "")
    text = "\n\n".join(part for part in (title, body) if part)[:LONGEST_TEXT]
    if not text:
        return None
    account = fields.number_or_none(item, "user_id")
    return Post(
        native_id=f"{forum}/{number}",
        text=text,
        published_at=fields.instant(fields.text(item, "created_at")),
        title=title,
        author=fields.text(item, "username"),
        author_id=None if account is None else f"{forum}/{account}",
        url=f"{item['address']}/t/{topic}/{place or 1}",
        thread=f"{forum}/t/{topic}",
    )


def counters_of(item: object, at: int) -> Reading | None:
    """Likes, replies and readers of a post; None where nothing is counted."""
    if not isinstance(item, Mapping) or type(item.get("id")) is not int:
        return None
    native_id = f"{item[FORUM]}/{item['id']}"
    actions = item.get("actions_summary")
    likes = 0 if isinstance(actions, list) else None
    for action in actions if isinstance(actions, list) else ():
        if isinstance(action, Mapping) and action.get("id") == _LIKE:
            # An action that nobody took is left out, and so is the count of none.
            likes = action.get("count", 0)
    return fields.reading(native_id, at, {**item, "likes": likes}, {**_COUNTED, "likes": "likes"})


@dataclass(frozen=True, slots=True)
class _Place:
    """What to ask for next: what is before a post. `old`: this forum pages by fifty numbers, that one included."""

    before: int
    old: bool

    @classmethod
    def of(cls, token: Older | None) -> _Place | None:
        if token is None:
            return None
        before, _, old = str(token).partition(" ")
        return cls(int(before), bool(old))

    def token(self) -> str | None:
        """None where there can be nothing before it."""
        return f"{self.before}{' old' if self.old else ''}" if self.before > 0 else None


def _next(numbers: Sequence[int], place: _Place | None) -> str | None:
    """What to ask with for what is older than posts of these numbers; None where there is nothing."""
    if place is None:
        return _Place(min(numbers), False).token() if numbers else None
    older = [number for number in numbers if number < place.before]
    if place.old or place.before in numbers:
        # With nothing else among fifty numbers there may still be posts before them.
        return _Place(min(numbers) - 1 if older else place.before - _SHOWN, True).token()
    return _Place(min(older), False).token() if older else None
