"""A real mail server, maildev, on 127.0.0.1: it shows each mail as a person sees it. `.ci/maildev` fetches it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(__file__).parents[1] / "build" / "maildev"
_NODE = HOME / "node" / "bin" / "node"
NODE = str(_NODE) if _NODE.exists() else shutil.which("node")
INSTALLED = (HOME / "installed").exists() and NODE is not None
AXE = HOME / "node_modules" / "axe-core" / "axe.min.js"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class Maildev:
    """Its ports, and what came in."""

    folder: Path
    smtp: int = 0
    web: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert NODE is not None
        self.smtp, self.web = _free_port(), _free_port()
        script = HOME / "node_modules" / "maildev" / "bin" / "maildev"
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(NODE, str(script), "--ip", "127.0.0.1", "--web-ip", "127.0.0.1"),
                    *("--smtp", str(self.smtp), "--web", str(self.web)),
                    *("--mail-directory", str(self.folder / "mails")),
                ],
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"]},
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                self.mails()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise AssertionError((self.folder / "log").read_text(encoding="utf-8")) from None
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    def mails(self) -> list[dict[str, Any]]:
        """All mails as maildev has read them, oldest first."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/email", timeout=5) as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def page(self, mail: dict[str, Any]) -> str:
        """The address of a mail's HTML, with its pictures, as a mail program shows it."""
        return f"http://127.0.0.1:{self.web}/email/{mail['id']}/html"
