"""A real Alertmanager on 127.0.0.1 with a folder of its own, and amtool to ask it. Stopped by its pid."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
AMTOOL = shutil.which("amtool")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@dataclass
class RealAlertmanager:
    """Groups by brand, and tells `hook` at once what fires and what is resolved."""

    folder: Path
    hook: str
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert BINARY is not None
        self.port = self.port or free_port()
        settings = {
            "route": {
                "receiver": "hook",
                "group_by": ["brand"],
                "group_wait": "300ms",
                "group_interval": "300ms",
                "repeat_interval": "1h",
            },
            "receivers": [{"name": "hook", "webhook_configs": [{"url": self.hook, "send_resolved": True}]}],
        }
        file = self.folder / "alertmanager.yml"
        file.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    BINARY,
                    f"--config.file={file}",
                    f"--storage.path={self.folder / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                    "--cluster.listen-address=",
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 15
        while not self._ready():
            if time.monotonic() > deadline:
                raise AssertionError((self.folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.05)

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def amtool(self, *arguments: str) -> str:
        assert AMTOOL is not None
        done = subprocess.run(
            [AMTOOL, f"--alertmanager.url={self.url}", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def alerts(self, *matchers: str) -> list[dict[str, Any]]:
        """What it holds as firing, those that are silenced as well."""
        shown = self.amtool("alert", "query", "--silenced", "--active", "--output=json", *matchers)
        found: list[dict[str, Any]] = json.loads(shown)
        return found
