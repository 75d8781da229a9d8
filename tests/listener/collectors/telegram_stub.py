"""A local stand-in for t.me: previews of channels, twenty messages a page, and single messages to embed.

There is no documentation: the markup is that which public programs read, and their tests show
(`tgme_widget_message` with data-post, `..._text`, `..._views`, `..._date` with a time, `..._forwarded_from_name`,
`..._reply`, `..._error` with "Post not found"; a channel without a preview redirects from /s/NAME to /NAME).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from servers import Reply, Seen

_HTML = {"Content-Type": "text/html; charset=utf-8"}


@dataclass
class Message:
    """What one message shows; `text` is HTML, `extra` markup ahead of it."""

    number: int
    at: int
    text: str
    views: str = "1.2K"
    extra: str = ""
    date: str | None = None
    kind: str = ""

    def html(self, channel: str) -> str:
        when = self.date or datetime.fromtimestamp(self.at, UTC).isoformat()
        text = f'<div class="tgme_widget_message_text js-message_text" dir="auto">{self.text}</div>'
        return (
            f'<div class="tgme_widget_message_wrap js-widget_message_wrap"><div class="tgme_widget_message {self.kind}'
            f' text_not_supported_wrap js-widget_message" data-post="{channel}/{self.number}" data-view="x">'
            f'<div class="tgme_widget_message_bubble">{self.extra}{text if self.text else ""}'
            '<div class="tgme_widget_message_footer compact js-message_footer">'
            '<div class="tgme_widget_message_info short js-message_info">'
            f'<span class="tgme_widget_message_views">{self.views}</span>'
            '<span class="tgme_widget_message_meta"><a class="tgme_widget_message_date"'
            f' href="https://t.me/{channel}/{self.number}"><time datetime="{when}" class="time">10:00</time></a>'
            "</span></div></div></div></div></div>"
        )


@dataclass
class TelegramStub:
    """One channel by its name. `closed`: it shows no preview."""

    channel: str = "MorvaneNews"
    messages: dict[int, Message] = field(default_factory=dict)
    closed: bool = False

    def say(self, number: int, at: int, text: str, **more: str) -> Message:
        """The channel says something."""
        self.messages[number] = Message(number, at, text, **more)
        return self.messages[number]

    def answer(self, seen: Seen) -> Reply:
        """Answer for the list, one message, or the channel's door."""
        parts = [part for part in seen.path.split("/") if part]
        if parts[0] == "s":
            return self._list(seen, parts[1])
        if len(parts) == 2:
            return self._embedded(int(parts[1]))
        door = '<div class="tgme_page"><div class="tgme_page_title">Morvane</div></div>'
        return Reply(body=f"<!DOCTYPE html><html><body>{door}</body></html>", headers=_HTML)

    def _list(self, seen: Seen, name: str) -> Reply:
        if self.closed or name.lower() != self.channel.lower():
            return Reply(302, headers={"Location": f"/{name}"})
        before = int(seen.query.get("before", 10**9))
        shown = sorted(number for number in self.messages if number < before)[-20:]
        body = "".join(self.messages[number].html(self.channel) for number in shown)
        info = (
            '<div class="tgme_channel_info"><div class="tgme_channel_info_header_title">Morvane</div></div>'
        )
        history = f'<section class="tgme_channel_history js-message_history">{body}</section>'
        return Reply(body=f"<!DOCTYPE html><html><body>{info}{history}</body></html>", headers=_HTML)

    def _embedded(self, number: int) -> Reply:
        message = self.messages.get(number)
        body = (
            message.html(self.channel)
            if message
            else '<div class="tgme_widget_message_error">Post not found</div>'
        )
        return Reply(
            body=f"<!DOCTYPE html><html><body class='widget_frame_base'>{body}</body></html>", headers=_HTML
        )
