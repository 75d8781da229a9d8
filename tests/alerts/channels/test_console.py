"""The console: readable, harmless to a terminal, and honest when nobody reads it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import io
import os
import sys

import pytest
from sample_messages import HOSTILE, hostile, plain

from alerts.channels import CHANNELS, notice_of, takes_letters
from alerts.channels.base import Undelivered
from alerts.channels.console import Console
from alerts.message import Letter


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def written(monkeypatch: pytest.MonkeyPatch, stream: io.TextIOBase, item: object) -> str:
    monkeypatch.setattr(sys, "stdout", stream)
    await Console().send(item)  # type: ignore[arg-type]
    stream.seek(0)
    return stream.read()


async def test_a_message_is_a_readable_block(capsys: pytest.CaptureFixture[str]) -> None:
    await Console().send(plain())
    block = capsys.readouterr().out
    assert "Alert: Nordlicht: negative share 46.3 %\nThu 12 Nov 2026, 14:15 UTC+1\n" in block
    assert "  Now     46.3 % (n = 54)\n" in block
    assert "“Still no answer about my lamp.”" in block
    assert "\x1b" not in block


async def test_colour_only_on_a_terminal_that_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in await written(monkeypatch, Terminal(), plain())
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[31m" in await written(monkeypatch, Terminal(), plain())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in await written(monkeypatch, Terminal(), plain())


@pytest.mark.parametrize("item", [hostile(HOSTILE), hostile(), Letter("k", "s", "", HOSTILE, (), {})])
async def test_strangers_cannot_paint(monkeypatch: pytest.MonkeyPatch, item: object) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    block = await written(monkeypatch, Terminal(), item)
    assert not set(block) & {
        chr(code) for code in (*range(9), *range(11, 32), *range(127, 160), 0x202E, 0xD800)
    }


async def test_a_plain_terminal_loses_letters_not_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    await Console().send(plain(title="Brisa ☕"))
    assert b"Alert: Brisa ?" in raw.getvalue()


async def test_a_closed_output_is_undelivered(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    with pytest.raises(Undelivered) as caught:
        await Console().send(plain())
    assert not caught.value.permanent


async def test_an_output_that_nobody_reads_holds_nothing_else_up(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(write, b"x" * 65_536)
    os.set_blocking(write, True)
    with open(write, "w", encoding="utf-8") as full:  # noqa: PTH123 - a pipe, no file
        monkeypatch.setattr(sys, "stdout", full)
        sending = asyncio.create_task(Console().send(plain()))
        await asyncio.sleep(0.05)
        assert not sending.done(), "the pipe was not full: this shows nothing"
        emptied = asyncio.create_task(asyncio.to_thread(_drain, read, b"Alert: "))
        await sending
        assert await emptied
    os.close(read)


def _drain(read: int, until: bytes) -> bool:
    seen = b""
    while until not in seen:
        seen = seen[-len(until) :] + os.read(read, 65_536)
    return True


def test_the_registry_names_six_channels_and_who_takes_no_letters() -> None:
    assert sorted(CHANNELS) == ["alertmanager", "apprise", "console", "email", "slack", "webhook"]
    assert [name for name in CHANNELS if not takes_letters(name)] == ["alertmanager"]
    assert [name for name in CHANNELS if notice_of(name)] == ["apprise"]
    for path in CHANNELS.values():
        module = importlib.import_module(path)
        assert (
            module.Options.model_config == {"extra": "forbid", "frozen": True} | module.Options.model_config
        )
        assert callable(module.build)
