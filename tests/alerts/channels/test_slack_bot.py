"""Slack by a bot's token: the call that slack_sdk's own client makes, its errors, and threads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sample_messages import HOSTILE, hostile, plain
from servers import FaultServer, Reply
from slack_judge import assert_accepted
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.metadata import Metadata

from alerts.channels.base import Past, Undelivered
from alerts.channels.slack import Options, Slack, build, payload
from alerts.transport import Transport

PATH = "/api/chat.postMessage"
TOKEN = "xoxb-s3cr3t"
FIRST = "C1H9RESGL 1503435956.000247"


def taken(channel: str = "C1H9RESGL", ts: str = "1503435956.000247") -> Reply:
    """As in the example of Slack's reference of chat.postMessage."""
    return Reply(
        body=json.dumps({"ok": True, "channel": channel, "ts": ts, "message": {"type": "message", "ts": ts}})
    )


def error(name: str, status: int = 200, **headers: str) -> Reply:
    return Reply(status, json.dumps({"ok": False, "error": name}), headers=headers)


@pytest.fixture
async def slack(server: FaultServer) -> AsyncIterator[Slack]:
    async with Transport() as transport:
        options = Options(token=SecretStr(TOKEN), channel="#alerts", api=server.url("/api/"))
        yield build(options, transport)


async def refused(slack: Slack, past: Past | None = None) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await slack.send(plain(), past or Past())
    assert "s3cr3t" not in repr(caught.value) + str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


async def test_the_call_is_the_one_of_slacks_own_client(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, taken())
    assert await slack.send(plain()) == FIRST
    client = WebClient(token=TOKEN, base_url=server.url("/api/"))
    known = Metadata("listener_message", {"key": "angry:42"})
    answer = await asyncio.to_thread(
        lambda: client.chat_postMessage(**{**payload(plain()), "channel": "#alerts", "metadata": known})
    )
    assert f"{answer['channel']} {answer['ts']}" == FIRST
    ours, theirs = server.seen(PATH)
    assert (ours.method, ours.headers["Authorization"]) == (theirs.method, theirs.headers["Authorization"])
    kinds = [seen.headers["Content-Type"].lower().replace(" ", "") for seen in (ours, theirs)]
    assert kinds == ["application/json;charset=utf-8"] * 2
    assert ours.json() == theirs.json()


async def test_slacks_own_client_reads_our_errors_as_errors(server: FaultServer) -> None:
    server.script(PATH, error("channel_not_found"))
    client = WebClient(token=TOKEN, base_url=server.url("/api/"))
    with pytest.raises(SlackApiError, match="channel_not_found"):
        await asyncio.to_thread(lambda: client.chat_postMessage(channel="#alerts", text="x"))


async def test_what_follows_stands_beneath_the_first_message(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, taken(ts="1503435957.000300"))
    assert await slack.send(plain(kind="resolved"), Past(first=FIRST)) == "C1H9RESGL 1503435957.000300"
    (seen,) = server.seen(PATH)
    assert (seen.json()["channel"], seen.json()["thread_ts"]) == ("C1H9RESGL", "1503435956.000247")


@pytest.mark.parametrize(
    "gone", ["thread_not_found", "cannot_reply_to_message", "restricted_action_non_threadable_channel"]
)
async def test_where_the_first_message_is_gone_the_rest_is_told_beside_it(
    slack: Slack, server: FaultServer, gone: str
) -> None:
    server.script(PATH, error(gone), taken())
    await slack.send(plain(kind="resolved"), Past(first=FIRST))
    beneath, beside = (seen.json() for seen in server.seen(PATH))
    assert beside == {key: value for key, value in beneath.items() if key != "thread_ts"}


@pytest.mark.parametrize("first", ["x", "C1 ../../y", "C1 1.2\r\nX: y", ""])
async def test_a_place_that_is_none_makes_no_thread(slack: Slack, server: FaultServer, first: str) -> None:
    server.script(PATH, taken())
    await slack.send(plain(), Past(first=first))
    assert "thread_ts" not in server.seen(PATH)[0].json()


