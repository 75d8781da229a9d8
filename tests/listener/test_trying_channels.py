"""`listener alerts test` with the channels that lead to other programs: what arrives there is a whole sample."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from commandline import CommandLine


@pytest.mark.slow
def test_alerts_test_reaches_alertmanager_and_what_apprise_reaches(
    line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    got: list[tuple[str, dict[str, Any]]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        at = f"127.0.0.1:{server.server_port}"
        monkeypatch.setenv("HOOK", f"json://{at}/hook")
        channels = {"alertmanager": {"url": [f"http://{at}"]}, "apprise": {"urls": ["${HOOK}"]}}
        line.configure(json.dumps({"brands": [{"name": "Acme", "own": True}], "channels": channels}))
        ran = line("alerts", "test")
        server.shutdown()
    assert (ran.code, sorted(ran.out.splitlines()[-2:])) == (0, ["alertmanager: took it", "apprise: took it"])
    found = dict(got)
    (alert,) = found["/api/v2/alerts"]
    assert (alert["labels"]["alertname"], alert["labels"]["severity"]) == ("ListenerTest", "info")
    assert alert["annotations"]["posts"].count("https://example.com/posts/") == 3
    assert "flickers" in found["/hook"]["message"] and "█" in found["/hook"]["message"]
    assert "does not check" in line("check").out
