"""Texts for programs that read marks of their own in plain text: strangers ping nobody and make no link in them."""

from __future__ import annotations

import re
from dataclasses import replace

from alerts.message import Fact, Message
from alerts.render import clean_lines

# What begins a ping ("@everyone", "<@123>", "<!channel>", "<#C1>") or ends the words of a link ("[words](address)").
_MARK = re.compile(r"@(?=\w)|<(?=[@!#&a-zA-Z/])|\](?=\()")

# Characters: more than any receiver shows of one text, and a post may have 100 KB.
_MOST = 5_000


def unpinged(text: str) -> str:
    """Put a word joiner, which nobody sees, behind each mark that a chat program would act on."""
    return _MARK.sub(lambda found: found.group() + "\u2060", clean_lines(text[:_MOST]))


def unpinged_message(message: Message) -> Message:
    """The same message with every text unpinged; addresses stay as they are, so that they lead somewhere."""
    return replace(
        message,
        title=unpinged(message.title),
        summary=unpinged(message.summary),
        rule=unpinged(message.rule) if message.rule else None,
        facts=tuple(Fact(unpinged(fact.name), unpinged(fact.value)) for fact in message.facts),
        quotes=tuple(
            replace(
                quote,
                text=unpinged(quote.text),
                author=unpinged(quote.author) if quote.author else None,
                source=unpinged(quote.source),
                published_at=unpinged(quote.published_at),
            )
            for quote in message.quotes
        ),
        footer=unpinged(message.footer),
        chart=replace(message.chart, alt=unpinged(message.chart.alt)) if message.chart else None,
    )
