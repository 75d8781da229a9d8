"""The configuration that a newcomer starts with is right, needs no secret, and has the shape of the demo's."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

import listener.demo
from listener.config import load

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config.yaml"
DEMO = Path(listener.demo.__file__).with_name("config.yaml")


@pytest.mark.parametrize("path", [SHIPPED, DEMO], ids=["shipped", "demo"])
def test_it_is_right_without_any_secret(path: Path) -> None:
    config = load(path, {})
    assert [brand.name for brand in config.brands if brand.own]
    assert len({brand.market for brand in config.brands}) == 1
    assert len(config.brands) >= 3
    assert config.rules and config.letters


def test_what_is_commented_out_is_right_too(tmp_path: Path) -> None:
    lines = []
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        shown = (
            line.replace("# ", "", 1) if line.startswith(("  # slack", "  # email", "  # webhook")) else line
        )
        shown = shown.replace("    #  -", "      -").replace("urls: []", "urls:")
        lines.append(shown)
    path = tmp_path / "config.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    secrets = {
        "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0/B0/x",
        "SMTP_PASSWORD": "swordfish",
        "WEBHOOK_URL": "https://example.com/hooks/listener",
        "WEBHOOK_SECRET": "a-long-enough-secret-for-signing",
    }
    config = load(path, secrets)
    assert set(config.channels) == {"console", "slack", "email", "webhook"}


def test_only_addresses_and_numbers_differ_between_the_demo_and_a_real_configuration() -> None:
    read = YAML(typ="safe")
    assert set(read.load(DEMO)) == set(read.load(SHIPPED))
