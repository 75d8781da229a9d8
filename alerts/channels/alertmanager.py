"""Alertmanager: what fires and what is over, as alerts of its API version 2; grouping and silences are then its own."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from alerts.channels.base import NOTHING, Past, Undelivered
from alerts.channels.posting import look, post
from alerts.format import instant
from alerts.message import Letter, Message
from alerts.render import clean, headline, presentable, shorten
from alerts.transport import Transport
from alerts.unpinged import unpinged, unpinged_message
from storage.durations import Duration

TAKES_LETTERS = False
REPEAT = 60.0
"""Seconds after which what fires is said again, as Prometheus does: Alertmanager forgets alerts when it restarts."""
_TEST_LASTS = timedelta(minutes=1)
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,99}")
# What tells one alert from another beside rule and brand, and does not change while it fires.
_NAMED = ("kpi", "market", "source", "tag", "subject")
_OURS = frozenset({"alertname", "brand", "severity", *_NAMED})


class Options(BaseModel):
    """`url`: every member of a cluster, each is told (they share silences, not alerts). Either `username` and
    `password`, or `token`. `lasts`: how long Alertmanager holds an alert of which it hears no more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    # Kept out of logs like a secret; they may stand in the file all the same, since most addresses are none.
    url: tuple[SecretStr, ...] = Field(min_length=1, json_schema_extra={"literal": True})
    username: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    lasts: Duration = Field(default=3_600, ge=300, le=7 * 86_400)

    @field_validator("url")
    @classmethod
    def _http(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all(one.get_secret_value().startswith(("https://", "http://")) for one in value):
            raise ValueError("each address begins with https:// or http://, as in http://127.0.0.1:9093")
        return value

    @field_validator("labels")
    @classmethod
    def _names(cls, value: dict[str, str]) -> dict[str, str]:
        for name in value:
            if not _LABEL.fullmatch(name) or name in _OURS:
                raise ValueError(
                    f"{name!r} is no label to add: letters, digits and _, none of {', '.join(sorted(_OURS))}"
                )
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Options:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together: give both or neither")
        if self.token is not None and self.username is not None:
            raise ValueError("give either token, or username and password")
        return self


class Alertmanager:
    """Tells each Alertmanager. `repeat`: what still fires is sent again so often, outside of the outbox."""

    pace = 0.0
    repeat = REPEAT

    def __init__(
        self, options: Options, transport: Transport, clock: Callable[[], float] = time.time
    ) -> None:
        self._options = options
        self._transport = transport
        self._clock = clock

    async def send(self, item: Message | Letter, past: Past = NOTHING) -> None:
        """Return when each of them took it, in this attempt or an earlier one."""
        if isinstance(item, Letter):
            raise Undelivered("Alertmanager takes no letters; name another channel for them", permanent=True)
        sent = [alert(one, self._options, self._clock()) for one in _apart(item)]
        body = json.dumps(sent, ensure_ascii=False).encode("utf-8", "replace")
        taken, failures = set[str](), list[Undelivered]()
        for url in (one.get_secret_value() for one in self._options.url):
            if (mark := _mark(url)) in past.taken:
                continue
            try:
                address = f"{url.rstrip('/')}/api/v2/alerts"
                await post(self._transport, "Alertmanager", address, self._headers(), body)
                taken.add(mark)
            except Undelivered as failure:
                failures.append(failure)
        if failures:
            raise Undelivered(
                "; ".join(dict.fromkeys(map(str, failures))),
                permanent=all(one.permanent for one in failures),
                retry_after=max((one.retry_after or 0.0 for one in failures), default=0.0) or None,
                unknown=any(one.unknown for one in failures),
                taken=taken,
            )

    async def reachable(self) -> str:
        """Say that each is ready; raise Undelivered where one is not. Sends nothing."""
        for url in (one.get_secret_value() for one in self._options.url):
            await look(self._transport, "Alertmanager", f"{url.rstrip('/')}/-/ready", self._headers())
        return "ready"

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._options.token is not None:
            headers["Authorization"] = f"Bearer {self._options.token.get_secret_value()}"
        elif self._options.username is not None and self._options.password is not None:
            pair = f"{self._options.username}:{self._options.password.get_secret_value()}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        return headers


def build(options: Options, transport: Transport) -> Alertmanager:
    return Alertmanager(options, transport)


def _apart(message: Message) -> list[Message]:
    """The alerts of which a message tells: grouping is Alertmanager's, which can silence and end each by itself."""
    told = (message.data or {}).get("alerts")
    if not isinstance(told, list):
        return [message]
    return [
        replace(
            message,
            data=one,
            **{name: one[name] for name in ("rule", "brand", "kind", "severity", "at") if one.get(name)},
        )
        for one in told
        if isinstance(one, dict)
    ]


def alert(message: Message, options: Options, now: float) -> dict[str, object]:
    """One alert of `POST /api/v2/alerts`. What fired and what says that it is over have the same labels.

    Receivers put annotations into mails and chats as they are, so no post's text is in them, only addresses of posts,
    and nothing in them pings.
    """
    data: Mapping[str, object] = message.data or {}
    shown = unpinged_message(presentable(message))
    began = _time(data.get("fired_at")) or _time(message.at) or datetime.fromtimestamp(now, UTC)
    told = _time(message.at) or began
    ends = {
        "fired": datetime.fromtimestamp(now, UTC) + timedelta(seconds=options.lasts),
        "test": datetime.fromtimestamp(now, UTC) + _TEST_LASTS,
    }.get(message.kind, told)
    facts = "\n".join(f"{fact.name}: {fact.value}" for fact in shown.facts)
    links = "\n".join(quote.url for quote in shown.quotes if quote.url)
    annotations = {
        "summary": headline(shown),
        "description": "\n\n".join(part for part in (shown.summary, facts, shown.footer) if part),
        "posts": links,
        "chart": shown.chart.alt if shown.chart else "",
        "key": unpinged(message.key),
    }
    return {
        "labels": _filled({**options.labels, **labels(message, data)}),
        "annotations": _filled(annotations),
        "startsAt": min(began, ends).isoformat(),
        "endsAt": ends.isoformat(),
        **({"generatorURL": shown.link} if shown.link else {}),
    }


def labels(message: Message, data: Mapping[str, object]) -> dict[str, str]:
    """What makes it this alert and no other: the rule, whom it is about, and nothing that was measured."""
    name = "ListenerTest" if message.kind == "test" else message.rule or "Listener"
    found = {"alertname": name, "brand": message.brand or "", "severity": message.severity}
    found |= {key: value for key in _NAMED if isinstance(value := data.get(key), str)}
    # Who has configured them wrote these, and matches silences by them.
    return {key: shorten(clean(value), 200) for key, value in found.items()}


def _filled(pairs: Mapping[str, str]) -> dict[str, str]:
    """A label without a value is no label."""
    return {name: value for name, value in pairs.items() if value}


def _time(said: object) -> datetime | None:
    found = instant(said) if isinstance(said, str) else None
    return found if found is not None and found.tzinfo is not None else None


def _mark(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]
