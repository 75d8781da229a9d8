"""Mail against a real SMTP server in this process: logins, refusals, lost connections, hostile headers."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd import smtp
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from sample_messages import HOSTILE, hostile, plain

from alerts.channels import email as channel
from alerts.channels.base import Past, Undelivered
from alerts.channels.email import Email, Options
from alerts.channels.mail_faults import Step, why_refused
from alerts.made_by import MADE_BY
from alerts.message import Chart, Letter, Message

PASSWORD = "s3cr3t-p4ss"


class Box:
    """What the server took; `rcpt` and `data` script its answers."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[Envelope] = []
        self.tls: list[bool] = []
        self.logged_in: list[bool] = []
        self.rcpt: dict[str, str] = {}
        self.data = "250 taken"
        self.drop = False

    async def handle_RCPT(  # noqa: N802
        self, server: smtp.SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.rcpt.get(address, "250 fine")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: smtp.SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.tls.append(session.ssl is not None)
        self.logged_in.append(bool(session.authenticated))
        mail = message_from_bytes(bytes(envelope.content or b""), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        if self.drop:
            server.transport.abort()  # type: ignore[union-attr]
        return self.data


def login(server: smtp.SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and data == LoginPassword(b"listener", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@contextlib.asynccontextmanager
async def serving(box: Box, **settings: Any) -> AsyncIterator[int]:
    """Serve on 127.0.0.1 and a free port."""
    loop = asyncio.get_running_loop()
    made: list[smtp.SMTP] = []

    def connection() -> smtp.SMTP:
        made.append(smtp.SMTP(box, hostname="mx.test", loop=loop, **settings))
        return made[-1]

    server = await loop.create_server(connection, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for one in made:
            if one.transport is not None:
                one.transport.abort()
        await server.wait_closed()


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
async def port(box: Box) -> AsyncIterator[int]:
    async with serving(box) as free:
        yield free


def options(port: int, **changes: Any) -> Options:
    values = {
        "host": "127.0.0.1",
        "port": port,
        "from": "Listener <listener@brand.example>",
        "to": ["ada@brand.example", "bob@brand.example"],
        **changes,
    }
    return Options.model_validate(values)


async def refused(port: int, **changes: Any) -> Undelivered:
    with pytest.raises(Undelivered) as caught:
        await Email(options(port, **changes)).send(plain())
    assert PASSWORD not in repr(caught.value) + str(caught.value)
    assert "@" not in str(caught.value)
    return caught.value


async def test_a_message_arrives_in_both_forms(box: Box, port: int) -> None:
    await Email(options(port)).send(plain())
    (mail,) = box.mails
    assert mail["Subject"] == "Alert: Nordlicht: negative share 46.3 %"
    assert mail["From"] == "Listener <listener@brand.example>"
    assert mail["Date"].datetime.isoformat() == "2026-11-12T14:15:00+01:00"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "Listener <listener.brand.example>"
    assert mail["X-Listener-Key"] == "angry:42"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and html is not None
    assert "“Still no answer about my lamp.”" in text.get_content()
    assert "<h1" in html.get_content()
    assert box.envelopes[0].rcpt_tos == ["ada@brand.example", "bob@brand.example"]
    raw = box.envelopes[0].original_content or b""
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998


async def test_what_follows_answers_the_first_mail(box: Box, port: int) -> None:
    await Email(options(port)).send(plain("one", thread="one"))
    await Email(options(port)).send(plain("two", thread="one", kind="resolved"))
    first, rest = box.mails
    assert (first["In-Reply-To"], rest["In-Reply-To"]) == (None, first["Message-ID"])
    assert rest["References"] == first["Message-ID"] != rest["Message-ID"]


@pytest.mark.parametrize(
    ("kind", "severity", "told"),
    [("fired", "critical", "high"), ("fired", "warning", None), ("resolved", "critical", None)],
)
async def test_what_is_critical_says_so(
    box: Box, port: int, kind: str, severity: str, told: str | None
) -> None:
    await Email(options(port)).send(plain(kind=kind, severity=severity))
    assert box.mails[0]["Importance"] == told


PNG = bytes.fromhex("89504e470d0a1a0a") + b"\r\n.\r\n\x00picture"


async def test_a_chart_travels_in_the_mail_and_is_shown_where_the_page_says(box: Box, port: int) -> None:
    chart = Chart('rose to 7 "posts" <b>', (1, 2, 7), PNG)
    await Email(options(port)).send(plain(chart=chart))
    (mail,) = box.mails
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None and text is not None
    assert 'src="cid:chart" alt="rose to 7 &#34;posts&#34; &lt;b&gt;"' in html.get_content()
    assert "▂▃█" in text.get_content() and "▂▃█" not in html.get_content()
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_content()) == ("<chart>", PNG)
    assert picture.get_content_disposition() == "inline"
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]


async def test_a_letter_brings_its_pictures(box: Box, port: int) -> None:
    page = '<img src="cid:voice"><img src="cid:tone">'
    letter = Letter("digest:46", "Week 46", page, "hello", (), {}, {"voice": PNG, "tone": PNG + b"2"})
    await Email(options(port)).send(letter)
    found = {part["Content-ID"]: part.get_content() for part in box.mails[0].walk() if part["Content-ID"]}
    assert found == {"<voice>": PNG, "<tone>": PNG + b"2"}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (None, "<mailto:listener@brand.example?subject=unsubscribe>"),
        ("mailto:desk@brand.example?subject=no%20more", "<mailto:desk@brand.example?subject=no%20more>"),
        (f"https://brand.example/leave?{'x' * 400}", f"<https://brand.example/leave?{'x' * 400}>"),
    ],
)
async def test_one_can_ask_for_no_more(box: Box, port: int, asked: str | None, told: str) -> None:
    await Email(options(port, unsubscribe=asked)).send(plain())
    assert box.mails[0]["List-Unsubscribe"] == told
    assert f"List-Unsubscribe: {told}\r\n".encode() in (box.envelopes[0].original_content or b"")


async def test_a_second_attempt_is_the_same_mail(box: Box, port: int) -> None:
    for key in ("a", "a", "b"):
        await Email(options(port)).send(plain(key))
    first, second, other = (mail["Message-ID"] for mail in box.mails)
    assert first == second != other
    assert {mail["X-Mailer"] for mail in box.mails} == {MADE_BY}
    assert re.fullmatch(r"<[0-9a-f]{40}@brand\.example>", first)


@pytest.mark.parametrize(
    "text", ["x\r\nBcc: victim@example.com", "x\n\n<html>", HOSTILE, "=?utf-8?q?x?=\r\n.\r\n"]
)
async def test_no_text_becomes_a_header(box: Box, port: int, text: str) -> None:
    await Email(options(port)).send(plain(text, title=text, brand=text, rule=text))
    (mail,) = box.mails
    assert set(mail.keys()) == {
        "Subject",
        "From",
        "To",
        "Date",
        "Message-ID",
        "X-Mailer",
        "List-Id",
        "List-Unsubscribe",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "X-Listener-Key",
        "MIME-Version",
        "Content-Type",
        *({"X-Peer", "X-MailFrom", "X-RcptTo"} & set(mail.keys())),
    }
    assert box.envelopes[0].rcpt_tos == ["ada@brand.example", "bob@brand.example"]


async def test_hostile_texts_are_escaped_in_html(box: Box, port: int) -> None:
    await Email(options(port)).send(hostile(HOSTILE + "<script>alert(1)</script><img src=x>"))
    html = box.mails[0].get_body(("html",))
    assert html is not None
    page = html.get_content()
    assert "<script" not in page
    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "src=" not in page.replace("&lt;img src=x&gt;", "")


async def test_the_letter_arrives(box: Box, port: int) -> None:
    letter = Letter("digest:46", "Week 46", "<p>hello</p>", "hello", (), {"at": "2026-11-16T08:00:00+01:00"})
    await Email(options(port)).send(letter)
    (mail,) = box.mails
    assert mail["Subject"] == "Week 46"
    assert mail["Date"].datetime.isoformat() == "2026-11-16T08:00:00+01:00"


async def test_a_hostile_letter_is_one_letter(box: Box, port: int) -> None:
    bad = "x\r\nBcc: victim@example.com\r\n\r\n\ud800"
    await Email(options(port)).send(Letter("k", bad, f"<p>{bad}</p>", bad, (), {}))
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "x Bcc: victim@example.com \ufffd"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "victim" in text.get_content()


async def test_a_time_that_is_none_leaves_the_date_to_the_server(box: Box, port: int) -> None:
    await Email(options(port)).send(plain(at="just now"))
    assert box.mails[0]["Date"] is None


@pytest.mark.parametrize(("code", "permanent"), [("550 no such user", True), ("452 full", False)])
async def test_every_recipient_refused(box: Box, port: int, code: str, permanent: bool) -> None:
    box.rcpt = {"ada@brand.example": code, "bob@brand.example": code}
    error = await refused(port)
    assert (error.permanent, error.unknown) == (permanent, False)
    assert not box.mails


async def test_one_refused_for_good_and_one_for_now_is_tried_again(box: Box, port: int) -> None:
    box.rcpt = {"ada@brand.example": "550 no", "bob@brand.example": "452 later"}
    assert not (await refused(port)).permanent


async def test_one_refused_for_now_gets_it_later_and_the_other_not_twice(box: Box, port: int) -> None:
    box.rcpt = {"ada@brand.example": "452 full"}
    error = await refused(port)
    assert (error.permanent, error.unknown) == (False, False)
    assert str(error) == "the mail server refused number 1 of `to` (452); the others have the message"
    assert box.envelopes[0].rcpt_tos == ["bob@brand.example"]
    box.rcpt = {}
    await Email(options(port)).send(plain(), Past(taken=error.taken))
    assert box.envelopes[1].rcpt_tos == ["ada@brand.example"]
    assert [mail["To"] for mail in box.mails] == ["ada@brand.example, bob@brand.example"] * 2
    # However the list is written and ordered by then.
    both = Past(taken=frozenset(map(channel.mark, ("Ada <ADA@brand.example>", "bob@brand.example"))))
    await Email(options(port, to=["bob@brand.example", "ada@brand.example"])).send(plain(), both)
    assert len(box.mails) == 2


async def test_one_refused_for_good_is_told_and_the_other_has_it(box: Box, port: int) -> None:
    box.rcpt = {"bob@brand.example": "550 no such user"}
    error = await refused(port)
    assert (error.permanent, error.taken) == (True, {channel.mark("ada@brand.example")})
    assert "number 2 of `to` (550)" in str(error)
    assert len(box.mails) == 1
    # In a later attempt nobody else is left, and it stays so.
    with pytest.raises(Undelivered) as again:
        await Email(options(port)).send(plain(), Past(taken=error.taken))
    assert (again.value.permanent, again.value.taken, len(box.mails)) == (True, frozenset(), 1)


@pytest.mark.parametrize(("answer", "drop"), [("451 later", False), ("250 taken", True)])
async def test_nobody_has_what_the_server_did_not_say_it_took(
    box: Box, port: int, answer: str, drop: bool
) -> None:
    box.rcpt, box.data, box.drop = {"ada@brand.example": "452 full"}, answer, drop
    error = await refused(port)
    assert (error.taken, error.unknown) == (frozenset(), drop)


@pytest.mark.parametrize(("answer", "permanent"), [("554 spam", True), ("451 later", False)])
async def test_the_message_refused(box: Box, port: int, answer: str, permanent: bool) -> None:
    box.data = answer
    error = await refused(port)
    assert (error.permanent, error.unknown) == (permanent, False)


async def test_lost_after_data_may_have_arrived(box: Box, port: int) -> None:
    box.drop = True
    error = await refused(port)
    assert (error.permanent, error.unknown) == (False, True)


async def test_nobody_there_is_tried_again(box: Box) -> None:
    async with serving(box) as port:
        pass
    error = await refused(port)
    assert (error.permanent, error.unknown) == (False, False)
    assert f"nothing listens at 127.0.0.1:{port}; check host and port" in str(error)


async def test_a_host_that_is_not_there_is_named() -> None:
    error = await refused(587, host="mx.nowhere.invalid")
    assert str(error) == "no connection to the mail server: nothing is called mx.nowhere.invalid; check host"


@contextlib.asynccontextmanager
async def saying(greeting: bytes) -> AsyncIterator[int]:
    """A server that says this and no more, whatever it is told."""
    ends: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends.append(cast("asyncio.Task[None]", asyncio.current_task()))
        writer.write(greeting)
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*ends)


