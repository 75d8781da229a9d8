"""One version, said alike by the package, the program and the user agent."""

from __future__ import annotations

import tomllib
from pathlib import Path

from alerts.transport import USER_AGENT
from listener import __version__

ROOT = Path(__file__).parents[2]


def test_the_version_is_said_alike_everywhere() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert __version__ == declared
    assert USER_AGENT.startswith(f"Listener/{declared} ")
