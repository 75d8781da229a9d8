"""Listens to Lemmy: every new post and comment that some instances know, each once, however many show it.

The interface is version 3, that of Lemmy 0.19.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from listener.collectors import fields, read_items
from listener.collectors.asking import Address, Asker, PoliteOptions
from listener.collectors.base import Collector, Ear, Grade, Permanent, Retriable, Visited
from listener.collectors.lanes import Lane, Lanes, Listing, Pace
from listener.collectors.lanes import Token as Older
from listener.collectors.plain import to_plain
from listener.collectors.post import LONGEST_TEXT, Delete, Edit, Event, Page, Post
from storage.durations import Duration
from storage.mention import Cursor, Reading, SetAside, Source, Visits

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "lemmy"
GRADE: Grade = "silver"
LIMIT = 50
OVERLAP = 1_800
_HOME = re.compile(r"(https?://[a-zA-Z0-9.-]+(?::[0-9]{1,5})?)/(post|comment)/([0-9]{1,18})")
_COUNTED = {"upvotes": "upvotes", "comments": "comments", "child_count": "comments"}
_NOT_FOUND = frozenset({"couldnt_find_post", "couldnt_find_comment", "not_found"})


def _as_address(given: Any) -> Any:
    """An instance may be written as its host alone."""
    return f"https://{given}" if isinstance(given, str) and "://" not in given else given


class Options(PoliteOptions):
    """The key `sources.lemmy` of config.yaml.

    `instances`: by host. `scope`: `all` that they know of the network, or `local`, what was written there.
    """

    SHORTEST: ClassVar[int] = 120

    instances: tuple[Annotated[Address, BeforeValidator(_as_address)], ...] = Field(
        default=("https://lemmy.world",), min_length=1, max_length=30
    )
    scope: Literal["all", "local"] = "all"
    poll: Duration = 600
    history: Duration = Field(default=6 * 3_600, ge=60, le=366 * 86_400)


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Lemmy(options, client, ear)]


class Lemmy:
    """Reads the newest posts and comments of each instance, and visits what is kept where it was written."""

    streams = False
    at_once = 10
    most_calls = 1

    def __init__(self, options: Options, client: PoliteClient, ear: Ear) -> None:
        self._options = options
        self._client = client
        self._ear = ear
        self._homes = {urlsplit(url).netloc for url in options.instances}
        self.source = Source(KIND, KIND, 2 * options.poll + OVERLAP, Visits())
        self.poll = options.poll

    def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield what was written since the last poll, oldest first within each list."""
        accounts = [handle.split("@") for handle in self._ear.handles if handle.count("@") == 1]
        self._ear.know([f"https://{host}/u/{name}" for name, host in accounts])
        pause = 0.0 if self._options.allow_private else 0.5
        pace = Pace(self._options.history, OVERLAP, answers=40, pause=pause)
        lanes = [
            Lane(f"{urlsplit(url).netloc} {of}s", partial(self._newest, url, of, now), service=url)
            for url in self._options.instances
            for of in ("post", "comment")
        ]
        return Lanes(self._ear, pace, now).pages(lanes, cursor)

    def _asker(self, url: str) -> Asker:
        ours = urlsplit(url).netloc in self._homes
        return Asker(self._client, url, allow_private=self._options.allow_private and ours)

    async def _newest(self, url: str, of: str, now: int, since: int, token: Older | None) -> Listing:
        page = int(token or 1)
        scope = self._options.scope.capitalize()
        asked: dict[str, str | int] = {"type_": scope, "sort": "New", "limit": LIMIT, "page": page}
        views = await self._asker(url).rows(f"/api/v3/{of}/list", asked, f"{of}s")
        events, aside = self._read([one for one in views if not self._is_a_copy(one, url)], now)
        inner = [view.get(of) for view in views if isinstance(view, dict)]
        times = [at for one in inner if (at := fields.instant_or_none(one, "published")) is not None]
        wanted = [one for one in events if self._concerns(one)]
        more = page + 1 if len(views) >= LIMIT else None
        return Listing(wanted, aside, times[-1] if times else None, more)

    def _is_a_copy(self, view: object, url: str) -> bool:
        """Whether another instance of ours is where this was written: what it shows is newer than any copy."""
        home = _HOME.fullmatch(_ap_id(view) or "")
        netloc = urlsplit(home[1]).netloc if home else ""
        return netloc in self._homes and netloc != urlsplit(url).netloc

    def _concerns(self, event: Event) -> bool:
        if not isinstance(event, Post):
            return True
        return self._ear.wanted(event.text, event.author_id, event.in_reply_to)

    def _read(self, views: Sequence[Any], now: int) -> tuple[list[Event], list[SetAside]]:
        events, aside = read_items(views, to_event, "ap_id")
        counted = [reading for view in views if (reading := counters_of(view, now)) is not None]
        return [*events, *counted], aside

    async def visit(self, native_ids: Sequence[str], now: int) -> Visited:
        """Look at kept posts again, each where it was written; one whose home is no Lemmy is left as it is."""
        return Visited.together([await self._look(native_id, now) for native_id in native_ids])

    async def _look(self, native_id: str, now: int) -> Visited:
        home = _HOME.fullmatch(native_id)
        if home is None:
            return Visited()
        url, of, number = home.groups()
        try:
            answer = await self._asker(url).get(f"/api/v3/{of}", {"id": number})
        except Permanent as failure:
            return Visited([Delete(native_id)]) if _is_gone(failure) else Visited()
        except Retriable:
            # One instance that is down is no reason to leave out the others.
            return Visited(unseen=[native_id])
        view = answer.get(f"{of}_view") if isinstance(answer, dict) else None
        if _ap_id(view) != native_id:
            return Visited(unseen=[native_id])
        events, aside = self._read([view], now)
        return Visited([Edit(one) if isinstance(one, Post) else one for one in events], aside)


