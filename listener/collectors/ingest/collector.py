"""Takes what other programs send to POST /ingest: posts, edits, deletions, counters of networks we do not read.

What arrives is kept by the web server (listener/dashboard/ingest.py); polling only writes down how long the door
has been open.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from listener.collectors.base import Collector, Ear, Grade
from listener.collectors.ingest.signature import key_of
from listener.collectors.plain import clean, tidy
from listener.collectors.post import Delete, Edit, Page, Post
from storage.mention import Cursor, Heard, Reading, Source

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from listener.http import PoliteClient

KIND = "ingest"
GRADE: Grade = "silver"
POLL = 60
_MOST_COUNTERS = 50
_MILLISECONDS = 100_000_000_000
_LATEST = 2**40
_LONGEST_TITLE = 1_000


class Options(BaseModel):
    """The key `sources.ingest` of config.yaml.

    `secret` is what senders sign with: whsec_ and base64, or any text of 16 bytes or more. `previous` is accepted
    beside it, while senders change over to a new one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    secret: SecretStr
    previous: SecretStr | None = None
    name: str = Field(default="ingest", min_length=1, max_length=200)
    max_bytes: int = Field(default=1_000_000, ge=1_000, le=4_000_000)

    @field_validator("secret", "previous")
    @classmethod
    def _is_a_key(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None:
            key_of(secret.get_secret_value())
        return secret

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys of which one must have signed."""
        given = (self.secret, self.previous)
        return tuple(key_of(secret.get_secret_value()) for secret in given if secret is not None)


def build(options: Options, client: PoliteClient, ear: Ear) -> list[Collector]:
    """Return the one collector of this source."""
    return [Ingest(options)]


class Ingest:
    """Says how long the door has been open; while the process was away it was not, and nobody knows what came."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._source = Source(options.name, KIND, lateness=2 * POLL)
        self._open_since: int | None = None

    @property
    def source(self) -> Source:
        return self._source

    @property
    def streams(self) -> bool:
        return False

    @property
    def poll(self) -> int:
        return POLL

    async def pages(self, cursor: Cursor | None, now: int) -> AsyncGenerator[Page, None]:
        """Yield one empty page: what was sent has been kept already."""
        # Not from the cursor: it would call heard what was sent to a daemon that did not run.
        since = now if self._open_since is None else min(self._open_since, now)
        yield Page((), {"polled_at": now}, Heard(since, now) if since < now else None)
        self._open_since = now


class Unfit(ValueError):
    """An item that cannot be taken; the message says which field, and never what stood in it."""


def _seconds(value: object) -> int | None:
    """Seconds or milliseconds since 1970, or ISO 8601 with its zone (naive times were given theirs before)."""
    if value is None or isinstance(value, bool):
        return None if value is None else _no_time()
    try:
        if isinstance(value, int | float):
            seconds = int(value / 1000 if abs(value) >= _MILLISECONDS else value)
        else:
            seconds = int(datetime.fromisoformat(str(value).strip()).timestamp() // 1)
    except (ValueError, OverflowError):
        return _no_time()
    # No store holds numbers of any length.
    return seconds if abs(seconds) < _LATEST else _no_time()


def _no_time() -> int:
    raise ValueError("it is no time; write seconds since 1970, or 2026-11-21T08:00:00Z")


def _clean(value: object) -> object:
    """Replace what no store takes: half a surrogate pair in an id would end the daemon."""
    return clean(value) if isinstance(value, str) else value


def _id(value: object) -> object:
    """Accept numbers, which ids are elsewhere."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _clean(value)


_Text = Annotated[str, BeforeValidator(_clean)]
_Id = Annotated[str, BeforeValidator(_id), Field(min_length=1, max_length=500)]
_Line = Annotated[_Text, Field(max_length=200)]


class _Wire(BaseModel):
    """An item as it was sent, under the names of `listener import`. Other fields are ignored, as there."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, strict=True)

    type: Literal["post", "edit", "delete", "reading"] = "post"
    id: _Id | None = None
    text: _Text | None = None
    created_at: Annotated[int | None, BeforeValidator(_seconds)] = None
    author: _Line | None = None
    author_id: _Id | None = None
    url: Annotated[_Text, Field(max_length=2_000)] | None = None
    title: _Text | None = None
    language: Annotated[_Text, Field(max_length=20)] | None = None
    in_reply_to: _Id | None = None
    thread: _Id | None = None
    followers: Annotated[int, Field(ge=0, lt=2**62)] | None = None
    automatic: bool = False
    counters: dict[_Line, Annotated[int, Field(ge=0, lt=2**62)]] = Field(
        default_factory=dict, max_length=_MOST_COUNTERS
    )


def to_event(item: Mapping[str, Any], zone: tzinfo = UTC) -> Post | Edit | Delete | Reading:
    """Turn an item into what it says. Times without a zone are read in `zone`. Raises Unfit."""
    try:
        wire = _Wire.model_validate(_in_zone(item, zone))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        # The name of a field is ours only at its first place; further in, the sender chose it.
        place = str(first["loc"][0]) if first["loc"] else "item"
        raise Unfit(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None
    if wire.type == "delete":
        return Delete(_needed(wire.id))
    if wire.type == "reading":
        if wire.created_at is None or not wire.counters:
            raise Unfit("a reading needs created_at and counters")
        return Reading(_needed(wire.id), wire.created_at, dict(wire.counters))
    post = _post(wire, item)
    return Edit(post) if wire.type == "edit" else post


def _post(wire: _Wire, item: Mapping[str, Any]) -> Post:
    text = tidy(wire.text or "")
    title = " ".join((wire.title or "").split())[:_LONGEST_TITLE] or None
    if title and not text.startswith(title):
        text = f"{title}\n\n{text}".strip()
    if not text:
        raise Unfit("text: it is empty")
    url = (wire.url or "").strip()
    native_id = _needed(wire.id) if wire.type == "edit" else wire.id or _hash(wire, item)
    return Post(
        native_id=native_id,
        text=text,
        published_at=wire.created_at,
        title=title,
        author=_line(wire.author),
        url=url if url.lower().startswith(("http://", "https://")) else None,
        language=_line(wire.language),
        in_reply_to=wire.in_reply_to,
        thread=wire.thread,
        automatic=wire.automatic,
        author_id=wire.author_id,
        followers=wire.followers,
    )


def _needed(native_id: str | None) -> str:
    if native_id is None:
        raise Unfit("id: it is needed to find the post again")
    return native_id


def _hash(wire: _Wire, item: Mapping[str, Any]) -> str:
    """Stand in for an id, so that sending the same post twice keeps it once."""
    parts = (wire.author or "", str(item.get("created_at") or ""), wire.title or "", wire.text or "")
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


def _in_zone(item: Mapping[str, Any], zone: tzinfo) -> Mapping[str, Any]:
    created = item.get("created_at")
    if not isinstance(created, str):
        return item
    try:
        moment = datetime.fromisoformat(created.strip())
    except ValueError:
        return item
    return item if moment.tzinfo else {**item, "created_at": moment.replace(tzinfo=zone).isoformat()}


def _line(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None
