"""Runs a command as the terminal would, in this process: arguments in, exit code and both outputs out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from listener import crash, logs
from listener.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """`line("kpi", "--json")` runs `listener kpi --json` in a folder of its own, with `config.yaml` in it."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self.config = folder / "config.yaml"
        self._monkeypatch = monkeypatch
        self._capture = capture
        monkeypatch.chdir(folder)
        # The loggers of this process outlive the test, and would write to its closed outputs.
        monkeypatch.setattr(logs, "set_up", lambda **_: None)
        # A mistake of ours shall show itself in a test with all that it says.
        monkeypatch.setattr(crash, "tell", _raise)

    def configure(self, text: str) -> None:
        self.config.write_text(text, encoding="utf-8")

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def __call__(self, *arguments: str | Path, stdin: bytes = b"") -> Ran:
        self._capture.readouterr()
        self._monkeypatch.setattr(sys, "argv", ["listener", *map(str, arguments)])
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        code = _code(main)
        out, err = self._capture.readouterr()
        return Ran(code, out, err)

    def good(self, *arguments: str | Path) -> Ran:
        """Run a command that must succeed."""
        ran = self(*arguments)
        assert ran.code == 0, ran
        return ran


def _raise(error: Exception, *_: float) -> None:
    raise error


def _code(run: Callable[[], None]) -> int:
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return 0
