"""Mail by SMTP: text and HTML in one message, and an exact account of what the server took."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.utils import parseaddr
from typing import TYPE_CHECKING, Annotated, Literal

from aiosmtplib import (
    SMTP,
    SMTPConnectResponseError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
)
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from alerts.channels.base import NOTHING, Past, Undelivered
from alerts.channels.mail import compose, domain_of
from alerts.channels.mail_faults import Step, no_connection, why_refused
from alerts.message import Letter, Message

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from alerts.transport import Transport

TIMEOUT = 30.0
_TLS_PORT = 465
# None: where the server offers it.
_STARTTLS: dict[str, bool | None] = {"auto": None, "starttls": True, "tls": False, "none": False}
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_BARE = r"[^\s@<>,;:\"\\\x00-\x20\x7f-\uffff]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_BARE}|[^<>\r\n]{{0,200}}<{_BARE}>")


def _address(value: str) -> str:
    if not _ADDRESS.fullmatch(value) or "@" not in parseaddr(value)[1]:
        raise ValueError("not a mail address; write name@example.com or Name <name@example.com>")
    return value


MailAddress = Annotated[str, AfterValidator(_address)]
_LEAVE = re.compile(r"(?:mailto:|https?://)[!-;=?-~]{3,500}")


class Options(BaseModel):
    """`tls`: "auto" takes STARTTLS where the server offers it (and speaks TLS at once on port 465), "starttls"
    insists on it, "tls" speaks TLS at once.

    A password never leaves this machine in clear: without TLS the login is refused, but for a local server.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    host: str = Field(min_length=1, pattern=r"^[A-Za-z0-9.:_-]+$")
    port: int = Field(default=587, ge=1, le=65535)
    username: str | None = None
    password: SecretStr | None = None
    sender: MailAddress = Field(alias="from")
    to: tuple[MailAddress, ...] = Field(min_length=1)
    tls: Literal["auto", "starttls", "tls", "none"] = "auto"
    unsubscribe: str | None = None

    @field_validator("unsubscribe")
    @classmethod
    def _leads_somewhere(cls, value: str | None) -> str | None:
        if value is not None and not _LEAVE.fullmatch(value):
            raise ValueError("write mailto:name@example.com or an address that begins with https://")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Options:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together: give both or neither")
        if self.username is not None and self.tls == "none" and not self.local:
            raise ValueError("tls: none would send the password in clear; use starttls or tls")
        return self

    @property
    def tls_at_once(self) -> bool:
        # A server on 465 (RFC 8314) waits for a TLS handshake while we would wait for its greeting, for ever.
        return self.tls == "tls" or (self.tls == "auto" and self.port == _TLS_PORT)

    @property
    def local(self) -> bool:
        return self.host in _LOOPBACK


class Email:
    """Sends through one SMTP server; a connection per message, because messages are rare."""

    pace = 0.0

    def __init__(self, options: Options) -> None:
        self._options = options

    async def send(self, item: Message | Letter, past: Past = NOTHING) -> None:
        """Return when the server took the message for every recipient, in this attempt or an earlier one.

        One envelope for all who do not have it yet. Where the server takes it for some of them only, Undelivered names
        those, so that nobody gets it twice for another's sake.
        """
        if isinstance(item, Letter) and item.to:
            own = Email(self._options.model_copy(update={"to": item.to}))
            return await own.send(replace(item, to=()), past)
        # In a thread: the templates are compiled on first use, which would hold the loop.
        content = await asyncio.to_thread(lambda: compose(item, self._options).as_bytes())
        to = [one for one in self._options.to if mark(one) not in past.taken]
        if not to:
            return
        client = SMTP(
            hostname=self._options.host,
            port=self._options.port,
            local_hostname=domain_of(self._options.sender),
            timeout=TIMEOUT,
            use_tls=self._options.tls_at_once,
            start_tls=None if self._options.tls_at_once else _STARTTLS[self._options.tls],
        )
        try:
            await self._open(client)
            refused = await self._envelope(client, to)
            await self._content(client, content)
            await self._leave(client)
        finally:
            client.close()
        if refused:
            taken = [mark(one) for one in to if one not in refused]
            raise self._refusal(refused, "the others have the message", taken)

    async def _open(self, client: SMTP) -> None:
        try:
            await client.connect()
        except SMTPConnectResponseError as error:
            raise _answered("connection", error) from None
        except (SMTPException, OSError, ValueError) as error:
            raise Undelivered(no_connection(error, self._options.host, self._options.port)) from None
        if self._options.username is not None and self._options.password is not None:
            await self._login(client, self._options.username, self._options.password)

    async def _login(self, client: SMTP, username: str, password: SecretStr) -> None:
        if client.get_transport_info("sslcontext") is None and not self._options.local:
            raise Undelivered(
                "the mail server offers no TLS, and the password is not sent in clear; write tls: tls and its TLS "
                "port (465), or another host",
                permanent=True,
            )
        try:
            await client.login(username, password.get_secret_value())
        except SMTPResponseException as error:
            raise _answered("login", error) from None
        except (SMTPException, OSError) as error:
            raise Undelivered(f"no login at the mail server: {type(error).__name__}") from None

    async def _envelope(self, client: SMTP, to: Sequence[str]) -> dict[str, int]:
        """Name sender and recipients; return whom the server refused, and with which code."""
        refused: dict[str, int] = {}
        try:
            await client.mail(parseaddr(self._options.sender)[1])
            for recipient in to:
                try:
                    await client.rcpt(parseaddr(recipient)[1])
                except SMTPRecipientRefused as error:
                    refused[recipient] = error.code
        except SMTPResponseException as error:
            raise _answered("sender", error) from None
        except (SMTPException, OSError) as error:
            raise Undelivered(f"the mail server went away: {type(error).__name__}") from None
        if len(refused) == len(to):
            raise self._refusal(refused, "nobody was left")
        return refused

    def _refusal(self, refused: Mapping[str, int], so: str, taken: Sequence[str] = ()) -> Undelivered:
        """Name the refused by their place under `to`: a reason holds no address."""
        named = ", ".join(
            f"number {number} of `to` ({refused[one]})"
            for number, one in enumerate(self._options.to, 1)
            if one in refused
        )
        final = all(code >= 500 for code in refused.values())
        return Undelivered(f"the mail server refused {named}; {so}", permanent=final, taken=taken)

    async def _content(self, client: SMTP, content: bytes) -> None:
        try:
            await client.data(content)
        except SMTPResponseException as error:
            raise _answered("message", error) from None
        except (SMTPException, OSError):
            reason = "the connection was lost while the mail server took the message; it may have it"
            raise Undelivered(reason, unknown=True) from None

    async def _leave(self, client: SMTP) -> None:
        try:
            await client.quit()
        except (SMTPException, OSError):
            return  # it said 250 to the message: that is what counts


def build(options: Options, transport: Transport) -> Email:
    return Email(options)


def mark(recipient: str) -> str:
    """By what a recipient is known again who has the message, however the list is ordered or names are written."""
    return hashlib.sha256(parseaddr(recipient)[1].casefold().encode()).hexdigest()[:16]


def _answered(step: Step, error: SMTPResponseException) -> Undelivered:
    return Undelivered(why_refused(step, error.code), permanent=error.code >= 500)
