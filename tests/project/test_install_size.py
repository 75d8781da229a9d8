"""The default install on a fresh machine: from the lock alone, under 180 MB, nothing heavy, and nothing missing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from dockerfile import ROOT, Image

from benchmarks.owning import installed

LIMIT = 180_000_000
HEAVY = ("torch", "numpy", "scipy", "pandas", "sklearn", "transformers", "onnxruntime")
LEFT_OUT = "sentiment/engines/weights/neural/"

pytestmark = [pytest.mark.slow, pytest.mark.registry]


def test_default_install_is_small_and_needs_nothing_heavy(image: Image) -> None:
    size = installed(image.packages)
    print(f"site-packages without pip and setuptools: {size / 1e6:.0f} MB")
    assert size < LIMIT
    assert [name for name in HEAVY if (image.packages / name).exists()] == []
    # What is measured here is what `make install` leaves as well.
    assert "/site-packages/eldc/*.[ch]" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_wheel_holds_all_that_the_packages_need(image: Image) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "listener", "alerts", "storage", "sentiment"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    missing = [
        name
        for name in tracked
        if not name.startswith(LEFT_OUT) and (ROOT / name).exists() and not (image.packages / name).exists()
    ]
    assert len(tracked) > 300 and missing == []


def test_the_installed_program_works_without_the_checkout(image: Image, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes((ROOT / "config.yaml").read_bytes())

    def said(*words: str) -> str:
        made = subprocess.run(
            [image.program / "bin" / words[0], *words[1:]],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        return made.stdout

    assert said("listener", "--version").startswith("listener, version ")
    assert "Cloudflare" in said("listener", "check")
    # Templates, phrases, fonts and pictures of the letter; the weights and texts of engine and demo.
    said("listener", "digest", "--out", "letter")
    assert {".html", ".md", ".txt"} & {path.suffix for path in (tmp_path / "letter").iterdir()}
    assert said("python", "-m", "listener.demo", "--help")
