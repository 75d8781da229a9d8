"""Slack: limits, escapes and outcomes, judged by slack_sdk's models, by blockkit and by a real server."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from typing import Any, get_args

import blockkit
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sample_messages import HOSTILE, LONG, hostile, plain
from servers import FaultServer, Reply
from slack_judge import assert_accepted, by_blockkit

from alerts import blocks
from alerts.channels.base import Undelivered
from alerts.channels.slack import Options, Slack, build, payload
from alerts.language import LANGUAGES
from alerts.message import Chart, Fact, Kind, Message, Quote, Severity
from alerts.transport import Transport

PATH = "/services/T000/B000/s3cr3tWebhookToken"


@pytest.fixture
async def slack(server: FaultServer) -> AsyncIterator[Slack]:
    async with Transport() as transport:
        yield build(Options(webhook=SecretStr(server.url(PATH))), transport)


async def refused(slack: Slack, message: Message | None = None) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await slack.send(message or plain())
    assert "s3cr3t" not in repr(caught.value) + str(caught.value)
    assert caught.value.__cause__ is None, "a cause would carry the address into a traceback"
    return caught.value


def texts(sent: dict[str, Any]) -> list[str]:
    """Every text of a payload, with the fallback."""
    found = [sent["text"]]
    for block in sent["blocks"]:
        parts = [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
        found += [part["text"] for part in parts if part]
    return found


@pytest.mark.parametrize(
    "message",
    [
        plain(),
        hostile(),
        hostile(HOSTILE),
        hostile("\U0001f600" * 60_000),
        hostile("&" * 100_000),
        hostile("e" + "\u0301" * 50_000),
        hostile("\u202e\x00"),
        hostile(""),
        plain(facts=(), quotes=(), footer="", link=None),
    ],
)
def test_the_longest_and_strangest_texts_are_accepted(message: Message) -> None:
    assert len(LONG.encode("utf-8", "replace")) > 100_000
    assert_accepted(payload(message))


_HOSTILE = st.text(
    st.sampled_from(
        ["&", "<", ">", "@", "|", "*", "\n", "\u202e", "\u0301", "\u06f5", "\U0001f600", "a", " "]
    ),
    max_size=40,
).flatmap(lambda text: st.sampled_from([text, text * 90, "@channel " + text, "<!here|" + text + ">"]))
_TEXT = st.one_of(st.just(""), _HOSTILE, st.text(max_size=60))


@settings(deadline=None, max_examples=60)
@given(
    st.data(),
    st.sampled_from(get_args(Kind)),
    st.sampled_from(LANGUAGES),
    st.sampled_from(get_args(Severity)),
)
def test_slack_takes_every_kind_in_every_language_whatever_is_in_it(
    data: st.DataObject, kind: Kind, language: str, severity: Severity
) -> None:
    some = st.one_of(st.none(), _TEXT)
    quotes = st.builds(Quote, _TEXT, some, _TEXT, some, _TEXT, some)
    values = st.lists(st.one_of(st.none(), st.floats(-1e9, 1e9)), max_size=80).map(tuple)
    message = data.draw(
        st.builds(
            Message,
            key=_TEXT,
            kind=st.just(kind),
            title=_TEXT,
            summary=_TEXT,
            brand=some,
            rule=some,
            at=st.one_of(st.just("2026-11-12T14:15:00+01:00"), _TEXT),
            facts=st.lists(st.builds(Fact, _TEXT, _TEXT), max_size=25).map(tuple),
            quotes=st.lists(quotes, max_size=8).map(tuple),
            footer=_TEXT,
            link=some,
            chart=st.one_of(st.none(), st.builds(Chart, _TEXT, values)),
            severity=st.just(severity),
            language=st.just(language),
        )
    )
    sent = payload(message)
    assert_accepted(sent)
    assert not any(re.search(r"@(channel|here|everyone)", text) for text in texts(sent))


def test_blockkit_does_refuse_what_is_too_long() -> None:
    """The judge of the test above must be able to say no."""
    with pytest.raises((blockkit.core.FieldValidationError, blockkit.core.ComponentValidationError)):
        by_blockkit({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}})


def test_nobody_is_pinged_and_no_link_is_smuggled_in() -> None:
    ours = re.compile(r"<https://x\.example/%7C%3C!channel%3E%22%27%60%0A[^|<> ]*\|open>")
    for text in texts(payload(hostile())):
        rest = ours.sub("", text)
        assert "<" not in rest, rest[:200]
        assert not re.search(r"@(channel|here|everyone)", rest)
        assert "javascript:" not in text
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", text)


def test_every_mrkdwn_is_verbatim_and_nothing_unfolds() -> None:
    sent = payload(hostile())
    found = [
        part
        for block in sent["blocks"]  # type: ignore[attr-defined]
        for part in [block.get("text"), *block.get("fields", []), *block.get("elements", [])]
        if part and part["type"] == "mrkdwn"
    ]
    assert found
    assert all(part["verbatim"] for part in found)
    assert sent["unfurl_links"] is False
    assert sent["unfurl_media"] is False


@pytest.mark.parametrize("limit", range(1, 40))
def test_a_cut_never_falls_inside_an_entity_or_a_character(limit: int) -> None:
    text = blocks.escape("&<\U0001f600>e\u0301\U0001f469\u200d\U0001f467" * 30, limit)
    assert blocks.units(text) <= limit
    assert "&" not in re.sub(r"&(amp|lt|gt);", "", text)
    assert not text.removesuffix("…").endswith("\u200d")
    assert not re.search("e$", text.removesuffix("…")), "an accent was cut from its letter"


def test_a_short_text_is_only_escaped() -> None:
    assert blocks.escape("a < b & c > d") == "a &lt; b &amp; c &gt; d"


def test_what_does_not_fit_is_said() -> None:
    sent = payload(plain(quotes=(plain().quotes[0],) * 60))
    assert any("55 more posts" in text for text in texts(sent))
    crowded = [blocks.section("x" * 2_900) for _ in range(9)]
    kept = blocks.within(crowded, [blocks.divider()], "the rest was left out")
    assert [block["type"] for block in kept] == ["section"] * 3 + ["context", "divider"]
    many = blocks.within([blocks.divider()] * 80, [blocks.divider()], "the rest was left out")
    assert len(many) == 50


def test_an_unknown_block_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="not a block"):
        blocks.payload("x", [{"type": "no_such_block"}])


def test_a_link_stands_only_for_http() -> None:
    assert blocks.link("https://x.example/?a=1&b=2", "open") == "<https://x.example/?a=1&amp;b=2|open>"
    for url in (
        None,
        "javascript:alert(1)",
        "ftp://x.example",
        "https://",
        "//x.example",
        "https://[",
        "https://" + "x" * 3_000,
    ):
        assert blocks.link(url, "open") == ""
    quoted = blocks.quote("hi", None, "feeds", "https://x.example/a|b>c", None)
    assert "<https://x.example/a%7Cb%3Ec|open>" in json.dumps(quoted)


def test_what_is_critical_has_a_sign_of_its_own() -> None:
    signs = [
        texts(payload(plain(kind=kind, severity=severity)))[1][0]
        for kind, severity in (("fired", "critical"), ("fired", "warning"), ("resolved", "critical"))
    ]
    assert signs == ["🚨", "🔴", "🟢"]


def test_a_chart_is_a_line_of_bars_with_its_words() -> None:
    sent = payload(plain(chart=Chart("<!channel> rose & fell", (1, None, 8))))
    assert "▂·█\n&lt;!channel&gt; rose &amp; fell" in texts(sent)
    assert_accepted(sent)
    assert_accepted(payload(plain(chart=Chart(LONG, (1.0,) * 5_000))))
    unheard = payload(plain(chart=Chart("nothing was heard", (None, None))))
    assert not any("nothing was heard" in text for text in texts(unheard))


async def test_ok_is_delivered(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, Reply(body="ok"))
    await slack.send(plain())
    (seen,) = server.seen(PATH)
    assert seen.headers["Content-Type"].startswith("application/json")
    assert seen.json() == payload(plain())
    assert "Alert: Nordlicht: negative share" in seen.json()["text"]


async def test_429_waits_as_long_as_slack_says(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, Reply(429, "rate_limited", headers={"Retry-After": "37"}))
    error = await refused(slack)
    assert (error.permanent, error.retry_after, error.unknown) == (False, 37.0, False)
    assert "429" in str(error)


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, "invalid_payload"), (403, "action_prohibited"), (404, "no_service"), (410, "channel_is_archived")],
)
async def test_what_will_not_change_is_permanent(
    slack: Slack, server: FaultServer, status: int, body: str
) -> None:
    server.script(PATH, Reply(status, body))
    error = await refused(slack)
    assert error.permanent
    assert str(error) == f"Slack answered {status} ({body})"


async def test_a_foreign_body_is_not_repeated(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, Reply(404, f"no such page: {PATH}"))
    assert str(await refused(slack)) == "Slack answered 404"


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_fault_of_slacks_is_tried_again(slack: Slack, server: FaultServer, status: int) -> None:
    server.script(PATH, Reply(status, "rollup_error"))
    error = await refused(slack)
    assert (error.permanent, error.unknown) == (False, False)


async def test_a_lost_answer_may_have_arrived(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, Reply(reset=True))
    error = await refused(slack)
    assert error.unknown
    assert not error.permanent


async def test_a_portals_200_counts_as_unknown(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, Reply(body="<html>Please log in to the hotel network</html>"))
    assert (await refused(slack)).unknown


async def test_nobody_there_is_tried_again(slack: Slack, server: FaultServer) -> None:
    await server.stop()
    error = await refused(slack)
    assert (error.permanent, error.unknown) == (False, False)


async def test_a_redirect_is_refused(slack: Slack, server: FaultServer) -> None:
    server.script(PATH, Reply(307, headers={"Location": "/elsewhere"}))
    server.script("/elsewhere", Reply(body="ok"))
    assert (await refused(slack)).permanent
    assert not server.seen("/elsewhere")


def test_the_webhook_is_a_secret_and_an_address() -> None:
    options = Options(webhook=SecretStr("https://hooks.slack.com" + PATH))
    assert "s3cr3t" not in repr(options)
    with pytest.raises(ValueError, match=r"hooks\.slack\.com"):
        Options(webhook=SecretStr("s3cr3tWebhookToken"))
    with pytest.raises(ValueError, match="channel"):
        Options.model_validate({"webhook": "https://x.example/", "channel": "#general"})


def test_who_said_it_runs_in_the_language_of_the_message_whatever_was_quoted() -> None:
    """Slack gives a line the direction of what begins its block: the name of a month would stand before the day."""
    english, persian = "It flickers.", "چراغ چشمک می‌زند."
    for language, quoted, begin in (("fa", english, "\u2067"), ("en", persian, "\u2066")):
        quote = Quote(quoted, "ada", "feeds", "https://a.example/", "2026-11-12T14:03:00+01:00")
        (said,) = [one for one in texts(payload(plain(quotes=(quote,), language=language))) if quoted in one]
        below = said.split("\n")[1]
        assert below.startswith(begin) and below.endswith("\u2069")


def test_a_quote_without_author_or_link_reads_well() -> None:
    quote = Quote("fine", None, "feeds", None, "2026-11-12T14:03:00+01:00")
    made = texts(payload(plain(quotes=(quote,))))
    assert "> fine\nfeeds, Thu 12 Nov, 14:03" in made
