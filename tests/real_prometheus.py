"""A real Prometheus on 127.0.0.1 with a folder of its own, that scrapes twice a second. Stopped by its pid."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real_program import ended, free_port, started

BINARY = shutil.which("prometheus")
PROMTOOL = shutil.which("promtool")


@dataclass
class RealPrometheus:
    """Scrapes `target` (host:port) as the job listener, judges the rules in the file `rules`, tells `alertmanager`."""

    folder: Path
    target: str
    rules: Path
    alertmanager: str
    keys: Mapping[str, Any]
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        assert BINARY is not None
        self.folder.mkdir()
        self.port = self.port or free_port()
        settings = {
            "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
            "rule_files": [str(self.rules)],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [self.alertmanager]}]}]},
            "scrape_configs": [
                {"job_name": "listener", "static_configs": [{"targets": [self.target]}], **self.keys}
            ],
        }
        file = self.folder / "prometheus.yml"
        file.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
        command = [
            BINARY,
            f"--config.file={file}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        self.process = started(command, self.folder / "log", self.url, within=20)

    def stop(self) -> None:
        if self.process is not None:
            ended(self.process)
            self.process = None

    def ask(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """The samples that an expression comes to now, as (labels, value)."""
        query = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=5) as answer:
            found: Sequence[Any] = json.load(answer)["data"]["result"]
        return [(one["metric"], float(one["value"][1])) for one in found]
