"""Why a mail server cannot be written to, and what to do about it, in words for whoever set it up."""

from __future__ import annotations

import socket
import ssl
from typing import Literal

Step = Literal["connection", "login", "sender", "message"]

_REFUSED: dict[Step, str] = {
    "connection": "the mail server refused the connection",
    "login": "the mail server refused the login",
    "sender": "the mail server refused the sender",
    "message": "the mail server refused the message",
}
_WANTS_LOGIN = 530
# The first that fits: a bad certificate is an error of TLS too.
_CAUSES: dict[type[BaseException], str] = {
    ConnectionRefusedError: "nothing listens at {where}; check host and port",
    socket.gaierror: "nothing is called {host}; check host",
    ssl.SSLCertVerificationError: "the certificate of {where} is not trusted ({why}); write as host the name that it "
    "was made for, or let the system trust who signed it",
    ssl.SSLError: "{where} speaks no TLS from the first moment on; write tls: starttls, or its TLS port (465)",
    TimeoutError: "{where} does not answer as a mail server; check port (587, or 465 with TLS) and firewalls",
}


def no_connection(error: BaseException, host: str, port: int) -> str:
    """Say why there is none. The library's own words stay out: some repeat what a server said."""
    return f"no connection to the mail server: {_cause(error, host, port)}"


def _cause(error: BaseException, host: str, port: int) -> str:
    inner = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if "STARTTLS" in str(error):
        return f"{host}:{port} offers no STARTTLS; write tls: tls and its TLS port (465), or another host"
    for kind, said in _CAUSES.items():
        if isinstance(inner, kind):
            why = getattr(inner, "verify_message", "")
            return said.format(host=host, where=f"{host}:{port}", why=why)
    return type(inner).__name__


def why_refused(step: Step, code: int) -> str:
    """Say what the server refused, with its code. Its own words stay out: they may repeat address, login or text."""
    return f"{_REFUSED[step]} ({code}){_remedy(step, code)}"


def _remedy(step: Step, code: int) -> str:
    if code < 500:  # it asks to wait, and is asked again
        return ""
    if code == _WANTS_LOGIN:
        return "; it wants a login first: give username and password, and a port with TLS"
    if step == "login":
        return "; check username and password (many providers want a password made for the app)"
    if step == "sender":
        return "; check from: the account must be allowed to write as this address"
    if step == "message":
        return "; its log says why (too large, taken for spam, from not allowed)"
    return ""
