"""The image and its compose file: judged by the specification, and rehearsed by Linux where Docker cannot run."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from compose_spec import PyCompose
from dockerfile import FILE, ROOT, USER, Image, command, stages, steps
from ruamel.yaml import YAML

from listener import __version__

COMPOSE = FILE.with_name("compose.yaml")
CANNOT = 77


def composed() -> str:
    """The compose file with its variables at their defaults."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE.read_text(encoding="utf-8"))


def test_the_compose_file_is_right_by_the_specification() -> None:
    PyCompose.from_yaml(composed()).validate()
    with pytest.raises(ValueError, match="read_onli"):
        PyCompose.from_yaml(composed().replace("read_only", "read_onli"))


def test_the_container_may_little() -> None:
    (service,) = YAML(typ="safe").load(composed())["services"].values()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service and "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == f"{USER}:{USER}"
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["volumes"] == ["./data:/data"]
    # Docker's default of 10 s is enough, unless a disk is slow; and who is not asked to stop is killed.
    assert service["stop_grace_period"] == "30s" and service["restart"] == "unless-stopped"
    build = service["build"]
    assert (COMPOSE.parent / build["context"] / build["dockerfile"]).resolve() == FILE


def test_the_image_is_small_pinned_and_nobodys() -> None:
    bases = [step.rest.split(" AS ")[0] for step in steps() if step.word == "FROM"]
    assert set(bases) == {"python:3.11-slim-bookworm"}
    last = stages()[-1]
    assert [step.rest for step in last if step.word == "USER"] == [f"{USER}:{USER}"]
    labels = next(step.rest for step in last if step.word == "LABEL")
    assert f'image.version="{__version__}"' in labels
    (install,) = [
        step.rest for step in stages()[0] if "requirements.lock" in step.rest and step.word == "RUN"
    ]
    assert "--require-hashes" in install


def test_what_is_copied_is_sent_to_the_builder() -> None:
    sent = FILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [name for step in stages()[0] if step.word == "COPY" for name in step.rest.split()[:-1]]
    assert "*" in sent and {line[1:] for line in sent if line[0] == "!"} == set(copied)
    assert all((ROOT / name).exists() for name in copied)


@dataclass
class Container:
    """The last stage, played: `/` read-only, one folder to write to, the image's user, no capability, no network."""

    image: Image
    root: Path
    data: Path

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.image.inside(self.root, self.data, *words),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        said, _ = process.communicate(timeout=60)
        if process.returncode == CANNOT:
            pytest.skip(said.strip().splitlines()[-1])
        return process.returncode, said


@pytest.fixture
def container(image: Image, tmp_path: Path) -> Container:
    if os.geteuid() != 0:
        pytest.skip("only root can play a container here")
    (root := tmp_path / "root").mkdir()
    (data := tmp_path / "data").mkdir()
    os.chown(data, USER, USER)
    made = Container(image, root, data)
    code, said = made.run(
        "sh", "-c", "id -u; grep CapBnd /proc/self/status; touch here; touch $0", "/opt/there"
    )
    if "mount" in said or "unshare" in said:
        pytest.skip(f"only a machine that allows mounts can play a container: {said.strip()}")
    assert code != 0 and said.startswith(f"{USER}\nCapBnd:\t0000000000000000\n"), said
    assert "Read-only file system" in said and (data / "here").exists()
    return made


def healthy(pid: int, image: Image) -> bool:
    """Run the image's own health check beside a process."""
    check = [str(image.program / "bin" / "python"), *command("HEALTHCHECK")[1:]]
    beside = ["nsenter", f"--net=/proc/{pid}/ns/net", *check]
    return subprocess.run(beside, capture_output=True, timeout=20, check=False).returncode == 0


def until(check: Callable[[], bool], process: subprocess.Popen[str], what: str) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.1)


def mentions(data: Path) -> int:
    for store in data.rglob("*.db"):
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True, timeout=10)) as db:
            try:
                return int(db.execute("SELECT count(*) FROM mentions").fetchone()[0])
            except sqlite3.OperationalError:
                return 0
    return 0


@pytest.fixture
def ended() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.kill()
            process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.slow
@pytest.mark.registry
def test_the_demo_runs_where_nothing_but_its_folder_can_be_written(
    container: Container, ended: list[subprocess.Popen[str]]
) -> None:
    process = container.start("python", "-m", "listener.demo", "--folder", "demo")
    ended.append(process)
    until(lambda: healthy(process.pid, container.image), process, "it is healthy")
    until(lambda: mentions(container.data) > 0, process, "a mention is kept")
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - asked < 2


ASK = """
import http.client, sys
door = http.client.HTTPConnection("127.0.0.1", 8765, timeout=5)
door.request("GET", sys.argv[1], headers={"Authorization": f"Bearer {sys.argv[2]}"} if sys.argv[2] else {})
print(door.getresponse().status)
"""


@pytest.mark.slow
@pytest.mark.registry
def test_the_page_beyond_loopback_asks_for_the_token_that_was_made_before(
    container: Container, ended: list[subprocess.Popen[str]]
) -> None:
    settings = {
        "brands": [{"name": "Acme", "own": True}],
        "sources": {},
        "dashboard": {"host": "0.0.0.0", "public_url": "http://127.0.0.1:8765/"},
    }
    (container.data / "config.yaml").write_text(json.dumps(settings), encoding="utf-8")
    entry = [*command("ENTRYPOINT"), *command("CMD")]
    code, said = container.run(*entry)
    assert code == 2 and "listener token add NAME" in said
    code, token = container.run("listener", "token", "add", "me")
    assert code == 0
    process = container.start(*entry)
    ended.append(process)
    until(lambda: healthy(process.pid, container.image), process, "it is healthy")

    def ask(path: str, bearer: str) -> int:
        python = str(container.image.program / "bin" / "python")
        beside = ["nsenter", f"--net=/proc/{process.pid}/ns/net", python, "-c", ASK, path, bearer]
        return int(subprocess.run(beside, capture_output=True, text=True, timeout=20, check=True).stdout)

    assert [ask("/", ""), ask("/", "wrong"), ask("/", token.strip())] == [401, 401, 200]
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
