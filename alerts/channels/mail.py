"""A message or a letter as a mail: headers that nothing breaks out of, text and HTML, pictures that it brings along."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP as SMTP_POLICY
from email.policy import Policy
from email.utils import format_datetime, parseaddr
from typing import Protocol
from urllib.parse import quote

from alerts import render
from alerts.format import instant
from alerts.made_by import MADE_BY
from alerts.message import Letter, Message


class Letterhead(Protocol):
    """Who writes to whom, and where one asks for no more: `mailto:` or an address; None: by mail to the sender."""

    @property
    def sender(self) -> str: ...
    @property
    def to(self) -> Sequence[str]: ...
    @property
    def unsubscribe(self) -> str | None: ...


class _OneLine(UnstructuredHeader, BaseHeader):
    """A header of one long word, which the library would break and encode, so that nobody could read it."""

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("list-id", "list-unsubscribe"):
    _HEADERS.map_to_type(_name, _OneLine)
# Soft line breaks and base64 throughout: not every relay takes eight bits, and none may rewrap a long line.
_POLICY = SMTP_POLICY.clone(cte_type="7bit", header_factory=_HEADERS)


def compose(item: Message | Letter, head: Letterhead) -> EmailMessage:
    """Return the mail. Its Message-ID comes from the key, so that a second attempt is seen to be the same."""
    if isinstance(item, Letter):
        subject, text, html, at = item.subject, item.text, item.html, str(item.data.get("at", ""))
    else:
        subject, text, html, at = (
            render.headline(item),
            render.as_text(item),
            render.as_html(item),
            item.at,
        )
    domain = domain_of(head.sender)
    mail = EmailMessage(policy=_POLICY)
    mail["Subject"] = render.shorten(render.clean(subject), 200)
    mail["From"] = _mailbox(head.sender)
    mail["To"] = [_mailbox(address) for address in head.to]
    if (written := instant(at)) is not None and written.tzinfo is not None:
        mail["Date"] = format_datetime(written)
    mail["X-Mailer"] = MADE_BY
    mail["Message-ID"] = _identity(item.key, domain)
    if not isinstance(item, Letter) and item.thread and item.thread != item.key:
        mail["In-Reply-To"] = mail["References"] = _identity(item.thread, domain)
    if not isinstance(item, Letter) and (item.kind, item.severity) == ("fired", "critical"):
        mail["Importance"] = "high"
    mail["List-Id"] = f"Listener <listener.{domain}>"
    mail["List-Unsubscribe"] = f"<{head.unsubscribe or _by_mail(head.sender)}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    mail["X-Listener-Key"] = render.clean(item.key)
    mail.set_content(_encodable(text))
    mail.add_alternative(_encodable(html), subtype="html")
    for name, png in _pictures(item).items():
        _page(mail).add_related(png, "image", "png", cid=f"<{name}>", disposition="inline")
    return mail


def domain_of(sender: str) -> str:
    """The domain of a mail address, with or without a name before it."""
    return parseaddr(sender)[1].rpartition("@")[2]


def _pictures(item: Message | Letter) -> Mapping[str, bytes]:
    if isinstance(item, Letter):
        return item.pictures
    if item.chart is None or not item.chart.png:
        return {}
    drawn = {render.CHART: item.chart.png, render.DARK_CHART: item.chart.dark}
    return {name: picture for name, picture in drawn.items() if picture}


def _page(mail: EmailMessage) -> MIMEPart:
    """The part beside the text: the HTML, or what holds it with its pictures."""
    return list(mail.iter_parts())[1]


def _identity(key: str, domain: str) -> str:
    return f"<{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:40]}@{domain}>"


def _mailbox(text: str) -> Address:
    name, address = parseaddr(text)
    local, _, domain = address.rpartition("@")
    return Address(display_name=render.clean(name), username=local, domain=domain)


def _by_mail(sender: str) -> str:
    return f"mailto:{quote(parseaddr(sender)[1], safe='@')}?subject=unsubscribe"


def _encodable(text: str) -> str:
    """Lone surrogates cannot be written; one of them must not cost the whole letter."""
    return text.encode("utf-8", "replace").decode()
