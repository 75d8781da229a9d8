"""Message: one content for every channel. The texts of posts are put in when it is sent, never stored with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["fired", "resolved", "expired", "test"]
Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Quote:
    """A post that explains the message. Everything in it was written by strangers: hostile until escaped."""

    text: str
    author: str | None
    source: str
    url: str | None
    published_at: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a number, both already written for reading ("Negative share", "46 % of 120 mentions")."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A small picture of what fired: as PNG for mail, as SVG, in words, and the numbers that it shows, oldest first.

    `alt` says what the picture says. A value that is None was not heard. `dark`: the PNG for a dark background.
    """

    alt: str
    values: tuple[float | None, ...] = ()
    png: bytes = b""
    svg: str = ""
    dark: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """What is told about one alert. `key` is the idempotency key: the same for every attempt on every channel.

    `thread` is the key of the message that fired, of which this one tells the rest. `data` holds the plain numbers for
    programs (webhook), with the names of the contract. `language` is the code of the one that its texts are in, so that
    a channel adds its own words in the same.
    """

    key: str
    kind: Kind
    title: str
    summary: str
    brand: str | None
    rule: str | None
    at: str
    facts: tuple[Fact, ...] = ()
    quotes: tuple[Quote, ...] = ()
    footer: str = ""
    link: str | None = None
    data: dict[str, object] | None = None
    chart: Chart | None = None
    thread: str | None = None
    severity: Severity = "warning"
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Letter:
    """The weekly letter, rendered three ways by `alerts.digest`: HTML and plain text for mail, blocks for Slack.

    `pictures`: PNG by the name that stands after `cid:` in the HTML. `to`: mail addresses, if not those of the channel.
    """

    key: str
    subject: str
    html: str
    text: str
    blocks: tuple[dict[str, object], ...]
    data: dict[str, object]
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    to: tuple[str, ...] = ()
    language: str = "en"