def _is_gone(failure: Permanent) -> bool:
    """Whether an instance says that there is no such post: it may refuse for other reasons, with the same status."""
    try:
        said = json.loads(failure.answer)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("error") in _NOT_FOUND


def to_event(view: Mapping[str, Any]) -> Post | Delete | None:
    """Turn a view of a post or a comment into a Post, or a Delete where it was taken back; None where it is empty.

    A comment's text is its own only: with the post's title in it, every comment would name the brand.
    """
    of = "comment" if "comment" in view else "post"
    item, creator = fields.part(view, of), fields.part(view, "creator")
    native_id = _known_as(item)
    if item.get("deleted") is True:
        return Delete(native_id)
    if item.get("removed") is True:
        # Moderators of another instance remove their copy only.
        return Delete(native_id) if item.get("local") is True else None
    title = to_plain(fields.text(item, "name") or "") or None if of == "post" else None
    body = to_plain(fields.text(item, "body" if of == "post" else "content") or "")
    text = "\n\n".join(part for part in (title, body) if part)[:LONGEST_TEXT]
    if not text:
        return None
    thread = native_id if of == "post" else _known_as(fields.part(view, "post"))
    # "0.12" is the path of comment 12 that answers the post itself.
    answers_the_post = of == "comment" and (fields.text(item, "path") or "").count(".") == 1
    account = fields.text(creator, "actor_id")
    return Post(
        native_id=native_id,
        text=text,
        published_at=fields.instant(fields.text(item, "published")),
        title=title,
        author=_handle(fields.text(creator, "name"), account),
        author_id=account,
        url=native_id,
        in_reply_to=thread if answers_the_post else None,
        thread=thread,
        automatic=creator.get("bot_account") is True,
    )


def _handle(name: str | None, account: str | None) -> str | None:
    """How people call an account: ann@lemmy.world."""
    host = urlsplit(account or "").netloc
    return f"{name}@{host}" if name and host else name


def _known_as(item: Mapping[str, Any]) -> str:
    """The address by which the whole network knows a post. Raises ValueError where there is none."""
    address = fields.text(item, "ap_id")
    if address is None or not address.startswith(("https://", "http://")) or len(address) > 1_000:
        raise ValueError("no address")
    return address


def _ap_id(view: object) -> str | None:
    """The address of a view's post or comment, where one can be read."""
    if not isinstance(view, Mapping):
        return None
    item = view.get("comment", view.get("post"))
    found = item.get("ap_id") if isinstance(item, Mapping) else None
    return found if isinstance(found, str) else None


def counters_of(view: object, at: int) -> Reading | None:
    """Votes for a post or comment, and comments on it; None where nothing is counted."""
    native_id = _ap_id(view)
    if native_id is None or not isinstance(view, Mapping):
        return None
    return fields.reading(native_id, at, view.get("counts"), _COUNTED)
