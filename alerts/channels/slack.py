"""Slack by incoming webhook: Block Kit built and checked by slack_sdk's models, sent through the guarded session."""

from __future__ import annotations

import asyncio
import json

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

from alerts import blocks, render
from alerts import format as reading
from alerts.blocks import Block
from alerts.channels.base import Undelivered
from alerts.channels.posting import post
from alerts.message import Letter, Message
from alerts.transport import Transport

_SIGNS = {"fired": "🔴", "resolved": "🟢", "expired": "⚪", "test": "🔵"}
_FACTS = 20


class Options(BaseModel):
    """`webhook`: the address that Slack gave for one channel. Who has it can post there: it is a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    webhook: SecretStr

    @field_validator("webhook")
    @classmethod
    def _http(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("the webhook is an address that begins with https://hooks.slack.com/")
        return value


class Slack:
    """Posts to one incoming webhook."""

    def __init__(self, webhook: SecretStr, transport: Transport) -> None:
        self._webhook = webhook
        self._transport = transport

    async def send(self, item: Message | Letter) -> None:
        """Return when Slack answered "ok". A revoked webhook or a payload it refuses is permanent."""
        # In a thread: the models are imported on first use, which would hold the loop for 30 ms.
        body = await asyncio.to_thread(lambda: json.dumps(payload(item), ensure_ascii=False).encode())
        headers = {"Content-Type": "application/json; charset=utf-8"}
        answer = await post(self._transport, "Slack", self._webhook.get_secret_value(), headers, body)
        if answer.body.strip() != b"ok":
            # Not Slack's words: a proxy or a portal in between. Nobody can tell whether Slack has it.
            raise Undelivered("Slack's address answered 200, but not with ok", unknown=True)


def build(options: Options, transport: Transport) -> Slack:
    return Slack(options.webhook, transport)


def payload(item: Message | Letter) -> dict[str, object]:
    """Return the JSON for Slack: within its limits and free of pings, whatever strangers wrote."""
    if isinstance(item, Letter):
        return blocks.payload(item.subject, item.blocks)
    return blocks.payload(render.headline(item), _message(item))


def _message(message: Message) -> list[Block]:
    made = [blocks.header(f"{_SIGNS[message.kind]} {render.headline(message)}")]
    made.append(blocks.section(blocks.escape(message.summary, 1_500)))
    made += blocks.fields([(fact.name, fact.value) for fact in message.facts[:_FACTS]])
    for quote in message.quotes[: render.SHOWN_QUOTES]:
        made.append(blocks.quote(quote.text, quote.author, quote.source, quote.url, quote.published_at))
    if more := render.more_quotes(message):
        made.append(blocks.context(more))
    parts = [blocks.escape(reading.stamp(message.at), 100), blocks.escape(message.footer, 1_000)]
    parts.append(blocks.link(message.link, "open in Listener"))
    last = [blocks.context(" · ".join(part for part in parts if part))]
    return blocks.within(made, last, "Slack takes no more in one message; the rest was left out.")
