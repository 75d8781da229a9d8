"""Looks at kept videos and comments again: within 30 days YouTube wants what is kept refreshed or deleted."""

from __future__ import annotations

from collections.abc import Sequence

from listener.collectors.base import Visited
from listener.collectors.post import Delete, Edit, Event, Post
from listener.collectors.youtube.reader import PLAIN, THREADS, Reader, Told
from listener.collectors.youtube.resources import VIDEO_PARTS, is_reply, is_video
from listener.collectors.youtube.service import MOST_IDS, Service
from storage.mention import Reading

WITNESS = "jNQXAC9IVRw"
"""The first video of all: an answer that lacks it says nothing about what else it lacks."""


async def visit(service: Service, reader: Reader, ids: Sequence[str], now: int) -> Visited:
    """Look at these videos and comments, at most MOST_IDS. Raises Retriable and Permanent.

    A comment comes with the newest answers to it, so that a brand's late answer is heard.
    """
    videos = [one for one in ids if is_video(one)]
    replies = [one for one in ids if not is_video(one) and is_reply(one)]
    firsts = [one for one in ids if not is_video(one) and not is_reply(one)]
    told: list[Told] = []
    if videos:
        told.append(await reader.videos(videos))
    if firsts:
        threads = await service.by_id("commentThreads", firsts, THREADS, now)
        told.append(await reader.threads(list(threads.values())))
    answers = await service.by_id("comments", replies, PLAIN, now) if replies else {}
    told.append(reader.told(list(answers.values())))
    events: list[Event] = [
        Edit(event) if isinstance(event, Post) else event for events, _ in told for event in events
    ]
    aside = [one for _, set_aside in told for one in set_aside]
    seen = {event.post.native_id for event in events if isinstance(event, Edit)}
    seen |= {event.native_id for event in events if isinstance(event, Reading)}
    seen |= {one.native_id for one in aside if one.native_id is not None}
    missing = [one for one in ids if one not in seen]
    # That answers are found by their ids is written nowhere: where none is, they are not taken for gone.
    gone = await _gone(service, [one for one in missing if answers or not is_reply(one)], now)
    events += [Delete(one) for one in missing if one in gone]
    return Visited(events, aside, [one for one in missing if one not in gone])


async def _gone(service: Service, missing: Sequence[str], now: int) -> set[str]:
    """Which of these YouTube does not have: asked once more, beside a video that it surely has."""
    if not missing:
        return set()
    videos = [one for one in missing if is_video(one)][: MOST_IDS - 1]
    comments = [one for one in missing if not is_video(one)]
    found = await service.by_id("videos", [WITNESS, *videos], {"part": VIDEO_PARTS}, now)
    if WITNESS not in found:
        return set()
    if comments:
        found |= await service.by_id("comments", comments, PLAIN, now)
    return {one for one in (*videos, *comments) if one not in found}
