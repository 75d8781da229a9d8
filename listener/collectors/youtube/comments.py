"""Reads the comments under videos that a search has found, each video the more often the younger it is."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from listener.collectors.base import Ear
from listener.collectors.lanes import Listing
from listener.collectors.post import Edit, Event, Page, Post
from listener.collectors.youtube.channels import threads
from listener.collectors.youtube.quota import spread
from listener.collectors.youtube.reader import THREADS, Reader
from listener.collectors.youtube.resources import is_video
from listener.collectors.youtube.service import Absent, Service
from storage.mention import Reading, SetAside

MOST_WATCHED = 500
MOST_VIDEOS = 30
"""Videos whose comments one poll reads; the others wait for the next one."""
PAGES = 5
"""Answers of a hundred threads that are read of one video at once."""
OVERLAP = 600
_OFTEN = 12
"""A video is read again once it is older by a twelfth."""


@dataclass
class Watch:
    """Which videos' comments are read when. Plain JSON in the cursor.

    `videos`: id -> (when it was published, when it is due, through when its comments were read, 0 for not yet).
    `left_out`: how many found no room; of one poll, so not in the cursor.
    """

    videos: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    left_out: int = 0

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Watch:
        """Read what `to_json` wrote."""
        return cls({key: (one[0], one[1], one[2]) for key, one in value.items()})

    def to_json(self) -> dict[str, Any]:
        """What is kept in the cursor."""
        return {key: list(one) for key, one in self.videos.items()}

    def see(self, posts: Iterable[Post], ear: Ear, now: int, window: int) -> None:
        """Watch those of these videos that are kept and not older than `window`; the oldest make room."""
        for post in posts:
            name, at = post.native_id, min(post.published_at or now, now)
            if is_video(name) and name not in self.videos and at > now - window and ear.kept(name):
                self.videos[name] = (at, now, 0)
        for name, (at, _, _) in list(self.videos.items()):
            if at <= now - window:
                del self.videos[name]
        newest = sorted(self.videos, key=lambda name: -self.videos[name][0])
        for name in newest[MOST_WATCHED:]:
            del self.videos[name]
            self.left_out += 1

    def due(self, now: int) -> list[str]:
        """The videos whose turn it is, those that waited longest first."""
        turns = [name for name, (_, due, _) in self.videos.items() if due <= now]
        return sorted(turns, key=lambda name: self.videos[name][1])[:MOST_VIDEOS]

    def read(self, name: str, now: int, poll: int) -> None:
        """Note that the comments of a video were read through now."""
        at = self.videos[name][0]
        self.videos[name] = (at, now + max(poll, (now - at) // _OFTEN), now)


class Comments:
    """Reads comments for one poll."""

    def __init__(self, service: Service, reader: Reader, ear: Ear, now: int) -> None:
        self._service = service
        self._reader = reader
        self._ear = ear
        self._now = now

    async def round(self, watch: Watch, poll: int) -> AsyncGenerator[Page, None]:
        """Yield what is new under the videos that are due; the caller puts the cursor in.

        Raises Retriable and Permanent. What each page has brought is noted in `watch` before it is yielded.
        """
        for name in watch.due(self._now):
            if self._service.quota.units >= spread(self._service.units, self._now):
                return
            through = watch.videos[name][2]
            try:
                events, aside, cut = await self._newer(name, through)
            except Absent:
                # Comments are disabled, or the video is gone: the look at kept posts will tell.
                del watch.videos[name]
                continue
            posts = [self._as_edit(event) for event in events if isinstance(event, Post)]
            watch.read(name, self._now, poll)
            if posts or aside or cut:
                first = through == 0 and self._is_old(name, watch)
                yield Page(posts, None, first=first, set_aside=aside, cut=cut)
            # Only now is it known which of them are kept.
            counted = [e for e in events if isinstance(e, Reading) and self._ear.kept(e.native_id)]
            if counted:
                yield Page(counted, None)

    async def _newer(self, name: str, through: int) -> tuple[list[Event], list[SetAside], int]:
        """What was said under a video since it was read; and 1 where more than is read was said."""
        events: list[Event] = []
        aside: list[SetAside] = []
        token: str | int | None = None
        for _ in range(PAGES):
            asked: dict[str, str | int] = {**THREADS, "videoId": name}
            listing: Listing = await threads(
                self._service,
                self._reader,
                asked if token is None else {**asked, "pageToken": token},
                self._now,
            )
            events += listing.events
            aside += listing.aside
            token = listing.next
            if token is None or (listing.oldest is not None and listing.oldest < through - OVERLAP):
                return events[::-1], aside, 0
        return events[::-1], aside, 1

    def _as_edit(self, post: Post) -> Event:
        return Edit(post) if self._ear.kept(post.native_id) else post

    def _is_old(self, name: str, watch: Watch) -> bool:
        """What was said before we knew of the video is no news, and makes no rule fire."""
        return watch.videos[name][0] < self._now - 86_400
