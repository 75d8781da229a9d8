"""Slack by incoming webhook or bot token: Block Kit built and checked by slack_sdk's models, sent guarded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from alerts import blocks, render
from alerts import format as reading
from alerts.blocks import Block
from alerts.channels.base import NOTHING, Past, Undelivered
from alerts.channels.posting import post
from alerts.channels.slack_bot import Bot
from alerts.charts.sparkline import sparkline
from alerts.language import Language
from alerts.message import Letter, Message
from alerts.transport import Transport

_SIGNS = {"fired": "🔴", "resolved": "🟢", "expired": "⚪", "test": "🔵"}
_CRITICAL = "🚨"
_FACTS = 20


class Options(BaseModel):
    """`webhook`: the address that Slack gave for one channel. Who has it can post there: it is a secret.

    Or `token` and `channel`: a bot's token (xoxb-) with the scope chat:write, and the channel's id or name. Only so can
    what follows stand beneath the first message.
    """

    # A mistake between two keys would else be told with the values of all of them.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    webhook: SecretStr | None = None
    token: SecretStr | None = None
    channel: str | None = Field(default=None, min_length=1, max_length=100)
    api: str = Field(default="https://slack.com/api/", pattern=r"^https?://[^\s]+$")

    @field_validator("webhook")
    @classmethod
    def _http(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("the webhook is an address that begins with https://hooks.slack.com/")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Options:
        if (self.webhook is None) == (self.token is None):
            raise ValueError("give either webhook, or token and channel")
        if (self.token is None) != (self.channel is None):
            raise ValueError("token and channel belong together; a webhook has its own channel")
        return self


class _Way(Protocol):
    """How a payload comes to Slack; what Slack calls the message, where it says so."""

    async def post(self, message: Mapping[str, object], key: str, first: str | None) -> str | None: ...


class _Webhook:
    def __init__(self, webhook: SecretStr, transport: Transport) -> None:
        self._webhook = webhook
        self._transport = transport

    async def post(self, message: Mapping[str, object], key: str, first: str | None) -> str | None:
        """Return when Slack answered "ok": it names no message, so none can stand beneath another."""
        body = json.dumps(message, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = await post(self._transport, "Slack", self._webhook.get_secret_value(), headers, body)
        if answer.body.strip() != b"ok":
            # Not Slack's words: a proxy or a portal in between. Nobody can tell whether Slack has it.
            raise Undelivered("Slack's address answered 200, but not with ok", unknown=True)
        return None


class Slack:
    """Posts to one conversation. Slack takes one message a second from an app, in each channel."""

    pace = 1.0

    def __init__(self, way: _Way) -> None:
        self._way = way

    async def send(self, item: Message | Letter, past: Past = NOTHING) -> str | None:
        """Return when Slack took it. A revoked webhook or a payload it refuses is permanent."""
        # In a thread: the models are imported on first use, which would hold the loop for 30 ms.
        message = await asyncio.to_thread(payload, item)
        return await self._way.post(message, item.key, past.first)


def build(options: Options, transport: Transport) -> Slack:
    if options.webhook is not None:
        return Slack(_Webhook(options.webhook, transport))
    assert options.token is not None and options.channel is not None  # checked by the options
    return Slack(Bot(options.token, options.channel, options.api, transport))


def payload(item: Message | Letter) -> dict[str, object]:
    """Return the JSON for Slack: within its limits and free of pings, whatever strangers wrote."""
    if isinstance(item, Letter):
        return blocks.payload(item.subject, item.blocks)
    return blocks.payload(render.headline(item), _message(item))


def _message(message: Message) -> list[Block]:
    language = Language.of(message.language)
    critical = (message.kind, message.severity) == ("fired", "critical")
    made = [blocks.header(f"{_CRITICAL if critical else _SIGNS[message.kind]} {render.headline(message)}")]
    made.append(blocks.section(blocks.escape(message.summary, 1_500)))
    if message.chart and (drawn := sparkline(message.chart.values)):
        made.append(blocks.section(f"{drawn}\n{blocks.escape(message.chart.alt, 500)}"))
    made += blocks.fields([(fact.name, fact.value) for fact in message.facts[:_FACTS]])
    for quote in message.quotes[: render.SHOWN_QUOTES]:
        made.append(
            blocks.quote(quote.text, quote.author, quote.source, quote.url, quote.published_at, language)
        )
    if more := render.more_quotes(message):
        made.append(blocks.context(more))
    parts = [
        blocks.escape(reading.stamp(message.at, language=language), 100),
        blocks.escape(message.footer, 1_000),
    ]
    parts.append(blocks.link(message.link, language.gettext("open in Listener")))
    last = [blocks.context(" · ".join(part for part in parts if part))]
    cut = language.gettext("Slack takes no more in one message; the rest was left out.")
    return blocks.within(made, last, cut)
