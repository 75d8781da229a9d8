"""listener datasette: metadata with internals denied, and Datasette itself, where it can be had."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commandline import CommandLine
from ruamel.yaml import YAML

from storage.described import QUESTIONS, VIEWS

DATASETTE = "datasette==0.65.5"
CONFIG = "timezone: Europe/Madrid\nbrands:\n  - {name: Acme, own: true}\n  - {name: Bolt}\n"
ROWS = (
    '{"id": "1", "text": "acme is wonderful, I love it", "created_at": "2026-01-05T10:00:00Z"}\n'
    '{"id": "2", "text": "acme is horrible <script>alert(1)</script>", "created_at": "2026-01-06T10:00:00Z"}\n'
    '{"id": "3", "text": "bolt", "created_at": "2026-01-06T11:00:00Z"}\n'
)


@pytest.fixture
def filled(line: CommandLine) -> CommandLine:
    line.configure(CONFIG)
    line.good("import", line.file("rows.jsonl", ROWS), "--source", "shop")
    line.good("token", "add", "grafana")
    return line


def told(text: str) -> dict[str, Any]:
    read: dict[str, Any] = YAML(typ="safe").load(text)
    return read["databases"]["listener"]  # type: ignore[no-any-return]


def test_views_are_described_and_all_else_is_denied(filled: CommandLine) -> None:
    metadata = told(filled.good("datasette").out)
    for name, view in VIEWS.items():
        assert metadata["tables"][name]["columns"] == dict(view.columns)
        assert "allow" not in metadata["tables"][name]
    denied = [name for name, table in metadata["tables"].items() if table.get("allow") is False]
    assert {"tokens", "posts", "config_versions"} <= set(denied)
    assert all(metadata["tables"][name]["hidden"] for name in denied)
    assert metadata["allow_sql"] is False
    assert set(metadata["queries"]) == set(QUESTIONS)
    assert metadata["tables"]["v_heard_daily"]["units"] == {"hours_heard": "h", "hours_asked": "h"}


def test_sql_of_ones_own_is_let_in_where_that_is_said(filled: CommandLine) -> None:
    assert "allow_sql" not in told(filled.good("datasette", "--allow-sql").out)


def test_a_file_is_written_anew_but_no_other_file(filled: CommandLine) -> None:
    out = filled.good("datasette", "--out", "metadata.yaml").out
    assert "10 views, 5 ready queries. Now run: datasette" in out
    filled.good("datasette", "--out", "metadata.yaml")
    mine = filled.file("mine.yaml", "title: mine\n")
    ran = filled("datasette", "--out", "mine.yaml")
    assert (ran.code, "was not made by this command" in ran.err) == (1, True)
    assert mine.read_text() == "title: mine\n"
    nowhere = filled("datasette", "--out", "no/such.yaml")
    assert (nowhere.code, "cannot be written" in nowhere.err) == (1, True)


# Datasette itself, in an environment of its own


def get(base: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(base + path, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture
def served(filled: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    environment = tmp_path_factory.mktemp("datasette")
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=120)
    pip = [environment / "bin" / "python", "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    subprocess.run([*pip, DATASETTE], check=True, timeout=300)
    filled.good("datasette", "--out", "metadata.yaml")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        environment / "bin" / "datasette",
        "serve",
        "data/listener.db",
        "-m",
        "metadata.yaml",
        "-p",
        str(port),
    ]
    with Path(environment / "log").open("wb") as log:
        running = subprocess.Popen(command, cwd=filled.folder, stdout=log, stderr=log)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                get(base, "/-/versions.json")
                break
            except urllib.error.URLError:
                assert running.poll() is None, Path(environment / "log").read_text()
                time.sleep(0.1)
        yield base
    finally:
        running.terminate()
        running.wait(20)


@pytest.mark.slow
@pytest.mark.registry
def test_datasette_opens_the_store(served: str, filled: CommandLine) -> None:
    before = (filled.folder / "data" / "listener.db").read_bytes()
    for name, view in VIEWS.items():
        status, page = get(served, f"/listener/{name}")
        assert status == 200 and view.title in page, name
    asked = urllib.parse.urlencode(
        {"since": "2026-01-05", "until": "2026-01-12", "brand": "", "_shape": "array"}
    )
    for name in QUESTIONS:
        status, text = get(served, f"/listener/{name}.json?{asked}")
        assert status == 200, text
    (share, _) = json.loads(get(served, f"/listener/share_of_voice.json?{asked}")[1])
    values = filled.good(
        "kpi", "share_of_voice", "--since", "2026-01-05", "--until", "2026-01-12", "--json"
    ).json()
    (acme,) = (value for value in values if value["brand"] == "Acme")
    assert (share["brand"], share["mentions"], share["share_of_voice"]) == ("Acme", 2, acme["value"])
    for hidden in ("tokens", "posts", "config_versions", "facts", "_sqlite_migrations"):
        assert get(served, f"/listener/{hidden}")[0] == 403
        assert get(served, f"/listener/{hidden}.json")[0] == 403
    assert (
        get(served, "/listener.json?" + urllib.parse.urlencode({"sql": "select hash from tokens"}))[0] == 403
    )
    index = get(served, "/listener")[1]
    assert "tokens" not in index and "Share of voice" in index
    assert "<script>alert" not in get(served, "/listener/v_mentions")[1]
    assert (filled.folder / "data" / "listener.db").read_bytes() == before
