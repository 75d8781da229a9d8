"""A webhook of one's own: JSON with the names of the contract, signed as Standard Webhooks describes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from alerts.channels.base import NOTHING, Past
from alerts.channels.posting import post
from alerts.message import Letter, Message, Quote
from alerts.render import shorten
from alerts.transport import Transport

_PREFIX = "whsec_"
# Receivers refuse bodies of some hundred KB, and one post of 100 KB must not cost the alert.
_LONGEST = 5_000
_LONGEST_URL = 2_000  # half an address leads nowhere: a longer one is left out
_QUOTES = 20


class Options(BaseModel):
    """`url` may hold a token, so it is kept like a secret. `secret`: whsec_ and base64, or any text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # Kept out of logs like a secret; it may stand in the file all the same, since most addresses are none.
    url: SecretStr = Field(json_schema_extra={"literal": True})
    secret: SecretStr | None = None

    @field_validator("url")
    @classmethod
    def _http(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("a webhook's url begins with https:// or http://")
        return value

    @field_validator("secret")
    @classmethod
    def _usable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _key(value):
            raise ValueError("the secret is empty, or not base64 after whsec_")
        return value


class Webhook:
    """Posts to one address of the operator's choice, which may receive as fast as it answers."""

    pace = 0.0

    def __init__(
        self,
        url: SecretStr,
        secret: SecretStr | None,
        transport: Transport,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url
        self._secret = secret
        self._transport = transport
        self._clock = clock

    async def send(self, item: Message | Letter, past: Past = NOTHING) -> None:
        """Return on 2xx. The receiver tells a repeated attempt by `webhook-id` and `Idempotency-Key`."""
        body = json.dumps(payload(item), ensure_ascii=False).encode("utf-8", "replace")
        await post(
            self._transport, "the webhook", self._url.get_secret_value(), self._headers(item.key, body), body
        )

    def _headers(self, key: str, body: bytes) -> dict[str, str]:
        # The time of this attempt, not of the alert: receivers refuse old timestamps as replays.
        stamp = str(int(self._clock()))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": stamp,
        }
        if self._secret is not None:
            headers["webhook-signature"] = _signature(_key(self._secret), key, stamp, body)
        return headers


def build(options: Options, transport: Transport) -> Webhook:
    return Webhook(options.url, options.secret, transport)


def payload(item: Message | Letter) -> dict[str, object]:
    """Return the JSON of a message ("alert.fired", ...) or of the letter ("digest"); nothing is escaped."""
    if isinstance(item, Letter):
        return {
            "type": "digest",
            "key": item.key,
            "subject": item.subject,
            "text": item.text,
            "data": item.data,
        }
    return {
        "type": f"alert.{item.kind}",
        "key": item.key,
        "thread": item.thread,
        "severity": item.severity,
        "timestamp": item.at,
        "title": _short(item.title),
        "summary": shorten(item.summary, _LONGEST),
        "brand": _short(item.brand),
        "rule": _short(item.rule),
        "facts": [{"name": _short(fact.name), "value": _short(fact.value)} for fact in item.facts],
        "quotes": [_quote(quote) for quote in item.quotes[:_QUOTES]],
        "quotes_left_out": max(len(item.quotes) - _QUOTES, 0),
        "footer": shorten(item.footer, _LONGEST),
        "link": item.link,
        "data": item.data,
    }


def _quote(quote: Quote) -> dict[str, object]:
    return {
        "text": shorten(quote.text, _LONGEST),
        "author": _short(quote.author),
        "source": _short(quote.source),
        "url": quote.url if quote.url and len(quote.url) <= _LONGEST_URL else None,
        "published_at": _short(quote.published_at),
        "label": quote.label,
    }


def _short(text: str | None) -> str | None:
    return None if text is None else shorten(text, 500)


def _key(secret: SecretStr) -> bytes:
    """Return the key's bytes; empty where `whsec_` is not followed by base64."""
    text = secret.get_secret_value()
    if not text.startswith(_PREFIX):
        return text.encode()
    try:
        return base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return b""


def _signature(key: bytes, identity: str, stamp: str, body: bytes) -> str:
    digest = hmac.new(key, f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
