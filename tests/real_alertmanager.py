"""A real Alertmanager on 127.0.0.1 with a folder of its own, and amtool to ask it. Stopped by its pid."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real_program import ended, free_port, started

BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
AMTOOL = shutil.which("amtool")


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
        command = [
            BINARY,
            f"--config.file={file}",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]
        self.process = started(command, self.folder / "log", self.url, within=15)

    def stop(self) -> None:
        if self.process is not None:
            ended(self.process)
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
