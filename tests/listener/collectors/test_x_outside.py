"""What stands outside of our stub of X: a client library at it, and the official client made from X's specification.

The specification itself may not be shipped (its licence is X's developer agreement), but X's own client, generated from
it, holds its schemas and parameters. It calls some fields by newer names than the guides and X's answers do.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tweepy
from requests.adapters import HTTPAdapter
from x_listening import HOUR, NOON, house
from x_stub import TOKEN, XServer, XStub, iso

from listener.collectors.post import Figure, Post
from listener.collectors.x.posts import FIELDS
from storage.mention import Counted

NEWER = {
    "tweet_count": "post_count",
    "total_tweet_count": "total_post_count",
    "retweet_count": "repost_count",
    "referenced_tweets": "referenced_posts",
    "edit_history_tweet_ids": "edit_history_post_ids",
    "note_tweet": "note_post",
    "tweet.fields": "post.fields",
}


class _ToStub(HTTPAdapter):
    """Sends what is meant for X to the stub."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: Any, *args: Any, **more: Any) -> Any:
        request.url = self._base + request.path_url
        return super().send(request, *args, **more)


async def test_a_client_library_reads_the_stub_as_we_do(tmp_path: Path) -> None:
    """Tweepy counts, pages through the search and the mentions, looks up accounts, and finds the same."""
    options = {"daily_budget": "9", "history": "3h", "account": "acme"}
    async with house(tmp_path, options=options, handles=("acme",)) as home:
        stub = home.stub
        stub.own = stub.user("acme", followers=41)["id"]
        for n in range(230):
            more = {"referenced_tweets": [{"type": "replied_to", "id": "7"}]} if n % 3 else {}
            stub.say(
                str(10**9 + n),
                NOON - 2 * HOUR + n * 20,
                f"@acme number {n}",
                metrics={"like_count": n},
                **more,
            )
        async with XServer(stub) as server:
            client = tweepy.Client(TOKEN)
            client.session.mount("https://", _ToStub(stub.base))
            query = '("acme" OR @acme) -is:retweet -from:acme'
            times = {"start_time": iso(NOON - 3 * HOUR), "end_time": iso(NOON - 30)}

            def read() -> tuple[Any, ...]:
                counts = client.get_recent_tweets_count(query, granularity="hour", **times)
                found = tweepy.Paginator(
                    client.search_recent_tweets,
                    query,
                    max_results=100,
                    tweet_fields=FIELDS.split(","),
                    **times,
                ).flatten()
                user = client.get_user(username="acme", user_fields=["public_metrics"]).data
                mentions = tweepy.Paginator(client.get_users_mentions, user.id, max_results=100).flatten()
                job = client.create_compliance_job("tweets").data
                return counts, list(found), user, list(mentions), client.get_compliance_job(job["id"]).data

            counts, found, user, mentions, job = await asyncio.to_thread(read)
            assert server.requests
        stub.base = "https://api.x.example"
        pages = await home.poll()
        events = [event for page in pages for event in page.events]
        posts = {event.native_id: event for event in events if isinstance(event, Post)}
        told = {(e.since, e.until): e.posts for e in events if isinstance(e, Counted) and e.brand == "Acme"}
        assert sum(told.values()) == counts.meta["total_tweet_count"] == 230
        assert list(told.values()) == [one["tweet_count"] for one in counts.data]
        assert {str(one.id) for one in found} == set(posts) == {str(one.id) for one in mentions}
        for one in found:
            post = posts[str(one.id)]
            assert (post.published_at, post.text) == (int(one.created_at.timestamp()), one.text)
            assert (post.author_id, post.language) == (str(one.author_id), one.lang)
            assert post.thread == str(one.conversation_id)
            assert post.in_reply_to == (str(one.referenced_tweets[0].id) if one.referenced_tweets else None)
        (followers,) = [event.value for event in events if isinstance(event, Figure)]
        assert followers == user.public_metrics["followers_count"] == 41
        assert job["status"] == "created"


def newer(value: Any) -> Any:
    """The same under the names of the specification."""
    if isinstance(value, Mapping):
        return {NEWER.get(key, key): newer(inner) for key, inner in value.items()}
    return [newer(one) for one in value] if isinstance(value, list) else value