@pytest.mark.parametrize(
    ("name", "permanent", "unknown"),
    [
        ("channel_not_found", True, False),
        ("not_in_channel", True, False),
        ("is_archived", True, False),
        ("invalid_auth", True, False),
        ("token_revoked", True, False),
        ("missing_scope", True, False),
        ("msg_too_long", True, False),
        ("invalid_blocks", True, False),
        ("rate_limited", False, False),
        ("ratelimited", False, False),
        ("team_added_to_org", False, False),
        ("org_login_required", False, False),
        ("request_timeout", False, False),
        ("service_unavailable", False, False),
        ("some_error_of_next_year", False, False),
        ("fatal_error", False, True),
        ("internal_error", False, True),
    ],
)
async def test_errors(slack: Slack, server: FaultServer, name: str, permanent: bool, unknown: bool) -> None:
    server.script(PATH, error(name))
    found = await refused(slack)
    assert (found.permanent, found.unknown) == (permanent, unknown)
    assert str(found).startswith(f"Slack says {name}")


async def test_what_a_person_can_mend_is_said_with_how(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, error("not_in_channel"))
    assert "invite the app" in str(await refused(slack))


@pytest.mark.parametrize("status", [200, 429])
async def test_too_many_wait_as_long_as_slack_says(slack: Slack, server: FaultServer, status: int) -> None:
    server.script(PATH, error("ratelimited", status, **{"Retry-After": "30"}))
    found = await refused(slack)
    assert (found.permanent, found.retry_after, found.unknown) == (False, 30.0, False)


@pytest.mark.parametrize(
    "body", ["<html>Please log in</html>", "ok", "[]", "{}", '{"ok": 1', "\xff", "null", '"ok"']
)
async def test_words_that_are_not_slacks_leave_it_unknown(
    slack: Slack, server: FaultServer, body: str
) -> None:
    server.script(PATH, Reply(body=body))
    assert (await refused(slack)).unknown


@pytest.mark.parametrize("name", [None, 7, "<script>", "x" * 500, ["channel_not_found"]])
async def test_an_error_that_is_no_name_is_not_repeated(
    slack: Slack, server: FaultServer, name: object
) -> None:
    server.script(PATH, Reply(body=json.dumps({"ok": False, "error": name})))
    assert str(await refused(slack)) == "Slack says no reason"


@pytest.mark.parametrize("place", [{}, {"channel": 1, "ts": 2}, {"channel": "C1", "ts": "soon"}])
async def test_a_message_that_was_taken_is_delivered_wherever_it_is(
    slack: Slack, server: FaultServer, place: dict[str, object]
) -> None:
    server.script(PATH, Reply(body=json.dumps({"ok": True, **place})))
    assert await slack.send(plain()) is None


async def test_strangers_ping_nobody_by_token_either(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, taken())
    await slack.send(hostile(HOSTILE))
    sent = server.seen(PATH)[0].json()
    assert_accepted(sent)
    assert not {"link_names", "parse"} & set(sent), "either would read names in plain words"
    for ping in ("<!channel>", "<!everyone", "<@U123>", "@channel", "@here"):
        assert ping not in json.dumps(sent, ensure_ascii=False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "either webhook, or token and channel"),
        ({"webhook": "https://x.example/", "token": TOKEN, "channel": "C1"}, "either webhook"),
        ({"webhook": "https://x.example/", "channel": "C1"}, "has its own channel"),
        ({"token": TOKEN}, "belong together"),
        ({"token": TOKEN, "channel": ""}, "at least 1"),
        ({"token": TOKEN, "channel": "C1", "api": "slack.com"}, "pattern"),
    ],
)
def test_options_refuse(given: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        Options.model_validate(given)
    assert "s3cr3t" not in str(caught.value)
