"""The default install on a fresh machine: from the lock alone, under 180 MB, without anything heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIMIT = 180_000_000
NOT_OURS = ("pip", "setuptools", "_distutils_hack", "distutils-precedence", "pkg_resources")
HEAVY = ("torch", "numpy", "scipy", "pandas", "sklearn", "transformers", "onnxruntime")


@pytest.mark.slow
@pytest.mark.registry
def test_default_install_is_small_and_needs_nothing_heavy(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements.lock"], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", ROOT], check=True)

    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    answer = subprocess.run([python, "-c", where], check=True, capture_output=True, text=True)
    packages = Path(answer.stdout.strip())
    size = sum(
        path.stat().st_size
        for path in packages.rglob("*")
        if path.is_file() and not path.relative_to(packages).parts[0].startswith(NOT_OURS)
    )
    print(f"site-packages without pip and setuptools: {size / 1e6:.0f} MB")
    assert size < LIMIT
    assert [name for name in HEAVY if (packages / name).exists()] == []

    command = tmp_path / "venv" / "bin" / "listener"
    helped = subprocess.run([command, "--help"], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "run" in helped.stdout
    texts = packages / "listener" / "demo" / "texts"
    assert (texts / "en.yaml").exists() and (packages / "listener" / "demo" / "config.yaml").exists()
