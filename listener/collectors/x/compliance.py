"""Follows deletions and edits on X: the service checks a list of what is kept, without a price (batch compliance).

A job is made, the ids are uploaded, the service works on them for a while, and a file of what was deleted or edited is
fetched. The addresses of upload and result are secrets: they are asked for anew instead of being kept.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from listener.collectors import read_items
from listener.collectors.base import Permanent, Retriable, Visited
from listener.collectors.post import Delete, Edit, Event
from listener.collectors.x.paid import POST, Api, Broke, Json, items_of, of_posts
from listener.collectors.x.posts import FIELDS, is_id, to_event

if TYPE_CHECKING:
    from listener.http import PoliteClient

_JOBS = "/2/compliance/jobs"
_PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between two looks whether a job is done, before it is left for the next visit."""
_AT_ONCE = 100
_OVER = ("failed", "expired", "canceled", "cancelled")


@dataclass(frozen=True, slots=True)
class _Job:
    identity: str
    ids: frozenset[str]


class Compliance:
    """Runs one job after the other; one that takes long is fetched by a later visit."""

    def __init__(
        self,
        client: PoliteClient,
        url: str,
        *,
        allow_private: bool,
        pauses: Sequence[float] = _PAUSES,
    ) -> None:
        self._client = client
        self._url = url
        self._allow_private = allow_private
        self._pauses = pauses
        self._job: _Job | None = None
        # What the last job has looked at, asked for again only after another part of what is kept.
        self._checked: set[str] = set()

    async def visit(self, api: Api, native_ids: Sequence[str]) -> Visited:
        """Say which of these posts were taken back or edited; those that no finished job has looked at are unseen."""
        if known := self._checked.intersection(native_ids):
            self._checked -= known
            return Visited(unseen=[one for one in native_ids if one not in known])
        if self._job is None:
            self._job = await self._start(api, native_ids)
        job = self._job
        if not await self._done(api, job):
            return Visited(unseen=native_ids)
        self._job = None
        self._checked = set(job.ids.difference(native_ids))
        told = [one for one in await self._results(api, job) if str(one.get("id")) in job.ids]
        gone = [str(one["id"]) for one in told if one.get("action") == "delete"]
        events, aside, late = await self._edited(
            api, [str(one["id"]) for one in told if one.get("action") == "rehydrate"]
        )
        unseen = [one for one in native_ids if one not in job.ids] + late
        return Visited([*(Delete(one) for one in gone), *events], aside, unseen)

    async def _start(self, api: Api, native_ids: Sequence[str]) -> _Job:
        body = json.dumps({"type": "tweets"}).encode()
        try:
            made = await self._client.post(
                f"{self._url}{_JOBS}", body, headers=api.headers, allow_private=self._allow_private
            )
        except Permanent as refusal:
            if refusal.status != 409:
                raise
            # Left by a run that died; it ends by itself, or is cancelled by whoever began it elsewhere.
            raise Retriable("another compliance job of this app is at work") from None
        job = _job_of(made.body)
        await self._upload(api, job, native_ids)
        return _Job(str(job["id"]), frozenset(native_ids))

    async def _upload(self, api: Api, job: Json, native_ids: Iterable[str]) -> None:
        address, body = self._ours(job.get("upload_url")), "\n".join(native_ids).encode()
        try:
            await self._client.put(address, body, headers=api.headers, allow_private=self._allow_private)
        except (Retriable, Permanent):
            # Its own words may hold the address, which is a secret.
            raise Retriable("the list of ids could not be uploaded") from None

    async def _done(self, api: Api, job: _Job) -> bool:
        """Wait a little for a job. Raises Retriable where it ended without a result."""
        for pause in (0.0, *self._pauses):
            await asyncio.sleep(pause)
            status = (await self._look(api, job)).get("status")
            if status == "complete":
                return True
            if status in _OVER:
                self._job = None
                raise Retriable(f"the service ended a compliance job: {status}")
        return False

    async def _look(self, api: Api, job: _Job) -> Json:
        found = (await api.free(f"{_JOBS}/{job.identity}")).get("data")
        if not isinstance(found, dict):
            raise Retriable("the compliance job cannot be read")
        return found

    async def _results(self, api: Api, job: _Job) -> list[Json]:
        address = self._ours((await self._look(api, job)).get("download_url"))
        try:
            fetched = await self._client.get(address, headers=api.headers, allow_private=self._allow_private)
            lines = [json.loads(line) for line in fetched.body.splitlines() if line.strip()]
        except (Retriable, Permanent, ValueError):
            raise Retriable("the results of the compliance job could not be fetched") from None
        return [line for line in lines if isinstance(line, dict)]

    async def _edited(self, api: Api, ids: Sequence[str]) -> tuple[list[Event], list[Any], list[str]]:
        """Read edited posts again, which costs money; those that there is none for are looked at another time."""
        events: list[Event] = []
        aside: list[Any] = []
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            query = {"ids": ",".join(part), "tweet.fields": FIELDS}
            try:
                answer = await api.paid("/2/tweets", query, len(part) * POST, of_posts(POST))
            except Broke:
                return events, aside, list(ids[start:])
            found, broken = read_items(items_of(answer), to_event)
            events += [Edit(post) for post in found]
            aside += broken
        return events, aside, []

    def _ours(self, address: object) -> str:
        """An address of the service itself: the token is sent along, and must go nowhere else."""
        plain = address if isinstance(address, str) and address.isascii() and address.isprintable() else ""
        with suppress(ValueError):
            if urlsplit(plain)[:2] == urlsplit(self._url)[:2]:
                return plain
        raise Retriable("the compliance job names no address of the service")


def _job_of(body: bytes) -> Json:
    try:
        job = json.loads(body)["data"]
    except (ValueError, KeyError, TypeError):
        job = None
    if not isinstance(job, dict) or not is_id(job.get("id")):
        raise Retriable("the compliance job cannot be read")
    return job
