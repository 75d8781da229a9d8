"""The lock files: every package pinned and hashed, from no named index, without torch, equal to pyproject.toml."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = {"default": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
REQUIREMENT = re.compile(
    r"([a-z0-9][a-z0-9.-]*)(?:\[[a-z,-]+\])?==([^\s;\\]+)(?:\s*;[^\\]+)?((?:\s*--hash=sha256:[0-9a-f]{64})+)"
)


def requirements(path: Path) -> list[str]:
    """The requirements of a lock, each with its hashes on one line, without comments."""
    text = re.sub(r"^\s*#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def versions(path: Path) -> dict[str, set[str]]:
    """Package -> its versions; more than one where they differ by Python or platform."""
    found: dict[str, set[str]] = {}
    for line in requirements(path):
        match = REQUIREMENT.fullmatch(line.strip())
        assert match, f"not a pinned and hashed requirement: {line[:100]}"
        found.setdefault(match[1], set()).add(match[2])
    return found


def pins(*groups: str) -> dict[str, str]:
    """The pins of pyproject.toml: its dependencies and build requirements, and those of `groups`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lines = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for group in groups:
        lines += project["dependency-groups"][group]
    found = {}
    for line in lines:
        name, _, version = re.sub(r"\[[^]]*\]", "", line).partition("==")
        assert version, f"pyproject.toml does not pin {line}"
        found[re.sub(r"[-_.]+", "-", name).lower()] = version
    return found


@pytest.mark.parametrize("path", LOCKS.values(), ids=LOCKS)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    assert len(versions(path)) > 40


@pytest.mark.parametrize("path", LOCKS.values(), ids=LOCKS)
def test_no_index_no_address_and_no_path(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE)
    assert "://" not in text
    assert " @ " not in text
    assert not re.search(r"(?:^|\s)(?:/|\.\.?/)\w", text)


@pytest.mark.parametrize("path", LOCKS.values(), ids=LOCKS)
def test_torch_and_its_drivers_are_in_no_lock(path: Path) -> None:
    heavy = [name for name in versions(path) if name.startswith(("torch", "nvidia", "cuda", "triton"))]
    assert heavy == []


def test_the_default_lock_brings_nothing_heavy() -> None:
    assert not {"numpy", "scipy", "pandas", "scikit-learn", "transformers"} & set(versions(LOCKS["default"]))


@pytest.mark.parametrize(
    ("lock", "groups"), [("default", ["build"]), ("dev", ["build", "dev", "docs", "transformers"])]
)
def test_locks_hold_what_pyproject_asks_for(lock: str, groups: list[str]) -> None:
    locked = versions(LOCKS[lock])
    for name, version in pins(*groups).items():
        assert locked.get(name) == {version}, name


def test_both_locks_agree() -> None:
    default, dev = versions(LOCKS["default"]), versions(LOCKS["dev"])
    assert {name: dev.get(name) for name in default} == default
