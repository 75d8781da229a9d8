"""The log: its levels and forms, the version in it, and nobody's words in it, whoever logs an exception."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from listener import __version__, logs, tracebacks
from storage.base import StoreError

WORDS = "zanzibarquux said a stranger"


class Output:
    """Standard error as set_up and its log see it."""

    def __init__(self, capture: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capture, self._monkeypatch = capture, monkeypatch

    def is_a_terminal(self, yes: bool) -> None:
        self._monkeypatch.setattr(sys.stderr, "isatty", lambda: yes)

    def text(self) -> str:
        return self._capture.readouterr().err

    def lines(self) -> list[dict[str, Any]]:
        return lines_of(self.text())


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def err(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    """Standard error; all that set_up changes in this process is put back."""
    root = logging.getLogger()
    known = (root.handlers[:], root.level, threading.excepthook, sys.unraisablehook)
    shown = warnings.showwarning
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    yield Output(capsys, monkeypatch)
    logging.captureWarnings(False)
    warnings.showwarning = shown
    root.handlers[:], level, threading.excepthook, sys.unraisablehook = known
    root.setLevel(level)
    structlog.reset_defaults()


def failing() -> None:
    local = WORDS
    int(local)


@pytest.mark.parametrize(
    ("level", "kept"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_a_level_keeps_itself_and_what_is_worse(err: Output, level: str, kept: list[str]) -> None:
    logs.set_up(level=level)
    log = structlog.get_logger()
    for name in logs.LEVELS:
        getattr(log, name)("event", name=name)
    first, *others = err.lines()
    assert (first["event"], first["version"]) == ("starting", __version__)
    assert [line["name"] for line in others] == kept
    assert {line["version"] for line in others} == {__version__}


def test_libraries_never_say_what_they_say_at_their_lower_levels(err: Output) -> None:
    logs.set_up(level="debug")
    logging.getLogger("some.library").info("POST /bot12345:token/send")
    logging.getLogger("some.library").warning("gave up")
    assert [line["event"] for line in err.lines()] == ["starting", "gave up"]


@pytest.mark.parametrize("form", ["json", "text", "auto"])
@pytest.mark.parametrize("terminal", [False, True])
def test_the_form_is_chosen_or_follows_the_output(err: Output, form: logs.Form, terminal: bool) -> None:
    err.is_a_terminal(terminal)
    logs.set_up(form=form)
    structlog.get_logger().info("heard", posts=3)
    written = err.text()
    lines = written.splitlines()
    if form == "json" or (form == "auto" and not terminal):
        assert [json.loads(line)["event"] for line in lines] == ["starting", "heard"]
        return
    assert "starting" in lines[0] and __version__ in lines[0]
    assert "heard" in lines[1] and __version__ not in lines[1]
    assert ("\x1b[" in written) is terminal


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_no_colours_where_they_are_not_wanted(
    err: Output, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    err.is_a_terminal(True)
    logs.set_up()
    structlog.get_logger().warning("heard")
    assert "\x1b[" not in err.text()


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_name_of_a_stranger_does_not_speak_to_the_terminal(err: Output, form: logs.Form) -> None:
    logs.set_up(form=form)
    structlog.get_logger().info("alert\nfired", subject="\x1b[2Jann\u202e", brand="Café")
    written = err.text()
    assert written.count("\n") == 2
    assert "\x1b" not in written and "\u202e" not in written
    assert "ann" in written and ("Café" in written or "Caf\\u00e9" in written)


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_is_logged_without_its_words(err: Output, form: logs.Form) -> None:
    logs.set_up(form=form)
    try:
        failing()
    except ValueError as error:
        error.add_note(WORDS)
        structlog.get_logger().exception("ours")
        logging.getLogger("aiohttp.server").exception("Error handling request")
    written = err.text()
    assert "zanzibarquux" not in written
    assert written.count("ValueError") == 2
    assert "test_logs.py" in written and "in failing" in written and "int(local)" in written


def test_what_asyncio_says_of_lost_tasks_and_callbacks_has_no_words(err: Output) -> None:
    logs.set_up()

    def callback(text: str) -> None:
        int(text)

    async def lost() -> None:
        failing()

    async def go() -> None:
        asyncio.get_running_loop().call_soon(callback, WORDS)
        task = asyncio.create_task(lost())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    asyncio.run(go())
    written = err.text()
    assert "zanzibarquux" not in written
    told = {line["event"]: line["exception"] for line in lines_of(written)[1:]}
    assert set(told) == {"Exception in callback", "Task exception was never retrieved"}
    assert all("ValueError" in trace for trace in told.values())


def test_a_thread_that_ends_and_what_nobody_can_catch_are_logged_without_words(err: Output) -> None:
    logs.set_up()
    thread = threading.Thread(target=failing)
    thread.start()
    thread.join()

    class Careless:
        def __del__(self) -> None:
            failing()

    Careless()
    written = err.text()
    assert "zanzibarquux" not in written
    _, ended, uncaught = lines_of(written)
    assert ended["event"] == "a thread ended" and "in failing" in ended["exception"]
    assert uncaught["event"] == "an exception that nobody can catch" and "in __del__" in uncaught["exception"]


def test_warnings_of_python_are_lines_of_the_log(err: Output) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.set_up()
        warnings.warn("soon gone", DeprecationWarning, stacklevel=1)
    assert "soon gone" in err.lines()[-1]["event"]


# ---- tracebacks


def caught(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as raised:
        return raised


def test_a_name_holds_what_is_certainly_nobodys_words() -> None:
    assert tracebacks.named(ValueError(WORDS)) == "ValueError"
    assert tracebacks.named(KeyError(WORDS)) == "KeyError"
    assert (
        tracebacks.named(OSError(2, WORDS, WORDS)) == "FileNotFoundError: [Errno 2] No such file or directory"
    )
    assert tracebacks.named(OSError(WORDS)) == "OSError"
    assert tracebacks.named(StoreError("the disk is full")) == "storage.base.StoreError: the disk is full"
    with pytest.raises(sqlite3.Error) as full:
        sqlite3.connect(":memory:").execute(f"SELECT '{WORDS}")
    assert "zanzibarquux" in str(full.value)
    assert tracebacks.named(full.value) == "sqlite3.OperationalError: SQLITE_ERROR"


def test_causes_contexts_and_groups_are_all_told_and_circles_end() -> None:
    first, second = KeyError(WORDS), ValueError(WORDS)
    first.__cause__, second.__context__ = second, first
    inner = ExceptionGroup(WORDS, [caught(TypeError(WORDS))])
    group = BaseExceptionGroup(WORDS, [caught(first), inner, KeyboardInterrupt()])
    told = tracebacks.told(caught(group))
    assert "zanzibarquux" not in told
    for name in ("KeyError", "ValueError", "TypeError", "BaseExceptionGroup of 3", "ExceptionGroup of 1"):
        assert told.count(name) >= 1, name


def test_what_was_set_aside_by_from_none_is_not_told() -> None:
    try:
        try:
            failing()
        except ValueError:
            raise KeyError(WORDS) from None
    except KeyError as error:
        assert "ValueError" not in tracebacks.told(error)


def test_endless_recursion_is_told_in_short() -> None:
    def deeper(count: int) -> None:
        deeper(count + 1)

    with pytest.raises(RecursionError) as end:
        deeper(0)
    told = tracebacks.told(end.value)
    assert " more ..." in told and told.count("\n") < 200
    assert told.endswith("RecursionError")


def test_the_place_is_our_innermost_line() -> None:
    with pytest.raises(AttributeError) as missing:
        tracebacks.place(None)  # type: ignore[arg-type]
    assert tracebacks.place(missing.value).startswith("listener/tracebacks.py:")
    assert tracebacks.place(ExceptionGroup("", [KeyError()])) == "nowhere"
