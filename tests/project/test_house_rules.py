"""The rules of this house that a linter does not know, checked on the source: where SQL, clocks and sockets stand."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("listener", "alerts", "storage", "sentiment")
TEXT_FILES = {".py", ".md", ".yaml", ".yml", ".toml", ".lock", ".sh", ".txt", ".html", ""}

# Uppercase as we write SQL anywhere in a text, or any case where the text begins with it.
SQL = re.compile(
    r"\bSELECT\b.+\bFROM\b|\bINSERT\s+(?:OR\s+\w+\s+)?INTO\b|\bUPDATE\s+\S+\s+SET\b|\bDELETE\s+FROM\b"
    r"|\bCREATE\s+(?:TABLE|INDEX|VIEW|TRIGGER)\b|^\s*PRAGMA\s|\bBEGIN\s+IMMEDIATE\b"
    r"|^\s*(?i:select\s.+\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from)\s",
    re.DOTALL,
)
CLOCKS = {"time.time", "time.time_ns", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:work|root|home/\w+|Users/\w+)/[\w.]")

Rule = Callable[[ast.Module], Iterator[tuple[int, str]]]


def modules() -> Iterator[tuple[str, str]]:
    """Yield (path from the root, source) of every module of the four packages."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def broken(rule: Rule, allowed: tuple[str, ...] = ()) -> list[str]:
    """Return where `rule` is broken outside the `allowed` files and folders (a folder ends with a slash)."""
    found = []
    for path, source in modules():
        if not any(path == place or (place.endswith("/") and path.startswith(place)) for place in allowed):
            found += [f"{path}:{line} {what}" for line, what in rule(ast.parse(source))]
    return found


def sql_texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in docstrings else None
        if isinstance(text, str) and SQL.search(text):
            yield node.lineno, text[:60]


def imports_of(package: str) -> Rule:
    def rule(tree: ast.Module) -> Iterator[tuple[int, str]]:
        for node in ast.walk(tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                if name.split(".")[0] == package:
                    yield node.lineno, name

    return rule


def calls_of(name: str) -> Rule:
    def rule(tree: ast.Module) -> Iterator[tuple[int, str]]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and node.attr == name:
                yield node.lineno, name

    return rule


def broad_excepts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Handlers of everything that do not end by raising the same again."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = {ast.unparse(part) for part in ast.walk(node.type)} if node.type else {"everything"}
        last = node.body[-1]
        raised_again = isinstance(last, ast.Raise) and last.exc is None
        if caught & {"Exception", "BaseException", "everything"} and not raised_again:
            yield node.lineno, "except " + ", ".join(sorted(caught))


def handed_in(tree: ast.Module) -> set[int]:
    """The usual values of parameters named `clock`: a test hands in another one, so no time is taken there."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            usual = [*zip(positional[::-1], node.defaults[::-1], strict=False)]
            usual += [
                (name, value) for name, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value
            ]
            found |= {id(value) for name, value in usual if name.arg == "clock"}
    return found


def clock_readings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    allowed = handed_in(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in allowed:
            name = ".".join(ast.unparse(node).split(".")[-2:])
            if name in CLOCKS:
                yield node.lineno, name
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            for alias in node.names:
                if f"time.{alias.name}" in CLOCKS:
                    yield node.lineno, f"from time import {alias.name}"


def missing_sentence(tree: ast.Module) -> Iterator[tuple[int, str]]:
    if tree.body and not ast.get_docstring(tree):
        yield 1, "no opening sentence"


def long_functions(tree: ast.Module) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > 60:
                yield node.lineno, f"{node.name} has {length} lines"


def test_sql_stands_only_in_storage() -> None:
    assert broken(sql_texts, ("storage/",)) == []


def test_http_sessions_stand_only_at_the_edge() -> None:
    edge = (
        "alerts/guard.py",
        "alerts/transport.py",
        "listener/http.py",
        "listener/stream.py",
        "listener/dashboard/",
        "listener/demo/",
    )
    assert broken(imports_of("aiohttp"), edge) == []


def test_the_scheduler_stands_in_one_module() -> None:
    assert broken(imports_of("apscheduler"), ("listener/schedule.py",)) == []


def test_nobody_runs_scripts_of_sql_which_commit_behind_our_back() -> None:
    assert broken(calls_of("executescript")) == []


def test_everything_is_caught_in_two_places_only() -> None:
    places = ("listener/cli.py", "listener/collectors/base.py", "listener/collectors/__init__.py")
    assert broken(broad_excepts, places) == []
    sources = dict(modules())
    everywhere = [
        found for place in places if place in sources for found in broad_excepts(ast.parse(sources[place]))
    ]
    assert len(everywhere) <= 2


def test_time_is_given_not_taken() -> None:
    edge = ["listener/daemon.py", "listener/schedule.py", "listener/commands/", "listener/demo/__main__.py"]
    edge += [path for path, _ in modules() if re.fullmatch(r"listener/cli\w*\.py", path)]
    assert broken(clock_readings, tuple(edge)) == []


def test_every_module_opens_with_a_sentence() -> None:
    assert broken(missing_sentence) == []


def test_modules_and_functions_stay_short() -> None:
    assert [path for path, source in modules() if source.count("\n") > 400] == []
    assert broken(long_functions) == []


def test_no_path_of_a_machine_in_any_text() -> None:
    folders = (*PACKAGES, "tests", "docs", "benchmarks", ".ci", "packaging")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts
    ]
    files += list(ROOT.glob("*"))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        if path.is_file() and path.suffix in TEXT_FILES
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def test_imports_go_one_way() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    checked = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (sql_texts, 'db.execute("SELECT a FROM b")'),
        (sql_texts, 'db.execute(f"INSERT OR IGNORE INTO {table} VALUES (1)")'),
        (sql_texts, 'db.execute("update a set b = 1")'),
        (sql_texts, 'db.execute("PRAGMA data_version")'),
        (imports_of("aiohttp"), "from aiohttp import web"),
        (imports_of("aiohttp"), "def f():\n    import aiohttp.web"),
        (calls_of("executescript"), "db.executescript(text)"),
        (broad_excepts, "try:\n    f()\nexcept Exception:\n    pass"),
        (broad_excepts, "try:\n    f()\nexcept (ValueError, Exception) as error:\n    g(error)"),
        (broad_excepts, "try:\n    f()\nexcept:\n    pass"),
        (clock_readings, "import time\nnow = time.time()"),
        (clock_readings, "clock = datetime.datetime.now"),
        (clock_readings, "from time import time"),
        (clock_readings, "def f(clock=time.time()): ..."),
        (clock_readings, "def f(now=time.time): ..."),
        (missing_sentence, "import os"),
        (long_functions, "def f():\n" + "    x = 1\n" * 61),
    ],
)
def test_each_rule_sees_what_it_forbids(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source)))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (sql_texts, '"""Explains SELECT a FROM b."""'),
        (sql_texts, 'print("Please select one of the brands from it")'),
        (broad_excepts, "try:\n    f()\nexcept BaseException:\n    undo()\n    raise"),
        (clock_readings, "import time\nnow = time.monotonic()"),
        (clock_readings, "def f(a, clock=time.time): ..."),
        (clock_readings, "def f(a, *, b=1, clock=time.time): ..."),
        (imports_of("aiohttp"), "from listener import aiohttp"),
        (missing_sentence, ""),
    ],
)
def test_no_rule_sees_what_is_allowed(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source))) == []