def _fields(function: Any, name: str) -> set[str]:
    """What a parameter that lists fields may hold, by the client's annotations."""
    annotation = inspect.signature(function).parameters[name].annotation
    return set(re.findall(r"['\"]([\w.]+)['\"]", str(annotation)))


@pytest.mark.slow
async def test_requests_and_answers_keep_to_the_specification(tmp_path: Path) -> None:
    """Every request of ours has parameters that X's own client has, every answer of the stub fits its schemas."""
    from xdk import schemas
    from xdk.compliance.client import ComplianceClient
    from xdk.posts.client import PostsClient
    from xdk.users.client import UsersClient

    known = {
        "/2/usage/tweets": (None, schemas.GetUsageResponse),
        "/2/tweets/counts/recent": (PostsClient.get_counts_recent, schemas.GetPostsCountsRecentResponse),
        "/2/tweets/search/recent": (PostsClient.search_recent, schemas.SearchPostsRecentResponse),
        "/2/tweets": (PostsClient.get_by_ids, schemas.GetPostsByIdsResponse),
        "/2/users/by/username/*": (UsersClient.get_by_username, schemas.GetUsersByUsernameResponse),
        "/2/users/*/mentions": (UsersClient.get_mentions, schemas.GetUsersMentionsResponse),
        "/2/users/*/tweets": (UsersClient.get_posts, schemas.GetUsersPostsResponse),
        "/2/compliance/jobs": (ComplianceClient.create_jobs, schemas.CreateComplianceJobsResponse),
        "/2/compliance/jobs/*": (ComplianceClient.get_jobs_by_id, schemas.GetComplianceJobsByIdResponse),
    }
    met: set[str] = set()
    options = {"daily_budget": "9", "history": "3h", "account": "acme", "authors": True}
    async with house(tmp_path, options=options, handles=("acme",)) as home:
        stub = home.stub
        stub.own = stub.user("acme")["id"]
        for n in range(120):
            note = {"note_tweet": {"text": f"@acme, and longer {n}"}} if n % 2 else {}
            stub.say(str(10**9 + n), NOON - HOUR + n, f"@acme {n}", **note)
        stub.say("5", NOON - HOUR, "we", by="acme")
        answer = stub.answer

        def checked(seen: Any) -> Any:
            reply = answer(seen)
            path = _pattern(seen.path)
            if path not in known:
                return reply
            function, schema = known[path]
            met.add(path)
            if function is not None:
                _check_parameters(function, newer(dict(seen.query)))
            schema.model_validate(newer(json.loads(reply.body)))
            return reply

        stub.answer = checked  # type: ignore[method-assign]
        await home.poll()
        stub.gone = {"5": "rehydrate"}
        await home.collector.visit(["5"], NOON)
    assert met == set(known)


def _check_parameters(function: Any, query: Mapping[str, str]) -> None:
    parameters = inspect.signature(function).parameters
    for name, value in query.items():
        assert name.replace(".", "_") in parameters, name
        if name.endswith(".fields") or name == "expansions":
            wanted = {NEWER.get(one, one) for one in value.split(",")}
            # What refers to another object it calls an expansion and not a field; the guides ask for it as a field.
            refer = {"edit_history_post_ids", "author_id", "referenced_posts"}
            allowed = _fields(function, name.replace(".", "_")) | refer
            assert wanted <= allowed, wanted - allowed


def _pattern(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/2/users/by/username/"):
        return "/2/users/by/username/*"
    if path.startswith("/2/users/"):
        return "/".join([*parts[:3], "*", *parts[4:]])
    if path.startswith("/2/compliance/jobs/"):
        return "/".join([*parts[:4], "*", *parts[5:]])
    return path


def test_the_newer_names_are_read_as_well() -> None:
    """Should X's answers follow its specification one day, nothing is lost."""
    from listener.collectors.x.posts import reading, to_event

    item = XStub().say("9", NOON, "short", note_tweet={"text": "long"}, metrics={"retweet_count": 3})
    item["referenced_tweets"] = [{"type": "quoted", "id": "8"}]
    assert to_event(newer(item)) == to_event(item)
    assert reading(newer(item), NOON) == reading(item, NOON)
