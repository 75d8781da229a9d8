"""What the tutorial and the how-tos tell to do is done in order, in a folder of its own, and comes out as told."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
import slack_judge
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from click.testing import CliRunner
from ruamel.yaml import YAML

from alerts import addresses
from listener.cli import listener

ROOT = Path(__file__).parents[2]
HOWTO = ROOT / "docs" / "howto"
GUIDES = sorted(HOWTO.glob("*.md"))
# The first line of a block that a reader needs more for than this program: it is parsed (test_docs), and not run.
NEEDS = re.compile(r"# needs .*")
# It asks: three answers are typed. It fails, because the page wants to show that it does.
ASKS, FAILS = "# asks you", "# fails, as it should"
SAVE, ADD = re.compile(r"\bSave this as `([\w.-]+)`"), re.compile(r"\bAdd to `([\w.-]+)`")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PORT = "8765"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass(frozen=True)
class Block:
    """One fenced block: what it is, what stands in it, and the paragraph before it."""

    kind: str
    body: str
    before: str


def blocks(text: str) -> Iterator[Block]:
    end = 0
    for found in FENCE.finditer(text):
        before = text[end : found.start()].strip().rsplit("\n\n", 1)[-1]
        yield Block(found[1], found[2], " ".join(before.split()))
        end = found.end()


def told(expected: str, output: str) -> list[str]:
    """The lines of `expected` that do not stand in the output in this order; `...` stands for anything."""
    rest, absent = " ".join(output.split()), []
    for line in filter(None, (" ".join(line.split()) for line in expected.splitlines())):
        found = re.search(".*?".join(map(re.escape, line.split("..."))), rest)
        if found is None:
            absent.append(line)
        else:
            rest = rest[found.end() :]
    return absent


class SlackLike(BaseHTTPRequestHandler):
    """Takes what a webhook and chat.postMessage take, and holds it against what Slack's own libraries accept."""

    seen: ClassVar[list[tuple[str, str]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        slack_judge.assert_accepted(body)
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        answer = (
            b"ok" if self.path.startswith("/services/") else b'{"ok": true, "ts": "1.2", "channel": "C1"}'
        )
        self.send_response(200)
        self.send_header("Content-Type", "text/plain" if answer == b"ok" else "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class Inbox:
    """Keeps what aiosmtpd was handed by somebody who had logged in."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: object, session: Any, envelope: Any) -> str:  # noqa: N802
        assert session.authenticated
        self.mails.append(envelope.content)
        return "250 OK"


class Reader:
    """Somebody who does what a page says, in one folder, with one terminal and a daemon beside it."""

    def __init__(
        self, folder: Path, environment: dict[str, str], channels: dict[str, dict[str, Any]]
    ) -> None:
        self.folder = folder
        self.environment = environment
        # What stands in the place of other machines, by channel: the keys that lead there.
        self.channels = channels
        self.port = free_port()
        self.daemon: subprocess.Popen[bytes] | None = None
        self.ran: list[str] = []
        command = folder.parent / "bin" / "listener"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m listener "$@"\n', encoding="utf-8")
        command.chmod(0o755)
        python = command.with_name("python")
        python.symlink_to(sys.executable)
        self.path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"

    def follow(self, page: Path) -> None:
        output = ""
        for block in blocks(page.read_text(encoding="utf-8")):
            save, add = SAVE.search(block.before), ADD.search(block.before)
            if block.kind == "sh":
                output = self.run(block.body)
            elif block.kind == "text":
                absent = told(block.body, output)
                assert not absent, f"{page.name}: {absent} not in:\n{output}"
            elif save:
                self.keep(save[1], block.body)
            elif add:
                assert block.kind == "yaml", block
                self.add(add[1], block.body)

    def keep(self, name: str, body: str) -> None:
        file = self.folder / name
        file.write_text(body, encoding="utf-8")
        if file.suffix == ".yaml":
            self.adapt(file)

    def add(self, name: str, body: str) -> None:
        """A key of the file is replaced, or comes to the others."""
        yaml, file = YAML(typ="safe"), self.folder / name
        file.write_text(json.dumps({**yaml.load(file), **yaml.load(body)}, default=str), encoding="utf-8")
        self.adapt(file)

    def adapt(self, file: Path) -> None:
        tree = YAML(typ="safe").load(file)
        tree["dashboard"] = {"port": self.port}
        for name, options in (tree.get("channels") or {}).items():
            if "webhook" not in options:
                options.update(self.channels.get(name, {}))
        file.write_text(json.dumps(tree, default=str), encoding="utf-8")

    def run(self, body: str) -> str:
        first = body.splitlines()[0]
        if NEEDS.fullmatch(first):
            return ""
        typed = "n\np\nq\n" if first == ASKS else ""
        lines = body.replace("\\\n", " ").splitlines()
        said = [self.line(line, typed, first == FAILS) for line in lines if line and not line.startswith("#")]
        return "\n".join(said)

    def line(self, line: str, typed: str = "", fails: bool = False) -> str:
        """Run one line in the folder. Raises AssertionError where it does not end as it should."""
        self.ran.append(line)
        words = shlex.split(line)
        if words[0] == "export":
            # The address that the page gives is one of the wide world: what is set already leads here.
            assert words[1].split("=")[0] in self.environment, line
            return ""
        if words == ["listener", "run"]:
            return self.start()
        if words[:3] == ["listener", "alerts", "test"] and self.ran.count(line) > 1:
            # A sample's key is its second, and what has the same key is not sent twice.
            time.sleep(1)
        if words[0] == "listener" and not re.search(r"[|<>&]", line):
            result = CliRunner(env=self.environment).invoke(listener, words[1:], input=typed)
            assert (result.exit_code == 0) != fails, f"{line}\n{result.output}{result.exception!r}"
            if words[1] == "init":
                self.adapt(self.folder / "config.yaml")
            # What `main` would print of it.
            return result.output + (str(result.exception) if fails else "")
        shell = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line.replace(PORT, str(self.port))],
            cwd=self.folder,
            env={**os.environ, **self.environment, "PATH": self.path, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (shell.returncode == 0) != fails, f"{line}\n{shell.stdout}{shell.stderr}"
        return shell.stdout

    def start(self) -> str:
        self.daemon = subprocess.Popen(
            [sys.executable, "-m", "listener", "run"],
            cwd=self.folder,
            env={**os.environ, **self.environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert self.daemon.poll() is None, "the daemon ended"
            with suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5).close()
                return ""
            time.sleep(0.1)
        raise AssertionError("the daemon does not serve")

    def stop(self) -> None:
        if self.daemon is not None:
            self.daemon.send_signal(signal.SIGTERM)
            assert self.daemon.wait(20) == 0


@pytest.fixture
def slack() -> Iterator[str]:
    SlackLike.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlackLike)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def mail() -> Iterator[tuple[int, Inbox]]:
    inbox = Inbox()
    server = Controller(
        inbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=lambda *_: AuthResult(success=True),
        auth_require_tls=False,
    )
    server.start()
    yield server.port, inbox
    server.stop()


@pytest.fixture
def reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slack: str, mail: tuple[int, Inbox]
) -> Iterator[Reader]:
    folder = tmp_path / "listening"
    folder.mkdir()
    monkeypatch.chdir(folder)
    # Slack's stand-in lives on this machine, which the guard of addresses would never reach.
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    environment = {
        "SLACK_WEBHOOK_URL": f"{slack}/services/T/B/x",
        "SLACK_BOT_TOKEN": "xoxb-invented",
        "SMTP_PASSWORD": "invented-as-well",
        "NO_COLOR": "1",
    }
    channels = {"slack": {"api": f"{slack}/api/"}, "email": {"host": "127.0.0.1", "port": mail[0]}}
    made = Reader(folder, environment, channels)
    yield made
    made.stop()


def begin(reader: Reader) -> None:
    """The folder as the tutorial leaves it before it listens: its configuration and its posts."""
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    for block in blocks(page):
        if found := SAVE.search(block.before):
            reader.keep(found[1], block.body)
        elif "listener init" in block.body and block.kind == "sh":
            reader.run(block.body)
    reader.line("listener import history.csv --source threads")


@pytest.mark.slow
def test_the_tutorial_is_done_as_told(reader: Reader) -> None:
    reader.follow(ROOT / "docs" / "tutorial.md")
    assert len(reader.ran) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_is_done_as_told(page: Path, reader: Reader, mail: tuple[int, Inbox]) -> None:
    begin(reader)
    reader.follow(page)
    if page.stem == "connect-slack":
        assert [path for path, _ in SlackLike.seen] == ["/services/T/B/x", "/api/chat.postMessage"]
        assert SlackLike.seen[1][1] == "Bearer xoxb-invented"
    if page.stem == "send-by-email":
        assert len(mail[1].mails) == 1


@pytest.mark.parametrize("page", [ROOT / "docs" / "tutorial.md", *GUIDES], ids=lambda page: page.stem)
def test_a_guide_says_how_one_knows(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "\n## How you know that it works\n" in text
    # What is not run by these tests is as little as can be, and says why.
    kinds = [block.kind for block in blocks(text)]
    assert "sh" in kinds, "nothing is done here"


def test_what_is_not_told_is_noticed(reader: Reader) -> None:
    assert told("a 1\nb ... 2", "x a   1\n y b 7 2") == []
    assert told("b\na", "a\nb") == ["a"]
    (reader.folder / "config.yaml").write_text("brands: [{name: Acme}]", encoding="utf-8")
    for line in ("listener kpi --frm 7d", "listener nothing", "listener import absent.csv", "false | cat"):
        with pytest.raises(AssertionError):
            reader.line(line)