async def test_what_is_no_mail_server_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never greets: a port of TLS, or of something else."""
    monkeypatch.setattr(channel, "TIMEOUT", 0.2)
    async with saying(b"") as port:
        error = await refused(port)
    assert "does not answer as a mail server; check port" in str(error)
    assert not error.permanent


async def test_tls_where_none_is_spoken_says_what_to_write() -> None:
    async with saying(b"220 mx.test ESMTP\r\n") as port:
        assert "write tls: starttls" in str(await refused(port, tls="tls"))


@pytest.mark.parametrize(
    ("step", "code", "remedy"),
    [
        ("sender", 530, "username and password"),
        ("sender", 550, "check from"),
        ("login", 535, "check username and password"),
        ("login", 454, None),
        ("message", 552, "its log says why"),
        ("message", 451, None),
    ],
)
def test_what_is_refused_for_good_says_what_to_do(step: Step, code: int, remedy: str | None) -> None:
    said = why_refused(step, code)
    assert f"({code})" in said
    assert said.endswith(f"({code})") if remedy is None else remedy in said


async def test_login(box: Box) -> None:
    async with serving(box, authenticator=login, auth_require_tls=False) as port:
        await Email(options(port, username="listener", password=PASSWORD)).send(plain())
        assert box.logged_in == [True]
        error = await refused(port, username="listener", password=PASSWORD + "x")
        assert error.permanent
        assert "(535); check username and password" in str(error)


async def test_a_password_is_not_sent_in_clear(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server offers no TLS, and is not on this machine as far as the channel knows."""
    monkeypatch.setattr(channel, "_LOOPBACK", frozenset())
    asked: list[str] = []

    def spy(server: smtp.SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        asked.append(mechanism)
        return AuthResult(success=True)

    async with serving(box, authenticator=spy, auth_require_tls=False) as port:
        error = await refused(port, username="listener", password=PASSWORD)
    assert error.permanent
    assert not asked


async def test_starttls_is_insisted_on(box: Box, port: int) -> None:
    error = await refused(port, tls="starttls")
    assert not error.unknown
    assert "offers no STARTTLS; write tls: tls" in str(error)
    assert not box.mails


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by itself."""
    made, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(made)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return made, key


@pytest.mark.parametrize(
    ("tls", "port", "at_once"),
    [
        ("auto", 587, False),
        ("auto", 465, True),
        ("starttls", 465, False),
        ("none", 465, False),
        ("tls", 587, True),
    ],
)
def test_port_465_is_spoken_to_in_tls_at_once(tls: str, port: int, at_once: bool) -> None:
    asked = {
        "host": "mail.example.com",
        "port": port,
        "from": "l@example.com",
        "to": ["t@example.com"],
        "tls": tls,
    }
    assert Options.model_validate(asked).tls_at_once is at_once


async def test_tls_at_once_begins_with_a_handshake() -> None:
    first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first.set_result(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        asked = {
            "host": "127.0.0.1",
            "port": port,
            "from": "l@example.com",
            "to": ["t@example.com"],
            "tls": "tls",
        }
        with pytest.raises(Undelivered):
            await Email(Options.model_validate(asked)).send(plain())
    assert first.result() == b"\x16", "the first byte of a TLS handshake"


@pytest.mark.parametrize("trusted", [True, False])
async def test_starttls_with_login(
    box: Box, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    """ "auto" takes what is offered, and never an unknown certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    async with serving(box, tls_context=context, authenticator=login, auth_required=True) as port:
        if trusted:
            await Email(options(port, username="listener", password=PASSWORD)).send(plain())
            assert box.tls == [True]
        else:
            error = await refused(port, username="listener", password=PASSWORD)
            assert "is not trusted (self-signed certificate)" in str(error)
            assert not box.mails


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"to": []}, "at least 1"),
        ({"to": ["ada"]}, "not a mail address"),
        ({"to": ["a@b.example\r\nRCPT TO:<c@d.example>"]}, "not a mail address"),
        ({"to": ["a@b.example> SIZE=1"]}, "not a mail address"),
        ({"from": "x"}, "not a mail address"),
        ({"username": "listener"}, "belong together"),
        ({"host": "mx.example", "username": "u", "password": PASSWORD, "tls": "none"}, "in clear"),
        ({"host": "mx.example\r\nEHLO"}, "pattern"),
        ({"subject": "x"}, "not permitted"),
        ({"unsubscribe": "desk@brand.example"}, "write mailto:"),
        ({"unsubscribe": "https://x.example/>\r\nBcc: a@b.example"}, "write mailto:"),
        ({"unsubscribe": "https://x.example/> , <https://y.example/"}, "write mailto:"),
    ],
)
def test_options_refuse(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        options(587, **changes)
    assert PASSWORD not in str(caught.value)


def test_the_password_hides() -> None:
    assert PASSWORD not in repr(options(587, username="u", password=PASSWORD))


@pytest.mark.parametrize("make", [plain, hostile])
def test_every_message_can_be_written(make: Callable[[], Message]) -> None:
    assert channel.compose(make(), options(587)).as_bytes().isascii()
