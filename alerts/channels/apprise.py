"""Apprise (extra `apprise`): a hundred more services, such as Teams, Discord, Telegram and ntfy, each by an address."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from alerts.channels.base import NOTHING, Past, Undelivered
from alerts.message import Letter, Message
from alerts.render import as_text, headline, shorten
from alerts.unpinged import unpinged, unpinged_message

if TYPE_CHECKING:
    # Loading aiohttp takes longer than the whole of a command that only reads.
    from alerts.transport import Transport

NOTICE = "Apprise sends from a process of its own, whose connections the address guard does not check"
TIMEOUT = 20.0
"""Seconds for each address; the process itself is ended a little after the last of them."""
_START = 15.0
_TITLE, _BODY = 250, 30_000
_KINDS = {"fired": "warning", "resolved": "success", "expired": "info", "test": "info"}
# All that the process needs of the environment: the daemon's holds the secrets of every other channel.
_ENVIRONMENT = (
    "PATH",
    "PYTHONPATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
)
_log = structlog.get_logger(__name__)


class Options(BaseModel):
    """`urls`: addresses as Apprise writes them (tgram://..., ntfys://..., msteams://...). They hold tokens."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    urls: tuple[SecretStr, ...] = Field(min_length=1, max_length=50)

    @field_validator("urls")
    @classmethod
    def _addresses(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if not all("://" in one.get_secret_value() for one in value):
            raise ValueError("each is an address of Apprise, as in ntfys://ntfy.example/topic")
        return value

    @model_validator(mode="after")
    def _installed(self) -> Options:
        if find_spec("apprise") is None:
            raise ValueError("needs the extra apprise: pip install 'listener[apprise]'")
        return self


@dataclass(frozen=True, slots=True)
class _Told:
    """What came of one address: an outcome of alerts.apprise_child, and the status that was answered."""

    outcome: str
    status: int | None

    @property
    def words(self) -> str:
        answered = f"answered {self.status}"
        return {
            "unusable": "is no address that Apprise knows",
            "refused": answered,
            "passing": answered,
        }.get(self.outcome, "gave Apprise no answer that it tells, and may have the message")


class Apprise:
    """Asks Apprise in a child process, a new one for each message."""

    pace = 0.0

    def __init__(self, urls: tuple[SecretStr, ...]) -> None:
        self._urls = {_mark(url): url.get_secret_value() for url in urls}
        self._warned = False

    async def send(self, item: Message | Letter, past: Past = NOTHING) -> None:
        """Return when each address took it, in this attempt or an earlier one."""
        if not self._warned:
            _log.warning("apprise is not guarded", says=NOTICE)
            self._warned = True
        title, body = await asyncio.to_thread(words, item)
        urls = {mark: url for mark, url in self._urls.items() if mark not in past.taken}
        kind = "info" if isinstance(item, Letter) else _KINDS[item.kind]
        self._conclude(await _ask(urls, {"title": title, "body": body, "type": kind, "send": True}))

    async def reachable(self) -> str:
        """Say whether Apprise can read each address; nobody is asked anything."""
        self._conclude(await _ask(self._urls, {"send": False}))
        return f"Apprise reads each address. {NOTICE}"

    def _conclude(self, told: Mapping[str, _Told]) -> None:
        failed = {mark: one for mark, one in told.items() if one.outcome != "taken"}
        if not failed:
            return
        places = {mark: number for number, mark in enumerate(self._urls, 1)}
        raise Undelivered(
            "; ".join(f"number {places[mark]} of `urls` {one.words}" for mark, one in failed.items()),
            permanent=all(one.outcome in ("unusable", "refused") for one in failed.values()),
            unknown=any(one.outcome == "unknown" for one in failed.values()),
            taken=told.keys() - failed.keys(),
        )


def build(options: Options, transport: Transport) -> Apprise:
    return Apprise(options.urls)


def words(item: Message | Letter) -> tuple[str, str]:
    """Title and text, both plain: Apprise escapes them for services that take HTML, and nothing in them pings."""
    if isinstance(item, Letter):
        return shorten(unpinged(item.subject), _TITLE), shorten(unpinged_lines(item.text), _BODY)
    shown = unpinged_message(item)
    _, _, text = as_text(shown).partition("\n")
    return shorten(headline(shown), _TITLE), shorten(text, _BODY)


def unpinged_lines(text: str) -> str:
    """A letter's text: lines that are an address stay as they are."""
    return "\n".join(line if "://" in line else unpinged(line) for line in text.split("\n"))


async def _ask(urls: Mapping[str, str], asked: Mapping[str, object]) -> dict[str, _Told]:
    """Return what the process told of each address, by its mark; of which it told nothing, "unknown"."""
    said = json.dumps({"urls": urls, "timeout": TIMEOUT, **asked}).encode()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "alerts.apprise_child",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
    )
    told = {mark: _Told("unknown", None) for mark in urls}
    try:
        async with asyncio.timeout(_START + len(urls) * TIMEOUT):
            await _converse(process, said, told)
    except TimeoutError:
        _log.warning("apprise was ended", waited=_START + len(urls) * TIMEOUT)
    finally:
        # A stop of the daemon must not leave it behind either.
        if process.returncode is None:
            process.kill()
            await process.wait()
    return told


async def _converse(process: asyncio.subprocess.Process, said: bytes, told: dict[str, _Told]) -> None:
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(said)
        await process.stdin.drain()
        process.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        pass  # it ended before it read: its silence says the rest
    async for line in process.stdout:
        try:
            found = json.loads(line)
            told[found["mark"]] = _Told(found["outcome"], found["status"])
        except (ValueError, KeyError, TypeError):
            continue  # a library's own words
    await process.wait()


def _mark(url: SecretStr) -> str:
    return hashlib.sha256(url.get_secret_value().encode()).hexdigest()[:16]
